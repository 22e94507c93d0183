#include "config.h"

#include "runner/registry/mirror.h"

#include <strings.h>

static const char *skip_scheme(const char *s, const char **scheme)
{
	*scheme = NULL;
	if (strncasecmp(s, "https://", 8) == 0) {
		*scheme = "https";
		return s + 8;
	}
	if (strncasecmp(s, "http://", 7) == 0) {
		*scheme = "http";
		return s + 7;
	}
	return s;
}

char *slip_host_key(const char *name)
{
	const char *scheme;
	const char *host = skip_scheme(name, &scheme);
	char *key = slip_xstrndup(host, strcspn(host, "/"));
	for (char *c = key; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	size_t len = strlen(key);
	if (len > 0 && key[len - 1] == '.')
		key[len - 1] = '\0';
	if (slip_streq(key, "docker.io") || slip_streq(key, "index.docker.io")) {
		free(key);
		key = slip_xstrdup("registry-1.docker.io");
	}
	return key;
}

/* "[http[s]://]host[:port][/prefix]": the grammar of references, with a repository's last part. */
static int parse_target(const char *text, struct slip_mirror *m, struct slip_err *err)
{
	const char *place = skip_scheme(text, &m->scheme);
	size_t len = strlen(place);
	while (len > 0 && place[len - 1] == '/')
		len--;
	slip_autofree char *probe = slip_xasprintf("%.*s/x", (int)len, place);
	slip_autoref ref = {0};
	if (slip_ref_parse_repo(probe, &ref, err) != 0)
		return slip_err_wrap(err, "registry mirror \"%s\"", text);
	slip_autofree char *first = slip_xstrndup(place, strcspn(place, "/"));
	if (slip_ref_is_hub(&ref) && !strchr(first, '.'))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"registry mirror \"%s\" does not start with a host name: write host:port",
			text);
	size_t path = strlen(ref.path) - 1;
	if (slip_ref_is_hub(&ref) && slip_streq(ref.path, "library/x"))
		path = 0;
	m->prefix = slip_xstrndup(ref.path, path);
	m->host = slip_host_key(ref.domain);
	return 0;
}

int slip_mirrors_add(
	struct slip_mirrors *out, const char *from, const char *target, struct slip_err *err)
{
	struct slip_mirror m = {0};
	if (parse_target(target, &m, err) != 0)
		return -1;
	m.from = slip_host_key(from);
	slip_grow(out->items, out->n, &out->cap);
	out->items[out->n++] = m;
	return 0;
}

static int add_map(struct slip_mirrors *out, const char *map, struct slip_err *err)
{
	const char *equals = strchr(map, '=');
	if (!equals || equals == map || equals[1] == '\0')
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"registry map \"%s\" is not of the form HOST=TARGET", map);
	slip_autofree char *from = slip_xstrndup(map, (size_t)(equals - map));
	return slip_mirrors_add(out, from, equals + 1, err);
}

static int parse_lists(const struct slip_strv *maps, const struct slip_strv *hub_mirrors,
	struct slip_mirrors *out, struct slip_err *err)
{
	for (size_t i = 0; maps && i < maps->n; i++) {
		slip_autostrv pieces = {0};
		slip_strv_split(&pieces, maps->v[i], ';');
		for (size_t k = 0; k < pieces.n; k++)
			if (pieces.v[k][0] && add_map(out, pieces.v[k], err) != 0)
				return -1;
	}
	for (size_t i = 0; hub_mirrors && i < hub_mirrors->n; i++)
		if (slip_mirrors_add(out, SLIP_REF_HUB, hub_mirrors->v[i], err) != 0)
			return -1;
	return 0;
}

int slip_mirrors_parse(const struct slip_strv *maps, const struct slip_strv *hub_mirrors,
	struct slip_mirrors *out, struct slip_err *err)
{
	memset(out, 0, sizeof(*out));
	if (parse_lists(maps, hub_mirrors, out, err) == 0)
		return 0;
	slip_mirrors_release(out);
	return -1;
}

void slip_mirrors_release(struct slip_mirrors *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].from);
		free(m->items[i].host);
		free(m->items[i].prefix);
	}
	free(m->items);
	memset(m, 0, sizeof(*m));
}
