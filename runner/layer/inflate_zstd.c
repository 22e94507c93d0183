#include "config.h"

#include "runner/base/limits.h"
#include "runner/layer/inflate_internal.h"

#ifdef HAVE_ZSTD

#include <zstd.h>

/* zstd (RFC 8878): frames and skippable frames one after the other. */
struct zstd {
	ZSTD_DCtx *ctx;
	bool in_frame;
};

static int zstd_open(struct slip_feed *f, void **state, struct slip_err *err)
{
	struct zstd *z = slip_xcalloc(1, sizeof(*z));

	(void)f;
	*state = z;
	z->ctx = ZSTD_createDCtx();
	if (!z->ctx || ZSTD_isError(ZSTD_DCtx_setParameter(
			       z->ctx, ZSTD_d_windowLogMax, SLIP_MAX_ZSTD_WINDOW_LOG)))
		return slip_err_set(err, SLIP_E_BUG, 0, "libzstd cannot be initialised");
	return 0;
}

static int zstd_read(
	void *state, struct slip_feed *f, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct zstd *z = state;
	ZSTD_outBuffer out = {.dst = buf, .size = n};

	while (out.pos == 0) {
		if (slip_feed_fill(f, err) < 0)
			return -1;
		bool starved = slip_feed_left(f) == 0;
		if (starved && !z->in_frame)
			break;
		ZSTD_inBuffer in = {.src = f->buf, .size = f->len, .pos = f->pos};
		size_t r = ZSTD_decompressStream(z->ctx, &out, &in);
		f->pos = in.pos;
		if (ZSTD_isError(r))
			return slip_inflate_corrupt("zstd", ZSTD_getErrorName(r), err);
		z->in_frame = r != 0;
		if (starved && out.pos == 0 && z->in_frame)
			return slip_inflate_truncated("zstd", err);
	}
	*got = out.pos;
	return 0;
}

static void zstd_close(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDCtx(z->ctx);
	free(z);
}

const struct slip_inflate_engine slip_inflate_zstd = {
	.open = zstd_open,
	.read = zstd_read,
	.close = zstd_close,
};

#else

static int zstd_open(struct slip_feed *f, void **state, struct slip_err *err)
{
	(void)f;
	(void)state;
	return slip_err_set(
		err, SLIP_E_REGISTRY, 0, "zstd layers need a slipway that was built with libzstd");
}

static int zstd_read(
	void *state, struct slip_feed *f, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	(void)state, (void)f, (void)buf, (void)n, (void)got, (void)err;
	slip_bug("read from a zstd stream that was not opened");
}

const struct slip_inflate_engine slip_inflate_zstd = {.open = zstd_open, .read = zstd_read};

#endif
