/*
 * A layer as it lies in an archive, made into a blob of the store: one that is compressed keeps its
 * bytes, a plain tar is compressed with gzip. What it inflates to is hashed on the way, so that the
 * caller can compare it with what the image's configuration promises.
 */
#ifndef SLIP_PUSH_PACK_H
#define SLIP_PUSH_PACK_H

#include "runner/layer/source.h"
#include "runner/oci/media.h"
#include "runner/store/store.h"

struct slip_packed {
	struct slip_digest digest; /* of the blob */
	uint64_t size; /* of it */
	struct slip_digest diff_id; /* of the tar */
	enum slip_media_compression compression;
};

/* Reads `in` to its end. */
int slip_pack_layer(struct slip_source in, struct slip_store *store, struct slip_packed *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
