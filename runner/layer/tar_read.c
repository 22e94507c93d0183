#include "config.h"

#include "runner/layer/tar_read.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/layer/pax.h"
#include "runner/layer/tar_internal.h"

/* Inflaters work best when they are asked for much at once. */
#define BUFFER_SIZE (256 * SLIP_KIB)

struct slip_tar_reader {
	struct slip_source in;
	bool whiteouts;
	uint8_t *buf;
	size_t pos;
	size_t len;
	uint64_t offset; /* of the next byte, in the archive */
	bool ended;
	bool complete;

	struct slip_entry e;
	uint64_t at; /* how much of the entry's data has been given */
	uint64_t stored; /* how much of it is still in the archive */
	size_t padding;
	bool is_sparse;
	struct slip_sparse map;
	size_t extent; /* the first one that does not end before `at` */
};

struct slip_tar_reader *slip_tar_reader_new(struct slip_source in, bool whiteouts)
{
	struct slip_tar_reader *r = slip_xcalloc(1, sizeof(*r));

	r->in = in;
	r->whiteouts = whiteouts;
	r->buf = slip_xmalloc_io(BUFFER_SIZE);
	return r;
}

void slip_tar_reader_free(struct slip_tar_reader *r)
{
	if (!r)
		return;
	slip_entry_release(&r->e);
	slip_sparse_release(&r->map);
	free(r->buf);
	free(r);
}

void slip_tar_reader_cleanup(struct slip_tar_reader **r)
{
	slip_tar_reader_free(*r);
	*r = NULL;
}

bool slip_tar_reader_is_complete(const struct slip_tar_reader *r)
{
	return r->complete;
}

/* --- the stream ----------------------------------------------------------------------------------
 */

static int truncated(const struct slip_tar_reader *r, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DIGEST, 0, "the archive ends too early, after %llu bytes",
		(unsigned long long)r->offset);
}

/* Have n bytes in one piece in the buffer, or all that is left of the archive. */
static int have(struct slip_tar_reader *r, size_t n, struct slip_err *err)
{
	if (r->len - r->pos >= n)
		return 0;
	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->len -= r->pos;
	r->pos = 0;
	while (r->len < n) {
		size_t got = 0;
		if (slip_source_read(&r->in, r->buf + r->len, BUFFER_SIZE - r->len, &got, err) < 0)
			return -1;
		if (got == 0)
			break;
		r->len += got;
	}
	return 0;
}

static void consume(struct slip_tar_reader *r, size_t n)
{
	r->pos += n;
	r->offset += n;
}

static int skip(struct slip_tar_reader *r, uint64_t n, struct slip_err *err)
{
	while (n > 0) {
		if (have(r, 1, err) < 0)
			return -1;
		size_t left = r->len - r->pos;
		if (left == 0)
			return truncated(r, err);
		size_t step = n < left ? (size_t)n : left;
		consume(r, step);
		n -= step;
	}
	return 0;
}

/* *more is false when the archive stopped cleanly, between blocks. */
static int read_block(struct slip_tar_reader *r, void *block, bool *more, struct slip_err *err)
{
	if (have(r, SLIP_TAR_BLOCK, err) < 0)
		return -1;
	*more = r->len > r->pos;
	if (!*more)
		return 0;
	if (r->len - r->pos < SLIP_TAR_BLOCK)
		return truncated(r, err);
	memcpy(block, r->buf + r->pos, SLIP_TAR_BLOCK);
	consume(r, SLIP_TAR_BLOCK);
	return 0;
}

static size_t padding_of(uint64_t size)
{
	return (size_t)(-size & (SLIP_TAR_BLOCK - 1));
}

/* Skip to the next header. What a sparse map says about the file does not matter for that. */
static int finish_entry(struct slip_tar_reader *r, struct slip_err *err)
{
	uint64_t left = r->stored + r->padding; /* a size is below 2^63 */

	r->stored = 0;
	r->padding = 0;
	r->is_sparse = false;
	slip_sparse_release(&r->map);
	slip_entry_release(&r->e);
	r->at = 0;
	r->extent = 0;
	return skip(r, left, err);
}

/* --- headers before an entry ---------------------------------------------------------------------
 */

static int read_special(struct slip_tar_reader *r, const struct slip_tar_block *b,
	struct slip_buf *out, struct slip_err *err)
{
	uint64_t size;

	if (slip_tar_unsigned(b->size, sizeof(b->size), "size", INT64_MAX, &size, err) < 0)
		return -1;
	if (size > SLIP_MAX_PAX)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"an extended header is larger than %llu bytes", SLIP_MAX_PAX);
	slip_buf_init(out, SLIP_MAX_PAX);
	for (uint64_t left = size; left > 0;) {
		if (have(r, 1, err) < 0)
			return -1;
		size_t n = r->len - r->pos;
		if (n == 0)
			return truncated(r, err);
		n = left < n ? (size_t)left : n;
		slip_buf_add(out, r->buf + r->pos, n);
		consume(r, n);
		left -= n;
	}
	return skip(r, padding_of(size), err);
}

static int set_long(const struct slip_buf *text, const char *what, char **out, struct slip_err *err)
{
	size_t n = text->len;

	while (n > 0 && text->data[n - 1] == '\0')
		n--;
	if (*out)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "two %ss for one entry", what);
	if (strlen(text->data) < n)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "a %s holds a NUL byte", what);
	*out = slip_xstrndup(text->data, n);
	return 0;
}

static int read_prelude(struct slip_tar_reader *r, const struct slip_tar_block *b,
	struct slip_tar_prelude *pre, struct slip_err *err)
{
	slip_autobuf text = {0};

	if (read_special(r, b, &text, err) < 0)
		return -1;
	if (b->type == 'L')
		return set_long(&text, "long name", &pre->name, err);
	if (b->type == 'K')
		return set_long(&text, "long link name", &pre->link, err);
	if (b->type == 'g')
		return slip_pax_check_global(text.data, text.len, err);
	if (pre->has_pax)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "two extended headers for one entry");
	pre->has_pax = true;
	return slip_pax_parse(text.data, text.len, &pre->pax, err);
}

static bool is_prelude(char type)
{
	return type == 'x' || type == 'g' || type == 'L' || type == 'K' || type == 'X';
}

/* The end marker is two blocks of zeros; a single one at the very end is forgiven, as others do. */
static int read_end(struct slip_tar_reader *r, struct slip_err *err)
{
	struct slip_tar_block b;
	bool more;

	if (read_block(r, &b, &more, err) < 0)
		return -1;
	if (more && !slip_tar_block_is_zero(&b))
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "a single block of zeros amid the archive");
	r->complete = true;
	return 0;
}

/* Read on to an entry's own header. */
static int read_headers(struct slip_tar_reader *r, struct slip_tar_block *b,
	struct slip_tar_prelude *pre, bool *more, struct slip_err *err)
{
	bool pending = false;

	for (;;) {
		if (read_block(r, b, more, err) < 0)
			return -1;
		bool end = !*more || slip_tar_block_is_zero(b);
		if (end && pending)
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "an extended header without its entry");
		if (end && *more && read_end(r, err) < 0)
			return -1;
		*more = !end;
		if (end)
			return 0;
		if (!slip_tar_is_header(b))
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "a header with a wrong checksum");
		if (!is_prelude(b->type))
			return 0;
		if (read_prelude(r, b, pre, err) < 0)
			return -1;
		pending = pending || b->type != 'g';
	}
}

/* --- an entry ------------------------------------------------------------------------------------
 */

/* Old GNU style: extents in the header, and in blocks that follow it. */
static int read_gnu_map(
	struct slip_tar_reader *r, const struct slip_tar_block *b, struct slip_err *err)
{
	struct {
		char extents[21][24];
		char is_extended;
		char unused[7];
	} more;
	bool got, extended = b->gnu.is_extended != 0;

	_Static_assert(sizeof(more) == SLIP_TAR_BLOCK, "a tar block has 512 bytes");
	if (!slip_tar_block_is_gnu(b))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "a sparse file without GNU's magic");
	if (slip_tar_extents(b->gnu.extents, 4, &r->map, err) < 0)
		return -1;
	/* Every block but an empty one adds extents, which are bounded. */
	while (extended) {
		if (read_block(r, &more, &got, err) < 0)
			return -1;
		if (!got)
			return truncated(r, err);
		if (more.extents[0][0] == '\0')
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "an empty block in a sparse map");
		size_t before = r->map.n;
		if (slip_tar_extents((const char(*)[24])more.extents, 21, &r->map, err) < 0)
			return -1;
		if (r->map.n == before)
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "a useless block in a sparse map");
		extended = more.is_extended != 0;
	}
	return slip_tar_unsigned(
		b->gnu.realsize, sizeof(b->gnu.realsize), "size", INT64_MAX, &r->e.size, err);
}

/* One decimal number and a newline from the entry's data. */
static int map_number(
	struct slip_tar_reader *r, uint64_t *used, uint64_t *out, struct slip_err *err)
{
	char digits[20];
	size_t n = 0;

	for (;;) {
		if (*used == r->stored)
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "a sparse map is larger than its file");
		if (have(r, 1, err) < 0)
			return -1;
		if (r->pos == r->len)
			return truncated(r, err);
		char c = (char)r->buf[r->pos];
		consume(r, 1);
		++*used;
		if (c == '\n')
			return slip_pax_number(digits, n, out, err);
		if (n == sizeof(digits))
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "a sparse map's number is too long");
		digits[n++] = c;
	}
}

/* PAX 1.0: the map stands before the data, in whole blocks. */
static int read_pax_map(struct slip_tar_reader *r, struct slip_err *err)
{
	uint64_t used = 0, n, offset, len;

	if (map_number(r, &used, &n, err) < 0)
		return -1;
	for (; n > 0; n--) {
		if (map_number(r, &used, &offset, err) < 0 || map_number(r, &used, &len, err) < 0 ||
			slip_sparse_add(&r->map, offset, len, err) < 0)
			return -1;
		if (used > SLIP_MAX_PAX)
			return slip_err_set(err, SLIP_E_LIMIT, 0,
				"a sparse map is larger than %llu bytes", SLIP_MAX_PAX);
	}
	size_t pad = padding_of(used);
	if (pad > r->stored - used)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "a sparse map is larger than its file");
	r->stored -= used + pad;
	return skip(r, pad, err);
}

static int set_sparse(struct slip_tar_reader *r, const struct slip_tar_block *b,
	struct slip_pax *pax, struct slip_err *err)
{
	r->is_sparse = b->type == 'S' || pax->sparse;
	if (!r->is_sparse)
		return 0;
	if (r->e.type != SLIP_ENTRY_FILE || (b->type == 'S' && pax->sparse))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "a sparse map where none can be");
	if (b->type == 'S') {
		if (read_gnu_map(r, b, err) < 0)
			return -1;
	} else {
		if (!pax->has_realsize)
			return slip_err_set(err, SLIP_E_DIGEST, 0, "a sparse file without a size");
		r->e.size = pax->realsize;
		r->map = pax->map;
		pax->map = (struct slip_sparse){0};
		if (pax->sparse_major == 1 && read_pax_map(r, err) < 0)
			return -1;
	}
	return slip_sparse_check(&r->map, r->e.size, r->stored, err);
}

static int build_entry(struct slip_tar_reader *r, const struct slip_tar_block *b,
	struct slip_tar_prelude *pre, bool *ignore, struct slip_err *err)
{
	struct slip_entry *e = &r->e;

	*ignore = false;
	if (slip_tar_fill_entry(e, b, pre, &r->stored, err) < 0)
		return -1;
	e->size = r->stored;
	r->padding = padding_of(r->stored);
	e->xattrs = pre->pax.xattrs;
	slip_map_init(&pre->pax.xattrs, free);
	if (set_sparse(r, b, &pre->pax, err) < 0)
		return slip_err_wrap(err, "%.200s", e->path);
	if (*e->path == '\0' && e->type != SLIP_ENTRY_DIR)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "the root is not a directory");
	return r->whiteouts ? slip_tar_translate_whiteout(e, ignore, err) : 0;
}

static int next_entry(struct slip_tar_reader *r, bool *more, struct slip_err *err)
{
	for (bool ignore = true; ignore;) {
		slip_cleanup(slip_tar_prelude_release) struct slip_tar_prelude pre = {0};
		struct slip_tar_block b;
		slip_pax_init(&pre.pax);
		if (finish_entry(r, err) < 0 || read_headers(r, &b, &pre, more, err) < 0)
			return -1;
		if (!*more)
			return 0;
		if (build_entry(r, &b, &pre, &ignore, err) < 0)
			return -1;
	}
	return 0;
}

int slip_tar_reader_next(
	struct slip_tar_reader *r, const struct slip_entry **e, bool *more, struct slip_err *err)
{
	*more = false;
	if (r->ended)
		return 0;
	if (next_entry(r, more, err) < 0) {
		r->ended = true;
		return slip_err_wrap(
			err, "tar archive, before byte %llu", (unsigned long long)r->offset);
	}
	r->ended = !*more;
	*e = &r->e;
	return 0;
}

/* --- data ----------------------------------------------------------------------------------------
 */

/* Bytes from here to where hole and data next change, and which of them it is. */
static uint64_t run_length(struct slip_tar_reader *r, bool *hole)
{
	*hole = false;
	if (!r->is_sparse)
		return r->e.size - r->at;
	while (r->extent < r->map.n &&
		r->map.v[r->extent].offset + r->map.v[r->extent].len <= r->at)
		r->extent++;
	if (r->extent == r->map.n) {
		*hole = true;
		return r->e.size - r->at;
	}
	const struct slip_extent *x = &r->map.v[r->extent];
	*hole = r->at < x->offset;
	return *hole ? x->offset - r->at : x->offset + x->len - r->at;
}

/* At most `max` bytes, consumed. */
static int next_piece(struct slip_tar_reader *r, size_t max, const uint8_t **p, size_t *n,
	bool *hole, struct slip_err *err)
{
	uint64_t run = run_length(r, hole);

	*n = run < max ? (size_t)run : max;
	if (*n == 0)
		return 0;
	if (*hole) {
		*p = NULL;
		r->at += *n;
		return 0;
	}
	if (have(r, 1, err) < 0)
		return -1;
	if (r->pos == r->len)
		return truncated(r, err);
	*n = *n < r->len - r->pos ? *n : r->len - r->pos;
	*p = r->buf + r->pos;
	consume(r, *n);
	r->stored -= *n;
	r->at += *n;
	return 0;
}

int slip_tar_reader_piece(
	struct slip_tar_reader *r, const uint8_t **p, size_t *n, bool *hole, struct slip_err *err)
{
	return next_piece(r, SIZE_MAX, p, n, hole, err);
}

int slip_tar_reader_data(
	struct slip_tar_reader *r, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	const uint8_t *p;
	bool hole;

	if (next_piece(r, n, &p, got, &hole, err) < 0)
		return -1;
	if (hole)
		memset(buf, 0, *got);
	else if (*got > 0)
		memcpy(buf, p, *got);
	return 0;
}
