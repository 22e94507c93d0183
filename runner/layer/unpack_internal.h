/*
 * One layer being unpacked; shared by unpack.c (the loop, limits, where an entry belongs),
 * unpack_node.c (making files and setting what they are) and unpack_whiteout.c (removing).
 */
#ifndef SLIP_LAYER_UNPACK_INTERNAL_H
#define SLIP_LAYER_UNPACK_INTERNAL_H

#include "runner/base/strv.h"
#include "runner/layer/tar_read.h"
#include "runner/layer/unpack.h"

/* Where the present entry belongs. */
struct slip_unpack_place {
	char *path; /* without links in its parents */
	const char *name; /* its last component */
	int dirfd; /* the directory of `name` */
};

struct slip_unpacker {
	const struct slip_unpack *opt;
	struct slip_tar_reader *reader;
	struct slip_tree *tree;
	bool own_tree; /* knows this layer only */
	uint64_t bytes;
	uint64_t entries;
	bool hides_all;
	struct slip_strv dirs; /* whose times are set at the end */
	struct slip_map purged; /* directories in which nothing of lower layers is left */

	struct slip_unpack_place at;
	/* at.dirfd is that of `dir`, which the archive calls `raw_dir`; valid while !stale. */
	char *raw_dir;
	char *dir;
	bool stale;
};

static inline bool slip_unpacker_is_overlay(const struct slip_unpacker *u)
{
	return u->opt->form == SLIP_UNPACK_OVERLAY;
}
/* An error of the file system about the present entry. */
int slip_unpacker_fail(const struct slip_unpacker *u, const char *verb, struct slip_err *err);

/* unpack_node.c. u->at says where. */
int slip_unpacker_make_dir(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err) SLIP_MUST_CHECK;
int slip_unpacker_make_node(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err) SLIP_MUST_CHECK;
int slip_unpacker_make_link(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err) SLIP_MUST_CHECK;
/* Owner, attributes and mode of an open directory. */
int slip_unpacker_set_dir(struct slip_unpacker *u, int fd, const struct slip_entry *e,
	struct slip_err *err) SLIP_MUST_CHECK;
/* overlayfs: nothing of lower layers shows in this directory. */
int slip_unpacker_set_opaque(struct slip_unpacker *u, int fd, struct slip_err *err) SLIP_MUST_CHECK;

/* unpack_whiteout.c: the entry is a whiteout or an opaque mark. */
int slip_unpacker_whiteout(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err) SLIP_MUST_CHECK;

/* unpack.c: open a directory by its path without links; missing ones are made when `make`. */
int slip_unpacker_open_dir(struct slip_unpacker *u, const char *path, bool make, int *fd,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
