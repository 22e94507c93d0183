/*
 * The facts of a CI job from its captured environment: tests/data/ci/<case>/env becomes facts.json,
 * in a checkout that is the same for all. SLIPWAY_TEST_UPDATE=1 writes what came out.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/engine/ci.h"
#include "runner/engine/ci_env.h"
#include "runner/engine/git.h"
#include "tests/unit/tap.h"

#include <dirent.h>

#define SHA "3333333333333333333333333333333333333333"

static char *top;

static void put(const char *name, const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path = slip_path_join(top, name);
	slip_autofree char *dir = slip_path_dir(path);
	if (slip_mkdir_p(dir, 0777, &err) < 0 ||
		slip_write_file(AT_FDCWD, path, text, strlen(text), 0666, false, &err) < 0)
		fail("%s", err.msg);
}

static void make_checkout(void)
{
	put("app/.git/HEAD", "ref: refs/heads/work\n");
	put("app/.git/packed-refs", SHA " refs/heads/work\n" SHA " refs/tags/v0.9\n");
	put("app/.git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/main\n");
	put("app/.git/config", "[remote \"origin\"]\n\turl = https://git.example.com/team/app\n");
}

static void check_case(const char *dir, const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf want;
	slip_buf_init(&want, SLIP_MIB);
	slip_autofree char *env = slip_xasprintf("%s/%s/env", dir, name);
	slip_autofree char *file = slip_xasprintf("%s/%s/facts.json", dir, name);
	slip_autofree char *workspace = slip_path_join(top, "app");
	slip_autofree char *path = slip_xstrdup(getenv("PATH"));
	if (!ok(slip_ci_env_replay(env, &err) == 0, "%s: replayed %s", name, err.msg))
		return;
	is_str(getenv("PATH"), path, "%s: the machine's own variables stay", name);
	slip_autojson *facts = slip_ci_read(workspace);
	slip_json_remove(facts, "workspace");
	slip_autofree char *got = slip_json_print_pretty(facts);
	if (getenv("SLIPWAY_TEST_UPDATE"))
		(void)!slip_write_file(AT_FDCWD, file, got, strlen(got), 0666, false, NULL);
	if (!ok(slip_read_file(AT_FDCWD, file, &want, &err) == 0, "%s: %s", name, err.msg))
		return;
	is_str(got, want.data, "%s: the facts", name);
}

static void test_cases(void)
{
	slip_autofree char *dir = slip_xasprintf("%s/tests/data/ci", getenv("SLIPWAY_SRCDIR"));
	slip_autostrv names = {0};
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] != '.')
			slip_strv_add(&names, e->d_name);
	}
	if (d)
		closedir(d);
	slip_strv_sort(&names);
	ok(names.n >= 10, "%zu cases", names.n);
	for (size_t i = 0; i < names.n; i++)
		check_case(dir, names.v[i]);
}

static void test_capture(void)
{
	static const char nul[] = "A=1\nsecond line\0B=\0";
	struct slip_err err = SLIP_ERR_INIT;
	slip_autostrv items = {0};
	ok(slip_ci_env_parse(nul, sizeof(nul) - 1, "file", &items, &err) == 0 && items.n == 2,
		"items that end with NUL");
	is_str(items.v[0], "A=1\nsecond line", "a value of two lines");
	slip_strv_clear(&items);
	static const char lines[] = "\n# note\r\nA=b=c\r\n";
	ok(slip_ci_env_parse(lines, strlen(lines), "file", &items, &err) == 0 && items.n == 1,
		"lines");
	is_str(items.v[0], "A=b=c", "without comments and CR");
	ok(slip_ci_env_parse("A=1\nsecond line\n", 16, "file", &items, &err) < 0, "no assignment");
	is_str(err.msg, "file:2: no NAME=VALUE; capture values of several lines with `env -0`",
		"names its line");
	slip_err_clear(&err);
	ok(slip_ci_env_replay("/does/not/exist", &err) < 0 && err.code == SLIP_E_USAGE,
		"a capture that is not there");
}

static const struct {
	const char *url, *page, *path;
} urls[] = {
	{"https://git.example.com/team/app.git", "https://git.example.com/team/app", "team/app"},
	{"http://u:p@git.example.com:8080/app", "http://git.example.com:8080/app", "app"},
	{"git@git.example.com:team/app.git", "https://git.example.com/team/app", "team/app"},
	{"ssh://git@git.example.com:7999/a/b.git", "https://git.example.com/a/b", "a/b"},
	{"https://git.example.com/../../etc", "https://git.example.com/etc", "etc"},
	{"/srv/git/app.git", NULL, NULL},
	{"./here:there", NULL, NULL},
	{"file:///srv/git/app.git", NULL, NULL},
	{"https:///app", NULL, NULL},
	{"", NULL, NULL},
};

static void test_urls(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(urls); i++) {
		slip_autofree char *page = NULL, *path = NULL;
		bool is_url = slip_git_web_url(urls[i].url, &page, &path);
		ok(is_url == (urls[i].page != NULL), "\"%s\" is %s page", urls[i].url,
			urls[i].page ? "a" : "no");
		is_str(page, urls[i].page, "its page");
		is_str(path, urls[i].path, "its path");
	}
}

static void left_is(double want, const char *what)
{
	double left = slip_ci_time_left();
	ok(left > want - 2 && left <= want, "%s: %.1f of %.0f s", what, left, want);
}

static void test_time_left(void)
{
	setenv("SLIPWAY_TEST_NOW", "1772616030", 1); /* 2026-03-04T09:20:30Z */
	setenv("GITLAB_CI", "true", 1);
	unsetenv("CI_JOB_STARTED_AT");
	unsetenv("CI_JOB_TIMEOUT");
	left_is(0, "nothing is known");
	setenv("CI_JOB_TIMEOUT", "100", 1);
	left_is(100, "since the program's start");
	setenv("CI_JOB_STARTED_AT", "2026-03-04T09:19:30Z", 1);
	left_is(40, "since the job's start");
	setenv("CI_JOB_STARTED_AT", "2026-03-04T09:00:00Z", 1);
	left_is(100, "a start that cannot be true");
	setenv("CI_JOB_STARTED_AT", "2026-03-04T09:59:00Z", 1);
	left_is(100, "a start in the future");
	setenv("CI_JOB_TIMEOUT", "soon", 1);
	left_is(0, "no number");
	setenv("CI_JOB_TIMEOUT", "100", 1);
	setenv("GITLAB_CI", "false", 1);
	left_is(0, "not GitLab");
	unsetenv("SLIPWAY_TEST_NOW");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_make_temp_dir("/tmp", "slipway-test-", &top, &err) < 0)
		slip_bug("%s", err.msg);
	make_checkout();
	test_cases();
	test_capture();
	test_urls();
	test_time_left();
	(void)!slip_remove_tree(AT_FDCWD, top, NULL);
	free(top);
	return done_testing();
}
