/*
 * What inflate.c and its engines share: buffered input, and one table entry per format.
 */
#ifndef SLIP_LAYER_INFLATE_INTERNAL_H
#define SLIP_LAYER_INFLATE_INTERNAL_H

#include "runner/layer/source.h"

/* Input that engines take bytes from: those at pos..len have been read and not consumed. */
struct slip_feed {
	struct slip_source in;
	uint8_t *buf;
	size_t pos;
	size_t len;
	bool eof; /* the source has ended; what is buffered may still be there */
};

/* Read more when nothing is buffered. Afterwards pos == len means the end. */
int slip_feed_fill(struct slip_feed *f, struct slip_err *err) SLIP_MUST_CHECK;
static inline const uint8_t *slip_feed_at(const struct slip_feed *f)
{
	return f->buf + f->pos;
}
static inline size_t slip_feed_left(const struct slip_feed *f)
{
	return f->len - f->pos;
}

struct slip_inflate_engine {
	/* State for one stream; NULL in *state is allowed. */
	int (*open)(struct slip_feed *f, void **state, struct slip_err *err);
	/* 1..n bytes in *got, 0 at the end of the last member or frame. */
	int (*read)(void *state, struct slip_feed *f, void *buf, size_t n, size_t *got,
		struct slip_err *err);
	void (*close)(void *state);
};

extern const struct slip_inflate_engine slip_inflate_gzip;
extern const struct slip_inflate_engine slip_inflate_zstd;
extern const struct slip_inflate_engine slip_inflate_foreign; /* bzip2, xz */

/* The same errors, whatever the engine. Both return -1. */
int slip_inflate_truncated(const char *format, struct slip_err *err);
int slip_inflate_corrupt(const char *format, const char *detail, struct slip_err *err);

#endif
