/*
 * Compression in independent blocks: whatever order they are done in, their outputs put one after
 * the other between a start and an end are one valid stream.
 *
 * gzip: one member (RFC 1952) whose deflate blocks each end on a byte boundary, as after a full
 * flush; its CRC is put together from the blocks' own. zstd: one frame a block (RFC 8878 allows any
 * number). The bytes depend on the input, the level and the engine alone.
 */
#ifndef SLIP_LAYER_COMPRESS_H
#define SLIP_LAYER_COMPRESS_H

#include "runner/base/buf.h"
#include "runner/layer/inflate.h"

/*
 * Bytes of one block. Larger ones compress no better (measured: 0.1 % between 256 KiB and 1 MiB)
 * and leave less to do at the same time in small layers.
 */
#define SLIP_COMPRESS_BLOCK ((size_t)256 * 1024)
/* Room for the output of a block that does not compress at all. */
#define SLIP_COMPRESS_OUT (SLIP_COMPRESS_BLOCK + (size_t)4096)

enum slip_compress_engine {
	SLIP_ENGINE_PLAIN,
	SLIP_ENGINE_ISAL,
	SLIP_ENGINE_ZLIB,
	SLIP_ENGINE_ZSTD,
};

struct slip_compress_method {
	enum slip_compress_engine engine;
	int level; /* the engine's own scale */
};

/* level -1 is the engine's default. Levels that ISA-L does not have are zlib's. */
struct slip_compress_method slip_compress_choose(
	enum slip_compression compression, int level, bool reproducible);

/* State of one block at a time; used by one thread at a time. */
struct slip_compressor;
struct slip_compressor *slip_compressor_new(const struct slip_compress_method *method);
void slip_compressor_free(struct slip_compressor *c); /* NULL is fine */

/* out has room for SLIP_COMPRESS_OUT bytes. *crc is the CRC-32 of the input (gzip only). */
int slip_compressor_block(struct slip_compressor *c, const uint8_t *in, size_t n, uint8_t *out,
	size_t *out_len, uint32_t *crc, struct slip_err *err) SLIP_MUST_CHECK;
/* The CRC-32 of a stream whose last n bytes have CRC `next`. */
uint32_t slip_compress_crc(uint32_t crc, uint32_t next, size_t n);

/* What stands before the first block and after the last. */
void slip_compress_start(const struct slip_compress_method *method, struct slip_buf *out);
void slip_compress_end(const struct slip_compress_method *method, uint32_t crc, uint64_t size,
	struct slip_buf *out);

#endif
