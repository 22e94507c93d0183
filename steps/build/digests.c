#include "config.h"

#include "steps/build/digests.h"

#include "runner/base/map.h"
#include "runner/base/proc.h"
#include "steps/build/builder.h"
#include "steps/build/copy.h"

#include <pthread.h>

#define MAX_WORKERS 16
#define READ_SIZE ((size_t)256 * 1024)

/* A digest, and what the file looked like when it was taken. */
struct known {
	uint64_t size;
	int64_t mtime;
	struct slip_digest digest;
};

struct early {
	struct slip_digests *d;
	const struct slip_stage *stage;
	struct slip_task *task;
};

struct slip_digests {
	struct slip_builder *b;
	struct early **early; /* under way */
	size_t n_early;
	size_t cap_early;
	struct slip_map known; /* path in the context to struct known; no early task may run */
	pthread_mutex_t lock; /* of known, between early tasks */
};

struct slip_digests *slip_digests_new(struct slip_builder *b)
{
	struct slip_digests *d = slip_xcalloc(1, sizeof(*d));
	d->b = b;
	slip_map_init(&d->known, free);
	pthread_mutex_init(&d->lock, NULL);
	return d;
}

static void wait_early(struct slip_digests *d)
{
	for (size_t i = 0; i < d->n_early; i++) {
		(void)!slip_task_wait(d->early[i]->task, NULL);
		free(d->early[i]);
	}
	d->n_early = 0;
}

void slip_digests_free(struct slip_digests *d)
{
	if (!d)
		return;
	wait_early(d);
	slip_map_release(&d->known);
	pthread_mutex_destroy(&d->lock);
	free(d->early);
	free(d);
}

/* --- hashing ------------------------------------------------------------------------------------
 */

/* Files to hash; workers take one after the other. */
struct job {
	struct slip_builder *b;
	const struct slip_copy_plan *plan;
	struct slip_digest *digests;
	_Atomic size_t next;
};

static int hash_file(
	struct job *job, const char *path, struct slip_sha256 *h, void *buf, struct slip_err *err)
{
	struct slip_source_tree *t = job->plan->source;
	slip_autoclose int fd = -1;
	if (t->ops->open(t, path, &fd, err) < 0)
		return -1;
	for (size_t got = 1; got;) {
		if (slip_read_upto(fd, buf, READ_SIZE, &got, err) < 0)
			return slip_err_wrap(err, "%s", path);
		slip_sha256_add(h, buf, got);
		atomic_fetch_add(&job->b->hashed, got);
	}
	return 0;
}

static bool is_wanted(const struct slip_copy_item *item)
{
	return item->source && item->e.type == SLIP_ENTRY_FILE;
}

static int hash_some(void *arg, struct slip_err *err)
{
	struct job *job = arg;
	slip_autofree void *buf = slip_xmalloc_io(READ_SIZE);
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	for (size_t i; (i = job->next++) < job->plan->n_items;) {
		const struct slip_copy_item *item = &job->plan->items[i];
		if (!is_wanted(item) || slip_digest_is_set(&job->digests[i]))
			continue;
		if (slip_cancel_check(err) < 0 ||
			(item->e.size && hash_file(job, item->source, h, buf, err) < 0))
			return -1;
		slip_sha256_finish_digest(h, &job->digests[i]);
	}
	return 0;
}

/* Fill in what is not set. */
static int hash_items(struct slip_builder *b, const struct slip_copy_plan *plan,
	struct slip_digest *digests, struct slip_err *err)
{
	struct job job = {.b = b, .plan = plan, .digests = digests};
	struct slip_task *tasks[MAX_WORKERS];
	size_t n = slip_pool_threads(b->cpu);
	n = n < MAX_WORKERS ? n : MAX_WORKERS;
	for (size_t i = 0; i < n; i++)
		tasks[i] = slip_pool_submit(b->cpu, hash_some, &job);
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		if (slip_task_wait(tasks[i], rc < 0 ? NULL : err) < 0)
			rc = -1;
	}
	return rc;
}

/* --- ahead of time ------------------------------------------------------------------------------
 */

static void keep(struct slip_digests *d, const struct slip_copy_plan *plan,
	const struct slip_digest *digests)
{
	pthread_mutex_lock(&d->lock);
	for (size_t i = 0; i < plan->n_items; i++) {
		const struct slip_copy_item *item = &plan->items[i];
		if (!is_wanted(item))
			continue;
		struct known *k = slip_xmalloc(sizeof(*k));
		*k = (struct known){item->e.size, item->e.mtime, digests[i]};
		slip_map_set(&d->known, item->source, k);
	}
	pthread_mutex_unlock(&d->lock);
}

/* One without variables, and from the context: what an ADD fetches is no path in it. */
static bool is_literal(const struct slip_instr *instr)
{
	if ((instr->kind != SLIP_I_COPY && instr->kind != SLIP_I_ADD) || instr->copy.from)
		return false;
	for (size_t i = 0; i < instr->copy.sources.n; i++) {
		const char *source = instr->copy.sources.v[i];
		if (strpbrk(source, "$\\:@"))
			return false;
	}
	return instr->copy.sources.n > 0;
}

static int hash_literal(
	struct slip_digests *d, const struct slip_instr *instr, struct slip_err *err)
{
	struct slip_copy_plan plan;
	const struct slip_copy_step step = {
		.sources = instr->copy.sources, .excludes = instr->copy.excludes};
	if (slip_copy_plan_make(&step, slip_context_source(d->b->context), &plan, err) < 0)
		return -1;
	slip_autofree struct slip_digest *digests =
		slip_xcalloc(plan.n_items + 1, sizeof(*digests));
	int rc = hash_items(d->b, &plan, digests, err);
	if (rc == 0)
		keep(d, &plan, digests);
	slip_copy_plan_release(&plan);
	return rc;
}

static int hash_early(void *arg, struct slip_err *err)
{
	const struct early *e = arg;
	for (size_t i = 0; i < e->stage->instrs.n; i++) {
		const struct slip_instr *instr = &e->stage->instrs.v[i];
		if (is_literal(instr) && hash_literal(e->d, instr, err) < 0)
			return -1;
	}
	return 0;
}

static bool has_literal(const struct slip_stage *stage)
{
	for (size_t i = 0; i < stage->instrs.n; i++) {
		if (is_literal(&stage->instrs.v[i]))
			return true;
	}
	return false;
}

void slip_digests_begin(struct slip_digests *d, const struct slip_stage *stage)
{
	if (!has_literal(stage))
		return;
	struct early *e = slip_xmalloc(sizeof(*e));
	*e = (struct early){.d = d, .stage = stage};
	slip_grow(d->early, d->n_early, &d->cap_early);
	d->early[d->n_early++] = e;
	e->task = slip_pool_submit(d->b->io, hash_early, e);
}

/* --- in time ------------------------------------------------------------------------------------
 */

int slip_digests_of(struct slip_digests *d, const struct slip_copy_plan *plan,
	struct slip_digest *out, struct slip_err *err)
{
	wait_early(d);
	for (size_t i = 0; i < plan->n_items; i++) {
		const struct slip_copy_item *item = &plan->items[i];
		const struct known *k =
			is_wanted(item) ? slip_map_get(&d->known, item->source) : NULL;
		if (k && k->size == item->e.size && k->mtime == item->e.mtime)
			out[i] = k->digest;
	}
	return hash_items(d->b, plan, out, err);
}
