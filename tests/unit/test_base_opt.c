#include "config.h"

#include "runner/base/opt.h"
#include "tests/unit/tap.h"

struct target {
	bool push, cache, other;
	char *dockerfile, *target, *quiet;
	struct slip_strv destinations;
	int64_t retry, ttl;
	int isolation;
};

static const char *const isolations[] = {"auto", "chroot", "none", NULL};

#define AT(field) offsetof(struct target, field)
static const struct slip_opt table[] = {
	{"dockerfile", 'f', SLIP_OPT_STRING, AT(dockerfile), "FILE", "the Dockerfile",
		"Dockerfile"},
	{"destination", 'd', SLIP_OPT_LIST, AT(destinations), "REF", "where to push"},
	{"target", 0, SLIP_OPT_STRING, AT(target), NULL, "the stage to build"},
	{"push", 'p', SLIP_OPT_BOOL, AT(push), NULL, "push", "true"},
	{"cache", 'c', SLIP_OPT_BOOL, AT(cache), NULL, "use the cache"},
	{"push-retry", 0, SLIP_OPT_INT, AT(retry), "N", "tries", "3"},
	{"cache-ttl", 0, SLIP_OPT_DURATION, AT(ttl), "TIME", "how long", "336h"},
	{"isolation", 0, SLIP_OPT_CHOICE, AT(isolation), "MODE",
		"words that go on for so long that the line is full and the text must be broken "
		"before "
		"the edge of the screen",
		"auto", isolations},
	{"hidden", 0, SLIP_OPT_BOOL, AT(other), NULL, "not shown", .flags = SLIP_OPT_HIDDEN},
	{"snapshot-mode", 's', SLIP_OPT_STRING, AT(quiet), NULL, "there is one way only",
		.flags = SLIP_OPT_NO_EFFECT | SLIP_OPT_HIDDEN},
	{"image", 'i', .type = SLIP_OPT_LIST, .alias_of = "destination"},
	{"file", .type = SLIP_OPT_STRING, .alias_of = "dockerfile"},
	{0},
};

static struct target t;
static struct slip_strv rest;
static struct slip_err err;

/* Parse words separated by blanks, "_" being an empty one, into a fresh t. */
static int parse(const char *line, bool words)
{
	slip_opt_release(table, &t);
	memset(&t, 0, sizeof(t));
	slip_strv_clear(&rest);
	slip_err_clear(&err);
	slip_opt_defaults(table, &t);
	slip_autostrv argv = {0};
	slip_strv_split(&argv, line, ' ');
	for (size_t i = 0; i < argv.n; i++) {
		if (slip_streq(argv.v[i], "_"))
			argv.v[i][0] = '\0';
	}
	return slip_opt_parse(
		table, &t, *line ? argv.v : argv.v + argv.n, words ? &rest : NULL, &err);
}

static void test_grammar(void)
{
	ok(parse("", false) == 0 && t.push && !t.cache && t.retry == 3 &&
			t.ttl == 336LL * 3600 * 1000000000 && !t.target,
		"defaults");
	is_str(t.dockerfile, "Dockerfile", "of strings");
	ok(parse("--target a", false) == 0 && slip_streq(t.target, "a"), "--name value");
	ok(parse("--target=a=b", false) == 0 && slip_streq(t.target, "a=b"), "--name=value");
	ok(parse("--target=", false) == 0 && slip_streq(t.target, ""), "an empty value");
	ok(parse("--target --cache", false) == 0 && slip_streq(t.target, "--cache") && !t.cache,
		"a value may look like an option");
	ok(parse("-f a", false) == 0 && slip_streq(t.dockerfile, "a"), "-n value");
	ok(parse("-fa", false) == 0 && slip_streq(t.dockerfile, "a"), "-nvalue");
	ok(parse("-f=a", false) == 0 && slip_streq(t.dockerfile, "a"), "-n=value");
	ok(parse("-fa -fb --dockerfile c", false) == 0 && slip_streq(t.dockerfile, "c"),
		"the last scalar wins");
	ok(parse("--file=x", false) == 0 && slip_streq(t.dockerfile, "x"), "an alias");
	ok(parse("-d a,b --destination c --image d -ie", false) == 0 && t.destinations.n == 4 &&
			slip_streq(t.destinations.v[0], "a,b") &&
			slip_streq(t.destinations.v[3], "e"),
		"lists add up and are not split");
	ok(parse("--cache-ttl 1m30s", false) == 0 && t.ttl == 90000000000, "a duration");
	ok(parse("--isolation none", false) == 0 && t.isolation == 2, "a choice");
	ok(parse("--snapshot-mode redo", false) == 0 && slip_streq(t.quiet, "redo"), "no effect");
}

static void test_booleans(void)
{
	static const char *const yes[] = {"--cache", "--cache=true", "--cache=1", "--cache=t",
		"--cache=T", "--cache=TRUE", "--cache=True", "-c", "-c=true",
		"--cache=false --cache"};
	static const char *const no[] = {"--push=false", "--push=0", "--push=f", "--push=F",
		"--push=False", "--push=FALSE", "-p=false", "--push --push=0"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(yes); i++)
		ok(parse(yes[i], false) == 0 && t.cache, "true: %s", yes[i]);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(no); i++)
		ok(parse(no[i], false) == 0 && !t.push, "false: %s", no[i]);
	ok(parse("-cfx", false) == 0 && t.cache && slip_streq(t.dockerfile, "x"),
		"letters share a dash");
	ok(parse("-cp=false", false) == 0 && t.cache && !t.push, "the last may have a value");
	ok(parse("-cf x", false) == 0 && slip_streq(t.dockerfile, "x"),
		"which may be the next word");
}

static void test_words(void)
{
	ok(parse("a --cache b -- --push=0 -x --", true) == 0 && t.cache && t.push, "mixed");
	slip_autofree char *got = slip_strv_join(&rest, " ");
	is_str(got, "a b --push=0 -x --", "what is no option");
	ok(parse("- _", true) == 0 && rest.n == 2, "a dash and nothing are words");
}

static void test_errors(void)
{
	static const char *const rows[][2] = {
		{"--cache true", "\"true\" is not expected here (a value of an option needs "
				 "--option=value)"},
		{"--cache=yes", "--cache takes true or false, not \"yes\""},
		{"--cache=", "--cache takes true or false, not \"\""},
		{"--dokcerfile x", "unknown option --dokcerfile; did you mean --dockerfile?"},
		{"--xyzzy", "unknown option --xyzzy; see --help"},
		{"--=x", "unknown option --; see --help"},
		{"-x", "unknown option -x in \"-x\"; see --help"},
		{"-cx", "unknown option -x in \"-cx\"; see --help"},
		{"--target", "--target needs a value"},
		{"-f", "--dockerfile needs a value"},
		{"--push-retry x", "--push-retry takes a whole number, not \"x\""},
		{"--push-retry 1.5", "--push-retry takes a whole number, not \"1.5\""},
		{"--push-retry _", "--push-retry takes a whole number, not \"\""},
		{"--push-retry=99999999999999999999",
			"--push-retry takes a whole number, not \"99999999999999999999\""},
		{"--cache-ttl 6", "--cache-ttl: \"6\" is no duration such as 90s, 30m or 336h"},
		{"--isolation docker",
			"--isolation takes one of auto, chroot, none, not \"docker\""},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		int rc = parse(rows[i][0], false);
		ok(rc == -1 && slip_err_is(&err, SLIP_E_USAGE), "refused: %s", rows[i][0]);
		is_str(err.msg, rows[i][1], "and why");
	}
	char *argv[] = {(char[]){"--push-retry"}, (char[]){" 5"}, NULL};
	slip_err_clear(&err);
	ok(slip_opt_parse(table, &t, argv, NULL, &err) == -1, "a blank is no part of a number");
	slip_err_clear(&err);
	ok(slip_opt_set(table, &t, "push-retry", "7", &err) == 0 && t.retry == 7, "set by name");
	ok(slip_opt_set(table, &t, "image", "x", &err) == 0, "by alias");
	ok(slip_opt_set(table, &t, "pushretry", "7", &err) == -1, "not by another name");
	is_str(err.msg, "unknown option --pushretry; did you mean --push-retry?",
		"says the nearest");
}

static void test_json(void)
{
	parse("-da -db --push=0 --isolation chroot --push-retry 9 --cache-ttl 1s", false);
	slip_autojson *obj = slip_opt_to_json(table, &t);
	slip_autofree char *text = slip_json_print(obj);
	is_str(text,
		"{\"dockerfile\":\"Dockerfile\",\"destination\":[\"a\",\"b\"],\"push\":false,"
		"\"cache\":false,\"push-retry\":9,\"cache-ttl\":1000000000,\"isolation\":"
		"\"chroot\","
		"\"hidden\":false}",
		"as JSON");
	parse("-dz --cache", false);
	ok(slip_opt_from_json(table, obj, &t, &err) == 0, "and back");
	ok(!t.push && !t.cache && t.retry == 9 && t.ttl == 1000000000 && t.isolation == 1 &&
			t.destinations.n == 2,
		"replaces what was there");
	static const char *const bad[][2] = {
		{"{\"push\":\"false\"}", "\"push\" takes true or false"},
		{"{\"push-retry\":\"3\"}", "\"push-retry\" takes a whole number"},
		{"{\"dockerfile\":7}", "\"dockerfile\" takes a string"},
		{"{\"destination\":\"a\"}", "\"destination\" takes a list of strings"},
		{"{\"destination\":[1]}", "\"destination\" takes a list of strings"},
		{"{\"isolation\":null}", "\"isolation\" takes a string"},
		{"{\"isolation\":\"x\"}", "--isolation takes one of auto, chroot, none, not \"x\""},
		{"{\"pusch\":true}", "unknown option --pusch; did you mean --push?"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		struct slip_json *v = NULL;
		slip_err_clear(&err);
		if (slip_json_parse(bad[i][0], strlen(bad[i][0]), "t", SLIP_E_BUG, &v, NULL) < 0)
			slip_bug("test data");
		ok(slip_opt_from_json(table, v, &t, &err) == -1 && slip_err_is(&err, SLIP_E_USAGE),
			"refused: %s", bad[i][0]);
		is_str(err.msg, bad[i][1], "and why");
		slip_json_free(v);
	}
	struct slip_json *v = NULL;
	slip_err_clear(&err);
	static const char alias[] = "{\"file\":\"F\",\"image\":[\"q\"],\"target\":null}";
	if (slip_json_parse(alias, strlen(alias), "t", SLIP_E_BUG, &v, NULL) < 0)
		slip_bug("test data");
	ok(slip_opt_from_json(table, v, &t, &err) == 0 && slip_streq(t.dockerfile, "F") &&
			t.destinations.n == 1 && !t.target,
		"aliases and null");
	slip_json_free(v);
}

static void test_help(void)
{
	slip_autobuf b;
	slip_buf_init(&b, 10000);
	slip_opt_help(table, &b);
	is_str(b.data,
		"  -f, --dockerfile FILE           the Dockerfile [Dockerfile]\n"
		"  -d, --destination REF           where to push\n"
		"      --target VALUE              the stage to build\n"
		"  -p, --push                      push\n"
		"  -c, --cache                     use the cache\n"
		"      --push-retry N              tries [3]\n"
		"      --cache-ttl TIME            how long [336h]\n"
		"      --isolation MODE            words that go on for so long that the line is "
		"full and the text\n"
		"                                  must be broken before the edge of the screen "
		"[auto]\n",
		"help");
}

int main(void)
{
	test_grammar();
	test_booleans();
	test_words();
	test_errors();
	test_json();
	test_help();
	slip_opt_release(table, &t);
	slip_opt_release(table, &t);
	pass("released twice");
	slip_strv_release(&rest);
	return done_testing();
}
