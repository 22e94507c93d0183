/*
 * The layer that a RUN made, from the upper directory of its overlay mount.
 *
 * The upper directory says what changed; the merged view gives the bytes that it lacks (metacopy,
 * redirected directories). Entries come in lexical order, each changed path's parents first with
 * full metadata, hard links within the layer kept, sockets left out, whiteouts and opaque marks
 * translated (kernel: Documentation/filesystems/overlayfs.rst). Nothing may write to the tree.
 *
 * What the kernel copied up without a change is left out only where that is certain: metadata as
 * `tree` says, and for files the same bytes, by the kernel's word (metacopy) or by comparing with
 * the base. An equal time is no proof, since tools set times back; without proof a file is kept.
 */
#ifndef SLIP_LAYER_DIFF_H
#define SLIP_LAYER_DIFF_H

#include "runner/layer/tree.h"
#include "runner/layer/write.h"

struct slip_diff {
	int upperfd;
	int mergedfd;
	const char *overlay_xattr; /* "trusted.overlay." or "user.overlay." */
	bool one_id; /* files cannot have owners here: those of `tree` stay, new ones are 0:0 */
	struct slip_tree *tree; /* NULL, or the state before; updated with every entry */
	uint32_t origin;
	/*
	 * Open the bytes of a file of the state before, named by its origin and its path there.
	 * -1 when that cannot be done: then a copied-up file is kept. NULL: always.
	 */
	int (*open_base)(void *ctx, uint32_t origin, const char *path);
	void *ctx;
};

struct slip_diff_stats {
	uint64_t added_or_changed; /* parents of changes that did not change themselves excluded */
	uint64_t removed; /* whiteouts and opaque marks */
	uint64_t bytes; /* of file data */
};

int slip_diff_upper(const struct slip_diff *d, struct slip_layer_writer *w,
	struct slip_diff_stats *stats, struct slip_err *err) SLIP_MUST_CHECK;

#endif
