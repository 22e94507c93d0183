/* Single headers and data; whole archives are the matter of test_layer_unpack. */
#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/layer/tar_read.h"
#include "tests/unit/tap.h"

#define BLOCK 512

struct memory {
	const char *p;
	size_t n;
	size_t step;
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

/* --- making headers ------------------------------------------------------------------------------
 */

static void seal(char *h)
{
	unsigned sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
}

static void make_header(char *h, const char *name, char type, unsigned size)
{
	memset(h, 0, BLOCK);
	memcpy(h, name, strnlen(name, 100));
	snprintf(h + 100, 8, "%07o", 0100644);
	snprintf(h + 108, 8, "%07o", 10);
	snprintf(h + 116, 8, "%07o", 20);
	snprintf(h + 124, 12, "%011o", size);
	snprintf(h + 136, 12, "%011o", 1000);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	seal(h);
}

static void add_member(struct slip_buf *b, const char *name, char type, const char *data)
{
	static const char zeros[BLOCK];
	char h[BLOCK];
	size_t n = strlen(data);

	make_header(h, name, type, (unsigned)n);
	slip_buf_add(b, h, BLOCK);
	slip_buf_add(b, data, n);
	slip_buf_add(b, zeros, -n & (BLOCK - 1));
}

/* --- reading one entry ---------------------------------------------------------------------------
 */

struct opened {
	struct memory m;
	struct slip_tar_reader *r;
	const struct slip_entry *e;
};

static void close_archive(struct opened *o)
{
	slip_tar_reader_free(o->r);
}
#define auto_opened __attribute__((cleanup(close_archive))) struct opened

static int first_entry(struct opened *o, const void *p, size_t n, bool whiteouts, size_t step,
	struct slip_err *err)
{
	bool more = false;

	o->m = (struct memory){.p = p, .n = n, .step = step};
	o->r = slip_tar_reader_new(
		(struct slip_source){.read = read_memory, .ctx = &o->m}, whiteouts);
	int rc = slip_tar_reader_next(o->r, &o->e, &more, err);
	return rc < 0 || !more ? -1 : 0;
}

static void test_numbers(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	char h[BLOCK];

	make_header(h, "f", '0', 0);
	memcpy(h + 108, "\x80\0\0\0\xff\xff\xff\xfe", 8);
	memcpy(h + 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xf6", 12);
	memcpy(h + 116, "   20 \0\0", 8);
	seal(h);
	auto_opened o = {.r = NULL};
	is_int(first_entry(&o, h, BLOCK, true, BLOCK, &err), 0, "base-256 numbers");
	is_int(o.e->uid, 4294967294, "the largest uid there is");
	is_int(o.e->mtime, -10, "a time before 1970");
	is_int(o.e->gid, 16, "blanks around octal digits");
	is_int(o.e->mode, 0644, "mode without the file type");
	memcpy(h + 108, "\x80\0\0\0\xff\xff\xff\xff", 8);
	seal(h);
	auto_opened bad = {.r = NULL};
	is_int(first_entry(&bad, h, BLOCK, true, BLOCK, &err), -1, "-1 is no uid");
	memcpy(h + 108, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	seal(h);
	slip_err_clear(&err);
	auto_opened negative = {.r = NULL};
	is_int(first_entry(&negative, h, BLOCK, true, BLOCK, &err), -1, "nor is any negative one");
}

static void test_names(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	char h[BLOCK], want[260], name[101] = {0};

	memset(name, 'n', 100);
	make_header(h, name, '0', 0);
	memset(h + 345, 'p', 155);
	seal(h);
	auto_opened o = {.r = NULL};
	memset(want, 'p', 155);
	snprintf(want + 155, sizeof(want) - 155, "/%s", name);
	is_int(first_entry(&o, h, BLOCK, true, BLOCK, &err), 0, "name and prefix, both full");
	is_str(o.e->path, want, "are joined");
	memcpy(h + 257, "ustar  \0", 8);
	seal(h);
	auto_opened gnu = {.r = NULL};
	is_int(first_entry(&gnu, h, BLOCK, true, BLOCK, &err), 0, "GNU's magic");
	is_str(gnu.e->path, name, "has no prefix");
	make_header(h, ".//./a//b/.", '5', 0);
	auto_opened messy = {.r = NULL};
	is_int(first_entry(&messy, h, BLOCK, true, BLOCK, &err), 0, "a messy name");
	is_str(messy.e->path, "a/b", "is cleaned");
	make_header(h, "./", '5', 0);
	auto_opened root = {.r = NULL};
	is_int(first_entry(&root, h, BLOCK, true, BLOCK, &err), 0, "the root");
	is_str(root.e->path, "", "has an empty path");
}

static void test_whiteouts(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	char h[BLOCK];

	make_header(h, "d/.wh.x", '0', 0);
	auto_opened layer = {.r = NULL};
	is_int(first_entry(&layer, h, BLOCK, true, BLOCK, &err), 0, "a whiteout");
	ok(layer.e->type == SLIP_ENTRY_WHITEOUT && slip_streq(layer.e->path, "d/x"), "in a layer");
	auto_opened plain = {.r = NULL};
	is_int(first_entry(&plain, h, BLOCK, false, BLOCK, &err), 0, "the same name");
	ok(plain.e->type == SLIP_ENTRY_FILE && slip_streq(plain.e->path, "d/.wh.x"),
		"is a file's in an archive");
	make_header(h, ".wh..wh..opq", '0', 0);
	auto_opened opaque = {.r = NULL};
	is_int(first_entry(&opaque, h, BLOCK, true, BLOCK, &err), 0, "an opaque mark");
	ok(opaque.e->type == SLIP_ENTRY_OPAQUE && slip_streq(opaque.e->path, ""), "of the root");
}

/* Data in pieces of any size, entries whose data nobody wants, sources that give single bytes. */
static void test_data(size_t step)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf b;
	auto_opened o = {.r = NULL};
	char text[1500] = {0}, piece[100];
	size_t got, total = 0;
	bool more;

	slip_buf_init(&b, SLIP_MIB);
	memset(text, 'x', sizeof(text) - 1);
	add_member(&b, "skipped", '0', text);
	add_member(&b, "read", '0', text);
	add_member(&b, "half", '0', text);
	add_member(&b, "last", '0', "");
	slip_buf_add(&b, (char[2 * BLOCK]){0}, 2 * BLOCK);
	is_int(first_entry(&o, b.data, b.len, true, step, &err), 0, "%zu bytes at once", step);
	is_int(slip_tar_reader_next(o.r, &o.e, &more, &err), 0, "data is skipped");
	is_str(o.e->path, "read", "to the next entry");
	do {
		if (slip_tar_reader_data(o.r, piece, sizeof(piece), &got, &err) < 0)
			fail("%s", err.msg);
		total += got;
		ok(got == 0 || piece[got - 1] == 'x', "data");
	} while (got > 0 && total < 5000);
	is_int(total, sizeof(text) - 1, "all of it");
	is_int(slip_tar_reader_next(o.r, &o.e, &more, &err), 0, "a third entry");
	is_int(slip_tar_reader_data(o.r, piece, 1, &got, &err), 0, "of which a byte is read");
	is_int(slip_tar_reader_next(o.r, &o.e, &more, &err), 0, "a fourth entry");
	is_str(o.e->path, "last", "is the last");
	is_int(slip_tar_reader_data(o.r, piece, 1, &got, &err), 0, "no data");
	is_int(got, 0, "in an empty file");
	ok(slip_tar_reader_next(o.r, &o.e, &more, &err) == 0 && !more, "the end");
	ok(slip_tar_reader_is_complete(o.r), "is marked");
	ok(slip_tar_reader_next(o.r, &o.e, &more, &err) == 0 && !more, "and stays the end");
}

static void test_is_header(void)
{
	char h[BLOCK] = {0};

	ok(!slip_tar_is_header(h), "zeros are no header");
	make_header(h, "f", '0', 0);
	ok(slip_tar_is_header(h), "a header is");
	h[0] = 'g';
	ok(!slip_tar_is_header(h), "not with another's checksum");
	memset(h + 148, 0xff, 8);
	ok(!slip_tar_is_header(h), "nor with none");
}

int main(void)
{
	test_is_header();
	test_numbers();
	test_names();
	test_whiteouts();
	test_data(1);
	test_data(511);
	test_data(1 << 20);
	return done_testing();
}
