/* Directories of a root: one that could not be unpacked is not taken for a whole one later. */
#include "config.h"

#include "runner/base/proc.h"
#include "steps/build/builder.h"
#include "steps/build/rootfs.h"
#include "tests/unit/tap.h"

static void test_failed_unpacking(const char *dir)
{
	struct slip_err err = SLIP_ERR_INIT, again = SLIP_ERR_INIT;
	struct slip_build_request req = {0};
	struct slip_store_options store = {.path = dir};
	struct slip_builder b;
	struct slip_rootfs *r = NULL;
	struct slip_layer lost = {0};
	const struct slip_inode inode = {.type = SLIP_ENTRY_FILE, .origin = 1};
	int fd = -1;
	slip_builder_init(&b, &req);
	b.isolation.overlay_xattr = "user.overlay.";
	if (slip_store_open(&store, &b.store, &err) < 0 || slip_rootfs_new(&b, NULL, &r, &err) < 0)
		fail("%s", err.msg);
	slip_descriptor_init(&lost.desc);
	slip_digest_of("lost", 4, &lost.desc.digest);
	slip_rootfs_add_made(r, &lost, NULL);
	ok(slip_rootfs_open(r, "a", &inode, &fd, &err) < 0, "a layer without its blob");
	ok(slip_rootfs_open(r, "a", &inode, &fd, &again) < 0, "asked for once more");
	is_str(again.msg, err.msg, "fails as before");
	slip_rootfs_free(r);
	slip_layer_release(&lost);
	slip_builder_release(&b);
}

int main(void)
{
	char path[] = "/tmp/slipway-rootfs.XXXXXX";
	struct slip_err err = SLIP_ERR_INIT;
	if (!mkdtemp(path) || slip_proc_init(&err) < 0)
		return 1;
	test_failed_unpacking(path);
	ok(slip_remove_tree(AT_FDCWD, path, &err) == 0, "clean up");
	return done_testing();
}
