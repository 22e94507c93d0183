/*
 * The map of a sparse file: where its stored bytes belong; the rest are zeros.
 *
 * Extents are in ascending order and do not overlap; their number is bounded so that a map never
 * needs more memory than SLIP_MAX_PAX.
 */
#ifndef SLIP_LAYER_SPARSE_H
#define SLIP_LAYER_SPARSE_H

#include "runner/base/err.h"

struct slip_extent {
	uint64_t offset;
	uint64_t len;
};

/* A zeroed struct is an empty map. */
struct slip_sparse {
	struct slip_extent *v;
	size_t n;
	size_t cap;
	uint64_t stored; /* sum of the lengths */
	uint64_t end; /* where the last extent ends */
};

void slip_sparse_release(struct slip_sparse *s);
/* Append an extent. Empty ones are checked and then left out. */
int slip_sparse_add(
	struct slip_sparse *s, uint64_t offset, uint64_t len, struct slip_err *err) SLIP_MUST_CHECK;
/* Does the map fit a file of `size` bytes of which the archive holds `stored`? */
int slip_sparse_check(const struct slip_sparse *s, uint64_t size, uint64_t stored,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
