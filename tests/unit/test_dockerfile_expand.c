#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/dockerfile/expand.h"
#include "tests/unit/tap.h"

static char *big;

static const char *lookup(void *ctx, const char *name)
{
	static const char *const vars[][2] = {
		{"A", "value"},
		{"E", ""},
		{"P", "/usr/local/bin/x.tar.gz"},
		{"S", "*"},
		{"N", "one\ntwo"},
		{"Q", "\"q\" 'r' $A \\"},
		{"D", "$1${1}"},
		{"W", "80  443/tcp"},
		{"U8", "h\xc3\xa9h\xc3\xa9"},
		{"\xc3\xa9t\xc3\xa9", "summer"},
		{"_x1", "under"},
	};

	if (ctx && strcmp(name, "BIG") == 0)
		return big;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(vars); i++) {
		if (strcmp(vars[i][0], name) == 0)
			return vars[i][1];
	}
	return NULL;
}

struct row {
	const char *in;
	const char *want; /* NULL: fails with error */
	const char *error;
};

static const struct row words[] = {
	{"", "", NULL},
	{"plain", "plain", NULL},
	{"$A", "value", NULL},
	{"${A}", "value", NULL},
	{"x$A.y", "xvalue.y", NULL},
	{"$A$A", "valuevalue", NULL},
	{"$Ax", "", NULL},
	{"$_x1-", "under-", NULL},
	{"$\xc3\xa9t\xc3\xa9!", "summer!", NULL},
	{"$UNSET", "", NULL},
	{"${UNSET}", "", NULL},
	{"${A}}", "value}", NULL},
	/* names that are always unset */
	{"[$1]", "[]", NULL},
	{"[$12]", "[]", NULL},
	{"[$1a]", "[a]", NULL},
	{"[$@$*$#$?$-$$$!$0]", "[]", NULL},
	{"[${1}${@}${-}]", "[]", NULL},
	{"${1:-d}", "d", NULL},
	/* a $ that is none */
	{"$", "$", NULL},
	{"a$", "a$", NULL},
	{"$ $.$/", "$ $.$/", NULL},
	{"$\xe2\x80\x9cx", "$\xe2\x80\x9cx", NULL},
	/* quotes and escapes */
	{"'a b'", "a b", NULL},
	{"'$A \\n \"'", "$A \\n \"", NULL},
	{"\"$A\"", "value", NULL},
	{"\"a'b\"", "a'b", NULL},
	{"\"\\\"\\$A\\\\\"", "\"$A\\", NULL},
	{"\"\\n\\'\"", "\\n\\'", NULL},
	{"\\$A", "$A", NULL},
	{"\\n\\\\\\'", "n\\'", NULL},
	{"a\\", "a", NULL},
	{"a\"b\"'c'd", "abcd", NULL},
	{"a b", "a b", NULL},
	{"'a", NULL,
		"failed to process \"'a\": unexpected end of statement while looking for matching "
		"single-quote"},
	{"\"a", NULL,
		"failed to process \"\\\"a\": unexpected end of statement while looking for "
		"matching "
		"double-quote"},
	{"\"a\\", NULL,
		"failed to process \"\\\"a\\\\\": unexpected end of statement while looking for "
		"matching double-quote"},
	/* values are not looked at again */
	{"$Q", "\"q\" 'r' $A \\", NULL},
	{"\"$Q\"", "\"q\" 'r' $A \\", NULL},
	/* defaults */
	{"${A:-w}", "value", NULL},
	{"${E:-w}", "w", NULL},
	{"${U:-w}", "w", NULL},
	{"${A-w}", "value", NULL},
	{"${E-w}", "", NULL},
	{"${U-w}", "w", NULL},
	{"${U-}", "", NULL},
	{"${U:-$A}", "value", NULL},
	{"${U:-${V:-${A}}}", "value", NULL},
	{"${U:-\"x y\"}", "x y", NULL},
	{"\"${U:-\"x y\"}\"", "x y", NULL},
	{"${U:-'}'}", "}", NULL},
	{"${U:-\\}}", "}", NULL},
	{"${U:-a b}", "a b", NULL},
	{"${U:--}", "-", NULL},
	/* alternatives */
	{"${A:+w}", "w", NULL},
	{"${E:+w}", "", NULL},
	{"${U:+w}", "", NULL},
	{"${A+w}", "w", NULL},
	{"${E+w}", "w", NULL},
	{"${U+w}", "", NULL},
	{"${A:+x$A}", "xvalue", NULL},
	/* errors on demand */
	{"${A:?m}", "value", NULL},
	{"${E?m}", "", NULL},
	{"${E:?m}", NULL, "failed to process \"${E:?m}\": E: m"},
	{"${U?m n}", NULL, "failed to process \"${U?m n}\": U: m n"},
	{"${U:?}", NULL, "failed to process \"${U:?}\": U: is not allowed to be unset"},
	{"${U?}", NULL, "failed to process \"${U?}\": U: is not allowed to be unset"},
	{"${E:?}", NULL, "failed to process \"${E:?}\": E: is not allowed to be empty"},
	{"${A:-${U:?e}}", NULL, "failed to process \"${A:-${U:?e}}\": U: e"},
	/* prefixes and suffixes */
	{"${P#*/}", "usr/local/bin/x.tar.gz", NULL},
	{"${P##*/}", "x.tar.gz", NULL},
	{"${P%.*}", "/usr/local/bin/x.tar", NULL},
	{"${P%%.*}", "/usr/local/bin/x", NULL},
	{"${P#/usr}", "/local/bin/x.tar.gz", NULL},
	{"${P#usr}", "/usr/local/bin/x.tar.gz", NULL},
	{"${P%gz}", "/usr/local/bin/x.tar.", NULL},
	{"${P%}", "/usr/local/bin/x.tar.gz", NULL},
	{"${P%%*}", "", NULL},
	{"${P#*}", "/usr/local/bin/x.tar.gz", NULL},
	{"${P#?usr?}", "local/bin/x.tar.gz", NULL},
	{"${P%???}", "/usr/local/bin/x.tar", NULL},
	{"${U8#h?}", "h\xc3\xa9", NULL},
	{"${U8%?}", "h\xc3\xa9h", NULL},
	{"${S#\\*}", "", NULL},
	{"${A#\\*}", "value", NULL},
	{"${A#[v]}", "value", NULL},
	{"${N#*}", "one\ntwo", NULL},
	{"${N##*}", "\ntwo", NULL},
	{"${N%%*}", "one\n", NULL},
	{"${N##*o}", "ne\ntwo", NULL},
	{"${N#one?}", "one\ntwo", NULL},
	{"${U#x}", "", NULL},
	{"${A#$A}", "", NULL},
	{"${A#\"val\"}", "ue", NULL},
	{"${A#\\x}", NULL,
		"failed to process \"${A#\\\\x}\": invalid pattern (\\x) in substitution: invalid "
		"escape '\\x'"},
	/* replacements */
	{"${P/\\//:}", ":usr/local/bin/x.tar.gz", NULL},
	{"${P//\\//:}", ":usr:local:bin:x.tar.gz", NULL},
	{"${A/l/L}", "vaLue", NULL},
	{"${A/z/L}", "value", NULL},
	{"${A/a*u/-}", "v-e", NULL},
	{"${A/*/x}", "x", NULL},
	{"${A//?/x}", "xxxxx", NULL},
	{"${A//*/x}", "x", NULL},
	{"${E//*/x}", "x", NULL},
	{"${A///-}", "-v-a-l-u-e-", NULL},
	{"${A/l/}", "vaue", NULL},
	{"${A//l/${U:-$A}}", "vavalueue", NULL},
	{"${A/l/$D}", "va$1${1}ue", NULL},
	{"${A//l/$D}", "va$1${1}ue", NULL},
	{"${N//?/x}", "xxx\nxxx", NULL},
	{"${U8//\xc3\xa9/e}", "hehe", NULL},
	{"${U/x/y}", "", NULL},
	{"${A/l}", NULL, "failed to process \"${A/l}\": syntax error: missing '/' in ${}"},
	{"${A/l/x", NULL, "failed to process \"${A/l/x\": syntax error: missing '}'"},
	/* no substitution */
	{"${}", NULL, "failed to process \"${}\": syntax error: bad substitution"},
	{"${:x}", NULL, "failed to process \"${:x}\": syntax error: bad substitution"},
	{"${{A}", NULL, "failed to process \"${{A}\": syntax error: bad substitution"},
	{"${", NULL, "failed to process \"${\": syntax error: missing '}'"},
	{"${A", NULL, "failed to process \"${A\": syntax error: missing '}'"},
	{"${A:", NULL, "failed to process \"${A:\": syntax error: missing '}'"},
	{"${A:-x", NULL, "failed to process \"${A:-x\": syntax error: missing '}'"},
	{"${A:-'x}", NULL, "failed to process \"${A:-'x}\": syntax error: missing '}'"},
	{"${A:=w}", NULL,
		"failed to process \"${A:=w}\": unsupported modifier (:=) in substitution"},
	{"${A=w}", NULL, "failed to process \"${A=w}\": unsupported modifier (=) in substitution"},
	{"${A^}", NULL, "failed to process \"${A^}\": unsupported modifier (^) in substitution"},
	{"${A:0:1}", NULL,
		"failed to process \"${A:0:1}\": unsupported modifier (:0) in substitution"},
	{"${#A}", NULL, "failed to process \"${#A}\": unsupported modifier (A) in substitution"},
	{"${A:#p}", NULL,
		"failed to process \"${A:#p}\": unsupported modifier (:#) in substitution"},
	{"${ A}", NULL, "failed to process \"${ A}\": unsupported modifier ( ) in substitution"},
};

static const struct row backtick[] = {
	{"`$A", "$A", NULL},
	{"\\$A", "\\value", NULL},
	{"\"`\"\\\"", "\"\\", NULL},
	{"c:\\x\\", "c:\\x\\", NULL},
	{"a`", "a", NULL},
};

static const struct row heredocs[] = {
	{"$A '$A' \"${U:-'x'}\"\n", "value 'value' \"'x'\"\n", NULL},
	{"\\n \\\\ \\$A a\\\nb", "n \\ $A a\nb", NULL},
	{"[$U] it's 5$\n", "[] it's 5$\n", NULL},
	{"`$A`", "`value`", NULL},
};

typedef int expander(
	const struct slip_expand *x, const char *word, char **out, struct slip_err *err);

static void check(const struct row *rows, size_t n, char escape, expander *fn, const char *what)
{
	const struct slip_expand x = {.lookup = lookup, .escape = escape};

	for (size_t i = 0; i < n; i++) {
		slip_autofree char *got = NULL;
		struct slip_err err = SLIP_ERR_INIT;
		int ret = fn(&x, rows[i].in, &got, &err);
		is_int(ret, rows[i].want ? 0 : -1, "%s %zu: status", what, i);
		if (rows[i].want)
			is_str(got, rows[i].want, "%s %zu: value", what, i);
		else
			is_str(err.msg, rows[i].error, "%s %zu: message", what, i);
	}
}

static void check_words(void)
{
	const struct slip_expand x = {.lookup = lookup, .escape = '\\'};
	static const char *const rows[][2] = {
		{"80 443/tcp", "80|443/tcp"},
		{"$W", "80|443/tcp"},
		{"x$W", "x80|443/tcp"},
		{"\"$W\"", "80  443/tcp"},
		{"a\\ b 'c d'", "a b|c d"},
		{"$U $E ''", ""},
		{"${U:-1 2}", "1|2"},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_autostrv got = {0};
		struct slip_err err = SLIP_ERR_INIT;
		is_int(slip_expand_words(&x, rows[i][0], &got, &err), 0, "words %zu", i);
		slip_autofree char *joined = slip_strv_join(&got, "|");
		is_str(joined, rows[i][1], "words %zu: pieces", i);
	}
}

static void note(void *ctx, const char *name)
{
	slip_strv_add(ctx, name);
}

static const char *nothing(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static void check_unset(void)
{
	slip_autostrv seen = {0};
	const struct slip_expand x = {
		.lookup = nothing, .unset = note, .ctx = &seen, .escape = '\\'};
	slip_autofree char *out = NULL;
	struct slip_err err = SLIP_ERR_INIT;

	is_int(slip_expand_word(&x, "$a ${b} '$c' ${d:-$e} ${f+x} ${g#x} \\$h", &out, &err), 0,
		"unset names");
	slip_autofree char *joined = slip_strv_join(&seen, " ");
	is_str(joined, "a b e g", "are reported, those with a modifier for it are not");
}

/* A text of n repetitions. */
static char *repeat(const char *s, size_t n)
{
	slip_autobuf b = {0};

	slip_buf_init(&b, 64 * SLIP_MIB);
	for (size_t i = 0; i < n; i++)
		slip_buf_add_str(&b, s);
	return slip_buf_take(&b);
}

static void check_bounds(void)
{
	const struct slip_expand x = {.lookup = lookup, .ctx = &big, .escape = '\\'};
	big = repeat("ab", SLIP_MAX_EXPANDED / 2 - 1);
	static const struct {
		const char *unit;
		size_t n;
		const char *what;
		enum slip_err_code code;
	} rows[] = {
		{"$BIG", 2, "a value larger than there may be", SLIP_E_LIMIT},
		{"${U+$BIG}", 7000, "large values thrown away", SLIP_E_LIMIT},
		{"${BIG//*a*a*a*a*b*c*/}", 1, "a pattern with backtracking", SLIP_E_LIMIT},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_autofree char *word = repeat(rows[i].unit, rows[i].n);
		slip_autofree char *out = NULL;
		struct slip_err err = SLIP_ERR_INIT;
		is_int(slip_expand_word(&x, word, &out, &err), -1, "%s", rows[i].what);
		is_int(err.code, rows[i].code, "%s: code", rows[i].what);
	}
	slip_autofree char *stars = repeat("*a", 100);
	slip_autofree char *costly = slip_xasprintf("${BIG##%sc}", stars);
	slip_autofree char *never = NULL;
	struct slip_err limit = SLIP_ERR_INIT;
	is_int(slip_expand_word(&x, costly, &never, &limit), -1, "a long pattern");
	is_int(limit.code, SLIP_E_LIMIT, "a long pattern: code");
	slip_autofree char *open = repeat("${U:-", 40);
	slip_autofree char *close = repeat("}", 40);
	slip_autofree char *deep = slip_xasprintf("%sx%s", open, close);
	slip_autofree char *out = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_expand_word(&x, deep, &out, &err), -1, "nested too deep");
	ok(strstr(err.msg, "nested deeper than 32 levels") != NULL, "and its message");
	slip_err_clear(&err);
	is_int(slip_expand_word(&x, deep + 9 * strlen("${U:-"), &out, &err), 0,
		"as deep as may be, with closing braces left over");
	free(big);
}

int main(void)
{
	check(words, SLIP_ARRAY_LEN(words), '\\', slip_expand_word, "word");
	check(backtick, SLIP_ARRAY_LEN(backtick), '`', slip_expand_word, "backtick");
	check(heredocs, SLIP_ARRAY_LEN(heredocs), '`', slip_expand_heredoc, "heredoc");
	check_words();
	check_unset();
	check_bounds();
	return done_testing();
}
