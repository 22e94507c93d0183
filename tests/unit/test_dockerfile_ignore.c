#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/dockerfile/ignore.h"
#include "tests/unit/tap.h"

#include <time.h>

static const struct {
	const char *file;
	const char *path;
	bool excluded;
} rows[] = {
	{"", "a", false},
	{"a", "a", true},
	{"a", "a/b/c", true},
	{"a", "ab", false},
	{"a", "x/a", false},
	{"/a/", "a", true},
	{"/a/", "a/b", true},
	{"./a", "a", true},
	{"a/../b", "b", true},
	{"a//b", "a/b", true},
	{"  a  ", "a", true},
	{"a\r\nb\r\n", "b", true},
	{"\xef\xbb\xbf"
	 "a",
		"a", true},
	{"# a\n#b", "#b", false},
	{" #b", "#b", true},
	{"a\n\n\nb", "b", true},
	{".", "a", false},
	{"/", "a", false},
	/* wildcards */
	{"*", "a", true},
	{"*", "a/b", true},
	{"*/b", "a/b", true},
	{"*/b", "b", false},
	{"*/b", "a/c/b", false},
	{"a?", "ab", true},
	{"a?", "a/", false},
	{"*.go", "x.go", true},
	{"*.go", "d/x.go", false},
	{"[a-c]x", "bx", true},
	{"[^a]x", "ax", false},
	{"[^a]x", "bx", true},
	{"a\\*", "a*", true},
	{"a\\*", "ab", false},
	{"\\!a", "!a", true},
	{"a.c", "abc", false},
	{"a+(b)$|{c}", "a+(b)$|{c}", true},
	{"?", "\xc3\xa9", true},
	/* any number of directories */
	{"**", "a/b", true},
	{"**/a", "a", true},
	{"**/a", "x/a", true},
	{"**/a", "x/y/a/z", true},
	{"**/a", "x/ba", false},
	{"a/**", "a", false},
	{"a/**", "a/b", true},
	{"a/**", "a/b/c", true},
	{"a/**/b", "a/b", true},
	{"a/**/b", "a/x/y/b", true},
	{"a/**/b", "a/x/y", false},
	{"a/**/b", "ab", false},
	{"**/**/a", "x/a", true},
	{"a/**/**/b", "a/b", true},
	{"**/*.py", "a/b/c.py", true},
	{"**/*.py", "a/b/c.pyc", false},
	{"**/a/**/b", "x/a/y/a/z/b", true},
	{"**/a/b", "a/a/b", true},
	{"**/a/*/b", "a/x/a/y/b", true},
	/* ** that does not fill a component */
	{"**a", "x/y/a", true},
	{"**a", "xa", false},
	{"a**", "ab/c", true},
	{"a**", "b", false},
	{"a**b", "ab", true},
	{"a**b", "ax/y/b", true},
	{"a**b", "axb", false},
	{"a**/b", "ax/b", true},
	{"**a**b", "a/ab", true},
	{"***", "a", true},
	{"pre*suf", "presuf", true},
	{"pre*suf", "prexsuf", true},
	{"aba*aba", "aba", false},
	{"a*b*c", "axbyc", true},
	{"a*b*c", "axyc", false},
	{"*[*]b", "x*b", true},
	{"*\\b", "xb", true},
	{"x[*][*]y", "x**y", true},
	{"x[*][*]y", "xaby", false},
	/* what comes last decides */
	{"*\n!a", "a", false},
	{"*\n!a", "b", true},
	{"!a\n*", "a", true},
	{"a\n!a/b", "a/b", false},
	{"a\n!a/b", "a/b/c", false},
	{"a\n!a/b", "a/c", true},
	{"a\n!a/b\na/b/c", "a/b/c", true},
	{"a\n!a/b\na/b/c", "a/b/d", false},
	{"*\n!**/*.md\nREADME*.md", "d/x.md", false},
	{"*\n!**/*.md\nREADME*.md", "README.md", true},
	{"*.md\n!README.md", "README.md", false},
	{"! a", "a", false},
	{"*\n! a", "a", false},
	{"*\n!/a/", "a/b", false},
	{"*\n!foo/bar\nfoo", "foo/bar", true},
};

static struct slip_ignore *parse(const char *text)
{
	struct slip_ignore *ig = NULL;
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_ignore_parse(text, strlen(text), ".dockerignore", &ig, &err) < 0)
		fail("parse: %s", err.msg);
	return ig;
}

static void check_matches(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_autoignore *ig = parse(rows[i].file);
		ok(slip_ignore_is_excluded(ig, rows[i].path) == rows[i].excluded,
			"row %zu: %s is %s", i, rows[i].path,
			rows[i].excluded ? "excluded" : "included");
	}
}

static void check_dirs(void)
{
	static const struct {
		const char *file;
		const char *dir;
		enum slip_ignore_verdict want;
	} dirs[] = {
		{"a", "b", SLIP_IGNORE_INCLUDED},
		{"a", "a", SLIP_IGNORE_EXCLUDED},
		{"a", "a/b", SLIP_IGNORE_EXCLUDED},
		{"a\n!a/b", "a", SLIP_IGNORE_DESCEND},
		{"a\n!a/b", "a/c", SLIP_IGNORE_EXCLUDED},
		{"a\n!a/b", "a/b", SLIP_IGNORE_INCLUDED},
		{"*\n!x/y/z", "x", SLIP_IGNORE_DESCEND},
		{"*\n!x/y/z", "x/y", SLIP_IGNORE_DESCEND},
		{"*\n!x/y/z", "w", SLIP_IGNORE_EXCLUDED},
		{"*\n!**/*.md", "w", SLIP_IGNORE_DESCEND},
		{"*\n!x/**/z", "x/q/r", SLIP_IGNORE_DESCEND},
		{"*\n!x/**/z", "y", SLIP_IGNORE_EXCLUDED},
		{"!a/b\na", "a", SLIP_IGNORE_EXCLUDED},
		{"*\n!*/b", "a", SLIP_IGNORE_DESCEND},
		{"*\n!*/b", "a/c", SLIP_IGNORE_EXCLUDED},
		{"*\n!a**b", "ax", SLIP_IGNORE_DESCEND},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(dirs); i++) {
		slip_autoignore *ig = parse(dirs[i].file);
		is_int(slip_ignore_dir(ig, dirs[i].dir), dirs[i].want, "directory %zu: %s", i,
			dirs[i].dir);
	}
	is_int(slip_ignore_dir(NULL, "a"), SLIP_IGNORE_INCLUDED, "no rules at all");
}

static void check_errors(void)
{
	static const char *const bad[][2] = {
		{"a\n!\n", "I:2: illegal exclusion pattern: \"!\""},
		{"! ", "I:1: illegal exclusion pattern: \"!\""},
		{"ok\n\n[a", "I:3: syntax error in pattern \"[a\""},
		{"a\\", "I:1: syntax error in pattern \"a\\\""},
		{"a**b**c**d**e**f**g**h**i", "I:1: too many ** inside of names in pattern "
					      "\"a**b**c**d**e**f**g**h**i\""},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		struct slip_ignore *ig = NULL;
		struct slip_err err = SLIP_ERR_INIT;
		is_int(slip_ignore_parse(bad[i][0], strlen(bad[i][0]), "I", &ig, &err), -1,
			"bad file %zu", i);
		is_str(err.msg, bad[i][1], "its message");
	}
}

static void check_rule(void)
{
	slip_autoignore *ig = parse("# c\n*.log\n!keep.log\n");
	slip_autostrv list = {0};
	struct slip_ignore *excludes = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	int line = 0;

	is_str(slip_ignore_rule(ig, "x.log", &line), "*.log", "the rule that decides");
	is_int(line, 2, "and its line");
	is_str(slip_ignore_rule(ig, "keep.log", NULL), "!keep.log", "a rule that includes");
	is_str(slip_ignore_rule(ig, "x", NULL), NULL, "no rule");
	slip_strv_add(&list, "#x");
	slip_strv_add(&list, "**/*.o");
	slip_strv_add(&list, "!a.o");
	is_int(slip_ignore_from_list(&list, &excludes, &err), 0, "a list of patterns");
	ok(slip_ignore_is_excluded(excludes, "#x") && slip_ignore_is_excluded(excludes, "d/x.o") &&
			!slip_ignore_is_excluded(excludes, "a.o"),
		"has no comments");
	ok(slip_ignore_is_empty(NULL) && !slip_ignore_is_empty(excludes), "empty");
	slip_ignore_free(excludes);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Loops that a matcher with backtracking would not leave. The times are generous for sanitizers. */
static void check_cost(void)
{
	slip_autobuf text = {0};
	char path[SLIP_MAX_PATH + 1];
	double start = seconds();

	slip_buf_init(&text, SLIP_MAX_DOCKERIGNORE);
	for (int i = 0; i < 50; i++)
		slip_buf_add_str(&text, "**/");
	slip_buf_add_str(&text, "x\n");
	for (int i = 0; i < 50; i++)
		slip_buf_add_str(&text, "**/a/");
	slip_buf_add_str(&text, "x\n");
	for (int i = 0; i < 50; i++)
		slip_buf_add_str(&text, "*a");
	slip_autoignore *nasty = parse(text.data);
	memset(path, 'a', SLIP_MAX_PATH);
	path[SLIP_MAX_PATH - 1] = 'b';
	path[SLIP_MAX_PATH] = '\0';
	ok(!slip_ignore_is_excluded(nasty, path), "50 wildcards on one long name");
	for (size_t i = 1; i < SLIP_MAX_PATH - 1; i += 2)
		path[i] = '/';
	ok(!slip_ignore_is_excluded(nasty, path), "50 wildcards on a deep path");
	ok(seconds() - start < 1, "in no time");

	slip_buf_clear(&text);
	for (int i = 0; i < 1000; i++)
		slip_buf_addf(&text,
			i % 4 == 0   ? "dir%d/sub\n"
			: i % 4 == 1 ? "**/*.ext%d\n"
			: i % 4 == 2 ? "a/*/c%d\n"
				     : "**/name%d\n",
			i);
	slip_autoignore *many = parse(text.data);
	size_t excluded = 0;
	start = seconds();
	for (int i = 0; i < 100000; i++) {
		snprintf(path, sizeof(path), "src/module%d/lib/file%d.c", i % 100, i);
		excluded += slip_ignore_is_excluded(many, path);
	}
	double took = seconds() - start;
	is_int(excluded, 0, "1000 patterns, 100000 paths");
	diag("%.2f s", took);
	ok(took < 20, "in bounded time");
}

int main(void)
{
	check_matches();
	check_dirs();
	check_errors();
	check_rule();
	check_cost();
	return done_testing();
}
