/* The functions and filters of expr.h. One table each; a name has its arity and meaning there. */
#include "config.h"

#include "runner/base/digest.h"
#include "runner/base/limits.h"
#include "runner/base/suggest.h"
#include "runner/spec/diag.h"
#include "runner/spec/expr_internal.h"

#include <ctype.h>

#define SLUG_MAX 63 /* bytes of a DNS label, and of GitLab's CI_COMMIT_REF_SLUG */
#define ANY_NUMBER 64

static int give_text(struct slip_buf *b, struct slip_json **out, struct slip_err *err)
{
	if (slip_buf_check(b, "the result", err) < 0)
		return -1;
	*out = slip_json_str(b->data);
	return 0;
}

static bool is_scalar(const struct slip_json *v)
{
	enum slip_json_kind kind = slip_json_kind(v);
	return kind != SLIP_JSON_ARRAY && kind != SLIP_JSON_OBJECT;
}

/* The text of a scalar argument. */
static int text_of(const struct slip_json *v, char **out, struct slip_err *err)
{
	if (!is_scalar(v))
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"the value is a list or a map, not text; print it with | json");
	*out = slip_expr_text(v);
	return 0;
}

static int length_of(const struct slip_json *v, size_t *out, struct slip_err *err)
{
	int64_t n = slip_json_int_value(v, -1);
	if (n < 1 || n > (int64_t)SLIP_MAX_EXPANDED)
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"the length must be a number from 1 to %llu", SLIP_MAX_EXPANDED);
	*out = (size_t)n;
	return 0;
}

/* --- functions -------------------------------------------------------------------------------- */

static int fn_contains(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *needle = NULL;
	if (text_of(args->v[1], &needle, err) < 0)
		return -1;
	const struct slip_json *where = args->v[0];
	bool yes = false;
	if (slip_json_kind(where) == SLIP_JSON_OBJECT) {
		yes = slip_json_get(where, needle) != NULL;
	} else if (slip_json_kind(where) == SLIP_JSON_ARRAY) {
		for (size_t i = 0; i < slip_json_len(where) && !yes; i++) {
			slip_autofree char *item = slip_expr_text(slip_json_at(where, i));
			yes = slip_streq(item, needle);
		}
	} else {
		slip_autofree char *text = slip_expr_text(where);
		yes = strstr(text, needle) != NULL;
	}
	*out = slip_json_bool(yes);
	return 0;
}

static int compare_edge(const struct slip_expr_args *args,
	bool (*compare)(const char *, const char *), struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *text = NULL, *edge = NULL;
	if (text_of(args->v[0], &text, err) < 0 || text_of(args->v[1], &edge, err) < 0)
		return -1;
	*out = slip_json_bool(compare(text, edge));
	return 0;
}

static int fn_starts_with(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	return compare_edge(args, slip_starts_with, out, err);
}

static int fn_ends_with(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	return compare_edge(args, slip_ends_with, out, err);
}

int slip_expr_match(const struct slip_json *text, const struct slip_json *pattern,
	const struct slip_regex *regex, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *subject = NULL;
	slip_autoregex *compiled = NULL;
	if (text_of(text, &subject, err) < 0)
		return -1;
	if (!regex) {
		if (slip_json_kind(pattern) != SLIP_JSON_STRING)
			return slip_err_set(
				err, SLIP_E_SPEC, 0, "a regular expression is a string");
		if (slip_regex_parse(slip_json_str_value(pattern, ""), &compiled, NULL, err) < 0)
			return -1;
		regex = compiled;
	}
	bool is_match = false;
	if (slip_regex_match(regex, subject, &is_match, err) < 0)
		return -1;
	*out = slip_json_bool(is_match);
	return 0;
}

static int fn_matches(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	return slip_expr_match(args->v[0], args->v[1], args->regex, out, err);
}

/* --- filters: args->v[0] is the input --------------------------------------------------------- */

static int map_chars(const struct slip_expr_args *args, int (*map)(int), struct slip_json **out,
	struct slip_err *err)
{
	slip_autofree char *s = NULL;
	if (text_of(args->v[0], &s, err) < 0)
		return -1;
	for (char *p = s; *p; p++)
		*p = (char)map((unsigned char)*p);
	*out = slip_json_str(s);
	return 0;
}

/* ASCII only, whatever the locale. */
static int lower_char(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int upper_char(int c)
{
	return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

static int filter_lower(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	return map_chars(args, lower_char, out, err);
}

static int filter_upper(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	return map_chars(args, upper_char, out, err);
}

static int filter_trim(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	static const char blanks[] = " \t\r\n";
	slip_autofree char *s = NULL;
	if (text_of(args->v[0], &s, err) < 0)
		return -1;
	size_t len = strlen(s);
	while (len > 0 && strchr(blanks, s[len - 1]))
		s[--len] = '\0';
	*out = slip_json_str(s + strspn(s, blanks));
	return 0;
}

/* Lower case, all but letters and digits to "-", cut, no "-" at either end. */
static int filter_slug(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *s = NULL;
	size_t max = SLUG_MAX;
	if (text_of(args->v[0], &s, err) < 0 ||
		(args->n > 1 && length_of(args->v[1], &max, err) < 0))
		return -1;
	for (char *p = s; *p; p++) {
		*p = (char)lower_char((unsigned char)*p);
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '-';
	}
	char *start = s + strspn(s, "-");
	size_t len = strlen(start);
	if (len > max)
		len = max;
	while (len > 0 && start[len - 1] == '-')
		len--;
	start[len] = '\0';
	*out = slip_json_str(start);
	return 0;
}

/* Counts characters, not bytes. */
static int filter_truncate(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *s = NULL;
	size_t max = 0;
	if (text_of(args->v[0], &s, err) < 0 || length_of(args->v[1], &max, err) < 0)
		return -1;
	char *p = s;
	for (; *p; p++) {
		bool is_start = ((unsigned char)*p & 0xc0) != 0x80;
		if (is_start && max-- == 0)
			break;
	}
	*p = '\0';
	*out = slip_json_str(s);
	return 0;
}

static int filter_default(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err SLIP_UNUSED)
{
	enum slip_json_kind kind = slip_json_kind(args->v[0]);
	bool is_missing = kind == SLIP_JSON_NULL || kind == SLIP_JSON_NONE ||
			  (kind == SLIP_JSON_STRING && !slip_expr_truth(args->v[0]));
	*out = slip_json_ref(args->v[is_missing ? 1 : 0]);
	return 0;
}

static int filter_json(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err SLIP_UNUSED)
{
	slip_autofree char *s = slip_json_print(args->v[0]);
	*out = slip_json_str(s);
	return 0;
}

static int filter_base64(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *s = NULL;
	if (text_of(args->v[0], &s, err) < 0)
		return -1;
	slip_autofree char *encoded = slip_base64_encode(s, strlen(s));
	*out = slip_json_str(encoded);
	return 0;
}

static int filter_sha256(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *s = NULL;
	if (text_of(args->v[0], &s, err) < 0)
		return -1;
	struct slip_digest digest;
	slip_digest_of(s, strlen(s), &digest);
	*out = slip_json_str(slip_digest_hex(&digest));
	return 0;
}

static int filter_replace(
	const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *s = NULL, *from = NULL, *to = NULL;
	if (text_of(args->v[0], &s, err) < 0 || text_of(args->v[1], &from, err) < 0 ||
		text_of(args->v[2], &to, err) < 0)
		return -1;
	if (from[0] == '\0')
		return slip_err_set(err, SLIP_E_SPEC, 0, "the text to be replaced is empty");
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_EXPANDED);
	const char *p = s;
	for (const char *hit; (hit = strstr(p, from)) && !b.overflow; p = hit + strlen(from)) {
		slip_buf_add(&b, p, (size_t)(hit - p));
		slip_buf_add_str(&b, to);
	}
	slip_buf_add_str(&b, p);
	return give_text(&b, out, err);
}

/* --- tables ----------------------------------------------------------------------------------- */

static const struct slip_expr_function functions[] = {
	{.name = "always"},
	{.name = "cancelled"},
	{.name = "changed", .min_args = 1, .max_args = ANY_NUMBER},
	{.name = "contains", .min_args = 2, .max_args = 2, .fn = fn_contains},
	{.name = "endsWith", .min_args = 2, .max_args = 2, .fn = fn_ends_with},
	{.name = "failure"},
	{.name = "matches", .min_args = 2, .max_args = 2, .fn = fn_matches},
	{.name = "startsWith", .min_args = 2, .max_args = 2, .fn = fn_starts_with},
	{.name = "success"},
};

static const struct slip_expr_function filters[] = {
	{.name = "base64", .fn = filter_base64},
	{.name = "default", .min_args = 1, .max_args = 1, .fn = filter_default, .takes_null = true},
	{.name = "json", .fn = filter_json, .takes_null = true},
	{.name = "lower", .fn = filter_lower},
	{.name = "replace", .min_args = 2, .max_args = 2, .fn = filter_replace},
	{.name = "sha256", .fn = filter_sha256},
	{.name = "slug", .max_args = 1, .fn = filter_slug},
	{.name = "trim", .fn = filter_trim},
	{.name = "truncate", .min_args = 1, .max_args = 1, .fn = filter_truncate},
	{.name = "upper", .fn = filter_upper},
};

static const struct slip_expr_function *find(
	const struct slip_expr_function *table, size_t n, const char *name, const char **nearest)
{
	const char *names[SLIP_ARRAY_LEN(functions) + SLIP_ARRAY_LEN(filters)];
	for (size_t i = 0; i < n; i++) {
		if (slip_streq(table[i].name, name))
			return &table[i];
		names[i] = table[i].name;
	}
	*nearest = slip_suggest(name, names, n, 0);
	return NULL;
}

const struct slip_expr_function *slip_expr_find_function(const char *name, const char **nearest)
{
	return find(functions, SLIP_ARRAY_LEN(functions), name, nearest);
}

const struct slip_expr_function *slip_expr_find_filter(const char *name, const char **nearest)
{
	return find(filters, SLIP_ARRAY_LEN(filters), name, nearest);
}

bool slip_expr_is_default(const struct slip_expr_function *filter)
{
	return filter->fn == filter_default;
}
