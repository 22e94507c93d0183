#include "config.h"

#include "runner/base/json.h"

#include <jansson.h>
#include <math.h>

#define MAX_DEPTH 64

static json_t *j(const struct slip_json *v)
{
	return (json_t *)(uintptr_t)v;
}

static struct slip_json *s(json_t *v)
{
	if (!v)
		slip_bug("out of memory for JSON");
	return (struct slip_json *)v;
}

/* jansson itself stops at a depth of 2048, so this recursion is bounded. */
static bool is_deeper(json_t *v, int left)
{
	if (left < 0)
		return true;
	const char *key;
	json_t *item;
	size_t i;
	if (json_is_object(v)) {
		json_object_foreach(v, key, item)
		{
			if (is_deeper(item, left - 1))
				return true;
		}
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, item)
		{
			if (is_deeper(item, left - 1))
				return true;
		}
	}
	return false;
}

int slip_json_parse(const char *text, size_t len, const char *what, enum slip_err_code code,
	struct slip_json **out, struct slip_err *err)
{
	/* jansson takes one at the end for the end of a string. */
	if (len && memchr(text, '\0', len))
		return slip_err_set(err, code, 0, "%s is not valid JSON: it has a NUL byte", what);
	json_error_t je;
	json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!v)
		return slip_err_set(err, code, 0, "%s is not valid JSON: line %d column %d: %s",
			what, je.line, je.column, je.text);
	if (is_deeper(v, MAX_DEPTH)) {
		json_decref(v);
		return slip_err_set(
			err, code, 0, "%s is nested deeper than %d levels", what, MAX_DEPTH);
	}
	*out = s(v);
	return 0;
}

static char *print(const struct slip_json *v, size_t flags)
{
	char *text = json_dumps(j(v), flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	if (!text)
		slip_bug("JSON cannot be printed");
	return text;
}

char *slip_json_print(const struct slip_json *v)
{
	return print(v, JSON_COMPACT);
}

char *slip_json_print_pretty(const struct slip_json *v)
{
	slip_autofree char *text = print(v, JSON_INDENT(2));
	return slip_xasprintf("%s\n", text);
}

struct slip_json *slip_json_ref(struct slip_json *v)
{
	return (struct slip_json *)json_incref(j(v));
}

struct slip_json *slip_json_copy(const struct slip_json *v)
{
	return s(json_deep_copy(j(v)));
}

void slip_json_free(struct slip_json *v)
{
	json_decref(j(v));
}

void slip_json_cleanup(struct slip_json **v)
{
	slip_json_free(*v);
	*v = NULL;
}

enum slip_json_kind slip_json_kind(const struct slip_json *v)
{
	if (!v)
		return SLIP_JSON_NONE;
	switch (json_typeof(j(v))) {
	case JSON_OBJECT:
		return SLIP_JSON_OBJECT;
	case JSON_ARRAY:
		return SLIP_JSON_ARRAY;
	case JSON_STRING:
		return SLIP_JSON_STRING;
	case JSON_INTEGER:
		return SLIP_JSON_INT;
	case JSON_REAL:
		return SLIP_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return SLIP_JSON_BOOL;
	case JSON_NULL:
		break;
	}
	return SLIP_JSON_NULL;
}

struct slip_json *slip_json_object(void)
{
	return s(json_object());
}

struct slip_json *slip_json_array(void)
{
	return s(json_array());
}

/* Length of the valid UTF-8 sequence at p (at most n bytes), 0 when it is not one. */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len <= 1 || p[0] > 0xf4)
		return len == 1;
	if (len > n)
		return 0;
	uint32_t c = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

struct slip_json *slip_json_str(const char *text)
{
	if (!text)
		return slip_json_null();
	json_t *v = json_string(text);
	if (v)
		return s(v);
	struct slip_buf b;
	size_t n = strlen(text);
	slip_buf_init(&b, 3 * n + 1);
	for (size_t i = 0; i < n;) {
		size_t len = utf8_sequence((const uint8_t *)text + i, n - i);
		if (len)
			slip_buf_add(&b, text + i, len);
		else
			slip_buf_add_str(&b, "\xef\xbf\xbd");
		i += len ? len : 1;
	}
	v = json_stringn(b.data, b.len);
	slip_buf_release(&b);
	return s(v);
}

struct slip_json *slip_json_null(void)
{
	return s(json_null());
}

struct slip_json *slip_json_int(int64_t i)
{
	return s(json_integer(i));
}

struct slip_json *slip_json_bool(bool b)
{
	return s(json_boolean(b));
}

struct slip_json *slip_json_real(double d)
{
	return isfinite(d) ? s(json_real(d)) : slip_json_null();
}

struct slip_json *slip_json_strings(const struct slip_strv *sv)
{
	struct slip_json *a = slip_json_array();
	for (size_t i = 0; i < sv->n; i++)
		slip_json_append(a, slip_json_str(sv->v[i]));
	return a;
}

void slip_json_set(struct slip_json *obj, const char *key, struct slip_json *value)
{
	/* By way of a string value: a key that is not UTF-8 is set under its replacement form. */
	slip_autojson *k = slip_json_str(key);
	if (json_object_set_new(j(obj), json_string_value(j(k)), j(value)) < 0)
		slip_bug("a JSON member cannot be set");
}

void slip_json_set_str(struct slip_json *obj, const char *key, const char *text)
{
	if (text)
		slip_json_set(obj, key, slip_json_str(text));
}

void slip_json_set_int(struct slip_json *obj, const char *key, int64_t i)
{
	slip_json_set(obj, key, slip_json_int(i));
}

void slip_json_remove(struct slip_json *obj, const char *key)
{
	json_object_del(j(obj), key);
}

void slip_json_append(struct slip_json *arr, struct slip_json *value)
{
	if (json_array_append_new(j(arr), j(value)) < 0)
		slip_bug("a JSON item cannot be appended");
}

struct slip_json *slip_json_get(const struct slip_json *obj, const char *key)
{
	return (struct slip_json *)json_object_get(j(obj), key);
}

const char *slip_json_str_value(const struct slip_json *v, const char *dflt)
{
	const char *text = json_string_value(j(v));
	return text ? text : dflt;
}

int64_t slip_json_int_value(const struct slip_json *v, int64_t dflt)
{
	return json_is_integer(j(v)) ? json_integer_value(j(v)) : dflt;
}

bool slip_json_bool_value(const struct slip_json *v, bool dflt)
{
	return json_is_boolean(j(v)) ? json_is_true(j(v)) : dflt;
}

const char *slip_json_get_str(const struct slip_json *obj, const char *key, const char *dflt)
{
	return slip_json_str_value(slip_json_get(obj, key), dflt);
}

int64_t slip_json_get_int(const struct slip_json *obj, const char *key, int64_t dflt)
{
	return slip_json_int_value(slip_json_get(obj, key), dflt);
}

bool slip_json_get_bool(const struct slip_json *obj, const char *key, bool dflt)
{
	json_t *v = json_object_get(j(obj), key);
	return json_is_boolean(v) ? json_is_true(v) : dflt;
}

size_t slip_json_len(const struct slip_json *v)
{
	return json_is_object(j(v)) ? json_object_size(j(v)) : json_array_size(j(v));
}

struct slip_json *slip_json_at(const struct slip_json *arr, size_t i)
{
	return (struct slip_json *)json_array_get(j(arr), i);
}

const char *slip_json_next_key(const struct slip_json *obj, const char *prev)
{
	void *iter = prev ? json_object_iter_next(j(obj), json_object_key_to_iter(prev))
			  : json_object_iter(j(obj));
	return iter ? json_object_iter_key(iter) : NULL;
}

int slip_json_get_strings(
	const struct slip_json *obj, const char *key, struct slip_strv *sv, struct slip_err *err)
{
	slip_strv_clear(sv);
	struct slip_json *arr = slip_json_get(obj, key);
	enum slip_json_kind kind = slip_json_kind(arr);
	if (kind == SLIP_JSON_NONE || kind == SLIP_JSON_NULL)
		return 0;
	if (kind != SLIP_JSON_ARRAY)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "\"%s\" is no array", key);
	for (size_t i = 0; i < slip_json_len(arr); i++) {
		const char *text = slip_json_str_value(slip_json_at(arr, i), NULL);
		if (!text)
			return slip_err_set(
				err, SLIP_E_REGISTRY, 0, "item %zu of \"%s\" is no string", i, key);
		slip_strv_add(sv, text);
	}
	return 0;
}
