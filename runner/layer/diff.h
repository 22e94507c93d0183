/*
 * The layer that a RUN made, from the upper directory of its overlay mount.
 *
 * The upper directory says what changed; the merged view gives the bytes (with metacopy an upper
 * file has none). Entries come in lexical order, each changed path's parents first with full
 * metadata, hard links within the layer kept, sockets left out, whiteouts and opaque marks
 * translated. What the kernel copied up without a change (same metadata, same bytes as `tree` says)
 * is left out where that can be told without reading the base.
 */
#ifndef SLIP_LAYER_DIFF_H
#define SLIP_LAYER_DIFF_H

#include "runner/layer/tree.h"
#include "runner/layer/write.h"

struct slip_diff {
	int upperfd;
	int mergedfd;
	const char *overlay_xattr; /* "trusted.overlay." or "user.overlay." */
	struct slip_tree *tree; /* NULL, or the state before; updated with every entry */
	uint32_t origin;
};

struct slip_diff_stats {
	uint64_t added_or_changed;
	uint64_t removed;
	uint64_t bytes;
};

int slip_diff_upper(const struct slip_diff *d, struct slip_layer_writer *w,
	struct slip_diff_stats *stats, struct slip_err *err) SLIP_MUST_CHECK;

#endif
