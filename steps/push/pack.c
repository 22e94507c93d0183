#include "config.h"

#include "steps/push/pack.h"

#include "runner/base/proc.h"
#include "runner/layer/compress.h"

#include <errno.h>

struct pack {
	struct slip_source in;
	struct slip_spool spool;
	struct slip_sha256 *blob; /* of what is written */
	struct slip_sha256 *tar; /* of what is read */
	uint64_t written;
	uint64_t read;
	uint8_t *block; /* SLIP_COMPRESS_BLOCK bytes */
	size_t have; /* of it */
};

/* Fill the block; less than a whole one is the end. */
static int fill(struct pack *p, struct slip_err *err)
{
	p->have = 0;
	for (size_t got = 1; got && p->have < SLIP_COMPRESS_BLOCK; p->have += got) {
		if (slip_source_read(&p->in, p->block + p->have, SLIP_COMPRESS_BLOCK - p->have,
			    &got, err) < 0)
			return -1;
	}
	p->read += p->have;
	return slip_cancel_check(err);
}

static int emit(struct pack *p, const void *bytes, size_t n, struct slip_err *err)
{
	slip_sha256_add(p->blob, bytes, n);
	p->written += n;
	return slip_write_all(p->spool.fd, bytes, n, err);
}

/* --- a plain tar --------------------------------------------------------------------------------
 */

static int compress_blocks(struct pack *p, struct slip_compressor *c, uint8_t *packed,
	uint32_t *crc, struct slip_err *err)
{
	while (p->have) {
		size_t n;
		uint32_t next;
		slip_sha256_add(p->tar, p->block, p->have);
		if (slip_compressor_block(c, p->block, p->have, packed, &n, &next, err) < 0 ||
			emit(p, packed, n, err) < 0)
			return -1;
		*crc = slip_compress_crc(*crc, next, p->have);
		if (fill(p, err) < 0)
			return -1;
	}
	return 0;
}

static int compress_all(struct pack *p, struct slip_digest *diff_id, struct slip_err *err)
{
	struct slip_compress_method method = slip_compress_choose(SLIP_COMPRESSION_GZIP, -1, false);
	slip_autofree uint8_t *packed = slip_xmalloc_io(SLIP_COMPRESS_OUT);
	slip_autobuf frame;
	slip_buf_init(&frame, SLIP_COMPRESS_OUT);
	slip_compress_start(&method, &frame);
	if (emit(p, frame.data, frame.len, err) < 0)
		return -1;
	uint32_t crc = 0;
	struct slip_compressor *c = slip_compressor_new(&method);
	int rc = compress_blocks(p, c, packed, &crc, err);
	slip_compressor_free(c);
	if (rc < 0)
		return -1;
	slip_buf_clear(&frame);
	slip_compress_end(&method, crc, p->read, &frame);
	slip_sha256_finish_digest(p->tar, diff_id);
	return emit(p, frame.data, frame.len, err);
}

/* --- a compressed one ---------------------------------------------------------------------------
 */

static int inflate_spool(struct pack *p, struct slip_digest *diff_id, struct slip_err *err)
{
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	uint64_t size;
	if (lseek(p->spool.fd, 0, SEEK_SET) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "seek");
	if (slip_inflate_new(slip_source_fd(&p->spool.fd), false, 0, &z, err) < 0)
		return -1;
	return slip_inflate_finish(z, diff_id, &size, err);
}

static int keep_all(struct pack *p, struct slip_digest *diff_id, struct slip_err *err)
{
	while (p->have) {
		if (emit(p, p->block, p->have, err) < 0 || fill(p, err) < 0)
			return -1;
	}
	return inflate_spool(p, diff_id, err);
}

/* --- both ---------------------------------------------------------------------------------------
 */

static int pack(struct pack *p, struct slip_packed *out, struct slip_err *err)
{
	if (fill(p, err) < 0)
		return -1;
	enum slip_compression found = slip_compression_of(p->block, p->have);
	bool is_kept = found == SLIP_COMPRESSION_GZIP || found == SLIP_COMPRESSION_ZSTD;
	out->compression = found == SLIP_COMPRESSION_ZSTD ? SLIP_MEDIA_ZSTD : SLIP_MEDIA_GZIP;
	int rc = is_kept ? keep_all(p, &out->diff_id, err) : compress_all(p, &out->diff_id, err);
	if (rc < 0)
		return -1;
	slip_sha256_finish_digest(p->blob, &out->digest);
	out->size = p->written;
	return slip_spool_commit(&p->spool, &out->digest, out->size, err);
}

int slip_pack_layer(struct slip_source in, struct slip_store *store, struct slip_packed *out,
	struct slip_err *err)
{
	struct pack p = {.in = in};
	if (slip_spool_open(store, &p.spool, err) < 0)
		return -1;
	p.blob = slip_sha256_new();
	p.tar = slip_sha256_new();
	p.block = slip_xmalloc_io(SLIP_COMPRESS_BLOCK);
	int rc = pack(&p, out, err);
	slip_spool_abort(&p.spool);
	slip_sha256_free(p.blob);
	slip_sha256_free(p.tar);
	free(p.block);
	return rc;
}
