#include "config.h"

#include "runner/registry/credentials.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/registry/auth_file.h"

#define NOTES_MAX (4 * SLIP_KIB)

struct search {
	const struct slip_registry_options *opt;
	struct slip_auth_query query;
	struct slip_credential *out;
	struct slip_buf notes;
};

static const char *get_env(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] ? value : NULL;
}

static bool search_text(struct search *s, const char *text, size_t len, const char *label)
{
	slip_autojson *doc = NULL;
	/* The parser's own message may quote what is near the fault. */
	if (slip_json_parse(text, len, label, SLIP_E_AUTH, &doc, NULL) != 0) {
		slip_buf_addf(&s->notes, "%s: is not valid JSON; ", label);
		return false;
	}
	return slip_auth_file_find(doc, label, &s->query, s->out, &s->notes);
}

static bool search_file(struct search *s, const char *path)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKER_CONFIG);
	struct slip_err err = SLIP_ERR_INIT;
	bool found = false;
	if (slip_read_file(AT_FDCWD, path, &text, &err) != 0) {
		if (slip_err_is(&err, SLIP_E_NOTFOUND))
			slip_buf_addf(&s->notes, "%s: no such file; ", path);
		else
			slip_buf_addf(&s->notes, "%s; ", err.msg);
	} else {
		found = search_text(s, text.data, text.len, path);
	}
	slip_wipe(text.data, text.len);
	return found;
}

/* A value that is a directory with config.json, a file, or the JSON itself. */
static bool search_place(struct search *s, const char *value, const char *label)
{
	const char *text = value + strspn(value, " \t\r\n");
	if (text[0] == '{')
		return search_text(s, text, strlen(text), label);
	struct stat st;
	if (stat(value, &st) == 0 && !S_ISDIR(st.st_mode))
		return search_file(s, value);
	bool has_slash = slip_ends_with(value, "/");
	slip_autofree char *path = slip_xasprintf("%s%sconfig.json", value, has_slash ? "" : "/");
	return search_file(s, path);
}

static bool search_logins(struct search *s)
{
	for (size_t i = 0; i < s->opt->n_logins; i++) {
		const struct slip_registry_login *login = &s->opt->logins[i];
		if (!slip_auth_same_host(login->host, s->query.host))
			continue;
		slip_redact_add(login->password, strlen(login->password));
		s->out->kind = SLIP_CREDENTIAL_BASIC;
		s->out->user = slip_xstrdup(login->user);
		s->out->secret = slip_xstrdup(login->password);
		s->out->source = slip_xasprintf("registries.%s of the spec", login->host);
		return true;
	}
	return false;
}

static bool search_docker(struct search *s)
{
	const char *auth_config = get_env("DOCKER_AUTH_CONFIG");
	const char *config = get_env("DOCKER_CONFIG");
	const char *home = get_env("HOME");
	if (s->opt->docker_config && search_place(s, s->opt->docker_config, "the given config"))
		return true;
	if (auth_config && search_place(s, auth_config, "DOCKER_AUTH_CONFIG"))
		return true;
	if (config && search_place(s, config, "DOCKER_CONFIG"))
		return true;
	if (!config && home) {
		slip_autofree char *path = slip_xasprintf("%s/.docker/config.json", home);
		if (search_file(s, path))
			return true;
	}
	bool is_kaniko = config && slip_starts_with(config, "/kaniko/.docker");
	return !is_kaniko && access("/kaniko/.docker/config.json", F_OK) == 0 &&
	       search_file(s, "/kaniko/.docker/config.json");
}

static bool search_below(struct search *s, const char *dir, const char *rest)
{
	if (!dir)
		return false;
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, rest);
	return access(path, F_OK) == 0 && search_file(s, path);
}

static bool search_containers(struct search *s)
{
	const char *file = get_env("REGISTRY_AUTH_FILE");
	const char *config = get_env("XDG_CONFIG_HOME");
	if (file)
		return search_file(s, file);
	return search_below(s, get_env("XDG_RUNTIME_DIR"), "containers/auth.json") ||
	       (config ? search_below(s, config, "containers/auth.json")
		       : search_below(s, get_env("HOME"), ".config/containers/auth.json"));
}

static bool search_variables(
	struct search *s, const char *host_name, const char *user_name, const char *password_name)
{
	const char *host = get_env(host_name);
	const char *user = get_env(user_name);
	const char *password = get_env(password_name);
	if (!host)
		return false;
	if (!slip_auth_same_host(host, s->query.host)) {
		slip_buf_addf(&s->notes, "%s: is for %s; ", host_name, host);
		return false;
	}
	if (!user || !password) {
		slip_buf_addf(&s->notes, "%s: %s is not set; ", host_name,
			user ? password_name : user_name);
		return false;
	}
	slip_redact_add(password, strlen(password));
	s->out->kind = SLIP_CREDENTIAL_BASIC;
	s->out->user = slip_xstrdup(user);
	s->out->secret = slip_xstrdup(password);
	s->out->source = slip_xasprintf("%s and %s", user_name, password_name);
	return true;
}

void slip_credentials_find(const struct slip_registry_options *opt, const char *host,
	const char *repo, struct slip_credential *out)
{
	memset(out, 0, sizeof(*out));
	struct search s = {.opt = opt, .query = {.host = host, .repo = repo}, .out = out};
	slip_buf_init(&s.notes, NOTES_MAX);
	(void)(search_logins(&s) || search_docker(&s) || search_containers(&s) ||
		search_variables(&s, "CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD") ||
		search_variables(&s, "CI_DEPENDENCY_PROXY_SERVER", "CI_DEPENDENCY_PROXY_USER",
			"CI_DEPENDENCY_PROXY_PASSWORD"));
	if (s.notes.len >= 2)
		slip_buf_truncate(&s.notes, s.notes.len - 2);
	out->notes = slip_buf_take(&s.notes);
	slip_buf_release(&s.notes);
}

void slip_credential_release(struct slip_credential *c)
{
	if (c->secret)
		slip_wipe(c->secret, strlen(c->secret));
	free(c->secret);
	free(c->user);
	free(c->source);
	free(c->notes);
	memset(c, 0, sizeof(*c));
}

char *slip_credential_describe(const struct slip_credential *c)
{
	bool has_notes = c->notes && c->notes[0];
	if (c->kind == SLIP_CREDENTIAL_NONE)
		return slip_xasprintf("no credentials (looked at: %s)",
			has_notes ? c->notes : "no source is there");
	slip_autofree char *who =
		c->user ? slip_xasprintf("user %s", c->user) : slip_xstrdup("a token");
	if (!has_notes)
		return slip_xasprintf("%s from %s", who, c->source);
	return slip_xasprintf("%s from %s (skipped: %s)", who, c->source, c->notes);
}
