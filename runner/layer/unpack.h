/*
 * Unpack a layer into a directory, safely.
 *
 * Parents are resolved inside the root and the last component is never followed (path.h); nothing
 * outside rootfd is created, changed or read whatever names, links and whiteouts the layer holds.
 * Order per file: create, owner, xattrs, mode, times; directory times last (chown clears setuid and
 * file capabilities). Only security.capability and user.* (not user.overlay.*) attributes are set.
 *
 * Devices that cannot or must not be made (no privilege; 0:0, which is a whiteout to overlayfs) are
 * in the tree only. Without owners, directories stay accessible to their owner, as a builder
 * without privilege could neither fill nor remove them otherwise; the tree has the true modes.
 */
#ifndef SLIP_LAYER_UNPACK_H
#define SLIP_LAYER_UNPACK_H

#include "runner/base/digest.h"
#include "runner/base/pool.h"
#include "runner/layer/source.h"
#include "runner/layer/tree.h"

enum slip_unpack_form {
	/* Apply onto what is there: whiteouts delete. For base images and roots without overlay. */
	SLIP_UNPACK_MERGE,
	/* A directory of its own for use as an overlayfs lower: whiteouts become 0:0 devices. */
	SLIP_UNPACK_OVERLAY,
};

struct slip_unpack {
	int rootfd; /* -1: no files, only the tree (an unprivileged look at the headers) */
	enum slip_unpack_form form;
	const char *overlay_xattr; /* "trusted.overlay." or "user.overlay.", for opaque marks */
	bool owners; /* chown and mknod; false: bytes and modes only (no privilege) */
	uint64_t max_bytes; /* of files, holes included; 0: SLIP_MAX_UNPACKED */
	uint64_t max_entries; /* 0: SLIP_MAX_ENTRIES */
	/*
	 * NULL, or updated with every entry. It also says what is below this layer: where links in
	 * parents lead, and what implied directories look like. Give it whenever there are layers
	 * below.
	 */
	struct slip_tree *tree;
	uint32_t origin; /* for the tree: another one for every layer */
	/*
	 * OVERLAY: directories of the layers below, by origin, -1 for unknown. A hard link to a
	 * file of theirs becomes a copy, as overlayfs itself would make one.
	 */
	const int *origin_fds;
	size_t n_origins;
	/*
	 * NULL, or threads to inflate and hash on while files are written. Not to be called from
	 * a task of the same pool.
	 */
	struct slip_pool *pool;
	/* A plain tar on its way from the layer writer: nothing to inflate, its digest is known. */
	bool own_tar;
	/*
	 * No layer but somebody's archive: names that begin with ".wh." are files like any other,
	 * bzip2 and xz are understood, directories get the modes that the archive gives them.
	 */
	bool is_archive;
};

struct slip_unpacked {
	struct slip_digest diff_id; /* of the whole uncompressed stream; not of an own_tar */
	uint64_t size; /* bytes of that stream; the same */
	uint64_t entries;
	bool hides_all; /* OVERLAY: the root is opaque; stack nothing below this directory */
};

/* in: the layer's bytes, compressed or not. Errors name the entry. */
int slip_unpack_layer(struct slip_source in, const struct slip_unpack *opt,
	struct slip_unpacked *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
