#include "config.h"

#include "runner/base/io.h"
#include "runner/base/path.h"
#include "runner/engine/ci.h"
#include "runner/engine/git.h"
#include "tests/unit/tap.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccc"

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

static struct slip_git git_of(const char *dir)
{
	slip_autofree char *path = slip_path_join(top, dir);
	struct slip_git g;
	slip_git_read(path, &g);
	return g;
}

static void test_branch(void)
{
	put("a/.git/HEAD", "ref: refs/heads/feature/x\n");
	put("a/.git/refs/heads/feature/x", SHA_A "\n");
	put("a/.git/refs/tags/v1", SHA_A "\n");
	put("a/.git/refs/tags/v0", SHA_A "\n");
	put("a/.git/refs/remotes/origin/HEAD", "ref: refs/remotes/origin/trunk\n");
	put("a/.git/config",
		"[core]\n\turl = no\n[remote \"origin\"]\n\turl = https://u:pass@host/a.git\n");
	put("a/src/deep/file", "");
	struct slip_git g = git_of("a/src/deep");
	is_str(g.sha, SHA_A, "commit of a loose ref, from a directory below");
	is_str(g.branch, "feature/x", "branch");
	is_str(g.tag, "v0", "the first of two tags");
	is_str(g.default_branch, "trunk", "default branch of origin");
	is_str(g.url, "https://host/a.git", "the url has no credentials");
	slip_git_release(&g);
}

static void test_packed(void)
{
	put("b/.git/HEAD", "ref: refs/heads/main\n");
	put("b/.git/packed-refs",
		"# pack-refs with: peeled fully-peeled sorted\n" SHA_B " refs/heads/main\n" SHA_C
		" refs/tags/v2.0.0\n^" SHA_B "\n" SHA_B " refs/tags/v3\n");
	struct slip_git g = git_of("b");
	is_str(g.sha, SHA_B, "commit of a packed ref");
	is_str(g.tag, "v2.0.0", "an annotated tag, by the commit it names");
	slip_git_release(&g);
}

static void test_worktree(void)
{
	put("c/.git", "gitdir: ../b/.git/worktrees/c\n");
	put("b/.git/worktrees/c/HEAD", SHA_A "\n");
	put("b/.git/worktrees/c/commondir", "../..\n");
	struct slip_git g = git_of("c");
	is_str(g.sha, SHA_A, "a detached HEAD in a worktree");
	is_str(g.branch, NULL, "has no branch");
	slip_git_release(&g);
}

static void test_hostile(void)
{
	put("d/.git/HEAD", "ref: refs/heads/../../../../secret\n");
	put("secret", SHA_A "\n");
	struct slip_git g = git_of("d");
	is_str(g.sha, NULL, "a ref does not lead outside of the repository");
	slip_git_release(&g);
	put("e/.git/HEAD", "nonsense");
	g = git_of("e");
	is_str(g.sha, NULL, "a damaged HEAD is no commit");
	slip_git_release(&g);
}

static const char *ci_value(struct slip_json *ci, const char *group, const char *name)
{
	return slip_json_get_str(group ? slip_json_get(ci, group) : ci, name, NULL);
}

static void test_local(void)
{
	slip_autofree char *path = slip_path_join(top, "b");
	slip_autojson *ci = slip_ci_read(path);
	is_str(ci_value(ci, NULL, "provider"), "local", "provider");
	is_str(ci_value(ci, "commit", "sha"), SHA_B, "ci.commit.sha");
	is_str(ci_value(ci, "commit", "short"), "bbbbbbbb", "ci.commit.short");
	is_str(ci_value(ci, "ref", "type"), "branch", "ci.ref.type");
	is_str(ci_value(ci, NULL, "version"), "2.0.0", "ci.version from the tag");
	ok(slip_json_get_bool(slip_json_get(ci, "ref"), "isDefault", false), "main is the default");
	ok(slip_json_get(slip_json_get(ci, "build"), "number") == NULL, "no build number");
}

static void test_gitlab(void)
{
	slip_autofree char *path = slip_path_join(top, "b");
	setenv("GITLAB_CI", "true", 1);
	setenv("CI_COMMIT_SHA", SHA_C, 1);
	setenv("CI_COMMIT_REF_NAME", "Feature/Ärger_1", 1);
	setenv("CI_DEFAULT_BRANCH", "main", 1);
	setenv("CI_PIPELINE_IID", "17", 1);
	slip_autojson *ci = slip_ci_read(path);
	is_str(ci_value(ci, NULL, "provider"), "gitlab", "provider");
	is_str(ci_value(ci, "commit", "sha"), SHA_C, "the variable wins over .git");
	is_str(ci_value(ci, "ref", "slug"), "feature-rger-1", "slug");
	is_str(ci_value(ci, "build", "number"), "17", "build number");
	is_str(ci_value(ci, NULL, "tag"), NULL, "a branch pipeline has no tag");
	ok(!slip_json_get_bool(slip_json_get(ci, "ref"), "isDefault", true), "not the default");
	setenv("CI_COMMIT_TAG", "v4", 1);
	setenv("CI_COMMIT_REF_NAME", "v4", 1);
	slip_autojson *tag = slip_ci_read(path);
	is_str(ci_value(tag, "ref", "type"), "tag", "a tag pipeline");
	is_str(ci_value(tag, NULL, "version"), "4", "version without the v");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	static const char *const names[] = {"CI", "GITLAB_CI", "CI_COMMIT_SHA", "CI_COMMIT_TAG",
		"CI_COMMIT_REF_NAME", "CI_DEFAULT_BRANCH", "JENKINS_URL", "CI_MERGE_REQUEST_IID",
		"CI_PIPELINE_IID", "BRANCH_IS_PRIMARY"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	if (slip_make_temp_dir("/tmp", "test-git-", &top, &err) < 0)
		return 1;
	test_branch();
	test_packed();
	test_worktree();
	test_hostile();
	test_local();
	test_gitlab();
	(void)!slip_remove_tree(AT_FDCWD, top, &err);
	free(top);
	return done_testing();
}
