/*
 * Decompression by content, not by name: gzip (all members), zstd (window at most 128 MiB) and
 * plain bytes; bzip2 and xz too where `foreign` allows them (ADD of archives, never layers).
 * ISA-L inflates gzip where it was found, zlib otherwise.
 *
 * Strict, since other readers of the same bytes are: a stream that ends early or goes on with
 * anything but another member is an error (SLIP_E_DIGEST: the bytes are not what was promised).
 */
#ifndef SLIP_LAYER_INFLATE_H
#define SLIP_LAYER_INFLATE_H

#include "runner/base/digest.h"
#include "runner/layer/source.h"

enum slip_compression {
	SLIP_COMPRESSION_NONE,
	SLIP_COMPRESSION_GZIP,
	SLIP_COMPRESSION_ZSTD,
	SLIP_COMPRESSION_BZIP2,
	SLIP_COMPRESSION_XZ,
};

struct slip_inflate;
/*
 * `in` is copied; what it points to must outlive the inflater. More than max_bytes of output (0:
 * SLIP_MAX_UNPACKED) is SLIP_E_LIMIT.
 */
int slip_inflate_new(struct slip_source in, bool foreign, uint64_t max_bytes,
	struct slip_inflate **out, struct slip_err *err) SLIP_MUST_CHECK;
struct slip_source slip_inflate_source(struct slip_inflate *z);
/* Read the stream to its end and give the digest and size of everything that was inflated. */
int slip_inflate_finish(struct slip_inflate *z, struct slip_digest *diff_id, uint64_t *size,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_inflate_free(struct slip_inflate *z);
void slip_inflate_cleanup(struct slip_inflate **z);
/* What the first bytes of a file (6 are enough) say. */
enum slip_compression slip_compression_of(const void *p, size_t n);

#endif
