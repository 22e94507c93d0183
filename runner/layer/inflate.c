#include "config.h"

#include "runner/layer/inflate.h"

#include "runner/base/limits.h"
#include "runner/layer/inflate_internal.h"

/* Large enough that a download's pieces and the engines' set-up cost do not show. */
#define FEED_SIZE (128 * SLIP_KIB)
#define MAGIC_SIZE 6

struct slip_inflate {
	struct slip_feed feed;
	enum slip_compression kind;
	const struct slip_inflate_engine *engine;
	void *state;
	struct slip_sha256 *sha;
	uint64_t size;
	uint64_t max_bytes;
	bool ended;
};

int slip_feed_fill(struct slip_feed *f, struct slip_err *err)
{
	size_t got = 0;

	if (f->pos < f->len || f->eof)
		return 0;
	f->pos = 0;
	f->len = 0;
	if (slip_source_read(&f->in, f->buf, FEED_SIZE, &got, err) < 0)
		return -1;
	f->len = got;
	f->eof = got == 0;
	return 0;
}

int slip_inflate_truncated(const char *format, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DIGEST, 0, "the %s stream ends too early", format);
}

int slip_inflate_corrupt(const char *format, const char *detail, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DIGEST, 0, "the %s stream is damaged: %s", format, detail);
}

enum slip_compression slip_compression_of(const void *p, size_t n)
{
	static const struct {
		enum slip_compression kind;
		uint8_t len;
		char magic[MAGIC_SIZE + 1];
	} table[] = {
		{SLIP_COMPRESSION_GZIP, 3, "\x1f\x8b\x08"},
		{SLIP_COMPRESSION_ZSTD, 4, "\x28\xb5\x2f\xfd"},
		{SLIP_COMPRESSION_BZIP2, 3, "BZh"},
		{SLIP_COMPRESSION_XZ, 6, "\3757zXZ"},
	};
	const uint8_t *b = p;

	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++)
		if (n >= table[i].len && memcmp(b, table[i].magic, table[i].len) == 0)
			return table[i].kind;
	/* A zstd stream may start with a skippable frame (RFC 8878 section 3.1.2). */
	if (n >= 4 && (b[0] & 0xf0) == 0x50 && memcmp(b + 1, "\x2a\x4d\x18", 3) == 0)
		return SLIP_COMPRESSION_ZSTD;
	return SLIP_COMPRESSION_NONE;
}

static int plain_read(
	void *state, struct slip_feed *f, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	(void)state;
	if (slip_feed_left(f) == 0) /* nothing buffered: straight through */
		return f->eof ? (*got = 0, 0) : slip_source_read(&f->in, buf, n, got, err);
	*got = slip_feed_left(f) < n ? slip_feed_left(f) : n;
	memcpy(buf, slip_feed_at(f), *got);
	f->pos += *got;
	return 0;
}

static const struct slip_inflate_engine plain_engine = {.read = plain_read};

/* Sources may give single bytes; the magic needs a few. */
static int read_magic(struct slip_feed *f, struct slip_err *err)
{
	while (f->len < MAGIC_SIZE) {
		size_t got = 0;
		if (slip_source_read(&f->in, f->buf + f->len, FEED_SIZE - f->len, &got, err) < 0)
			return -1;
		if (got == 0) {
			f->eof = true;
			break;
		}
		f->len += got;
	}
	return 0;
}

static int choose_engine(struct slip_inflate *z, bool foreign, struct slip_err *err)
{
	switch (z->kind) {
	case SLIP_COMPRESSION_NONE:
		z->engine = &plain_engine;
		return 0;
	case SLIP_COMPRESSION_GZIP:
		z->engine = &slip_inflate_gzip;
		return 0;
	case SLIP_COMPRESSION_ZSTD:
		z->engine = &slip_inflate_zstd;
		return 0;
	case SLIP_COMPRESSION_BZIP2:
	case SLIP_COMPRESSION_XZ:
		z->engine = &slip_inflate_foreign;
		break;
	}
	if (foreign)
		return 0;
	return slip_err_set(err, SLIP_E_REGISTRY, 0,
		"%s is no compression for layers; push the image again with gzip or zstd",
		z->kind == SLIP_COMPRESSION_XZ ? "xz" : "bzip2");
}

int slip_inflate_new(struct slip_source in, bool foreign, uint64_t max_bytes,
	struct slip_inflate **out, struct slip_err *err)
{
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = slip_xcalloc(1, sizeof(*z));

	z->feed.in = in;
	z->feed.buf = slip_xmalloc_io(FEED_SIZE);
	z->sha = slip_sha256_new();
	z->max_bytes = max_bytes ? max_bytes : SLIP_MAX_UNPACKED;
	if (read_magic(&z->feed, err) < 0)
		return -1;
	z->kind = slip_compression_of(z->feed.buf, z->feed.len);
	if (choose_engine(z, foreign, err) < 0)
		return -1;
	if (z->engine->open && z->engine->open(&z->feed, &z->state, err) < 0)
		return -1;
	*out = slip_steal_ptr(&z);
	return 0;
}

static int inflate_read(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct slip_inflate *z = ctx;

	*got = 0;
	if (z->ended || n == 0)
		return 0;
	if (z->engine->read(z->state, &z->feed, buf, n, got, err) < 0)
		return -1;
	if (*got == 0) {
		z->ended = true;
		return 0;
	}
	if (*got > z->max_bytes - z->size)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "inflates to more than %llu bytes",
			(unsigned long long)z->max_bytes);
	z->size += *got;
	slip_sha256_add(z->sha, buf, *got);
	return 0;
}

struct slip_source slip_inflate_source(struct slip_inflate *z)
{
	return (struct slip_source){.read = inflate_read, .ctx = z};
}

int slip_inflate_finish(
	struct slip_inflate *z, struct slip_digest *diff_id, uint64_t *size, struct slip_err *err)
{
	slip_autofree uint8_t *buf = slip_xmalloc_io(FEED_SIZE);

	while (!z->ended) {
		size_t got;
		if (inflate_read(z, buf, FEED_SIZE, &got, err) < 0)
			return -1;
	}
	slip_sha256_finish_digest(z->sha, diff_id);
	*size = z->size;
	return 0;
}

void slip_inflate_free(struct slip_inflate *z)
{
	if (!z)
		return;
	if (z->engine && z->engine->close && z->state)
		z->engine->close(z->state);
	slip_sha256_free(z->sha);
	free(z->feed.buf);
	free(z);
}

void slip_inflate_cleanup(struct slip_inflate **z)
{
	slip_inflate_free(*z);
	*z = NULL;
}
