#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/digest.h"
#include "runner/layer/tree.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <sys/resource.h>

static struct slip_err err = SLIP_ERR_INIT;

static int apply(struct slip_tree *t, uint32_t origin, enum slip_entry_type type, const char *path,
	const char *link)
{
	slip_cleanup(slip_entry_release) struct slip_entry e = {0};

	slip_entry_init(&e, type, path);
	e.mode = type == SLIP_ENTRY_DIR ? 0750 : 0640;
	e.size = type == SLIP_ENTRY_FILE ? origin : 0;
	e.mtime = -5;
	e.link = slip_xstrdup(link);
	slip_err_clear(&err);
	return slip_tree_apply(t, &e, origin, &err);
}

static void file(struct slip_tree *t, uint32_t origin, const char *path)
{
	if (apply(t, origin, SLIP_ENTRY_FILE, path, NULL) < 0)
		fail("%s: %s", path, err.msg);
}

static void symlink_to(struct slip_tree *t, const char *path, const char *target)
{
	if (apply(t, 1, SLIP_ENTRY_SYMLINK, path, target) < 0)
		fail("%s: %s", path, err.msg);
}

static const struct slip_inode *inode_of(const struct slip_tree *t, const char *path)
{
	const struct slip_node *n = slip_tree_lookup(t, path);

	return n ? slip_node_inode(n) : NULL;
}

static void resolves(
	const struct slip_tree *t, const char *path, bool follow_last, const char *want)
{
	slip_autofree char *got = NULL;

	slip_err_clear(&err);
	if (slip_tree_resolve(t, path, follow_last, &got, &err) < 0)
		fail("%s: %s", path, err.msg);
	else
		is_str(got, want, "%s leads to /%s", path, want);
}

static void test_resolve(void)
{
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();
	slip_autofree char *got = NULL;

	file(t, 1, "usr/bin/dash");
	symlink_to(t, "bin", "usr/bin");
	symlink_to(t, "usr/bin/sh", "dash");
	symlink_to(t, "up", "../../../..");
	symlink_to(t, "abs", "/usr/./bin//");
	symlink_to(t, "dangling", "nowhere/at/all");
	symlink_to(t, "loop", "loop");
	resolves(t, "/bin/sh", true, "usr/bin/dash");
	resolves(t, "bin/sh", false, "usr/bin/sh");
	resolves(t, "bin", false, "bin");
	resolves(t, "bin/", true, "usr/bin");
	resolves(t, "up/up/bin/dash", true, "usr/bin/dash");
	resolves(t, "abs/../lib", true, "usr/lib");
	resolves(t, "dangling/x/../../y", true, "nowhere/at/y");
	resolves(t, "new/dir/../file", true, "new/file");
	resolves(t, "../../usr", true, "usr");
	resolves(t, "usr/bin/dash/x", true, "usr/bin/dash/x");
	resolves(t, "new/../bin/sh", true, "usr/bin/dash");
	resolves(t, "", true, "");
	slip_err_clear(&err);
	is_int(slip_tree_resolve(t, "loop/x", true, &got, &err), -1, "a link to itself");
	is_int(err.sys, ELOOP, "is a loop");
	resolves(t, "loop", false, "loop");
	char link[8], target[8];
	for (int i = 0; i < 41; i++) {
		snprintf(link, sizeof(link), "l%d", i);
		snprintf(target, sizeof(target), "l%d", i + 1);
		symlink_to(t, link, target);
	}
	resolves(t, "l1", true, "l41");
	slip_err_clear(&err);
	is_int(slip_tree_resolve(t, "l0", true, &got, &err), -1, "41 links are too many");
}

static void test_apply(void)
{
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();

	file(t, 1, "a/b/c");
	is_int(slip_tree_count(t), 3, "missing parents appear");
	const struct slip_inode *i = inode_of(t, "a/b");
	ok(i && i->mode == 0755 && i->uid == 0 && i->mtime == 0, "as 0755 0:0 of time 0");
	is_int(apply(t, 2, SLIP_ENTRY_HARDLINK, "h", "a/b/c"), 0, "a hard link");
	i = inode_of(t, "h");
	ok(i == inode_of(t, "a/b/c") && i->nlink == 2 && i->origin == 1, "shares the inode");
	is_str(i->first_path, "a/b/c", "which knows where the bytes are");
	is_int(apply(t, 2, SLIP_ENTRY_WHITEOUT, "a/b/c", NULL), 0, "the first name goes");
	slip_autofree char *bytes = slip_node_bytes_path(slip_tree_lookup(t, "h"));
	is_str(bytes, "a/b/c", "the bytes are still found");
	is_int(inode_of(t, "h")->nlink, 1, "one name is left");
	is_int(apply(t, 3, SLIP_ENTRY_OPAQUE, "", NULL), 0, "an opaque root");
	is_int(slip_tree_count(t), 0, "hides all");
	is_int(apply(t, 3, SLIP_ENTRY_HARDLINK, "x", "h"), -1, "a link to nothing is an error");
	file(t, 3, "x");
	is_int(apply(t, 3, SLIP_ENTRY_HARDLINK, "x", "x"), -1, "a link to itself, too");
	is_int(apply(t, 4, SLIP_ENTRY_HARDLINK, "y", "x"), 0, "a new name of a lower file");
	is_int(apply(t, 4, SLIP_ENTRY_OPAQUE, "", NULL), 0, "belongs to the layer that gave it");
	ok(inode_of(t, "y") && !inode_of(t, "x"), "and stays");
	is_int(apply(t, 4, SLIP_ENTRY_SYMLINK, "", "x"), -1, "the root stays a directory");
	slip_autofree char *path = slip_node_path(slip_tree_lookup(t, "y"));
	is_str(path, "y", "path of a node");
	slip_autofree char *root = slip_node_path(slip_tree_lookup(t, ""));
	is_str(root, "", "path of the root");
}

static void build(struct slip_tree *t)
{
	slip_cleanup(slip_entry_release) struct slip_entry e = {0};

	file(t, 1, "etc/passwd");
	file(t, 1, "etc-1");
	file(t, 2, "etc/a/deep/er/file");
	apply(t, 2, SLIP_ENTRY_HARDLINK, "a-link", "etc/passwd");
	apply(t, 2, SLIP_ENTRY_HARDLINK, "z-link", "etc/passwd");
	symlink_to(t, "sym", "etc/passwd");
	apply(t, 3, SLIP_ENTRY_DIR, "empty", NULL);
	apply(t, 3, SLIP_ENTRY_FIFO, "fifo", NULL);
	slip_entry_init(&e, SLIP_ENTRY_CHAR, "null");
	e.dev_major = 1;
	e.dev_minor = 3;
	e.mtime_nsec = 999999999;
	slip_entry_set_xattr(&e, "user.a", "x\0y", 3);
	slip_entry_set_xattr(&e, "user.b", "", 0);
	if (slip_tree_apply(t, &e, 7, &err) < 0)
		fail("%s", err.msg);
}

static void test_file(void)
{
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();
	slip_cleanup(slip_tree_cleanup) struct slip_tree *again = NULL;
	slip_autobuf b, c;

	build(t);
	slip_buf_init(&b, SLIP_MIB);
	slip_buf_init(&c, SLIP_MIB);
	slip_tree_save(t, &b);
	slip_err_clear(&err);
	if (!ok(slip_tree_load(b.data, b.len, &again, &err) == 0, "a stored tree loads")) {
		diag("%s", err.msg);
		return;
	}
	slip_tree_save(again, &c);
	ok(b.len == c.len && memcmp(b.data, c.data, b.len) == 0, "and is stored the same");
	is_int(slip_tree_count(again), slip_tree_count(t), "all names are there");
	ok(inode_of(again, "a-link") == inode_of(again, "z-link") &&
			inode_of(again, "a-link")->nlink == 3,
		"links are links");
	const struct slip_inode *i = inode_of(again, "null");
	const struct slip_xattr *x = i->xattrs ? slip_map_get(i->xattrs, "user.a") : NULL;
	ok(i->dev_major == 1 && i->dev_minor == 3 && i->mtime_nsec == 999999999 && x &&
			x->len == 3 && memcmp(x->value, "x\0y", 3) == 0,
		"devices and attributes");
	is_int(inode_of(again, "etc/passwd")->mtime, -5, "times before 1970");
	slip_cleanup(slip_tree_cleanup) struct slip_tree *copy = slip_tree_copy(t);
	is_int(apply(copy, 9, SLIP_ENTRY_WHITEOUT, "etc", NULL), 0, "a copy can be changed");
	ok(inode_of(t, "etc/passwd") && !inode_of(copy, "etc/passwd"), "alone");
}

/* With a right checksum nothing but the checks of the loader is in the way. */
static void test_damage(void)
{
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();
	slip_autobuf b;
	size_t accepted = 0;

	build(t);
	slip_buf_init(&b, SLIP_MIB);
	slip_tree_save(t, &b);
	for (size_t i = 0; i < b.len; i++) {
		slip_autofree char *bad = slip_xmemdup(b.data, b.len);
		struct slip_tree *got = NULL;
		slip_err_clear(&err);
		bad[i] ^= 0x41;
		accepted += slip_tree_load(bad, b.len, &got, &err) == 0;
		slip_tree_free(got);
	}
	is_int(accepted, 0, "any changed byte is noticed");
	size_t body = b.len - 64, survived = 0;
	for (size_t i = 0; i < body; i++) {
		slip_autobuf bad;
		struct slip_tree *got = NULL;
		struct slip_digest d;
		slip_buf_init(&bad, SLIP_MIB);
		slip_buf_add(&bad, b.data, body);
		bad.data[i] ^= 0x03;
		slip_digest_of(bad.data, body, &d);
		slip_buf_add_str(&bad, slip_digest_hex(&d));
		slip_err_clear(&err);
		survived += slip_tree_load(bad.data, bad.len, &got, &err) == 0;
		slip_tree_free(got);
	}
	ok(survived < body, "damage with a right checksum is survived (%zu of %zu load)", survived,
		body);
	for (size_t n = 0; n < b.len; n++) {
		struct slip_tree *got = NULL;
		slip_err_clear(&err);
		if (slip_tree_load(b.data, n, &got, &err) == 0) {
			fail("the first %zu bytes load", n);
			slip_tree_free(got);
		}
	}
}

static long max_rss(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return r.ru_maxrss;
}

static void fill(struct slip_tree *t, unsigned count, unsigned step)
{
	slip_cleanup(slip_entry_release) struct slip_entry e = {0};
	char path[64];

	slip_entry_init(&e, SLIP_ENTRY_FILE, "");
	free(e.path);
	for (unsigned i = 0; i < count; i++) {
		unsigned n = (unsigned)((uint64_t)i * step % count);
		snprintf(path, sizeof(path), "usr/lib/package-%03u/module-%02u/file-%06u.py",
			n / 1000, n / 20 % 50, n);
		e.path = path;
		if (slip_tree_apply(t, &e, 1, &err) < 0)
			fail("%s", err.msg);
	}
	e.path = NULL;
}

static void test_size(void)
{
	const unsigned count = 475000; /* and 25 000 directories */
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();
	long before = max_rss();
	double start = slip_clock_monotonic();

	fill(t, count, 1);
	double seconds = slip_clock_monotonic() - start;
	diag("%zu names in %.2f s, %ld KiB", slip_tree_count(t), seconds, max_rss() - before);
#if !defined(__SANITIZE_ADDRESS__)
	ok(max_rss() - before < 64 * 1024, "500 000 names fit in 64 MiB");
#endif
	ok(seconds < 15, "and are quick");
	slip_cleanup(slip_tree_cleanup) struct slip_tree *shuffled = slip_tree_new();
	start = slip_clock_monotonic();
	fill(shuffled, count, 314159);
	diag("shuffled: %.2f s", slip_clock_monotonic() - start);
	is_int(slip_tree_count(shuffled), slip_tree_count(t), "order does not matter");
	is_int(apply(t, 2, SLIP_ENTRY_WHITEOUT, "usr", NULL), 0, "all of it goes");
	is_int(slip_tree_count(t), 0, "nothing is left");
}

/* One directory, names in a bad order, some removed again: the list of children stays sorted. */
static void test_order(void)
{
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();
	char name[16];
	const unsigned count = 10007;

	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "n%u", i * 7919 % count);
		file(t, 1, name);
	}
	for (unsigned i = 0; i < count; i += 3) {
		snprintf(name, sizeof(name), "n%u", i);
		apply(t, 2, SLIP_ENTRY_WHITEOUT, name, NULL);
	}
	const struct slip_node *root = slip_tree_lookup(t, "");
	const char *before = "";
	size_t seen = 0, disorder = 0;
	for (const struct slip_node *n = NULL; (n = slip_node_next_child(root, n)); seen++) {
		disorder += strcmp(before, slip_node_name(n)) >= 0;
		before = slip_node_name(n);
	}
	is_int(seen, slip_tree_count(t), "every child is seen");
	is_int(seen, count - (count + 2) / 3, "as many as should be");
	is_int(disorder, 0, "in order");
}

int main(void)
{
	test_resolve();
	test_apply();
	test_file();
	test_damage();
	test_order();
	test_size();
	return done_testing();
}
