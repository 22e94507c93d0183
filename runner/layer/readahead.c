#include "config.h"

#include "runner/layer/readahead.h"

#include "runner/base/limits.h"

#define BLOCK_SIZE (512 * SLIP_KIB)

struct block {
	uint8_t *data;
	size_t len; /* less than BLOCK_SIZE only at the end */
};

struct slip_readahead {
	struct slip_source in;
	struct slip_pool *pool;
	struct slip_task *task; /* fills `next` */
	struct block now;
	struct block next;
	size_t pos; /* in `now` */
	bool ended;
};

static int fill(void *arg, struct slip_err *err)
{
	struct slip_readahead *r = arg;

	r->next.len = 0;
	while (r->next.len < BLOCK_SIZE) {
		size_t got = 0;
		if (slip_source_read(&r->in, r->next.data + r->next.len, BLOCK_SIZE - r->next.len,
			    &got, err) < 0)
			return -1;
		if (got == 0)
			break;
		r->next.len += got;
	}
	return 0;
}

struct slip_readahead *slip_readahead_new(struct slip_source in, struct slip_pool *pool)
{
	struct slip_readahead *r = slip_xcalloc(1, sizeof(*r));

	r->in = in;
	r->pool = pool;
	r->now.data = slip_xmalloc_io(BLOCK_SIZE);
	r->next.data = slip_xmalloc_io(BLOCK_SIZE);
	r->task = slip_pool_submit(pool, fill, r);
	return r;
}

/* Make the block that was read ahead the present one, and have the next one read. */
static int advance(struct slip_readahead *r, struct slip_err *err)
{
	struct slip_task *task = slip_steal_ptr(&r->task);
	struct block old = r->now;

	r->ended = true; /* also after an error */
	r->now.len = 0;
	r->pos = 0;
	if (!task)
		return 0;
	if (slip_task_wait(task, err) < 0)
		return -1;
	r->now = r->next;
	r->next = old;
	r->ended = r->now.len == 0;
	if (r->now.len == BLOCK_SIZE)
		r->task = slip_pool_submit(r->pool, fill, r);
	return 0;
}

static int readahead_read(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct slip_readahead *r = ctx;

	*got = 0;
	if (r->pos == r->now.len && !r->ended && advance(r, err) < 0)
		return -1;
	size_t left = r->now.len - r->pos;
	*got = n < left ? n : left;
	memcpy(buf, r->now.data + r->pos, *got);
	r->pos += *got;
	return 0;
}

struct slip_source slip_readahead_source(struct slip_readahead *r)
{
	return (struct slip_source){.read = readahead_read, .ctx = r};
}

void slip_readahead_free(struct slip_readahead *r)
{
	if (!r)
		return;
	/* Its result would have come with a read that nobody wants any more. */
	if (r->task && slip_task_wait(r->task, NULL) < 0)
		r->ended = true;
	free(r->now.data);
	free(r->next.data);
	free(r);
}

void slip_readahead_cleanup(struct slip_readahead **r)
{
	slip_readahead_free(*r);
	*r = NULL;
}
