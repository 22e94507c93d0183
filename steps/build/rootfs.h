/*
 * The root file system of a stage, as far as it is needed.
 *
 * Its truth is a list of layers. The index (tree) says what they amount to and costs a look at
 * their headers; directories hold their bytes and cost an unpacking: one for a whole base image,
 * kept in the store for the next build, and one for each layer above it. Stacked by overlayfs they
 * are what a RUN sees; looked up through the index they are what COPY --from reads, without any
 * mount.
 */
#ifndef SLIP_BUILD_ROOTFS_H
#define SLIP_BUILD_ROOTFS_H

#include "runner/layer/tree.h"
#include "runner/sandbox/overlay.h"
#include "steps/build/layer.h"

struct slip_base;

struct slip_rootfs_dir {
	char *path; /* absolute; NULL: not unpacked */
	int fd;
	struct slip_layer layer; /* a zeroed one for the base's directory */
};

struct slip_rootfs {
	struct slip_builder *builder;
	struct slip_tree *tree;
	const struct slip_base *base; /* NULL: scratch */
	/* dirs[0] holds the base image's layers, the others one layer each, in their order. */
	struct slip_rootfs_dir *dirs;
	size_t n_dirs;
	size_t cap_dirs;
};

/* base NULL: an empty root. Only the index is made. */
int slip_rootfs_new(struct slip_builder *b, const struct slip_base *base, struct slip_rootfs **out,
	struct slip_err *err) SLIP_MUST_CHECK;
struct slip_rootfs *slip_rootfs_copy(const struct slip_rootfs *r); /* for FROM stage */
void slip_rootfs_free(struct slip_rootfs *r);

/* Add a layer that is not in the index yet; its blob is fetched. */
int slip_rootfs_add_layer(
	struct slip_rootfs *r, const struct slip_layer *l, struct slip_err *err) SLIP_MUST_CHECK;
/* Add a layer whose entries are in the index already under the next origin; dir_path may be NULL.
 */
void slip_rootfs_add_made(struct slip_rootfs *r, const struct slip_layer *l, char *dir_path);
/* The origin number that the next layer gets. */
uint32_t slip_rootfs_next_origin(const struct slip_rootfs *r);
/* All of it in one directory, for a command: unpacked, with an overlay that takes the changes. */
int slip_rootfs_mount(
	struct slip_rootfs *r, struct slip_overlay *overlay, struct slip_err *err) SLIP_MUST_CHECK;
/* Open the bytes of a regular file that the index has at path; unpacks the directory it is in. */
int slip_rootfs_open(struct slip_rootfs *r, const char *path, const struct slip_inode *inode,
	int *fd, struct slip_err *err) SLIP_MUST_CHECK;
/* The bytes of a file by its inode's origin and first_path; -1 when they cannot be had. */
int slip_rootfs_open_origin(struct slip_rootfs *r, uint32_t origin, const char *path);
/* A small file of the root (etc/passwd): at most out's maximum; NOTFOUND when absent. */
int slip_rootfs_read(struct slip_rootfs *r, const char *path, struct slip_buf *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
