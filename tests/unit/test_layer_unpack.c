/*
 * Layers into directories. The cases come from tests/data/layers/make.py; each is applied in three
 * ways that must agree: into one directory, into one directory per layer under an overlay mount,
 * and into the tree alone. Nothing outside may change, whatever a layer tries.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "runner/base/strv.h"
#include "runner/layer/unpack.h"
#include "tests/unit/tap.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define MAX_TEST_LAYERS 8

static char *base_dir;
static char *canary_dir;
static bool can_mount;

/* --- helpers -------------------------------------------------------------------------------------
 */

static char *below(const char *name)
{
	return slip_xasprintf("%s/%s", base_dir, name);
}

static int fresh_dir(const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path = below(name);

	if (slip_remove_tree(AT_FDCWD, path, &err) < 0)
		slip_err_clear(&err);
	if (slip_mkdir_p(path, 0700, &err) < 0)
		slip_bug("%s", err.msg);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted(struct slip_strv *lines)
{
	if (lines->n)
		qsort(lines->v, lines->n, sizeof(char *), compare_strings);
	return slip_strv_join(lines, " ");
}

/* A file's bytes with NUL as ".". */
static char *content_of(int dirfd, const char *name)
{
	char text[4096];
	size_t got = 0;
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || slip_read_upto(fd, text, sizeof(text), &got, &err) < 0)
		return slip_xstrdup("?");
	for (size_t i = 0; i < got; i++)
		text[i] = text[i] ? text[i] : '.';
	return slip_xstrndup(text, got);
}

static void list_dir(int dirfd, const char *prefix, struct slip_strv *out);

static void list_name(int dirfd, const char *path, const char *name, struct slip_strv *out)
{
	struct stat st;
	char target[4096] = "";

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		slip_strv_addf(out, "%s?", path);
	} else if (S_ISDIR(st.st_mode)) {
		slip_autofree char *prefix = slip_xasprintf("%s/", path);
		slip_strv_add(out, prefix);
		list_dir(openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			prefix, out);
	} else if (S_ISLNK(st.st_mode)) {
		if (readlinkat(dirfd, name, target, sizeof(target) - 1) < 0)
			target[0] = '?';
		slip_strv_addf(out, "%s->%s", path, target);
	} else if (S_ISREG(st.st_mode)) {
		slip_autofree char *text = content_of(dirfd, name);
		slip_strv_addf(out, "%s=%s", path, text);
	} else {
		slip_strv_addf(out, "%s!", path);
	}
}

static void list_dir(int fd, const char *prefix, struct slip_strv *out)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		slip_autofree char *path = slip_xasprintf("%s%s", prefix, e->d_name);
		if (!slip_streq(e->d_name, ".") && !slip_streq(e->d_name, ".."))
			list_name(fd, path, e->d_name, out);
	}
	if (d)
		closedir(d);
}

static char *list_root(const char *path)
{
	slip_cleanup(slip_strv_release) struct slip_strv lines = {0};

	list_dir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", &lines);
	return sorted(&lines);
}

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

static int unpack_file(const char *file, const struct slip_unpack *opt, struct slip_unpacked *out,
	struct slip_err *err)
{
	slip_autofree char *path = below(file);
	slip_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		slip_bug("%s is missing", path);
	return slip_unpack_layer(slip_source_fd(&fd), opt, out, err);
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
	struct slip_unpack opt = {.rootfd = root, .owners = geteuid() == 0, .tree = tree};
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
	char *next = slip_xasprintf("%s:%s/nothing", options, base_dir);
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
			.overlay_xattr = "trusted.overlay.",
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

/* --- what the table cannot ask -------------------------------------------------------------------
 */

static mode_t mode_of(int root, const char *name)
{
	struct stat st = {.st_mode = 0};

	fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW);
	return st.st_mode;
}

static void test_devices(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int root = fresh_dir("root");
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = slip_tree_new();
	struct slip_unpack opt = {.rootfd = root, .tree = tree, .origin = 1};
	struct slip_unpacked done;

	is_int(unpack_file("hidden.tar", &opt, &done, &err), 0, "devices: what is below");
	opt.origin = 2;
	is_int(unpack_file("devices.tar", &opt, &done, &err), 0, "devices without privilege");
	is_int(mode_of(root, "null"), 0, "are not made, and replace what was there");
	is_int(mode_of(root, "pipe"), S_IFIFO | 0640, "fifos are");
	const struct slip_node *n = slip_tree_lookup(tree, "disk");
	ok(n && slip_node_inode(n)->type == SLIP_ENTRY_BLOCK && slip_node_inode(n)->dev_major == 8,
		"the tree knows them");
	if (geteuid() != 0)
		return;
	slip_autoclose int own = fresh_dir("layer0");
	opt = (struct slip_unpack){
		.rootfd = own,
		.form = SLIP_UNPACK_OVERLAY,
		.overlay_xattr = "trusted.overlay.",
		.owners = true,
	};
	is_int(unpack_file("devices.tar", &opt, &done, &err), 0, "devices with privilege");
	ok(S_ISCHR(mode_of(own, "null")), "a device, or the whiteout in its place");
	ok(S_ISCHR(mode_of(own, "forged")), "0:0 hides the lower file");
	slip_autoclose int merged = fresh_dir("root");
	opt = (struct slip_unpack){.rootfd = merged, .owners = true};
	is_int(unpack_file("devices.tar", &opt, &done, &err), 0, "devices with privilege, merged");
	is_int(mode_of(merged, "forged"), 0, "no 0:0 for an overlay to take for a whiteout");
}

static void check_attributes(int root, const struct slip_tree *tree)
{
	struct stat st;
	uint8_t value[64];
	slip_autoclose int fd = openat(root, "tool", O_RDONLY | O_CLOEXEC);

	is_int(fstat(fd, &st), 0, "the tool is there");
	is_int(st.st_mode & 07777, 06755, "setuid and setgid survive chown");
	ok(st.st_uid == 1000 && st.st_gid == 1001, "owner and group");
	ok(st.st_mtim.tv_sec == 1234567890 && st.st_mtim.tv_nsec == 250000000, "time");
	is_int(fgetxattr(fd, "security.capability", value, sizeof(value)), 20, "capabilities");
	ssize_t n = fgetxattr(fd, "user.a", value, sizeof(value));
	if (n < 0 && errno == ENOTSUP)
		skip("no user attributes here", "attribute with a NUL byte");
	else
		ok(n == 3 && memcmp(value, "b\0c", 3) == 0, "attribute with a NUL byte");
	ok(fgetxattr(fd, "trusted.overlay.opaque", value, sizeof(value)) < 0, "no overlay marks");
	ok(fgetxattr(fd, "user.overlay.opaque", value, sizeof(value)) < 0, "of either kind");
	const struct slip_node *node = slip_tree_lookup(tree, "tool");
	is_int(node ? slip_node_inode(node)->xattrs->n : 0, 2, "nor in the tree");
	fstatat(root, "d", &st, AT_SYMLINK_NOFOLLOW);
	ok((st.st_mode & 07777) == 03775 && st.st_uid == 7 && st.st_gid == 8, "directory");
	is_int(st.st_mtime, 77, "whose time is set after its contents");
	fstatat(root, "l", &st, AT_SYMLINK_NOFOLLOW);
	ok(st.st_uid == 9 && st.st_gid == 10 && st.st_mtime == 99, "symbolic link");
	fstat(root, &st);
	ok((st.st_mode & 07777) == 0 && st.st_uid == 65534 && st.st_mtime == 5, "root");
}

static void test_attributes(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_unpacked done;
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = slip_tree_new();

	if (geteuid() == 0) {
		slip_autoclose int root = fresh_dir("root");
		struct slip_unpack opt = {
			.rootfd = root, .owners = true, .tree = tree, .origin = 1};
		if (ok(unpack_file("attributes.tar", &opt, &done, &err) == 0, "attributes"))
			check_attributes(root, tree);
		else
			diag("%s", err.msg);
	}
	slip_autoclose int root = fresh_dir("root");
	struct slip_unpack opt = {.rootfd = root, .tree = tree, .origin = 2};
	ok(unpack_file("attributes.tar", &opt, &done, &err) == 0, "attributes without privilege");
	is_int(mode_of(root, "."), S_IFDIR | 0700, "the root stays open to its owner");
	is_int(mode_of(root, "closed"), S_IFDIR | 0700, "and any directory");
	const struct slip_node *n = slip_tree_lookup(tree, "closed");
	is_int(n ? slip_node_inode(n)->mode : -1, 0, "the tree has the true mode");
}

static int unpack_limited(const char *file, uint64_t bytes, uint64_t entries, struct slip_err *err)
{
	slip_autoclose int root = fresh_dir("root");
	struct slip_unpack opt = {.rootfd = root, .max_bytes = bytes, .max_entries = entries};
	struct slip_unpacked done;

	slip_err_clear(err);
	return unpack_file(file, &opt, &done, err);
}

static void test_limits(void)
{
	struct slip_err err = SLIP_ERR_INIT;

	ok(unpack_limited("three.tar", 9, 0, &err) < 0 && slip_err_is(&err, SLIP_E_LIMIT),
		"one byte above the limit");
	is_int(unpack_limited("three.tar", 10, 0, &err), 0, "at the limit");
	is_int(unpack_limited("three.tar", 11, 0, &err), 0, "below the limit");
	ok(unpack_limited("three.tar", 0, 2, &err) < 0 && slip_err_is(&err, SLIP_E_LIMIT),
		"one entry above the limit");
	is_int(unpack_limited("three.tar", 0, 3, &err), 0, "entries at the limit");
	ok(unpack_limited("bomb.tar.gz", 100, 0, &err) < 0 && slip_err_is(&err, SLIP_E_LIMIT),
		"endless zeros behind the end");
}

static void test_speed_of_nonsense(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	double start = slip_clock_monotonic();

	is_int(unpack_limited("duplicates.tar", 0, 0, &err), 0, "100 000 entries of one name");
	ok(slip_clock_monotonic() - start < 20, "in linear time");
	slip_autofree char *path = below("root");
	slip_autofree char *got = list_root(path);
	is_str(got, "d=last", "the last one counts");
	start = slip_clock_monotonic();
	is_int(unpack_limited("marks.tar", 0, 0, &err), 0, "20 000 opaque marks on 20 000 files");
	ok(slip_clock_monotonic() - start < 20, "in linear time");
	is_int(unpack_limited("deep.tar", 0, 0, &err), 0, "2040 directories in one another");
}

static void test_diff_id(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int root = fresh_dir("root");
	struct slip_unpack opt = {.rootfd = root};
	struct slip_unpacked plain, packed;
	struct slip_digest want;
	slip_autofree char *path = below("three.tar");
	slip_autobuf text;

	slip_buf_init(&text, SLIP_MIB);
	if (unpack_file("three.tar", &opt, &plain, &err) < 0 ||
		unpack_file("three.tar.gz", &opt, &packed, &err) < 0 ||
		slip_read_file(AT_FDCWD, path, &text, &err) < 0) {
		fail("%s", err.msg);
		return;
	}
	slip_digest_of(text.data, text.len, &want);
	is_str(plain.diff_id.s, want.s, "diff id of a plain layer");
	is_str(packed.diff_id.s, want.s, "diff id of a compressed one");
	is_int(packed.size, text.len, "size before compression");
	is_int(packed.entries, 3, "entries");
}

/* --- other people's archives ---------------------------------------------------------------------
 */

static int run(const char *const *argv)
{
	struct slip_proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = STDERR_FILENO};
	struct slip_proc_output out = {.status = -1};
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_proc_run(&spec, NULL, 0, SLIP_MIB, 60000, &out, &err) < 0)
		diag("%s", err.msg);
	free(out.out);
	return out.status;
}

static void make_source(const char *dir, bool long_names)
{
	slip_autofree char *script = slip_xasprintf(
		"cd '%s' && mkdir -p d/e && printf x >d/e/f && ln d/e/f d/g && ln -s e/f d/l && "
		"truncate -s 900 d/hole && printf end >>d/hole && "
		"truncate -s 100000 d/sparse && printf middle | dd of=d/sparse bs=1 seek=50000 "
		"conv=notrunc status=none && truncate -s 200000 d/sparse%s",
		dir,
		long_names
			? " && mkfifo d/p && n=$(printf '%0120d' 0) && mkdir -p d/$n/$n && "
			  "printf y >d/$n/$n/$n && ln d/$n/$n/$n d/$n/link && ln -s $n$n d/$n/sym"
			: "");
	const char *argv[] = {"sh", "-ec", script, NULL};

	if (run(argv) != 0)
		fail("files to pack");
}

static void test_gnu_tar(void)
{
	static const struct {
		const char *format;
		const char *sparse;
		bool long_names;
	} table[] = {
		{"v7", "--no-acls", false},
		{"ustar", "--no-acls", false},
		{"oldgnu", "--sparse", true},
		{"gnu", "--sparse", true},
		{"gnu", "--no-acls", true},
		{"pax", "--no-acls", true},
		{"pax", "--sparse-version=0.0", true},
		{"pax", "--sparse-version=0.1", true},
		{"pax", "--sparse-version=1.0", true},
	};
	slip_autofree char *source = below("source");
	slip_autofree char *archive = below("gnu.tar");
	slip_autofree char *root = below("root");

	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++) {
		slip_autofree char *format = slip_xasprintf("--format=%s", table[i].format);
		const char *argv[] = {"tar", "-C", source, "-cf", archive, format, "--sparse",
			table[i].sparse, "d", NULL};
		if (strstr(table[i].sparse, "acls"))
			argv[6] = "--no-xattrs";
		close(fresh_dir("source"));
		make_source(source, table[i].long_names);
		if (run(argv) != 0) {
			skip("no GNU tar", "%s %s", table[i].format, table[i].sparse);
			continue;
		}
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoclose int fd = fresh_dir("root");
		struct slip_unpack opt = {.rootfd = fd};
		struct slip_unpacked done;
		if (unpack_file("gnu.tar", &opt, &done, &err) < 0)
			diag("%s", err.msg);
		slip_autofree char *want = list_root(source);
		slip_autofree char *got = list_root(root);
		is_str(got, want, "GNU tar %s %s", table[i].format, table[i].sparse);
	}
}

/* --- set-up --------------------------------------------------------------------------------------
 */

static void make_canary(void)
{
	slip_autofree char *secret = NULL;

	canary_dir = below("canary");
	secret = slip_xasprintf("%s/secret", canary_dir);
	mkdir(canary_dir, 0755);
	int fd = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || write(fd, "canary", 6) != 6 ||
		futimens(fd, (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}) < 0)
		slip_bug("the canary cannot be made");
	close(fd);
	utimensat(AT_FDCWD, canary_dir, (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}, 0);
}

static int make_layers(void)
{
	const char *source = getenv("SLIPWAY_SRCDIR");
	slip_autofree char *script =
		slip_xasprintf("%s/tests/data/layers/make.py", source ? source : ".");
	const char *argv[] = {"python3", script, base_dir, canary_dir, NULL};

	return run(argv);
}

/* An overlay mount is the judge of what an overlay's directories mean. */
static bool try_mount(void)
{
	slip_autofree char *at = below("mounted");
	const bool hides_all[1] = {false};

	close(fresh_dir("mounted"));
	close(fresh_dir("nothing"));
	close(fresh_dir("layer0"));
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount_layers(at, 1, hides_all) < 0)
		return false;
	return umount(at) == 0;
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	const char *tmp = getenv("TMPDIR");

	if (slip_make_temp_dir(tmp ? tmp : "/tmp", "slipway-unpack-", &base_dir, &err) < 0)
		slip_bug("%s", err.msg);
	make_canary();
	can_mount = try_mount();
	if (!can_mount)
		skip("no overlay mounts here", "stacked layers");
	if (ok(make_layers() == 0, "layers are made")) {
		run_table();
		test_devices();
		test_attributes();
		test_limits();
		test_speed_of_nonsense();
		test_diff_id();
		test_gnu_tar();
	}
	if (slip_remove_tree(AT_FDCWD, base_dir, &err) < 0)
		diag("%s", err.msg);
	free(base_dir);
	free(canary_dir);
	return done_testing();
}
