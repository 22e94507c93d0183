/* Compressed streams, made byte by byte where no library writes what they test. */
#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/layer/inflate.h"
#include "tests/unit/tap.h"

#include <dlfcn.h>

/* "hello, layer\n" by gzip -n9, bzip2 and xz. */
static const uint8_t gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48,
	0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0xc8, 0x49, 0xac, 0x4c, 0x2d, 0xe2, 0x02, 0x00, 0x33, 0x31,
	0x4d, 0xe6, 0x0d, 0x00, 0x00, 0x00};
static const uint8_t bz2[] = {0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x86,
	0xdd, 0xac, 0x0a, 0x00, 0x00, 0x03, 0x51, 0x80, 0x00, 0x10, 0x40, 0x04, 0x22, 0x44, 0x90,
	0x20, 0x20, 0x00, 0x31, 0x00, 0x30, 0x20, 0x03, 0xd2, 0x14, 0x02, 0xde, 0x58, 0xd0, 0xbc,
	0x5d, 0xc9, 0x14, 0xe1, 0x42, 0x42, 0x1b, 0x76, 0xb0, 0x28};
static const uint8_t xz[] = {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46,
	0x02, 0x00, 0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0x01, 0x00, 0x0c,
	0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x6c, 0x61, 0x79, 0x65, 0x72, 0x0a, 0x00, 0x00,
	0x00, 0x00, 0xb6, 0x8b, 0xb8, 0xa4, 0x77, 0xef, 0x98, 0xea, 0x00, 0x01, 0x25, 0x0d, 0x71,
	0x19, 0xc4, 0xb6, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a};
#define TEXT "hello, layer\n"

struct memory {
	const uint8_t *p;
	size_t n;
	size_t step; /* bytes given at once */
};

static int read_memory(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct memory *m = ctx;

	(void)err;
	*got = m->n < m->step ? m->n : m->step;
	*got = *got < n ? *got : n;
	memcpy(buf, m->p, *got);
	m->p += *got;
	m->n -= *got;
	return 0;
}

static int inflate(const void *p, size_t n, size_t step, bool foreign, uint64_t max,
	struct slip_buf *out, struct slip_err *err)
{
	struct memory m = {.p = p, .n = n, .step = step};
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	struct slip_digest digest, want;
	uint64_t size;
	uint8_t piece[7];
	size_t got;

	slip_err_clear(err);
	slip_buf_clear(out);
	if (slip_inflate_new((struct slip_source){.read = read_memory, .ctx = &m}, foreign, max, &z,
		    err) < 0)
		return -1;
	struct slip_source s = slip_inflate_source(z);
	do {
		if (slip_source_read(
			    &s, piece, step < sizeof(piece) ? step : sizeof(piece), &got, err) < 0)
			return -1;
		slip_buf_add(out, piece, got);
	} while (got > 0);
	if (slip_inflate_finish(z, &digest, &size, err) < 0)
		return -1;
	slip_digest_of(out->data, out->len, &want);
	if (size != out->len || !slip_digest_equal(&digest, &want))
		fail("digest or size is not that of what was read");
	return 0;
}

static void gives(const char *what, const void *p, size_t n, bool foreign, const char *want)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf out;

	slip_buf_init(&out, SLIP_MIB);
	for (size_t step = 1; step < 10000; step *= 10)
		if (inflate(p, n, step, foreign, 0, &out, &err) < 0)
			fail("%s, %zu bytes at once: %s", what, step, err.msg);
		else
			is_str(out.data, want, "%s, %zu bytes at once", what, step);
}

static void refuses(const char *what, const void *p, size_t n, const char *why)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf out;

	slip_buf_init(&out, SLIP_MIB);
	for (size_t step = 1; step < 10000; step *= 10)
		if (inflate(p, n, step, false, 0, &out, &err) == 0)
			fail("%s, %zu bytes at once: accepted", what, step);
		else if (!ok(strstr(err.msg, why) != NULL, "%s, %zu bytes at once", what, step))
			diag("%s", err.msg);
}

static void test_gzip(void)
{
	uint8_t two[2 * sizeof(gz) + 4] = {0};

	memcpy(two, gz, sizeof(gz));
	memcpy(two + sizeof(gz), gz, sizeof(gz));
	gives("one member", gz, sizeof(gz), false, TEXT);
	gives("two members", two, 2 * sizeof(gz), false, TEXT TEXT);
	refuses("half of a member", two, sizeof(gz) + sizeof(gz) / 2, "ends too early");
	refuses("a member without its trailer", gz, sizeof(gz) - 8, "ends too early");
	refuses("half of the trailer", gz, sizeof(gz) - 4, "ends too early");
	refuses("a bare header", gz, 10, "ends too early");
	refuses("zeros behind a member", two, sizeof(two), "not gzip");
	two[sizeof(gz)] = 'x';
	refuses("garbage behind a member", two, sizeof(two), "not gzip");
	memcpy(two, gz, sizeof(gz));
	two[sizeof(gz) - 6] ^= 1;
	refuses("a wrong checksum", two, sizeof(gz), "damaged");
	memcpy(two, gz, sizeof(gz));
	two[11] ^= 0xff;
	refuses("damaged data", two, sizeof(gz), "gzip stream");
}

/* A frame of one RLE block: n times the same byte. The window is given, or the content's size. */
static size_t zstd_frame(uint8_t *p, uint8_t window, uint32_t n, uint8_t byte)
{
	uint32_t block = n << 3 | 1 << 1 | 1; /* size, RLE, last */
	const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, window, (uint8_t)block,
		(uint8_t)(block >> 8), (uint8_t)(block >> 16), byte};

	memcpy(p, frame, sizeof(frame));
	return sizeof(frame);
}

static void test_zstd(void)
{
#ifdef HAVE_ZSTD
	uint8_t p[64];
	size_t n = zstd_frame(p, 0, 5, 'a');

	gives("a frame", p, n, false, "aaaaa");
	n += zstd_frame(p + n, 0, 3, 'b');
	gives("two frames", p, n, false, "aaaaabbb");
	refuses("half of a frame", p, n - 2, "ends too early");
	memcpy(p + n, "x", 2);
	refuses("garbage behind a frame", p, n + 2, "zstd stream");
	n = zstd_frame(p, (27 - 10) << 3, 5, 'a');
	gives("a window of 128 MiB", p, n, false, "aaaaa");
	n = zstd_frame(p, (28 - 10) << 3, 5, 'a');
	refuses("a window of 256 MiB", p, n, "zstd stream is damaged");
	static const uint8_t skippable[] = {0x51, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'y'};
	memcpy(p, skippable, sizeof(skippable));
	n = sizeof(skippable) + zstd_frame(p + sizeof(skippable), 0, 2, 'c');
	gives("a skippable frame first", p, n, false, "cc");
#else
	skip("built without libzstd", "zstd");
#endif
}

static void test_foreign(void)
{
	void *library = dlopen(SLIP_LIBARCHIVE_SONAME, RTLD_NOW);

	refuses("bzip2 as a layer", bz2, sizeof(bz2), "no compression for layers");
	refuses("xz as a layer", xz, sizeof(xz), "no compression for layers");
	if (!library) {
		skip("no libarchive", "bzip2 and xz");
		return;
	}
	gives("bzip2", bz2, sizeof(bz2), true, TEXT);
	gives("xz", xz, sizeof(xz), true, TEXT);
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MIB);
	is_int(inflate(xz, sizeof(xz) - 9, 10, true, 0, &out, &err), -1, "half of an xz");
	dlclose(library);
}

static void test_limit(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf out;

	slip_buf_init(&out, SLIP_MIB);
	is_int(inflate(gz, sizeof(gz), 100, false, sizeof(TEXT) - 1, &out, &err), 0, "the limit");
	is_int(inflate(gz, sizeof(gz), 100, false, sizeof(TEXT) - 2, &out, &err), -1, "above it");
	ok(slip_err_is(&err, SLIP_E_LIMIT), "is an error of its own");
	is_int(inflate("plain", 5, 100, false, 4, &out, &err), -1, "plain bytes are counted, too");
}

static void test_kind(void)
{
	is_int(slip_compression_of(gz, 6), SLIP_COMPRESSION_GZIP, "gzip");
	is_int(slip_compression_of(bz2, 6), SLIP_COMPRESSION_BZIP2, "bzip2");
	is_int(slip_compression_of(xz, 6), SLIP_COMPRESSION_XZ, "xz");
	is_int(slip_compression_of("\x28\xb5\x2f\xfd", 4), SLIP_COMPRESSION_ZSTD, "zstd");
	is_int(slip_compression_of(gz, 2), SLIP_COMPRESSION_NONE, "too short to tell");
	gives("nothing", "", 0, false, "");
	gives("plain bytes", TEXT, sizeof(TEXT) - 1, false, TEXT);
	gives("one byte", "x", 1, false, "x");
}

int main(void)
{
	test_kind();
	test_gzip();
	test_zstd();
	test_foreign();
	test_limit();
	return done_testing();
}
