#include "config.h"

#include "steps/build/fetch.h"

#include "runner/base/clock.h"
#include "runner/store/layout.h"
#include "steps/build/builder.h"
#include "steps/image/result.h"

#include <errno.h>
#include <pthread.h>

struct slip_fetch {
	struct slip_builder *b;
	const struct slip_layer *layer;
	struct slip_task *task; /* NULL: the store has it */
	struct slip_spool spool;
	int fd; /* to read from */
	uint64_t at; /* read so far */
	pthread_mutex_t lock;
	pthread_cond_t more;
	uint64_t arrived; /* bytes in the file */
	bool ended;
	bool failed; /* then the bytes are not all there */
	struct slip_err failure; /* of what was not done by the task */
};

/* --- the transfer -------------------------------------------------------------------------------
 */

static int arrive(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	struct slip_fetch *f = ctx;
	if (slip_write_all(f->spool.fd, p, n, err) < 0)
		return slip_store_explain(f->b->store, err);
	pthread_mutex_lock(&f->lock);
	f->arrived += n;
	pthread_cond_signal(&f->more);
	pthread_mutex_unlock(&f->lock);
	return 0;
}

static int from_registry(struct slip_fetch *f, struct slip_err *err)
{
	slip_autoref repo = {0};
	if (slip_ref_parse_repo(f->layer->where, &repo, err) < 0)
		return -1;
	return slip_registry_get_blob(f->b->registry, &repo, &f->layer->desc, arrive, f, err);
}

/* Copied with its digest checked: a layout on disk is no more trusted than a registry. */
static int from_layout(struct slip_fetch *f, struct slip_err *err)
{
	const struct slip_layer *l = f->layer;
	slip_cleanup(slip_layout_cleanup) struct slip_layout *layout = NULL;
	slip_autoclose int fd = -1;
	if (slip_layout_open(l->where + strlen("oci:"), false, &layout, err) < 0 ||
		slip_layout_open_blob(layout, &l->desc.digest, &fd, NULL, err) < 0)
		return -1;
	const size_t size = 256 * 1024;
	slip_autofree void *buf = slip_xmalloc_io(size);
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	for (size_t got = 1; got;) {
		if (slip_read_upto(fd, buf, size, &got, err) < 0 || arrive(f, buf, got, err) < 0)
			return -1;
		slip_sha256_add(h, buf, got);
	}
	struct slip_digest digest;
	slip_sha256_finish_digest(h, &digest);
	if (!slip_digest_equal(&digest, &l->desc.digest))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "%s: blob %s has the bytes of %s",
			l->where, l->desc.digest.s, digest.s);
	return 0;
}

static int transfer(void *arg, struct slip_err *err)
{
	struct slip_fetch *f = arg;
	double start = slip_clock_monotonic();
	bool is_local = slip_starts_with(f->layer->where, "oci:");
	int rc = is_local ? from_layout(f, err) : from_registry(f, err);
	if (rc == 0)
		rc = slip_spool_commit(&f->spool, &f->layer->desc.digest, f->layer->desc.size, err);
	if (rc == 0 && !is_local)
		slip_tell_pull(&f->layer->desc, slip_clock_monotonic() - start);
	pthread_mutex_lock(&f->lock);
	f->ended = true;
	f->failed = rc < 0;
	pthread_cond_signal(&f->more);
	pthread_mutex_unlock(&f->lock);
	return rc;
}

static int begin(struct slip_fetch *f, struct slip_err *err)
{
	struct slip_builder *b = f->b;
	const struct slip_digest *digest = &f->layer->desc.digest;
	uint64_t size = 0;
	if (slip_store_has_blob(b->store, digest)) {
		if (slip_store_open_blob(b->store, digest, &f->fd, &size, err) < 0)
			return -1;
		/* Of another size it is what a power cut left: fetched again, where that is
		 * possible. */
		if (size == f->layer->desc.size || !f->layer->where)
			return 0;
		slip_cleanup_close(&f->fd);
	}
	if (!f->layer->where)
		return slip_err_set(err, SLIP_E_BUG, 0, "layer %s was made here, but is not in %s",
			digest->s, slip_store_path(b->store));
	if (slip_spool_open(b->store, &f->spool, err) < 0)
		return -1;
	f->fd = fcntl(f->spool.fd, F_DUPFD_CLOEXEC, 3);
	if (f->fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "duplicate a descriptor");
	return 0;
}

/* Everything but the transfer, which is wanted when there is a spool. */
static struct slip_fetch *prepare(struct slip_builder *b, const struct slip_layer *l)
{
	struct slip_fetch *f = slip_xcalloc(1, sizeof(*f));
	f->b = b;
	f->layer = l;
	f->fd = -1;
	f->spool.fd = -1;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->more, NULL);
	(void)!begin(f, &f->failure);
	return f;
}

static bool is_wanted(const struct slip_fetch *f)
{
	return slip_err_is(&f->failure, SLIP_E_NONE) && f->spool.fd >= 0;
}

struct slip_fetch *slip_fetch_start(struct slip_builder *b, const struct slip_layer *l)
{
	struct slip_fetch *f = prepare(b, l);
	if (is_wanted(f))
		f->task = slip_pool_submit(b->io, transfer, f);
	return f;
}

int slip_fetch_finish(struct slip_fetch *f, struct slip_err *err)
{
	int rc = 0;
	if (f->task)
		rc = slip_task_wait(f->task, &f->failure);
	else if (!slip_err_is(&f->failure, SLIP_E_NONE))
		rc = -1;
	if (rc < 0 && f->layer->from_cache &&
		(slip_err_is(&f->failure, SLIP_E_NOTFOUND) ||
			slip_err_is(&f->failure, SLIP_E_DIGEST)))
		slip_cache_distrust(f->b->cache, &f->layer->desc.digest);
	if (rc < 0)
		(void)!slip_err_copy(err, &f->failure);
	slip_cleanup_close(&f->fd);
	slip_spool_abort(&f->spool);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->more);
	if (rc < 0)
		slip_err_wrap(err, "layer %.19s", f->layer->desc.digest.s);
	free(f);
	return rc;
}

/* --- reading along ------------------------------------------------------------------------------
 */

/* How many of *n bytes can be read now; waits for the first. 0 at the end. */
static int wait_for_bytes(struct slip_fetch *f, size_t *n, struct slip_err *err)
{
	if (!f->task)
		return 0;
	pthread_mutex_lock(&f->lock);
	while (f->arrived == f->at && !f->ended)
		pthread_cond_wait(&f->more, &f->lock);
	uint64_t there = f->arrived - f->at;
	bool failed = f->failed;
	pthread_mutex_unlock(&f->lock);
	if (!there && failed)
		return slip_err_set(err, SLIP_E_IO, 0, "the transfer of the layer failed");
	*n = there < *n ? (size_t)there : *n;
	return 0;
}

static int read_along(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct slip_fetch *f = ctx;
	*got = 0;
	if (f->fd < 0)
		return slip_err_set(err, SLIP_E_IO, 0, "the layer cannot be fetched");
	if (wait_for_bytes(f, &n, err) < 0)
		return -1;
	if (!n)
		return 0;
	ssize_t r;
	do {
		r = pread(f->fd, buf, n, (off_t)f->at);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "read the layer");
	f->at += (uint64_t)r;
	*got = (size_t)r;
	return 0;
}

struct slip_source slip_fetch_source(struct slip_fetch *f)
{
	return (struct slip_source){read_along, f};
}

/* --- whole layers -------------------------------------------------------------------------------
 */

/* On this thread: it may be one of the pool's, whose tasks must not wait for each other. */
int slip_layer_fetch(struct slip_builder *b, const struct slip_layer *l, struct slip_err *err)
{
	struct slip_fetch *f = prepare(b, l);
	if (is_wanted(f))
		(void)!transfer(f, &f->failure);
	return slip_fetch_finish(f, err);
}

int slip_layers_fetch(
	struct slip_builder *b, const struct slip_layer *v, size_t n, struct slip_err *err)
{
	slip_autofree struct slip_fetch **all = slip_xcalloc(n + 1, sizeof(struct slip_fetch *));
	for (size_t i = 0; i < n; i++)
		all[i] = slip_fetch_start(b, &v[i]);
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		if (slip_fetch_finish(all[i], rc < 0 ? NULL : err) < 0)
			rc = -1;
	}
	return rc;
}
