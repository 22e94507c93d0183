#include "config.h"

#include "runner/layer/write.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/layer/compress.h"
#include "runner/layer/tar_write.h"

#include <errno.h>
#include <sys/uio.h>

/*
 * The tar stream is cut into blocks, which live in a ring. The writer's thread fills one, gives it
 * to the pool to be hashed (diff id, in order) and compressed (in any order), and takes the oldest
 * ones back to hash and write their output. The ring's length bounds memory: a block with its
 * output and compressor is less than 1 MiB.
 */
#define MIN_BLOCKS 4
#define MAX_BLOCKS 8

struct block {
	uint8_t *in;
	size_t len;
	uint8_t *out;
	size_t out_len;
	uint32_t crc;
	struct slip_compressor *compressor;
	struct slip_task *task;
	struct slip_sha256 *tar_hash; /* the writer's */
};

struct slip_layer_writer {
	struct slip_layer_options opt;
	struct slip_compress_method method;
	struct slip_pool *pool;
	int fd;

	struct block ring[MAX_BLOCKS];
	size_t n_ring;
	size_t oldest; /* place of the oldest block in flight */
	size_t in_flight; /* the block being filled comes right after them */
	struct slip_task *hash_task; /* at most one: blocks must be hashed in their order */

	struct slip_sha256 *tar_hash;
	struct slip_sha256 *blob_hash; /* not used when the blob is the tar */
	struct slip_buf header;
	uint32_t crc;
	struct slip_layer_result result;
	uint64_t data_left; /* of the current entry */
	size_t padding; /* after that data */
};

struct slip_layer_writer *slip_layer_writer_new(
	const struct slip_layer_options *opt, struct slip_pool *pool, int fd)
{
	struct slip_layer_writer *w = slip_xcalloc(1, sizeof(*w));
	size_t blocks = 2 * slip_pool_threads(pool);

	w->opt = *opt;
	w->method = slip_compress_choose(opt->compression, opt->level, opt->reproducible);
	w->pool = pool;
	w->fd = fd;
	w->n_ring = blocks < MIN_BLOCKS ? MIN_BLOCKS : blocks > MAX_BLOCKS ? MAX_BLOCKS : blocks;
	w->tar_hash = slip_sha256_new();
	w->blob_hash = slip_sha256_new();
	/* A pax header of the largest size with its own header and the entry's. */
	slip_buf_init(&w->header, SLIP_MAX_PAX + 3 * SLIP_TAR_BLOCK);
	return w;
}

void slip_layer_writer_free(struct slip_layer_writer *w)
{
	if (!w)
		return;
	if (w->hash_task)
		(void)!slip_task_wait(w->hash_task, NULL);
	for (size_t i = 0; i < w->n_ring; i++) {
		struct block *b = &w->ring[i];
		if (b->task)
			(void)!slip_task_wait(b->task, NULL);
		slip_compressor_free(b->compressor);
		free(b->in);
		free(b->out);
	}
	slip_sha256_free(w->tar_hash);
	slip_sha256_free(w->blob_hash);
	slip_buf_release(&w->header);
	free(w);
}

void slip_layer_writer_cleanup(struct slip_layer_writer **w)
{
	slip_layer_writer_free(*w);
}

static bool is_plain(const struct slip_layer_writer *w)
{
	return w->method.engine == SLIP_ENGINE_PLAIN;
}

static int hash_block(void *arg, SLIP_UNUSED struct slip_err *err)
{
	const struct block *b = arg;

	slip_sha256_add(b->tar_hash, b->in, b->len);
	return 0;
}

static int compress_block(void *arg, struct slip_err *err)
{
	struct block *b = arg;

	return slip_compressor_block(
		b->compressor, b->in, b->len, b->out, &b->out_len, &b->crc, err);
}

static struct block *current_block(struct slip_layer_writer *w)
{
	struct block *b = &w->ring[(w->oldest + w->in_flight) % w->n_ring];

	if (!b->in) {
		b->in = slip_xmalloc_io(SLIP_COMPRESS_BLOCK);
		b->tar_hash = w->tar_hash;
	}
	return b;
}

static int wait_hash(struct slip_layer_writer *w, struct slip_err *err)
{
	if (!w->hash_task)
		return 0;
	struct slip_task *task = w->hash_task;
	w->hash_task = NULL;
	return slip_task_wait(task, err);
}

static int write_blob(struct slip_layer_writer *w, const void *p, size_t n, struct slip_err *err)
{
	if (!is_plain(w))
		slip_sha256_add(w->blob_hash, p, n);
	w->result.size += n;
	return slip_write_all(w->fd, p, n, err);
}

/* Take the oldest block back: its output is the blob's next piece. */
static int retire_block(struct slip_layer_writer *w, struct slip_err *err)
{
	struct block *b = &w->ring[w->oldest];

	w->oldest = (w->oldest + 1) % w->n_ring;
	w->in_flight--;
	if (b->task) {
		struct slip_task *task = b->task;
		b->task = NULL;
		if (slip_task_wait(task, err) < 0)
			return -1;
	}
	if (w->result.diff_size == 0) {
		slip_autobuf start = {0};
		slip_buf_init(&start, 64);
		slip_compress_start(&w->method, &start);
		if (write_blob(w, start.data, start.len, err) < 0)
			return -1;
	}
	w->crc = slip_compress_crc(w->crc, b->crc, b->len);
	w->result.diff_size += b->len;
	int result = is_plain(w) ? write_blob(w, b->in, b->len, err)
				 : write_blob(w, b->out, b->out_len, err);
	b->len = 0;
	return result;
}

static bool is_oldest_done(const struct slip_layer_writer *w)
{
	struct slip_task *task = w->ring[w->oldest].task;

	return task && slip_task_is_done(task);
}

/*
 * Hand the current block on. The last one of a layer that has nothing else in flight is done right
 * here: most layers of a build are smaller than a block, and waking a thread costs more.
 */
static int send_block(struct slip_layer_writer *w, bool last, struct slip_err *err)
{
	struct block *b = current_block(w);
	bool here = last && w->in_flight == 0;

	if (w->opt.tee_fd > 0 && slip_write_all(w->opt.tee_fd, b->in, b->len, err) < 0)
		return slip_err_wrap(err, "unpack the layer beside writing it");
	if (!is_plain(w) && !b->compressor) {
		b->compressor = slip_compressor_new(&w->method);
		b->out = slip_xmalloc_io(SLIP_COMPRESS_OUT);
	}
	if (wait_hash(w, err) < 0)
		return -1;
	w->in_flight++;
	if (here) {
		if (hash_block(b, err) < 0 || (!is_plain(w) && compress_block(b, err) < 0))
			return -1;
		return retire_block(w, err);
	}
	w->hash_task = slip_pool_submit(w->pool, hash_block, b);
	if (!is_plain(w))
		b->task = slip_pool_submit(w->pool, compress_block, b);
	/* The newest block stays: its tar hash may still be running. */
	while (w->in_flight == w->n_ring || (w->in_flight > 1 && is_oldest_done(w))) {
		if (retire_block(w, err) < 0)
			return -1;
	}
	return 0;
}

/* Room in the current block; an empty one is never sent. */
static int make_room(struct slip_layer_writer *w, uint8_t **p, size_t *room, struct slip_err *err)
{
	struct block *b = current_block(w);

	if (b->len == SLIP_COMPRESS_BLOCK) {
		if (send_block(w, false, err) < 0)
			return -1;
		b = current_block(w);
	}
	*p = b->in + b->len;
	*room = SLIP_COMPRESS_BLOCK - b->len;
	return 0;
}

static void fill(struct slip_layer_writer *w, size_t n)
{
	current_block(w)->len += n;
}

/* p NULL: zeros. */
static int add_bytes(struct slip_layer_writer *w, const void *p, size_t n, struct slip_err *err)
{
	const uint8_t *from = p;

	while (n > 0) {
		uint8_t *to;
		size_t room;
		if (make_room(w, &to, &room, err) < 0)
			return -1;
		size_t part = n < room ? n : room;
		if (from) {
			memcpy(to, from, part);
			from += part;
		} else {
			memset(to, 0, part);
		}
		fill(w, part);
		n -= part;
	}
	return 0;
}

static int take_data(struct slip_layer_writer *w, size_t n, struct slip_err *err)
{
	w->data_left -= n;
	if (w->data_left > 0)
		return 0;
	size_t padding = w->padding;
	w->padding = 0;
	return add_bytes(w, NULL, padding, err);
}

int slip_layer_writer_entry(
	struct slip_layer_writer *w, const struct slip_entry *e, struct slip_err *err)
{
	struct slip_entry clamped = *e; /* shares everything, is never released */
	uint64_t size = slip_tar_data_size(e);

	if (w->data_left > 0)
		return slip_err_set(err, SLIP_E_IO, 0,
			"%llu bytes of the file before %s are missing in the layer",
			(unsigned long long)w->data_left, e->path);
	if (w->opt.one_mtime || (w->opt.clamp_mtime && clamped.mtime > w->opt.max_mtime))
		clamped.mtime = w->opt.max_mtime;
	slip_buf_clear(&w->header);
	if (slip_tar_write_header(&clamped, &w->header, err) < 0 ||
		slip_buf_check(&w->header, "tar header", err) < 0 ||
		add_bytes(w, w->header.data, w->header.len, err) < 0)
		return -1;
	w->result.entries++;
	w->data_left = size;
	w->padding = (size_t)(-size % SLIP_TAR_BLOCK);
	return 0;
}

int slip_layer_writer_data(
	struct slip_layer_writer *w, const void *p, size_t n, struct slip_err *err)
{
	if (n > w->data_left)
		return slip_err_set(err, SLIP_E_IO, 0,
			"a file has more bytes than its entry in the layer says");
	if (n == 0)
		return 0;
	if (add_bytes(w, p, n, err) < 0)
		return -1;
	return take_data(w, n, err);
}

/*
 * Read at most n bytes at an offset, and one more to notice a file that grew, in one call.
 */
static int read_at(int fd, void *p, size_t n, uint64_t offset, size_t *got, struct slip_err *err)
{
	uint8_t extra;
	struct iovec iov[2] = {{p, n}, {&extra, 1}};
	ssize_t r;

	do
		r = preadv(fd, iov, 2, (off_t)offset);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "read");
	*got = (size_t)r;
	return 0;
}

int slip_layer_writer_file(
	struct slip_layer_writer *w, const struct slip_entry *e, int fd, struct slip_err *err)
{
	uint64_t offset = 0;
	uint64_t size = slip_tar_data_size(e);

	if (slip_layer_writer_entry(w, e, err) < 0)
		return -1;
	while (offset < size) {
		uint8_t *to;
		size_t room;
		size_t got = 0;
		if (make_room(w, &to, &room, err) < 0)
			return -1;
		size_t want = size - offset < room ? (size_t)(size - offset) : room;
		if (read_at(fd, to, want, offset, &got, err) < 0)
			return slip_err_wrap(err, "%s", e->path);
		bool is_end = offset + want == size;
		if (got == 0 || (is_end && got > want))
			return slip_err_set(err, SLIP_E_IO, 0,
				"%s %s while it was read; build when nothing writes to it", e->path,
				got == 0 ? "shrank" : "grew");
		got = got < want ? got : want;
		fill(w, got);
		offset += got;
		if (take_data(w, got, err) < 0)
			return -1;
	}
	return 0;
}

int slip_layer_writer_finish(
	struct slip_layer_writer *w, struct slip_layer_result *result, struct slip_err *err)
{
	slip_autobuf end = {0};

	if (w->data_left > 0)
		return slip_err_set(err, SLIP_E_IO, 0,
			"%llu bytes of the last file are missing in the layer",
			(unsigned long long)w->data_left);
	/* POSIX: two blocks of zeros end an archive. */
	if (add_bytes(w, NULL, 2 * SLIP_TAR_BLOCK, err) < 0 || send_block(w, true, err) < 0 ||
		wait_hash(w, err) < 0)
		return -1;
	while (w->in_flight > 0) {
		if (retire_block(w, err) < 0)
			return -1;
	}
	slip_buf_init(&end, 64);
	slip_compress_end(&w->method, w->crc, w->result.diff_size, &end);
	if (write_blob(w, end.data, end.len, err) < 0)
		return -1;
	slip_sha256_finish_digest(w->tar_hash, &w->result.diff_id);
	if (is_plain(w))
		w->result.digest = w->result.diff_id;
	else
		slip_sha256_finish_digest(w->blob_hash, &w->result.digest);
	*result = w->result;
	return 0;
}
