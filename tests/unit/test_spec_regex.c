#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/spec/regex.h"
#include "tests/unit/tap.h"

static const struct {
	const char *pattern;
	const char *text;
	int want; /* 1 matches, 0 does not, below: -1 - offset of the error */
} tests[] = {
	{"", "", 1},
	{"", "x", 1},
	{"abc", "xabcx", 1},
	{"abc", "ab", 0},
	{"^abc$", "abc", 1},
	{"^abc$", "abcd", 0},
	{"a|b|c", "xc", 1},
	{"^(a|bc|)d$", "bcd", 1},
	{"^(a|bc|)d$", "d", 1},
	{"^(a|bc|)d$", "bd", 0},
	{"^a*$", "aaaa", 1},
	{"^a+$", "", 0},
	{"^a?b$", "b", 1},
	{"^a{3}$", "aaa", 1},
	{"^a{3}$", "aa", 0},
	{"^a{2,}$", "aaaaa", 1},
	{"^a{0,2}$", "aaa", 0},
	{"^a{0}b$", "b", 1},
	{"^(ab){2,3}$", "ababab", 1},
	{"^(ab){2,3}$", "abababab", 0},
	{"^(a|b){2}c$", "bac", 1},
	{"^a{2,3}?$", "aaa", 1},
	{"^[a-c]+$", "abcabc", 1},
	{"^[^a-c]+$", "xyz", 1},
	{"^[^a-c]+$", "xbz", 0},
	{"^[]a]$", "]", 1},
	{"^[a-]$", "-", 1},
	{"^[\\]x]$", "]", 1},
	{"^[\\d.]+$", "1.2.3", 1},
	{"^\\d+\\.\\d+$", "1.2", 1},
	{"^\\w+$", "a_Z9", 1},
	{"\\D", "123", 0},
	{"\\s", "a b", 1},
	{"^\\S+$", "a b", 0},
	{"^.$", "ä", 1},
	{"^[ä-ü]$", "ö", 1},
	{"^.$", "\xff", 1},
	{"a.c", "a\nc", 0},
	{"(?i)HeLLo", "hEllO", 1},
	{"(?i)[a-c]", "B", 1},
	{"(?i)^[^a]$", "A", 0},
	{"(?:ab)+c", "ababc", 1},
	{"(a*)*b", "aaab", 1},
	{"(a*)+$", "aaab", 1},
	{"^v?[0-9]+\\.[0-9]+\\.[0-9]+(-[a-z0-9.]+)?$", "v1.2.3-rc.1", 1},
	{"x*", "", 1},
	{"(", "", -1},
	{"a)", "", -2},
	{"*", "", -1},
	{"a**", "", -3},
	{"[a", "", -3},
	{"[b-a]", "", -2},
	{"a{2", "", -2},
	{"a{x}", "", -3},
	{"a{3,2}", "", -2},
	{"a{1001}", "", -3},
	{"\\q", "", -1},
	{"a\\", "", -2},
	{"(?=a)", "", -1},
	{"\\1", "", -1},
};

static int outcome(const char *pattern, const char *text, struct slip_err *err)
{
	slip_autoregex *re = NULL;
	size_t offset = 0;
	bool is_match = false;
	if (slip_regex_parse(pattern, &re, &offset, err) < 0)
		return -1 - (int)offset;
	if (slip_regex_match(re, text, &is_match, err) < 0)
		return -1000;
	return is_match;
}

int main(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(tests); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		is_int(outcome(tests[i].pattern, tests[i].text, &err), tests[i].want,
			"/%s/ %s (%s)", tests[i].pattern,
			tests[i].want == 1 ? "matches" : "does not", err.msg);
	}
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = slip_xmalloc(SLIP_MAX_REGEX_TEXT + 2);
	memset(text, 'a', SLIP_MAX_REGEX_TEXT);
	text[SLIP_MAX_REGEX_TEXT] = '\0';
	double start = slip_clock_monotonic();
	is_int(outcome("^(a+)+(a|aa)*(a?){30}a{30}$b", text, &err), 0,
		"a pattern that makes others explode");
	double seconds = slip_clock_monotonic() - start;
	ok(seconds < 2, "takes no time: %.2f s for 64 KiB", seconds);
	text[SLIP_MAX_REGEX_TEXT] = 'a';
	text[SLIP_MAX_REGEX_TEXT + 1] = '\0';
	is_int(outcome("a", text, &err), -1000, "a longer text is refused");
	slip_err_clear(&err);
	ok(outcome("((a{100}){100}){100}", "", &err) < 0, "repetitions cannot fill the memory");
	is_str(err.msg, "regular expression: too large once its repetitions are written out",
		"and the message says so");
	return done_testing();
}
