#include "config.h"

#include "runner/base/opt.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "runner/base/suggest.h"

#include <ctype.h>
#include <errno.h>

static void *field(const struct slip_opt *o, void *target)
{
	return (char *)target + o->offset;
}

static const struct slip_opt *resolve_alias(const struct slip_opt *table, const struct slip_opt *o)
{
	return o && o->alias_of ? slip_opt_find(table, o->alias_of) : o;
}

const struct slip_opt *slip_opt_find(const struct slip_opt *table, const char *name)
{
	for (const struct slip_opt *o = table; o->name; o++) {
		if (slip_streq(o->name, name))
			return resolve_alias(table, o);
	}
	return NULL;
}

/* --- setting values -----------------------------------------------------------------------------
 */

static int set_bool(bool *b, const char *text, const char *name, struct slip_err *err)
{
	static const char *const yes[] = {"true", "True", "TRUE", "1", "t", "T"};
	static const char *const no[] = {"false", "False", "FALSE", "0", "f", "F"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(yes); i++) {
		if (slip_streq(text, yes[i]) || slip_streq(text, no[i])) {
			*b = slip_streq(text, yes[i]);
			return 0;
		}
	}
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "--%s takes true or false, not \"%s\"", name, text);
}

static int set_int(int64_t *v, const char *text, const char *name, struct slip_err *err)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (end == text || isspace((unsigned char)*text) || *end || errno)
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "--%s takes a whole number, not \"%s\"", name, text);
	*v = n;
	return 0;
}

static int set_choice(int *v, const struct slip_opt *o, const char *text, struct slip_err *err)
{
	slip_autostrv all = {0};
	for (int i = 0; o->choices[i]; i++) {
		if (slip_streq(o->choices[i], text)) {
			*v = i;
			return 0;
		}
		slip_strv_add(&all, o->choices[i]);
	}
	slip_autofree char *list = slip_strv_join(&all, ", ");
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "--%s takes one of %s, not \"%s\"", o->name, list, text);
}

static int set_value(const struct slip_opt *o, void *target, const char *text, struct slip_err *err)
{
	void *f = field(o, target);
	switch (o->type) {
	case SLIP_OPT_BOOL:
		return set_bool(f, text, o->name, err);
	case SLIP_OPT_STRING:
		free(*(char **)f);
		*(char **)f = slip_xstrdup(text);
		return 0;
	case SLIP_OPT_LIST:
		slip_strv_add(f, text);
		return 0;
	case SLIP_OPT_INT:
		return set_int(f, text, o->name, err);
	case SLIP_OPT_DURATION:
		if (slip_clock_parse_duration(text, f, err) < 0)
			return slip_err_wrap(err, "--%s", o->name);
		return 0;
	case SLIP_OPT_CHOICE:
		return set_choice(f, o, text, err);
	}
	return 0;
}

void slip_opt_defaults(const struct slip_opt *table, void *target)
{
	struct slip_err err = SLIP_ERR_INIT;
	for (const struct slip_opt *o = table; o->name; o++) {
		if (o->dflt && !o->alias_of && set_value(o, target, o->dflt, &err) < 0)
			slip_bug("default of --%s: %s", o->name, err.msg);
	}
}

void slip_opt_release(const struct slip_opt *table, void *target)
{
	for (const struct slip_opt *o = table; o->name; o++) {
		if (o->alias_of)
			continue;
		if (o->type == SLIP_OPT_STRING)
			slip_cleanup_free(field(o, target));
		if (o->type == SLIP_OPT_LIST)
			slip_strv_release(field(o, target));
	}
}

static int unknown(const struct slip_opt *table, const char *name, struct slip_err *err)
{
	slip_autostrv names = {0};
	for (const struct slip_opt *o = table; o->name; o++)
		slip_strv_add(&names, o->name);
	const char *near = slip_suggest(name, (const char *const *)names.v, names.n, 0);
	if (near)
		return slip_err_set(err, SLIP_E_USAGE, 0, "unknown option --%s; did you mean --%s?",
			name, near);
	return slip_err_set(err, SLIP_E_USAGE, 0, "unknown option --%s; see --help", name);
}

int slip_opt_set(const struct slip_opt *table, void *target, const char *name, const char *value,
	struct slip_err *err)
{
	const struct slip_opt *o = slip_opt_find(table, name);
	if (!o)
		return unknown(table, name, err);
	return set_value(o, target, value, err);
}

/* --- the command line
 * ----------------------------------------------------------------------------- */

static void tell_no_effect(const struct slip_opt *o)
{
	if (o->flags & SLIP_OPT_NO_EFFECT)
		slip_debug("--%s has no effect here: %s", o->name, o->help);
}

/* What follows an option: its value, and how many further words were used for it. */
static int take_value(const struct slip_opt *o, void *target, const char *inlined,
	char *const *next, int *used, struct slip_err *err)
{
	tell_no_effect(o);
	if (inlined)
		return set_value(o, target, inlined, err);
	if (o->type == SLIP_OPT_BOOL)
		return set_value(o, target, "true", err);
	if (!*next)
		return slip_err_set(err, SLIP_E_USAGE, 0, "--%s needs a value", o->name);
	*used = 1;
	return set_value(o, target, *next, err);
}

static int parse_long(const struct slip_opt *table, void *target, char *const *at, int *used,
	struct slip_err *err)
{
	const char *equals = strchr(*at, '=');
	slip_autofree char *name =
		equals ? slip_xstrndup(*at + 2, (size_t)(equals - *at) - 2) : slip_xstrdup(*at + 2);
	const struct slip_opt *o = slip_opt_find(table, name);
	if (!o)
		return unknown(table, name, err);
	return take_value(o, target, equals ? equals + 1 : NULL, at + 1, used, err);
}

static const struct slip_opt *find_short(const struct slip_opt *table, char letter)
{
	for (const struct slip_opt *o = table; o->name; o++) {
		if (o->short_name && o->short_name == letter)
			return resolve_alias(table, o);
	}
	return NULL;
}

/* "-n value", "-nvalue", "-n=value"; switches may share a dash: "-ab". */
static int parse_short(const struct slip_opt *table, void *target, char *const *at, int *used,
	struct slip_err *err)
{
	for (const char *letter = *at + 1; *letter; letter++) {
		const struct slip_opt *o = find_short(table, *letter);
		if (!o)
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"unknown option -%c in \"%s\"; see --help", *letter, *at);
		bool is_whole = o->type != SLIP_OPT_BOOL || letter[1] == '=' || !letter[1];
		const char *inlined = letter[1] ? letter + 1 + (letter[1] == '=') : NULL;
		if (take_value(o, target, is_whole ? inlined : NULL, at + 1, used, err) < 0)
			return -1;
		if (is_whole)
			break;
	}
	return 0;
}

static int word(const char *text, struct slip_strv *rest, struct slip_err *err)
{
	if (!rest)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"\"%s\" is not expected here (a value of an option needs --option=value)",
			text);
	slip_strv_add(rest, text);
	return 0;
}

int slip_opt_parse(const struct slip_opt *table, void *target, char *const *argv,
	struct slip_strv *rest, struct slip_err *err)
{
	bool options = true;
	for (; *argv; argv++) {
		int used = 0, rc;
		if (options && slip_streq(*argv, "--")) {
			options = false;
			continue;
		}
		if (options && slip_starts_with(*argv, "--"))
			rc = parse_long(table, target, argv, &used, err);
		else if (options && (*argv)[0] == '-' && (*argv)[1])
			rc = parse_short(table, target, argv, &used, err);
		else
			rc = word(*argv, rest, err);
		if (rc < 0)
			return -1;
		argv += used;
	}
	return 0;
}

/* --- help
 * ----------------------------------------------------------------------------------------- */

#define HELP_COLUMN 34
#define HELP_WIDTH 100

static void add_wrapped(struct slip_buf *out, const char *text)
{
	size_t column = HELP_COLUMN;
	while (*text) {
		size_t n = strcspn(text, " ");
		if (column == HELP_COLUMN) {
			column += n;
		} else if (column + 1 + n > HELP_WIDTH) {
			slip_buf_addf(out, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN + n;
		} else {
			slip_buf_add_char(out, ' ');
			column += 1 + n;
		}
		slip_buf_add(out, text, n);
		text += n + strspn(text + n, " ");
	}
	slip_buf_add_char(out, '\n');
}

void slip_opt_help(const struct slip_opt *table, struct slip_buf *out)
{
	for (const struct slip_opt *o = table; o->name; o++) {
		if (o->flags & SLIP_OPT_HIDDEN || o->alias_of)
			continue;
		slip_autofree char *shown = slip_xasprintf("  %c%c%c --%s%s%s",
			o->short_name ? '-' : ' ', o->short_name ? o->short_name : ' ',
			o->short_name ? ',' : ' ', o->name, o->type == SLIP_OPT_BOOL ? "" : " ",
			o->type == SLIP_OPT_BOOL ? ""
			: o->metavar		 ? o->metavar
						 : "VALUE");
		slip_buf_addf(out, "%-*s", HELP_COLUMN, shown);
		if (strlen(shown) >= HELP_COLUMN)
			slip_buf_addf(out, "\n%*s", HELP_COLUMN, "");
		slip_autofree char *text = o->dflt && o->type != SLIP_OPT_BOOL
						   ? slip_xasprintf("%s [%s]", o->help, o->dflt)
						   : slip_xstrdup(o->help);
		add_wrapped(out, text);
	}
}

/* --- JSON
 * ----------------------------------------------------------------------------------------- */

static struct slip_json *value_to_json(const struct slip_opt *o, void *f)
{
	switch (o->type) {
	case SLIP_OPT_BOOL:
		return slip_json_bool(*(bool *)f);
	case SLIP_OPT_STRING:
		return *(char **)f ? slip_json_str(*(char **)f) : NULL;
	case SLIP_OPT_LIST:
		return slip_json_strings(f);
	case SLIP_OPT_INT:
	case SLIP_OPT_DURATION:
		return slip_json_int(*(int64_t *)f);
	case SLIP_OPT_CHOICE:
		return slip_json_str(o->choices[*(int *)f]);
	}
	return NULL;
}

struct slip_json *slip_opt_to_json(const struct slip_opt *table, const void *target)
{
	struct slip_json *obj = slip_json_object();
	for (const struct slip_opt *o = table; o->name; o++) {
		struct slip_json *v =
			o->alias_of || o->flags & SLIP_OPT_NO_EFFECT
				? NULL
				: value_to_json(o, (char *)(uintptr_t)target + o->offset);
		if (v)
			slip_json_set(obj, o->name, v);
	}
	return obj;
}

static int wrong_kind(const char *key, const char *wanted, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_USAGE, 0, "\"%s\" takes %s", key, wanted);
}

static int strings_from_json(
	const struct slip_json *obj, const char *key, struct slip_strv *sv, struct slip_err *err)
{
	slip_autostrv got = {0};
	if (slip_json_get_strings(obj, key, &got, NULL) < 0)
		return wrong_kind(key, "a list of strings", err);
	slip_strv_copy(sv, &got);
	return 0;
}

/* The member `key` of obj, which is o's name or an alias of it. */
static int value_from_json(const struct slip_opt *o, const struct slip_json *obj, const char *key,
	void *f, struct slip_err *err)
{
	const struct slip_json *v = slip_json_get(obj, key);
	enum slip_json_kind kind = slip_json_kind(v);
	switch (o->type) {
	case SLIP_OPT_BOOL:
		if (kind != SLIP_JSON_BOOL)
			return wrong_kind(key, "true or false", err);
		*(bool *)f = slip_json_bool_value(v, false);
		return 0;
	case SLIP_OPT_LIST:
		return strings_from_json(obj, key, f, err);
	case SLIP_OPT_INT:
	case SLIP_OPT_DURATION:
		if (kind != SLIP_JSON_INT)
			return wrong_kind(key, "a whole number", err);
		*(int64_t *)f = slip_json_int_value(v, 0);
		return 0;
	case SLIP_OPT_STRING:
		if (kind != SLIP_JSON_STRING && kind != SLIP_JSON_NULL)
			return wrong_kind(key, "a string", err);
		free(*(char **)f);
		*(char **)f = slip_xstrdup(slip_json_str_value(v, NULL));
		return 0;
	case SLIP_OPT_CHOICE:
		if (kind != SLIP_JSON_STRING)
			return wrong_kind(key, "a string", err);
		return set_choice(f, o, slip_json_str_value(v, ""), err);
	}
	return 0;
}

int slip_opt_from_json(const struct slip_opt *table, const struct slip_json *obj, void *target,
	struct slip_err *err)
{
	for (const char *key = NULL; (key = slip_json_next_key(obj, key));) {
		const struct slip_opt *o = slip_opt_find(table, key);
		if (!o)
			return unknown(table, key, err);
		if (value_from_json(o, obj, key, field(o, target), err) < 0)
			return -1;
	}
	return 0;
}
