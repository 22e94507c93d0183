/*
 * Command line options from a table: parsing, --help, the man page and the JSON form of a request
 * all read the same rows.
 *
 * Grammar (that of pflag, which kaniko's users know): --name value, --name=value, -n value,
 * -nvalue, -n=value; booleans only --name or --name=true|false|1|0|t|f, their letters may share a
 * dash; the last of a repeated scalar wins, lists add up and are never split at commas; "--" ends
 * the options. Options and other words may be mixed. Errors are SLIP_E_USAGE and name the nearest
 * option.
 */
#ifndef SLIP_BASE_OPT_H
#define SLIP_BASE_OPT_H

#include "runner/base/json.h"

enum slip_opt_type {
	SLIP_OPT_BOOL, /* bool */
	SLIP_OPT_STRING, /* char *, NULL when not given */
	SLIP_OPT_LIST, /* struct slip_strv */
	SLIP_OPT_INT, /* int64_t */
	SLIP_OPT_DURATION, /* int64_t, nanoseconds */
	SLIP_OPT_CHOICE, /* int, place in `choices` */
};

enum slip_opt_flag {
	SLIP_OPT_HIDDEN = 1, /* accepted, not in --help */
	SLIP_OPT_NO_EFFECT = 2, /* accepted for kaniko's sake: says so once, `help` is why */
};

struct slip_opt {
	const char *name;
	char short_name; /* 0: none */
	enum slip_opt_type type;
	size_t offset; /* into the struct that slip_opt_parse fills */
	const char *metavar;
	const char *help;
	const char *dflt; /* text of the default, applied by slip_opt_defaults; NULL: zero */
	const char *const *choices;
	unsigned flags;
	const char *alias_of; /* another spelling of that option */
};

/* A table ends with a row without a name. */
void slip_opt_defaults(const struct slip_opt *table, void *target);
void slip_opt_release(const struct slip_opt *table, void *target);
/* rest gets the words that are no options (NULL: there may be none). */
int slip_opt_parse(const struct slip_opt *table, void *target, char *const *argv,
	struct slip_strv *rest, struct slip_err *err) SLIP_MUST_CHECK;
/* Set one option from text, as if --name=value was given: for spec keys and environment. */
int slip_opt_set(const struct slip_opt *table, void *target, const char *name, const char *value,
	struct slip_err *err) SLIP_MUST_CHECK;
const struct slip_opt *slip_opt_find(const struct slip_opt *table, const char *name);
/* The option table of `--help`, wrapped at 100 columns. */
void slip_opt_help(const struct slip_opt *table, struct slip_buf *out);
/*
 * The whole struct as a JSON object by option names (durations in nanoseconds, strings that are not
 * set left out), and back: members replace what the struct holds, aliases and null strings are
 * accepted, a value of another type is an error.
 */
struct slip_json *slip_opt_to_json(const struct slip_opt *table, const void *target);
int slip_opt_from_json(const struct slip_opt *table, const struct slip_json *obj, void *target,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
