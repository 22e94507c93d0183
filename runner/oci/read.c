#include "config.h"

#include "runner/base/limits.h"
#include "runner/oci/oci_internal.h"

struct slip_oci_quoted slip_oci_quote(const char *s)
{
	static const char hex[] = "0123456789abcdef";
	const size_t room = sizeof("\\x00...");
	struct slip_oci_quoted q;
	size_t n = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (n + room > sizeof(q.s)) {
			memcpy(q.s + n, "...", 3);
			n += 3;
			break;
		}
		if (c >= 0x20 && c < 0x7f) {
			q.s[n++] = (char)c;
			continue;
		}
		q.s[n++] = '\\';
		q.s[n++] = 'x';
		q.s[n++] = hex[c >> 4];
		q.s[n++] = hex[c & 15];
	}
	q.s[n] = '\0';
	return q;
}

int slip_oci_read_document(const char *text, size_t len, const char *what, size_t max,
	struct slip_json **out, struct slip_err *err)
{
	slip_autojson *doc = NULL;

	if (len > max)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "%s is larger than %zu bytes", what, max);
	if (slip_json_parse(text, len, what, SLIP_E_REGISTRY, &doc, err) < 0)
		return -1;
	if (slip_json_kind(doc) != SLIP_JSON_OBJECT)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s is not a JSON object", what);
	*out = slip_steal_ptr(&doc);
	return 0;
}

static const char *kind_name(enum slip_json_kind kind)
{
	switch (kind) {
	case SLIP_JSON_BOOL:
		return "true or false";
	case SLIP_JSON_INT:
		return "an integer";
	case SLIP_JSON_REAL:
		return "a number";
	case SLIP_JSON_STRING:
		return "a string";
	case SLIP_JSON_ARRAY:
		return "a list";
	case SLIP_JSON_OBJECT:
		return "an object";
	case SLIP_JSON_NONE:
	case SLIP_JSON_NULL:
		break;
	}
	return "null";
}

int slip_oci_read(const struct slip_json *obj, const char *key, const char *what,
	enum slip_json_kind kind, struct slip_json **out, struct slip_err *err)
{
	struct slip_json *v = slip_json_get(obj, key);
	enum slip_json_kind have = slip_json_kind(v);

	*out = NULL;
	if (have == SLIP_JSON_NONE || have == SLIP_JSON_NULL)
		return 0;
	if (have != kind)
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "%s: %s is not %s", what, key, kind_name(kind));
	*out = v;
	return 0;
}

int slip_oci_read_str(const struct slip_json *obj, const char *key, const char *what, char **out,
	struct slip_err *err)
{
	struct slip_json *v;

	if (slip_oci_read(obj, key, what, SLIP_JSON_STRING, &v, err) < 0)
		return -1;
	const char *s = slip_json_str_value(v, "");
	if (s[0]) {
		free(*out);
		*out = slip_xstrdup(s);
	}
	return 0;
}

int slip_oci_read_size(const struct slip_json *obj, const char *key, const char *what, int64_t *out,
	struct slip_err *err)
{
	struct slip_json *v;

	if (slip_oci_read(obj, key, what, SLIP_JSON_INT, &v, err) < 0)
		return -1;
	if (!v)
		return 0;
	int64_t i = slip_json_int_value(v, 0);
	if (i < 0)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: %s is negative", what, key);
	*out = i;
	return 0;
}

int slip_oci_read_bool(const struct slip_json *obj, const char *key, const char *what, bool *out,
	struct slip_err *err)
{
	struct slip_json *v;

	if (slip_oci_read(obj, key, what, SLIP_JSON_BOOL, &v, err) < 0)
		return -1;
	if (v)
		*out = slip_json_get_bool(obj, key, false);
	return 0;
}

static int check_count(
	size_t n, size_t max, const char *what, const char *key, struct slip_err *err)
{
	if (n > max)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "%s: %s has %zu items, more than %zu",
			what, key, n, max);
	return 0;
}

int slip_oci_read_strings(const struct slip_json *obj, const char *key, const char *what,
	size_t max, struct slip_strv *out, struct slip_err *err)
{
	struct slip_json *list;

	if (slip_oci_read(obj, key, what, SLIP_JSON_ARRAY, &list, err) < 0)
		return -1;
	size_t n = slip_json_len(list);
	if (check_count(n, max, what, key, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *s = slip_json_str_value(slip_json_at(list, i), NULL);
		if (!s)
			return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: %s[%zu] is not a string",
				what, key, i);
		slip_strv_add(out, s);
	}
	return 0;
}

int slip_oci_read_set(const struct slip_json *obj, const char *key, const char *what, size_t max,
	struct slip_strv *out, struct slip_err *err)
{
	struct slip_json *set;

	if (slip_oci_read(obj, key, what, SLIP_JSON_OBJECT, &set, err) < 0)
		return -1;
	if (check_count(slip_json_len(set), max, what, key, err) < 0)
		return -1;
	for (const char *k = slip_json_next_key(set, NULL); k; k = slip_json_next_key(set, k)) {
		enum slip_json_kind kind = slip_json_kind(slip_json_get(set, k));
		if (kind != SLIP_JSON_OBJECT && kind != SLIP_JSON_NULL)
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"%s: the value of \"%s\" in %s is not an object", what,
				slip_oci_quote(k).s, key);
		slip_strv_add(out, k);
	}
	return 0;
}

int slip_oci_read_map(const struct slip_json *obj, const char *key, const char *what, size_t max,
	struct slip_map *out, struct slip_err *err)
{
	struct slip_json *map;

	if (slip_oci_read(obj, key, what, SLIP_JSON_OBJECT, &map, err) < 0)
		return -1;
	if (check_count(slip_json_len(map), max, what, key, err) < 0)
		return -1;
	for (const char *k = slip_json_next_key(map, NULL); k; k = slip_json_next_key(map, k)) {
		const char *value = slip_json_get_str(map, k, NULL);
		if (!value)
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"%s: the value of \"%s\" in %s is not a string", what,
				slip_oci_quote(k).s, key);
		slip_smap_set(out, k, value);
	}
	return 0;
}

int slip_oci_read_platform(const struct slip_json *obj, const char *what, struct slip_platform *out,
	struct slip_err *err)
{
	slip_autofree char *os = NULL, *arch = NULL, *variant = NULL, *version = NULL;
	slip_autostrv features = {0};
	struct slip_platform p;

	if (slip_oci_read_str(obj, "os", what, &os, err) < 0 ||
		slip_oci_read_str(obj, "architecture", what, &arch, err) < 0 ||
		slip_oci_read_str(obj, "variant", what, &variant, err) < 0 ||
		slip_oci_read_str(obj, "os.version", what, &version, err) < 0 ||
		slip_oci_read_strings(obj, "os.features", what, SLIP_MAX_URLS, &features, err) < 0)
		return -1;
	if (slip_platform_set(&p, os, arch, variant, version, err) < 0)
		return slip_err_wrap(err, "%s", what);
	p.has_features = features.n > 0;
	*out = p;
	return 0;
}

struct slip_json *slip_oci_map_to_json(const struct slip_map *m)
{
	struct slip_json *obj = slip_json_object();
	slip_autostrv keys = {0};

	for (size_t i = 0; i < m->n; i++)
		slip_strv_add(&keys, m->entries[i].key);
	slip_strv_sort(&keys);
	for (size_t i = 0; i < keys.n; i++)
		slip_json_set_str(obj, keys.v[i], slip_smap_get(m, keys.v[i]));
	return obj;
}

struct slip_json *slip_oci_set_to_json(const struct slip_strv *set)
{
	struct slip_json *obj = slip_json_object();
	slip_autostrv keys = {0};

	slip_strv_copy(&keys, set);
	slip_strv_sort(&keys);
	for (size_t i = 0; i < keys.n; i++)
		slip_json_set(obj, keys.v[i], slip_json_object());
	return obj;
}

char *slip_oci_print(struct slip_json *doc, struct slip_digest *digest)
{
	char *text = slip_json_print(doc);

	slip_json_free(doc);
	if (digest)
		slip_digest_of(text, strlen(text), digest);
	return text;
}
