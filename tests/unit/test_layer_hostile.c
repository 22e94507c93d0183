/*
 * Layers, hostile ones mostly. The cases come from tests/data/layers/make.py; each is applied in
 * three ways that must agree: into one directory, into one directory per layer under an overlay
 * mount, and into the tree alone. Nothing outside may change, whatever a layer tries.
 */
#include "config.h"

#include "runner/layer/unpack.h"
#include "tests/unit/layers.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#define MAX_TEST_LAYERS 8

static bool can_mount;
static struct slip_pool *pool; /* the merged way reads ahead, the others do not */
static const char *overlay_xattr = "trusted.overlay.";

static void list_node(const struct slip_node *dir, struct slip_strv *out)
{
	for (const struct slip_node *n = NULL; (n = slip_node_next_child(dir, n));) {
		slip_autofree char *path = slip_node_path(n);
		const struct slip_inode *i = slip_node_inode(n);
		if (i->type == SLIP_ENTRY_DIR)
			slip_strv_addf(out, "%s/", path);
		else if (i->type == SLIP_ENTRY_SYMLINK)
			slip_strv_addf(out, "%s->%s", path, i->link);
		else
			slip_strv_addf(out, "%s%s", path, i->type == SLIP_ENTRY_FILE ? "=" : "!");
		list_node(n, out);
	}
}

static char *list_tree(const struct slip_tree *t)
{
	slip_cleanup(slip_strv_release) struct slip_strv lines = {0};

	list_node(slip_tree_lookup(t, ""), &lines);
	return sorted(&lines);
}

/* The list without contents: what a tree can know. */
static char *without_contents(const char *list)
{
	char *out = slip_xstrdup(list), *to = out;

	for (const char *p = list; *p;) {
		size_t n = strcspn(p, "= ");
		memmove(to, p, n);
		to += n;
		p += n;
		if (*p == '=') {
			*to++ = '=';
			p += strcspn(p, " ");
		}
		if (*p)
			*to++ = *p++;
	}
	*to = '\0';
	return out;
}

/* --- the table -----------------------------------------------------------------------------------
 */

struct test_case {
	const char *name;
	unsigned layers;
	bool good;
	const char *want;
};

static void judge(const struct test_case *c, const char *how, int rc, const char *got,
	const struct slip_err *err)
{
	if (c->good && rc < 0)
		fail("%s, %s: %s", c->name, how, err->msg);
	else if (c->good)
		is_str(got, c->want, "%s, %s", c->name, how);
	else if (rc == 0)
		fail("%s, %s: accepted", c->name, how);
	else if (!ok(strstr(err->msg, c->want) != NULL, "%s, %s: refused", c->name, how))
		diag("%s", err->msg);
}

static void run_merged(const struct test_case *c)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int root = fresh_dir("root");
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = slip_tree_new();
	struct slip_unpack opt = {
		.rootfd = root, .owners = geteuid() == 0, .tree = tree, .pool = pool};
	struct slip_unpacked done;
	int rc = 0;

	for (unsigned i = 0; i < c->layers && rc == 0; i++) {
		slip_autofree char *file = slip_xasprintf("%s.%u.tar", c->name, i);
		opt.origin = i + 1;
		rc = unpack_file(file, &opt, &done, &err);
	}
	slip_autofree char *path = below("root");
	slip_autofree char *got = list_root(path);
	judge(c, "merged", rc, got, &err);
	if (!c->good || rc < 0)
		return;
	slip_autofree char *known = list_tree(tree);
	slip_autofree char *want = without_contents(c->want);
	is_str(known, want, "%s, its tree", c->name);
}

static void run_tree_only(const struct test_case *c)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = slip_tree_new();
	struct slip_unpack opt = {.rootfd = -1, .tree = tree};
	struct slip_unpacked done;
	int rc = 0;

	for (unsigned i = 0; i < c->layers && rc == 0; i++) {
		slip_autofree char *file = slip_xasprintf("%s.%u.tar", c->name, i);
		opt.origin = i + 1;
		rc = unpack_file(file, &opt, &done, &err);
	}
	if (!c->good) {
		ok(rc < 0, "%s, tree only: refused", c->name);
		return;
	}
	slip_autofree char *known = list_tree(tree);
	slip_autofree char *want = without_contents(c->want);
	is_str(rc < 0 ? err.msg : known, want, "%s, tree only", c->name);
}

static int mount_layers(const char *at, unsigned layers, const bool hides_all[])
{
	slip_autofree char *options = slip_xasprintf("lowerdir=");

	for (unsigned i = layers; i-- > 0;) {
		char *next = slip_xasprintf(
			"%s%s%s/layer%u", options, i + 1 == layers ? "" : ":", base_dir, i);
		free(options);
		options = next;
		if (hides_all[i])
			break;
	}
	/* One directory alone is no overlay: an empty one goes below. */
	char *next = slip_xasprintf("%s:%s/nothing%s", options, base_dir,
		slip_starts_with(overlay_xattr, "user.") ? ",userxattr" : "");
	free(options);
	options = next;
	return mount("overlay", at, "overlay", MS_RDONLY, options);
}

static void run_stacked(const struct test_case *c)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = slip_tree_new();
	int fds[MAX_TEST_LAYERS + 1] = {-1};
	bool hides_all[MAX_TEST_LAYERS] = {false};
	int rc = 0;

	for (unsigned i = 0; i < c->layers && rc == 0; i++) {
		slip_autofree char *file = slip_xasprintf("%s.%u.tar", c->name, i);
		slip_autofree char *dir = slip_xasprintf("layer%u", i);
		struct slip_unpacked done = {.hides_all = false};
		fds[i + 1] = fresh_dir(dir);
		struct slip_unpack opt = {
			.rootfd = fds[i + 1],
			.form = SLIP_UNPACK_OVERLAY,
			.overlay_xattr = overlay_xattr,
			.owners = true,
			.tree = tree,
			.origin = i + 1,
			.origin_fds = fds,
			.n_origins = i + 1,
		};
		rc = unpack_file(file, &opt, &done, &err);
		hides_all[i] = done.hides_all;
	}
	slip_autofree char *at = below("mounted");
	slip_autofree char *got = NULL;
	if (rc == 0 && mount_layers(at, c->layers, hides_all) == 0) {
		got = list_root(at);
		umount(at);
	}
	judge(c, "stacked", rc, got, &err);
	for (unsigned i = 1; i <= c->layers; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static char *canary_state(void)
{
	struct stat st, dir;
	slip_autofree char *secret = slip_xasprintf("%s/secret", canary_dir);
	slip_autofree char *list = list_root(canary_dir);

	if (stat(secret, &st) < 0 || stat(canary_dir, &dir) < 0)
		return slip_xstrdup("gone");
	ssize_t attributes = listxattr(secret, NULL, 0);
	return slip_xasprintf("%s mode %o owner %u links %u mtime %lld dir %o %lld attributes %zd",
		list, st.st_mode, st.st_uid, (unsigned)st.st_nlink, (long long)st.st_mtime,
		dir.st_mode, (long long)dir.st_mtime, attributes);
}

static void run_case(const struct test_case *c)
{
	slip_autofree char *before = canary_state();

	run_merged(c);
	run_tree_only(c);
	if (can_mount)
		run_stacked(c);
	slip_autofree char *after = canary_state();
	if (!slip_streq(before, after))
		is_str(after, before, "%s: nothing outside has changed", c->name);
}

/* name, layers, kind, expectation: separated by tabs. */
static bool parse_case(char *line, struct test_case *c)
{
	char *fields[4];

	for (size_t i = 0; i < 4; i++) {
		fields[i] = line;
		line += strcspn(line, "\t");
		if (i < 3 && *line != '\t')
			return false;
		*line++ = '\0';
	}
	*c = (struct test_case){
		.name = fields[0],
		.layers = (unsigned)(fields[1][0] - '0'),
		.good = slip_streq(fields[2], "ok"),
		.want = fields[3],
	};
	return c->layers >= 1 && c->layers <= MAX_TEST_LAYERS;
}

static void run_table(void)
{
	slip_autofree char *path = below("cases");
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf text;
	size_t cases = 0;

	slip_buf_init(&text, SLIP_MIB);
	if (slip_read_file(AT_FDCWD, path, &text, &err) < 0) {
		fail("%s", err.msg);
		return;
	}
	for (char *line = text.data; *line; cases++) {
		char *end = strchrnul(line, '\n');
		char *next = *end ? end + 1 : end;
		struct test_case c;
		*end = '\0';
		if (parse_case(line, &c))
			run_case(&c);
		else
			fail("a line of the table: %s", line);
		line = next;
	}
	ok(cases > 100, "%zu cases", cases);
}

/* --- set-up --------------------------------------------------------------------------------------
 */

/* An overlay mount is the judge of what an overlay's directories mean. */
static bool try_mount(void)
{
	slip_autofree char *at = below("mounted");
	slip_autofree char *layer = below("layer0");
	const bool hides_all[1] = {false};

	close(fresh_dir("mounted"));
	close(fresh_dir("nothing"));
	close(fresh_dir("layer0"));
	/* In a user namespace the marks of the user are the ones to use. */
	overlay_xattr = setxattr(layer, "trusted.slipway", "", 0, 0) == 0 ? "trusted.overlay."
									  : "user.overlay.";
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount_layers(at, 1, hides_all) < 0)
		return false;
	return umount(at) == 0;
}

int main(void)
{
	int made = set_up_layers("slipway-hostile-");

	pool = slip_pool_new(2);
	can_mount = try_mount();
	if (!can_mount)
		skip("no overlay mounts here", "stacked layers");
	if (ok(made == 0, "layers are made"))
		run_table();
	slip_pool_free(pool);
	tear_down_layers();
	return done_testing();
}
