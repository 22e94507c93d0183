#include "config.h"

#include "runner/dockerfile/glob.h"
#include "tests/unit/tap.h"

static const struct {
	const char *pattern;
	const char *name;
	bool want;
} rows[] = {
	{"abc", "abc", true},
	{"abc", "ab", false},
	{"", "", true},
	{"", "a", false},
	{"*", "", true},
	{"*", "abc", true},
	{"*c", "abc", true},
	{"a*", "a", true},
	{"a*", "ab/c", false},
	{"a*/b", "abc/b", true},
	{"a*/b", "a/c/b", false},
	{"a*b*c*d*e*/f", "axbxcxdxe/f", true},
	{"a*b*c*d*e*/f", "axbxcxdxexxx/f", true},
	{"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false},
	{"a*b?c*x", "abxbbxdbxebxczzx", true},
	{"a*b?c*x", "abxbbxdbxebxczzy", false},
	{"*.txt", ".txt", true},
	{"*", ".hidden", true},
	{"**", "a/b", false},
	{"**", "ab", true},
	{"?", "a", true},
	{"?", "/", false},
	{"?", "\xc3\xa9", true},
	{"??", "\xc3\xa9", false},
	{"*??", "\xc3\xa9", false},
	{"ab[c]", "abc", true},
	{"ab[b-d]", "abc", true},
	{"ab[e-g]", "abc", false},
	{"ab[^c]", "abc", false},
	{"ab[^e-g]", "abc", true},
	{"a[!a]b", "a!b", true},
	{"[[]x", "[x", true},
	{"[\\]a]", "]", true},
	{"[\\-]", "-", true},
	{"[x\\-]", "z", false},
	{"[a-]", "a", false},
	{"[]a]", "]", false},
	{"[a", "a", false},
	{"[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true},
	{"a[/]b", "a/b", false},
	{"a[^x]b", "a/b", false},
	{"a\\*b", "a*b", true},
	{"a\\*b", "ab", false},
	{"a\\", "a", false},
	{"\\a", "a", true},
	{"a/b/*", "a/b/c", true},
};

static const struct {
	const char *pattern;
	bool good;
} checks[] = {
	{"a*?[b]\\c", true},
	{"[", false},
	{"[]", false},
	{"[^]", false},
	{"[a-]", false},
	{"[-a]", false},
	{"x\\", false},
	{"[\\", false},
	{"[a\\]", false},
	{"]", true},
	{"[a-\\]]", true},
};

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	char name[4097];

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++)
		ok(slip_glob_match(rows[i].pattern, rows[i].name) == rows[i].want, "%s %s %s",
			rows[i].pattern, rows[i].want ? "matches" : "does not match", rows[i].name);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(checks); i++)
		ok((slip_glob_check(checks[i].pattern, NULL) == 0) == checks[i].good, "%s is %s",
			checks[i].pattern, checks[i].good ? "good" : "bad");
	is_int(slip_glob_check("a[", &err), -1, "a bad pattern");
	is_str(err.msg, "syntax error in pattern \"a[\"", "its message");
	ok(slip_glob_has_wildcard("a[") && slip_glob_has_wildcard("\\a") &&
			!slip_glob_has_wildcard("a]/b"),
		"wildcards");

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	char many[101];
	for (size_t i = 0; i < 100; i += 2)
		memcpy(many + i, "*a", 2);
	many[100] = '\0';
	ok(slip_glob_match(many, name), "50 stars on a long name");
	name[sizeof(name) - 2] = 'b';
	ok(!slip_glob_match(many, name), "50 stars on a long name that does not match");
	return done_testing();
}
