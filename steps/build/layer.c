#include "config.h"

#include "steps/build/layer.h"

#include "runner/base/log.h"
#include "runner/store/layout.h"
#include "steps/build/builder.h"

void slip_layer_release(struct slip_layer *l)
{
	slip_descriptor_release(&l->desc);
	slip_cleanup_free(&l->where);
}

void slip_layer_copy(struct slip_layer *dst, const struct slip_layer *src)
{
	memset(dst, 0, sizeof(*dst));
	slip_descriptor_init(&dst->desc);
	slip_descriptor_copy(&dst->desc, &src->desc);
	dst->diff_id = src->diff_id;
	dst->where = slip_xstrdup(src->where);
}

void slip_layers_add(struct slip_layers *ls, const struct slip_layer *l)
{
	slip_grow(ls->v, ls->n, &ls->cap);
	slip_layer_copy(&ls->v[ls->n++], l);
}

void slip_layers_release(struct slip_layers *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		slip_layer_release(&ls->v[i]);
	free(ls->v);
	memset(ls, 0, sizeof(*ls));
}

/* --- fetching ----------------------------------------------------------------------------------- */

static int to_spool(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	const struct slip_spool *sp = ctx;
	return slip_write_all(sp->fd, p, n, err);
}

static int from_registry(struct slip_builder *b, const struct slip_layer *l, struct slip_spool *sp,
	struct slip_err *err)
{
	slip_autoref repo = {0};
	if (slip_ref_parse_repo(l->where, &repo, err) < 0)
		return -1;
	return slip_registry_get_blob(b->registry, &repo, &l->desc, to_spool, sp, err);
}

/* Copied with its digest checked: a layout on disk is no more trusted than a registry. */
static int from_layout(struct slip_builder *b, const struct slip_layer *l, struct slip_spool *sp,
	struct slip_err *err)
{
	(void)b;
	slip_cleanup(slip_layout_cleanup) struct slip_layout *layout = NULL;
	slip_autoclose int fd = -1;
	if (slip_layout_open(l->where + strlen("oci:"), false, &layout, err) < 0 ||
		slip_layout_open_blob(layout, &l->desc.digest, &fd, NULL, err) < 0)
		return -1;
	const size_t size = 256 * 1024;
	slip_autofree void *buf = slip_xmalloc(size);
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	for (size_t got = 1; got;) {
		if (slip_read_upto(fd, buf, size, &got, err) < 0 ||
			slip_write_all(sp->fd, buf, got, err) < 0)
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

int slip_layer_fetch(struct slip_builder *b, const struct slip_layer *l, struct slip_err *err)
{
	if (slip_store_has_blob(b->store, &l->desc.digest))
		return 0;
	if (!l->where)
		return slip_err_set(err, SLIP_E_BUG, 0, "layer %s was made here, but is not in %s",
			l->desc.digest.s, slip_store_path(b->store));
	struct slip_spool sp;
	if (slip_spool_open(b->store, &sp, err) < 0)
		return -1;
	int rc = slip_starts_with(l->where, "oci:") ? from_layout(b, l, &sp, err)
						    : from_registry(b, l, &sp, err);
	if (rc == 0)
		rc = slip_spool_commit(&sp, &l->desc.digest, l->desc.size, err);
	slip_spool_abort(&sp);
	return rc < 0 ? slip_err_wrap(err, "layer %.19s", l->desc.digest.s) : 0;
}

struct fetch {
	struct slip_builder *b;
	const struct slip_layer *layer;
};

static int fetch_task(void *arg, struct slip_err *err)
{
	const struct fetch *f = arg;
	return slip_layer_fetch(f->b, f->layer, err);
}

int slip_layers_fetch(
	struct slip_builder *b, const struct slip_layer *v, size_t n, struct slip_err *err)
{
	slip_autofree struct fetch *fetches = slip_xcalloc(n + 1, sizeof(*fetches));
	slip_autofree struct slip_task **tasks = slip_xcalloc(n + 1, sizeof(struct slip_task *));
	for (size_t i = 0; i < n; i++) {
		fetches[i] = (struct fetch){b, &v[i]};
		if (!slip_store_has_blob(b->store, &v[i].desc.digest))
			tasks[i] = slip_pool_submit(b->io, fetch_task, &fetches[i]);
	}
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		if (tasks[i] && slip_task_wait(tasks[i], rc < 0 ? NULL : err) < 0)
			rc = -1;
	}
	return rc;
}
