/* What an unpacked layer has besides names: devices, attributes, limits, other people's formats. */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/layer/unpack.h"
#include "tests/unit/layers.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/xattr.h>

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

	/* A user namespace with one id cannot give files away. */
	if (geteuid() == 0 && chown(base_dir, 65534, 65534) == 0 && chown(base_dir, 0, 0) == 0) {
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

/* Processor time in user space: a slow disk or a busy machine does not count. */
static double user_seconds(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6;
}

static void test_speed_of_nonsense(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	double start = user_seconds();

	is_int(unpack_limited("duplicates.tar", 0, 0, &err), 0, "100 000 entries of one name");
	ok(user_seconds() - start < 20, "in linear time");
	slip_autofree char *path = below("root");
	slip_autofree char *got = list_root(path);
	is_str(got, "d=last", "the last one counts");
	start = user_seconds();
	is_int(unpack_limited("marks.tar", 0, 0, &err), 0, "20 000 opaque marks on 20 000 files");
	ok(user_seconds() - start < 20, "in linear time");
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

int main(void)
{
	if (ok(set_up_layers("slipway-unpack-") == 0, "layers are made")) {
		test_devices();
		test_attributes();
		test_limits();
		test_speed_of_nonsense();
		test_diff_id();
		test_gnu_tar();
	}
	tear_down_layers();
	return done_testing();
}
