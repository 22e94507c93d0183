#include "config.h"

#include "runner/base/io.h"
#include "runner/layer/diff.h"
#include "runner/layer/unpack.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

static struct slip_err err = SLIP_ERR_INIT;
static struct slip_pool *pool;

/* The image before; all of one time, as reproducible images are. */
#define BASE                                                                                       \
	"set -e; umask 022; mkdir -p '%1$s' && cd '%1$s' && mkdir -p etc opt/app/sub opt/tofile "  \
	"opt/moved/in usr/lib usr/share var/cache/x; "                                             \
	"echo root:x:0:0 > etc/passwd; echo conf > etc/conf; echo aaaa > etc/sneaky; "             \
	"echo file > etc/todir; echo keep > etc/untouched; echo a > opt/app/a; "                   \
	"echo b > opt/app/sub/b; echo x > opt/tofile/x; echo m > opt/moved/in/m; "                 \
	"echo lib > usr/lib/l1; ln usr/lib/l1 usr/lib/l2; ln -s l1 usr/lib/s; "                    \
	"echo 1 > var/cache/x/1; echo s > usr/share/s; chown 7:8 usr/share/s; "                    \
	"head -c 300000 /dev/zero > usr/share/big; "                                               \
	"find . -exec touch -h -d @1000000000 {} +"

/* What a RUN might do to it. */
#define CHANGES                                                                                    \
	"set -e; umask 022; cd '%1$s'; "                                                           \
	"echo new > etc/new; ln etc/new etc/new2; chmod 600 etc/conf; "                            \
	"chmod 644 etc/passwd usr/share/big; "                                                     \
	"echo bbbb > etc/sneaky; touch -d @1000000000 etc/sneaky; "                                \
	"rm etc/todir; mkdir etc/todir; echo f > etc/todir/f; "                                    \
	"ln -s nowhere etc/link; mkfifo -m 600 etc/fifo; mkdir -p a/b/c; "                         \
	"rm opt/app/a; rm -r opt/tofile; echo now > opt/tofile; mv opt/moved opt/movedto; "        \
	"ln usr/lib/l1 usr/lib/l3; chown -h 1:1 usr/lib/s; chown 7:8 usr/share/s; "                \
	"touch usr/share/t; rm usr/share/t; touch -d @1000000000 usr/share; "                      \
	"rm -r var/cache; mkdir var/cache; echo y > var/cache/y"

/* Name, mode and owner of each entry that the layer must have, in its order. */
static const char *const expected = "a/ drwxr-xr-x 0/0\n"
				    "a/b/ drwxr-xr-x 0/0\n"
				    "a/b/c/ drwxr-xr-x 0/0\n"
				    "etc/ drwxr-xr-x 0/0\n"
				    "etc/conf -rw------- 0/0\n"
				    "etc/fifo prw------- 0/0\n"
				    "etc/link lrwxrwxrwx 0/0\n"
				    "etc/new -rw-r--r-- 0/0\n"
				    "etc/new2 hrw-r--r-- 0/0\n"
				    "etc/sneaky -rw-r--r-- 0/0\n"
				    "etc/todir/ drwxr-xr-x 0/0\n"
				    "etc/todir/f -rw-r--r-- 0/0\n"
				    "opt/ drwxr-xr-x 0/0\n"
				    "opt/app/ drwxr-xr-x 0/0\n"
				    "opt/app/.wh.a ---------- 0/0\n"
				    "opt/.wh.moved ---------- 0/0\n"
				    "opt/movedto/ drwxr-xr-x 0/0\n"
				    "opt/movedto/in/ drwxr-xr-x 0/0\n"
				    "opt/movedto/in/m -rw-r--r-- 0/0\n"
				    "opt/tofile -rw-r--r-- 0/0\n"
				    "usr/ drwxr-xr-x 0/0\n"
				    "usr/lib/ drwxr-xr-x 0/0\n"
				    "usr/lib/l1 -rw-r--r-- 0/0\n"
				    "usr/lib/l3 hrw-r--r-- 0/0\n"
				    "usr/lib/s lrwxrwxrwx 1/1\n"
				    "var/ drwxr-xr-x 0/0\n"
				    "var/cache/ drwxr-xr-x 0/0\n"
				    "var/cache/.wh..wh..opq ---------- 0/0\n"
				    "var/cache/y -rw-r--r-- 0/0\n";

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		slip_bug("open %s: %s", path, strerror(errno));
	return fd;
}

/* A layer of `upper`, as a tar at `tar`. */
static int diff(struct slip_diff *d, const char *upper, const char *merged, const char *tar,
	struct slip_diff_stats *stats)
{
	struct slip_layer_options opt = {.compression = SLIP_COMPRESSION_NONE};
	struct slip_layer_result r;
	slip_autoclose int out = open(tar, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	slip_autoclose int upperfd = open_dir(upper);
	slip_autoclose int mergedfd = open_dir(merged);
	slip_cleanup(slip_layer_writer_cleanup) struct slip_layer_writer *w =
		slip_layer_writer_new(&opt, pool, out);

	d->upperfd = upperfd;
	d->mergedfd = mergedfd;
	slip_err_clear(&err);
	int rc = slip_diff_upper(d, w, stats, &err);
	if (rc == 0)
		rc = slip_layer_writer_finish(w, &r, &err);
	if (rc < 0)
		diag("%s", err.msg);
	return rc;
}

/* The tree of a directory: everything in it is new. */
static struct slip_tree *tree_of(const char *dir, const char *tar)
{
	struct slip_tree *tree = slip_tree_new();
	struct slip_diff d = {.overlay_xattr = "user.overlay.", .tree = tree, .origin = 1};
	struct slip_diff_stats stats;

	if (diff(&d, dir, dir, tar, &stats) < 0)
		slip_bug("%s", err.msg);
	return tree;
}

static int open_lower(void *ctx, uint32_t origin, const char *path)
{
	slip_autofree char *full = slip_xasprintf("%s/%s", (const char *)ctx, path);

	return origin == 1 ? open(full, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
}

static void make_socket(const char *dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	slip_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%.80s/etc/socket", dir);
	(void)!bind(fd, (struct sockaddr *)&addr, sizeof(addr));
}

static const char *const describe = "cd '%s' && find . -mindepth 1 ! -type s -printf '%%P %%y %%m "
				    "%%U:%%G %%Ts %%l\\n' | sort && "
				    "find . -type f -exec sha256sum {} + | sort -k2";

/* Base and layer unpacked must be what the command saw. */
static void is_same_tree(const char *dir, const char *merged, const char *tar, const char *name)
{
	slip_autofree char *copy = slip_xasprintf("%s/copy", dir);
	struct slip_unpacked unpacked;

	is_shell("", "a copy of the base", "rm -rf '%s' && cp -a '%s/lower' '%s'", copy, dir, copy);
	slip_autoclose int rootfd = open_dir(copy);
	slip_autoclose int in = open(tar, O_RDONLY | O_CLOEXEC);
	struct slip_unpack opt = {.rootfd = rootfd,
		.form = SLIP_UNPACK_MERGE,
		.overlay_xattr = "user.overlay.",
		.owners = true};
	slip_err_clear(&err);
	if (!ok(slip_unpack_layer(slip_source_fd(&in), &opt, &unpacked, &err) == 0,
		    "%s: the layer unpacks onto the base", name))
		diag("%s", err.msg);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	slip_autofree char *want = shell(describe, merged);
	slip_autofree char *got = shell(describe, copy);
#pragma GCC diagnostic pop
	is_str(got, want, "%s: to what the command left", name);
}

struct mounted {
	char *dir;
	char *lower;
	char *upper;
	char *merged;
	char *tar;
};

static void mounted_release(struct mounted *m)
{
	umount2(m->merged, MNT_DETACH);
	free(m->dir);
	free(m->lower);
	free(m->upper);
	free(m->merged);
	free(m->tar);
}

/* Mount an overlay over a fresh base and change it; false when that is not permitted. */
static bool mount_and_change(
	struct mounted *m, const char *scratch, const char *name, const char *options)
{
	m->dir = slip_xasprintf("%s/%s", scratch, name);
	m->lower = slip_xasprintf("%s/lower", m->dir);
	m->upper = slip_xasprintf("%s/upper", m->dir);
	m->merged = slip_xasprintf("%s/merged", m->dir);
	m->tar = slip_xasprintf("%s/layer.tar", m->dir);
	slip_autofree char *data = slip_xasprintf(
		"lowerdir=%s,upperdir=%s,workdir=%s/work,%s", m->lower, m->upper, m->dir, options);
	is_shell("", "a base", BASE, m->lower);
	is_shell("", "directories", "cd '%s' && mkdir upper work merged", m->dir);
	if (mount("overlay", m->merged, "overlay", 0, data) < 0)
		return false;
	make_socket(m->merged);
	is_shell("", "a command changes it", CHANGES, m->merged);
	return true;
}

static void test_overlay(
	const char *scratch, const char *name, const char *options, const char *prefix)
{
	slip_cleanup(mounted_release) struct mounted m = {0};
	struct slip_diff_stats stats = {0};

	if (!mount_and_change(&m, scratch, name, options)) {
		skip(strerror(errno), "%s: the diff of an overlay mount", name);
		return;
	}
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = tree_of(m.lower, m.tar);
	struct slip_diff d = {.overlay_xattr = prefix,
		.tree = tree,
		.origin = 2,
		.open_base = open_lower,
		.ctx = m.lower};
	is_int(diff(&d, m.upper, m.merged, m.tar, &stats), 0, "%s: a diff", name);
	slip_autofree char *list =
		shell("tar --numeric-owner -tvf '%s' | awk '{print $6, $1, $2}'", m.tar);
	is_str(list, expected, "%s: has what changed, its parents, and nothing else", name);
	is_int(stats.removed, 3, "%s: counts what was removed", name);
	is_int(stats.added_or_changed, 25, "%s: and what was added", name);
	is_same_tree(m.dir, m.merged, m.tar, name);
	const struct slip_node *node = slip_tree_lookup(tree, "var/cache/x");
	ok(!node && slip_tree_lookup(tree, "var/cache/y") && !slip_tree_lookup(tree, "opt/app/a"),
		"%s: the tree is the state after", name);
	node = slip_tree_lookup(tree, "etc/new2");
	ok(node && slip_node_inode(node)->nlink == 2, "%s: hard links included", name);

	struct slip_diff blind = {.overlay_xattr = prefix};
	is_int(diff(&blind, m.upper, m.merged, m.tar, &stats), 0, "%s: without a tree", name);
	is_same_tree(m.dir, m.merged, m.tar, name);
	slip_cleanup(slip_tree_cleanup) struct slip_tree *again = tree_of(m.lower, m.tar);
	struct slip_diff unsure = {.overlay_xattr = prefix, .tree = again, .origin = 2};
	is_int(diff(&unsure, m.upper, m.merged, m.tar, &stats), 0, "%s: without the base", name);
	is_same_tree(m.dir, m.merged, m.tar, name);
}

/* Deeper than directories are kept open, with names before and after the way down. */
static void test_deep(const char *scratch)
{
	slip_autofree char *dir = slip_xasprintf("%s/deep", scratch);
	slip_autofree char *lower = slip_xasprintf("%s/lower", dir);
	slip_autofree char *upper = slip_xasprintf("%s/upper", dir);
	slip_autofree char *tar = slip_xasprintf("%s/layer.tar", dir);
	struct slip_diff d = {.overlay_xattr = "user.overlay."};
	struct slip_diff_stats stats;

	is_shell("", "a deep tree",
		"mkdir -p '%s' '%s' && cd '%s' && for i in $(seq 150); do echo $i > a; mkdir m; "
		"echo $i > z; touch -d @1000000000 a z; cd m; done",
		lower, upper, upper);
	is_int(diff(&d, upper, upper, tar, &stats), 0, "150 levels");
	is_int(stats.added_or_changed, 450, "with all their names");
	is_same_tree(dir, upper, tar, "deep");
	if (!has_program("python3")) {
		skip("no python3", "a path longer than names can be");
		return;
	}
	if (!has_program("python3")) {
		skip("no python3", "a path longer than names can be");
		return;
	}
	is_shell("", "one deeper than names can be",
		"python3 -c 'import os, sys; os.chdir(sys.argv[1]); "
		"[(os.mkdir(n), os.chdir(n)) for n in [\"n\" * 250] * 20]' '%s'",
		upper);
	ok(diff(&d, upper, upper, tar, &stats) < 0 && err.code == SLIP_E_LIMIT,
		"is an error, not a crash");
}

static void test_one_id(const char *scratch)
{
	slip_autofree char *dir = slip_xasprintf("%s/one", scratch);
	slip_autofree char *upper = slip_xasprintf("%s/upper", dir);
	slip_autofree char *tar = slip_xasprintf("%s/layer.tar", dir);
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = slip_tree_new();
	struct slip_diff d = {
		.overlay_xattr = "user.overlay.", .one_id = true, .tree = tree, .origin = 2};
	struct slip_diff_stats stats;
	struct slip_entry e;

	slip_entry_init(&e, SLIP_ENTRY_FILE, "known");
	e.uid = 33;
	e.gid = 44;
	is_int(slip_tree_apply(tree, &e, 1, &err), 0, "a file with an owner");
	slip_entry_release(&e);
	is_shell("", "is changed where there are no owners",
		"mkdir -p '%s' && cd '%s' && touch known new && { chown 1000:1000 known new || "
		"true; }",
		upper, upper);
	is_int(diff(&d, upper, upper, tar, &stats), 0, "a diff");
	is_shell("33/44 known\n0/0 new\n", "keeps the owner, and makes new files root's",
		"tar --numeric-owner -tvf '%s' | awk '{print $2, $6}'", tar);
}

/* What an overlay below an overlay leaves, and a name that no layer can hold. */
static void test_marks(const char *scratch)
{
	slip_autofree char *upper = slip_xasprintf("%s/marks", scratch);
	slip_autofree char *file = slip_xasprintf("%s/gone", upper);
	slip_autofree char *tar = slip_xasprintf("%s/marks.tar", scratch);
	struct slip_diff d = {.overlay_xattr = "user.overlay."};
	struct slip_diff_stats stats;

	is_shell("", "an empty file", "mkdir -p '%s' && touch '%s'", upper, file);
	if (setxattr(file, "user.overlay.whiteout", "", 0, 0) < 0) {
		skip("no user attributes here", "a whiteout by attribute");
	} else {
		is_int(diff(&d, upper, upper, tar, &stats), 0, "with the whiteout attribute");
		is_shell(".wh.gone\n", "removes", "tar tf '%s'", tar);
		is_int(stats.removed, 1, "and counts as that");
	}
	is_shell("", "a file of a whiteout's name", "touch '%s/.wh.evil'", upper);
	ok(diff(&d, upper, upper, tar, &stats) < 0, "cannot be in a layer");
}

int main(void)
{
	autoscratch dir = scratch_new();

	pool = slip_pool_new(1);
	test_deep(dir.path);
	test_one_id(dir.path);
	test_marks(dir.path);
	if (chown(dir.path, 1, 1) < 0) {
		skip("owners cannot be changed here", "the diff of overlay mounts");
	} else if (unshare(CLONE_NEWNS) < 0 ||
		   mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		skip(strerror(errno), "the diff of overlay mounts");
	} else {
		test_overlay(
			dir.path, "plain", "metacopy=off,redirect_dir=off", "trusted.overlay.");
		test_overlay(
			dir.path, "metacopy", "metacopy=on,redirect_dir=on", "trusted.overlay.");
		test_overlay(dir.path, "userxattr", "userxattr", "user.overlay.");
		test_overlay(dir.path, "index", "index=on,userxattr", "user.overlay.");
	}
	slip_pool_free(pool);
	return done_testing();
}
