/* Whose files a stage leaves: what root made since it began goes to the workspace's owner. */
#include "config.h"

#include "runner/base/io.h"
#include "steps/workspace.h"
#include "tests/unit/tap.h"

#define OWNER 4321
#define OTHER 8765

static char *dir;

static void make(const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, name);
	if (slip_write_file(AT_FDCWD, path, "", 0, 0644, false, &err) < 0)
		fail("%s", err.msg);
}

static void make_dir(const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, name);
	if (slip_mkdir_p(path, 0755, &err) < 0)
		fail("%s", err.msg);
}

static long owner(const char *name)
{
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, name);
	struct stat st;
	return lstat(path, &st) < 0 ? -1 : (long)st.st_uid;
}

/* The kernel dates files by its ticks: let one pass. */
static struct timespec now(void)
{
	struct stat st = {0};
	usleep(20000);
	make("clock");
	slip_autofree char *path = slip_xasprintf("%s/clock", dir);
	if (stat(path, &st) < 0)
		fail("stat");
	return st.st_ctim;
}

static void test_adopt(void)
{
	slip_autofree char *outside = slip_xasprintf("%s.outside", dir);
	slip_autofree char *link_name = slip_xasprintf("%s/new/link", dir);
	slip_autofree char *hard = slip_xasprintf("%s/new/hard", dir);
	slip_autofree char *foreign = slip_xasprintf("%s/new/foreign", dir);
	make_dir("old/deep");
	make("old/file");
	make("old/changed");
	struct timespec began = now();
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_write_file(AT_FDCWD, outside, "x", 1, 0644, false, &err), 0, "outside");
	make_dir("new/deep/er");
	make("new/deep/er/file");
	make("old/deep/file");
	make("old/changed");
	make("new/foreign");
	is_int(chown(foreign, OTHER, OTHER), 0, "another user's");
	is_int(symlink(outside, link_name), 0, "a link to the outside");
	is_int(link(outside, hard), 0, "a second name of a file outside");

	slip_workspace_adopt(dir, &began);
	is_int(owner("new"), 0, "root's workspace: nothing changes");
	is_int(chown(dir, OWNER, OWNER), 0, "the workspace is a user's");
	slip_workspace_adopt(dir, &began);
	is_int(owner("new/deep/er"), OWNER, "a new directory");
	is_int(owner("new/deep/er/file"), OWNER, "a new file in it");
	is_int(owner("new/link"), OWNER, "a new link");
	is_int(owner("old/deep/file"), OWNER, "a new file in an old directory");
	is_int(owner("old/changed"), OWNER, "a file that was written again");
	is_int(owner("old/file"), 0, "an old file stays");
	is_int(owner("new/foreign"), OTHER, "another user's file stays");
	is_int(owner("new/hard"), 0, "a file with a name elsewhere stays");
	struct stat st;
	ok(stat(outside, &st) == 0 && st.st_uid == 0, "what a link leads to stays");
	unlink(outside);
}

static void test_deep(void)
{
	slip_autobuf path;
	slip_buf_init(&path, 4096);
	struct timespec began = now();
	slip_buf_add_str(&path, "deep");
	for (int i = 0; i < 400; i++)
		slip_buf_add_str(&path, "/d");
	make_dir(path.data);
	slip_workspace_adopt(dir, &began);
	is_int(owner("deep/d/d"), OWNER, "a deep tree, as far as it goes");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	const char *tmp = getenv("TMPDIR");
	if (geteuid() != 0) {
		skip("not root", "owners of a workspace");
		return done_testing();
	}
	is_int(slip_make_temp_dir(tmp ? tmp : "/tmp", "slipway-test-", &dir, &err), 0, "%s",
		err.msg);
	test_adopt();
	test_deep();
	is_int(slip_remove_tree(AT_FDCWD, dir, &err), 0, "clean up");
	slip_workspace_adopt("/nowhere/at/all", &(struct timespec){0});
	pass("a workspace that is gone");
	free(dir);
	return done_testing();
}
