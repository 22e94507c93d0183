#include "config.h"

#include "runner/layer/compress.h"

#include "runner/layer/isal.h"
#include "runner/layer/write.h"

#include <zlib.h>

#ifdef HAVE_ISAL
#include <isa-l.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define ZLIB_DEFAULT_LEVEL 6
#define ZSTD_DEFAULT_LEVEL 3

struct slip_compressor {
	struct slip_compress_method method;
	z_stream zlib;
	bool zlib_ready;
#ifdef HAVE_ISAL
	struct slip_isal *isal;
#endif
#ifdef HAVE_ZSTD
	ZSTD_CCtx *zstd;
#endif
};

#ifdef HAVE_ISAL
/*
 * Level 1 does 435 MB/s on shared libraries with 0.378 of the size left; level 0 is 5 % faster at
 * 0.436, level 3 half as fast at 0.367.
 */
#define ISAL_DEFAULT_LEVEL 1
#endif

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static struct slip_compress_method choose_gzip(int level, bool reproducible)
{
#ifdef HAVE_ISAL
	if (!reproducible && level < 0)
		return (struct slip_compress_method){SLIP_ENGINE_ISAL, ISAL_DEFAULT_LEVEL};
	if (!reproducible && level > 0 && level < SLIP_ISAL_LEVELS)
		return (struct slip_compress_method){SLIP_ENGINE_ISAL, level};
#else
	(void)reproducible;
#endif
	return (struct slip_compress_method){
		SLIP_ENGINE_ZLIB, level < 0 ? ZLIB_DEFAULT_LEVEL : clamp(level, 0, 9)};
}

struct slip_compress_method slip_compress_choose(
	enum slip_compression compression, int level, bool reproducible)
{
	switch (compression) {
	case SLIP_COMPRESSION_NONE:
		return (struct slip_compress_method){SLIP_ENGINE_PLAIN, 0};
	case SLIP_COMPRESSION_GZIP:
		return choose_gzip(level, reproducible);
	case SLIP_COMPRESSION_ZSTD:
		return (struct slip_compress_method){
			SLIP_ENGINE_ZSTD, level < 0 ? ZSTD_DEFAULT_LEVEL : clamp(level, 1, 19)};
	case SLIP_COMPRESSION_BZIP2:
	case SLIP_COMPRESSION_XZ:
		break;
	}
	slip_bug("layers are not written with compression %d", (int)compression);
}

const char *slip_layer_gzip_engine(void)
{
#ifdef HAVE_ISAL
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
	return "ISA-L " TEXT(ISAL_MAJOR_VERSION) "." TEXT(ISAL_MINOR_VERSION);
#else
	static char text[32];
	snprintf(text, sizeof(text), "zlib %.20s", zlibVersion());
	return text;
#endif
}

struct slip_compressor *slip_compressor_new(const struct slip_compress_method *method)
{
	struct slip_compressor *c = slip_xcalloc(1, sizeof(*c));

	c->method = *method;
#ifdef HAVE_ISAL
	if (method->engine == SLIP_ENGINE_ISAL)
		c->isal = slip_isal_new(method->level);
#endif
	return c;
}

void slip_compressor_free(struct slip_compressor *c)
{
	if (!c)
		return;
	if (c->zlib_ready)
		deflateEnd(&c->zlib);
#ifdef HAVE_ISAL
	slip_isal_free(c->isal);
#endif
#ifdef HAVE_ZSTD
	ZSTD_freeCCtx(c->zstd);
#endif
	free(c);
}

static void zlib_block(
	struct slip_compressor *c, const uint8_t *in, size_t n, uint8_t *out, size_t *out_len)
{
	z_stream *z = &c->zlib;
	int result = c->zlib_ready ? deflateReset(z)
				   : deflateInit2(z, c->method.level, Z_DEFLATED, -MAX_WBITS, 8,
					     Z_DEFAULT_STRATEGY);

	if (result != Z_OK)
		slip_bug("deflateInit2: %d", result);
	c->zlib_ready = true;
	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = (uInt)n;
	z->next_out = out;
	z->avail_out = SLIP_COMPRESS_OUT;
	result = deflate(z, Z_FULL_FLUSH);
	if (result != Z_OK || z->avail_in != 0 || z->avail_out == 0)
		slip_bug("deflate: %d", result);
	*out_len = SLIP_COMPRESS_OUT - z->avail_out;
}

#ifdef HAVE_ZSTD
static int zstd_block(struct slip_compressor *c, const uint8_t *in, size_t n, uint8_t *out,
	size_t *out_len, struct slip_err *err)
{
	if (!c->zstd)
		c->zstd = ZSTD_createCCtx();
	if (!c->zstd)
		slip_bug("out of memory");
	size_t result = ZSTD_compressCCtx(c->zstd, out, SLIP_COMPRESS_OUT, in, n, c->method.level);
	if (ZSTD_isError(result))
		return slip_err_set(err, SLIP_E_BUG, 0, "zstd: %s", ZSTD_getErrorName(result));
	*out_len = result;
	return 0;
}
#endif

int slip_compressor_block(struct slip_compressor *c, const uint8_t *in, size_t n, uint8_t *out,
	size_t *out_len, uint32_t *crc, struct slip_err *err)
{
	*crc = 0;
	switch (c->method.engine) {
	case SLIP_ENGINE_PLAIN:
		memcpy(out, in, n);
		*out_len = n;
		return 0;
	case SLIP_ENGINE_ISAL:
#ifdef HAVE_ISAL
		*out_len = slip_isal_block(c->isal, in, n, out, SLIP_COMPRESS_OUT);
		*crc = crc32_gzip_refl(0, in, n);
		return 0;
#endif
	case SLIP_ENGINE_ZLIB:
		zlib_block(c, in, n, out, out_len);
		*crc = (uint32_t)crc32(0, in, (uInt)n);
		return 0;
	case SLIP_ENGINE_ZSTD:
#ifdef HAVE_ZSTD
		return zstd_block(c, in, n, out, out_len, err);
#else
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"this slipway was built without zstd; use gzip compression");
#endif
	}
	return slip_err_set(err, SLIP_E_BUG, 0, "compression engine %d", (int)c->method.engine);
}

uint32_t slip_compress_crc(uint32_t crc, uint32_t next, size_t n)
{
	return (uint32_t)crc32_combine(crc, next, (z_off_t)n);
}

static bool is_gzip(const struct slip_compress_method *method)
{
	return method->engine == SLIP_ENGINE_ISAL || method->engine == SLIP_ENGINE_ZLIB;
}

void slip_compress_start(const struct slip_compress_method *method, struct slip_buf *out)
{
	/* RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system. */
	static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

	if (is_gzip(method))
		slip_buf_add(out, header, sizeof(header));
}

static void add_le32(struct slip_buf *out, uint32_t v)
{
	uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	slip_buf_add(out, bytes, sizeof(bytes));
}

void slip_compress_end(const struct slip_compress_method *method, uint32_t crc, uint64_t size,
	struct slip_buf *out)
{
	/* RFC 1951: an empty final block of fixed codes ends the stream that only flushes so far.
	 */
	static const uint8_t final_block[2] = {0x03, 0x00};

	if (!is_gzip(method))
		return;
	slip_buf_add(out, final_block, sizeof(final_block));
	add_le32(out, crc);
	add_le32(out, (uint32_t)size);
}
