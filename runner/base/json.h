/*
 * JSON values. Only user of jansson, which the rest of the program sees as an opaque type.
 *
 * Parsing rejects duplicate keys, NUL bytes, trailing data and nesting deeper than 64. Getters on a
 * value of another type, or on NULL, answer with the default, so that reading optional fields needs
 * no ladder of checks; where the type matters, ask slip_json_kind.
 * Ownership: get and at borrow from the container; set and append take their value over.
 */
#ifndef SLIP_BASE_JSON_H
#define SLIP_BASE_JSON_H

#include "runner/base/buf.h"
#include "runner/base/strv.h"

struct slip_json; /* a jansson value */

enum slip_json_kind {
	SLIP_JSON_NONE, /* NULL pointer: absent */
	SLIP_JSON_NULL,
	SLIP_JSON_BOOL,
	SLIP_JSON_INT,
	SLIP_JSON_REAL,
	SLIP_JSON_STRING,
	SLIP_JSON_ARRAY,
	SLIP_JSON_OBJECT,
};

/* `what` names the text in errors ("config.json of ..."). code is the error code to use. */
int slip_json_parse(const char *text, size_t len, const char *what, enum slip_err_code code,
	struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;
/* Compact, in insertion order; the text is the caller's. */
char *slip_json_print(const struct slip_json *v);
char *slip_json_print_pretty(const struct slip_json *v); /* 2 blanks, LF at the end */

struct slip_json *slip_json_ref(struct slip_json *v);
struct slip_json *slip_json_copy(const struct slip_json *v); /* deep */
void slip_json_free(struct slip_json *v); /* drops one reference; NULL is fine */
void slip_json_cleanup(struct slip_json **v);
#define slip_autojson slip_cleanup(slip_json_cleanup) struct slip_json

enum slip_json_kind slip_json_kind(const struct slip_json *v);

struct slip_json *slip_json_object(void);
struct slip_json *slip_json_array(void);
struct slip_json *slip_json_null(void);
/* Invalid UTF-8 bytes become U+FFFD; NULL gives null. */
struct slip_json *slip_json_str(const char *s);
struct slip_json *slip_json_int(int64_t i);
struct slip_json *slip_json_bool(bool b);
struct slip_json *slip_json_real(double d); /* null when it is no finite number */
struct slip_json *slip_json_strings(const struct slip_strv *sv); /* an array */

void slip_json_set(struct slip_json *obj, const char *key, struct slip_json *value);
void slip_json_set_str(struct slip_json *obj, const char *key, const char *s); /* NULL: left out */
void slip_json_set_int(struct slip_json *obj, const char *key, int64_t i);
void slip_json_remove(struct slip_json *obj, const char *key);
void slip_json_append(struct slip_json *arr, struct slip_json *value);

struct slip_json *slip_json_get(const struct slip_json *obj, const char *key);
const char *slip_json_get_str(const struct slip_json *obj, const char *key, const char *dflt);
int64_t slip_json_get_int(const struct slip_json *obj, const char *key, int64_t dflt);
bool slip_json_get_bool(const struct slip_json *obj, const char *key, bool dflt);
const char *slip_json_str_value(const struct slip_json *v, const char *dflt);
int64_t slip_json_int_value(const struct slip_json *v, int64_t dflt);
bool slip_json_bool_value(const struct slip_json *v, bool dflt);
size_t slip_json_len(const struct slip_json *arr); /* array or object; 0 otherwise */
struct slip_json *slip_json_at(const struct slip_json *arr, size_t i);
/* Object members in order: start with NULL, ends with NULL. */
const char *slip_json_next_key(const struct slip_json *obj, const char *prev);
/* An array of strings into sv (replaced); -1 with SLIP_E_REGISTRY when an item is no string. */
int slip_json_get_strings(const struct slip_json *obj, const char *key, struct slip_strv *sv,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
