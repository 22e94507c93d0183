#include "config.h"

#include "runner/layer/inflate_internal.h"

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

/*
 * gzip (RFC 1952): members one after the other, each with its checksum. A library-specific stepper
 * decodes one piece of one member; the rest is the same for both libraries.
 */
#ifdef HAVE_ISAL

struct gzip {
	struct inflate_state s;
	bool in_member;
};

static int member_init(struct gzip *g)
{
	isal_inflate_init(&g->s);
	g->s.crc_flag = ISAL_GZIP;
	return 0;
}

static void member_end(struct gzip *g)
{
	(void)g;
}

/* Decode what there is. *done: the member is complete, its checksum right. */
static int member_step(struct gzip *g, struct slip_feed *f, void *buf, size_t n, size_t *got,
	bool *done, struct slip_err *err)
{
	g->s.next_in = f->buf + f->pos;
	g->s.avail_in = (uint32_t)slip_feed_left(f);
	g->s.next_out = buf;
	g->s.avail_out = (uint32_t)n;
	int r = isal_inflate(&g->s);
	f->pos = f->len - g->s.avail_in;
	*got = n - g->s.avail_out;
	if (r < 0 || r == ISAL_NEED_DICT)
		return slip_inflate_corrupt("gzip",
			r == ISAL_INCORRECT_CHECKSUM ? "wrong checksum" : "invalid data", err);
	*done = g->s.block_state == ISAL_BLOCK_FINISH;
	return 0;
}

#else

struct gzip {
	z_stream s;
	bool in_member;
	bool is_open;
};

static int member_init(struct gzip *g)
{
	if (g->is_open)
		return inflateReset(&g->s) == Z_OK ? 0 : -1;
	g->is_open = inflateInit2(&g->s, MAX_WBITS + 16) == Z_OK; /* +16: gzip, not zlib */
	return g->is_open ? 0 : -1;
}

static void member_end(struct gzip *g)
{
	if (g->is_open)
		inflateEnd(&g->s);
}

static int member_step(struct gzip *g, struct slip_feed *f, void *buf, size_t n, size_t *got,
	bool *done, struct slip_err *err)
{
	g->s.next_in = f->buf + f->pos;
	g->s.avail_in = (uInt)slip_feed_left(f);
	g->s.next_out = buf;
	g->s.avail_out = (uInt)n;
	int r = inflate(&g->s, Z_NO_FLUSH);
	f->pos = f->len - g->s.avail_in;
	*got = n - g->s.avail_out;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return slip_inflate_corrupt("gzip", g->s.msg ? g->s.msg : "invalid data", err);
	*done = r == Z_STREAM_END;
	return 0;
}

#endif

/* Engines count in 32 bits. */
#define STEP_MAX ((size_t)1 << 30)

static int gzip_open(struct slip_feed *f, void **state, struct slip_err *err)
{
	struct gzip *g = slip_xcalloc(1, sizeof(*g));

	(void)f;
	*state = g;
	if (member_init(g) < 0)
		return slip_err_set(err, SLIP_E_BUG, 0, "zlib cannot be initialised");
	g->in_member = true;
	return 0;
}

/* Between members: the end, another member, or garbage that other readers would judge otherwise. */
static int next_member(struct gzip *g, struct slip_feed *f, bool *ended, struct slip_err *err)
{
	if (slip_feed_fill(f, err) < 0)
		return -1;
	*ended = slip_feed_left(f) == 0;
	if (*ended)
		return 0;
	if (*slip_feed_at(f) != 0x1f)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"the gzip stream is followed by data that is not gzip");
	g->in_member = member_init(g) == 0;
	return g->in_member ? 0 : slip_inflate_corrupt("gzip", "no state for a member", err);
}

static int gzip_read(
	void *state, struct slip_feed *f, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct gzip *g = state;

	*got = 0;
	while (*got == 0) {
		bool done = false;
		if (!g->in_member) {
			bool ended;
			if (next_member(g, f, &ended, err) < 0)
				return -1;
			if (ended)
				return 0;
		}
		if (slip_feed_fill(f, err) < 0)
			return -1;
		bool starved = slip_feed_left(f) == 0;
		if (member_step(g, f, buf, n < STEP_MAX ? n : STEP_MAX, got, &done, err) < 0)
			return -1;
		if (starved && *got == 0 && !done)
			return slip_inflate_truncated("gzip", err);
		g->in_member = !done;
	}
	return 0;
}

static void gzip_close(void *state)
{
	struct gzip *g = state;

	member_end(g);
	free(g);
}

const struct slip_inflate_engine slip_inflate_gzip = {
	.open = gzip_open,
	.read = gzip_read,
	.close = gzip_close,
};
