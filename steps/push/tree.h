/*
 * All that belongs to an image: its manifest, or its index with everything that is named there, and
 * their blobs. Read from a source, in the order in which a registry takes it: what is named comes
 * before what names it.
 */
#ifndef SLIP_PUSH_TREE_H
#define SLIP_PUSH_TREE_H

#include "runner/oci/platform.h"
#include "steps/image/push.h"
#include "steps/push/source.h"

struct slip_push_tree {
	struct slip_push_document *documents; /* the image is the last */
	size_t n_documents;
	size_t cap_documents;
	struct slip_descriptor *blobs;
	size_t n_blobs;
	size_t cap_blobs;
};

/* platform NULL: an index with all that it names; otherwise the one manifest for it. */
int slip_push_tree_read(struct slip_push_tree *t, struct slip_push_source *s,
	const struct slip_platform *platform, struct slip_err *err) SLIP_MUST_CHECK;
void slip_push_tree_release(struct slip_push_tree *t);

#endif
