#include "config.h"

#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "steps/build/fetch.h"
#include "steps/build/output.h"

/* One blob on its way to one repository. */
struct blob_push {
	struct slip_output *o;
	const struct slip_ref *repo;
	const struct slip_descriptor *desc;
	const struct slip_layer *layer; /* NULL: the config */
	struct slip_strv from; /* repositories of the same host that have it */
	struct slip_task *task;
};

/* Asked for only when the registry can neither find nor mount the blob. */
static int open_blob(void *ctx, const struct slip_descriptor *desc, int *fd, struct slip_err *err)
{
	const struct blob_push *p = ctx;
	if (p->layer && slip_layer_fetch(p->o->b, p->layer, err) < 0)
		return -1;
	return slip_store_open_blob(p->o->b->store, &desc->digest, fd, NULL, err);
}

static int push_blob(void *arg, struct slip_err *err)
{
	static const char *const how_names[] = {"found", "mounted", "uploaded"};
	struct blob_push *p = arg;
	enum slip_push_how how;
	struct slip_blob_source source = {
		.mounts = &p->from, .open = open_blob, .ctx = p, .is_small = !p->layer};
	if (slip_registry_push_blob(p->o->b->registry, p->repo, p->desc, &source, &how, err) < 0)
		return -1;
	char bytes[24];
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)p->desc->size);
	slip_event("transfer.done", "what", how_names[how], "digest", p->desc->digest.s, "bytes",
		bytes, NULL);
	return 0;
}

/*
 * Where on the same host the blob may be mounted from: where it was found or, if it was made here,
 * the cache it was put into. A wrong guess costs nothing, the upload goes on in the session it
 * opened.
 */
static void add_origins(struct blob_push *p)
{
	const struct slip_builder *b = p->o->b;
	const char *host = p->repo->domain;
	if (!p->layer->where) {
		const struct slip_ref *cache = b->cache ? slip_cache_repo(b->cache) : NULL;
		if (cache && slip_streq(cache->domain, host))
			slip_strv_add(&p->from, cache->path);
		return;
	}
	slip_autoref origin = {0};
	if (slip_starts_with(p->layer->where, "oci:") ||
		slip_ref_parse_repo(p->layer->where, &origin, NULL) < 0)
		return;
	if (slip_streq(p->layer->host ? p->layer->host : origin.domain, host))
		slip_strv_add(&p->from, origin.path);
}

static bool seen_before(const struct slip_manifest *m, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (slip_digest_equal(&m->layers[k].digest, &m->layers[i].digest))
			return true;
	}
	return false;
}

static int push_blobs(struct slip_output *o, const struct slip_ref *repo, struct slip_err *err)
{
	const struct slip_manifest *m = &o->manifest;
	slip_autofree struct blob_push *pushes = slip_xcalloc(m->n_layers + 1, sizeof(*pushes));
	size_t n = 0;
	for (size_t i = 0; i <= m->n_layers; i++) {
		if (i < m->n_layers && seen_before(m, i))
			continue;
		struct blob_push *p = &pushes[n++];
		p->o = o;
		p->repo = repo;
		p->desc = i < m->n_layers ? &m->layers[i] : &m->config;
		p->layer = i < m->n_layers ? &o->layers.v[i] : NULL;
		if (p->layer)
			add_origins(p);
		p->task = slip_pool_submit(o->b->io, push_blob, p);
	}
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		if (slip_task_wait(pushes[i].task, rc < 0 ? NULL : err) < 0)
			rc = -1;
		slip_strv_release(&pushes[i].from);
	}
	return rc;
}

static int push_manifest(struct slip_output *o, const struct slip_ref *dest, struct slip_err *err)
{
	if (slip_registry_put_manifest(o->b->registry, dest, slip_manifest_media_type(&o->manifest),
		    o->manifest_text, strlen(o->manifest_text), err) < 0)
		return -1;
	slip_autofree char *name = slip_ref_print(dest);
	slip_event("image.pushed", "ref", name, "digest", o->digest.s, NULL);
	return 0;
}

static int parse_destinations(
	const struct slip_strv *names, struct slip_ref *refs, struct slip_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		if (slip_ref_parse(names->v[i], SLIP_REF_TAG_DEFAULT, &refs[i], err) < 0)
			return slip_err_wrap(err, "--destination %s", names->v[i]);
	}
	return 0;
}

/* Blobs of every repository are there before the first tag moves. */
static int push_all(
	struct slip_output *o, const struct slip_ref *refs, size_t n, struct slip_err *err)
{
	for (size_t i = 0; i < n; i++) {
		bool done = false;
		for (size_t k = 0; k < i && !done; k++)
			done = slip_ref_same_repo(&refs[k], &refs[i]);
		if (!done && push_blobs(o, &refs[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (slip_cancel_check(err) < 0 || push_manifest(o, &refs[i], err) < 0)
			return -1;
	}
	return 0;
}

int slip_output_push(struct slip_output *o, struct slip_err *err)
{
	const struct slip_strv *names = &o->b->req->destinations;
	slip_autofree struct slip_ref *refs = slip_xcalloc(names->n + 1, sizeof(*refs));
	int rc = parse_destinations(names, refs, err);
	if (rc == 0)
		rc = push_all(o, refs, names->n, err);
	for (size_t i = 0; i < names->n; i++)
		slip_ref_release(&refs[i]);
	return rc;
}

/* --- rights -------------------------------------------------------------------------------------
 */

struct push_right {
	struct slip_builder *b;
	struct slip_ref ref;
	struct slip_task *task;
};

struct slip_push_check {
	struct push_right *rights;
	size_t n;
	int rc; /* of the tasks that were waited for */
	struct slip_err err;
};

static int check_right(void *arg, struct slip_err *err)
{
	struct push_right *r = arg;
	return slip_registry_check_push(r->b->registry, &r->ref, err);
}

struct slip_push_check *slip_push_check_start(struct slip_builder *b)
{
	const struct slip_strv *names = &b->req->destinations;
	struct slip_push_check *c = slip_xcalloc(1, sizeof(*c));
	c->rights = slip_xcalloc(names->n + 1, sizeof(*c->rights));
	if (b->req->no_push || b->req->skip_push_permission_check)
		return c;
	for (size_t i = 0; i < names->n; i++) {
		struct push_right *r = &c->rights[c->n];
		if (slip_ref_parse(names->v[i], SLIP_REF_TAG_DEFAULT, &r->ref, NULL) < 0)
			continue; /* the push itself reports it */
		bool done = false;
		for (size_t k = 0; k < c->n && !done; k++)
			done = slip_ref_same_repo(&c->rights[k].ref, &r->ref);
		if (done) {
			slip_ref_release(&r->ref);
			continue;
		}
		r->b = b;
		r->task = slip_pool_submit(b->io, check_right, r);
		c->n++;
	}
	return c;
}

int slip_push_check_wait(struct slip_push_check *c, struct slip_err *err)
{
	if (!c)
		return 0;
	for (size_t i = 0; i < c->n; i++) {
		struct slip_task *task = slip_steal_ptr(&c->rights[i].task);
		if (task && slip_task_wait(task, c->rc < 0 ? NULL : &c->err) < 0)
			c->rc = -1;
	}
	return c->rc < 0 ? slip_err_copy(err, &c->err) : 0;
}

void slip_push_check_free(struct slip_push_check *c)
{
	if (!c)
		return;
	(void)!slip_push_check_wait(c, NULL);
	for (size_t i = 0; i < c->n; i++)
		slip_ref_release(&c->rights[i].ref);
	free(c->rights);
	free(c);
}
