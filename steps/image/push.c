#include "config.h"

#include "steps/image/push.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "runner/base/map.h"
#include "runner/base/proc.h"
#include "steps/image/result.h"

/* One blob on its way to one repository. */
struct upload {
	const struct slip_push *p;
	const struct slip_push_blob *blob;
	const struct slip_ref *repo;
	struct slip_strv from; /* repositories of the same host that have it */
	struct slip_task *task;
	bool takes_open; /* struct slip_blob_source */
};

static int upload_blob(void *arg, struct slip_err *err)
{
	struct upload *u = arg;
	const struct slip_descriptor *desc = u->blob->desc;
	enum slip_push_how how;
	double start = slip_clock_monotonic();
	struct slip_blob_source source = {
		.mounts = &u->from,
		.open = u->p->open,
		.ctx = u->blob->ctx,
		.is_small = u->blob->is_small,
		.takes_open = u->takes_open,
	};
	if (slip_registry_push_blob(u->p->registry, u->repo, desc, &source, &how, err) < 0)
		return -1;
	slip_tell_push(how, desc, slip_clock_monotonic() - start);
	return 0;
}

/* A wrong guess costs nothing: the upload goes on in the session that the mount opened. */
static void add_origin(struct upload *u)
{
	slip_autoref origin = {0};
	if (!u->blob->where || slip_ref_parse_repo(u->blob->where, &origin, NULL) < 0)
		return;
	if (slip_streq(u->blob->host ? u->blob->host : origin.domain, u->repo->domain))
		slip_strv_add(&u->from, origin.path);
}

/*
 * The one that is most likely sent: a blob that is in no repository yet, else the small one, which
 * most often is new and the only one.
 */
static const struct slip_push_blob *choose_sent(const struct slip_push *p)
{
	const struct slip_push_blob *small = NULL;

	for (size_t i = 0; i < p->n_blobs; i++) {
		if (p->blobs[i].is_small)
			small = &p->blobs[i];
		else if (!p->blobs[i].where)
			return &p->blobs[i];
	}
	return small;
}

static int push_blobs(const struct slip_push *p, const struct slip_ref *repo, struct slip_err *err)
{
	slip_autofree struct upload *uploads = slip_xcalloc(p->n_blobs + 1, sizeof(*uploads));
	slip_automap seen;
	slip_map_init(&seen, NULL);
	const struct slip_push_blob *first = choose_sent(p);
	size_t n = 0;
	for (size_t i = 0; i < p->n_blobs; i++) {
		const struct slip_push_blob *blob = &p->blobs[i];
		if (slip_map_get(&seen, blob->desc->digest.s))
			continue;
		slip_map_set(&seen, blob->desc->digest.s, (void *)blob);
		struct upload *u = &uploads[n++];
		u->p = p;
		u->takes_open = blob == first;
		u->blob = blob;
		u->repo = repo;
		add_origin(u);
		u->task = slip_pool_submit(p->io, upload_blob, u);
	}
	int rc = 0;
	for (size_t i = 0; i < n; i++) {
		if (slip_task_wait(uploads[i].task, rc < 0 ? NULL : err) < 0)
			rc = -1;
		slip_strv_release(&uploads[i].from);
	}
	return rc;
}

static int put_documents(
	const struct slip_push *p, const struct slip_ref *dest, struct slip_err *err)
{
	slip_autoref untagged = {0};
	slip_ref_copy(&untagged, dest);
	if (slip_ref_set_tag(&untagged, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_documents; i++) {
		const struct slip_push_document *d = &p->documents[i];
		bool is_image = i + 1 == p->n_documents;
		if (slip_cancel_check(err) < 0 ||
			slip_registry_put_manifest(p->registry, is_image ? dest : &untagged,
				d->media_type, d->bytes, d->len, err) < 0)
			return -1;
	}
	return 0;
}

/* A registry that has lost a blob since it said to have it gets the blobs once more. */
static int push_documents(
	const struct slip_push *p, const struct slip_ref *dest, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	if (put_documents(p, dest, &why) < 0) {
		if (!slip_err_is(&why, SLIP_E_REGISTRY) || why.status != SLIP_REGISTRY_BLOB_UNKNOWN)
			return slip_err_copy(err, &why);
		slip_debug("%s; pushing the blobs again", why.msg);
		if (push_blobs(p, dest, err) < 0 || put_documents(p, dest, err) < 0)
			return -1;
	}
	slip_autofree char *name = slip_ref_print(dest);
	slip_event("image.pushed", "ref", name, "digest", p->documents[p->n_documents - 1].digest.s,
		NULL);
	return 0;
}

static int parse_destinations(
	const struct slip_strv *names, struct slip_ref *refs, struct slip_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		if (slip_ref_parse(names->v[i], SLIP_REF_TAG_DEFAULT, &refs[i], err) < 0)
			return slip_err_wrap(err, "destination %s", names->v[i]);
	}
	return 0;
}

static bool is_repeated(const struct slip_ref *refs, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (slip_ref_same_repo(&refs[k], &refs[i]))
			return true;
	}
	return false;
}

static int push_all(
	const struct slip_push *p, const struct slip_ref *refs, size_t n, struct slip_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_repeated(refs, i) && push_blobs(p, &refs[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (push_documents(p, &refs[i], err) < 0)
			return -1;
	}
	return 0;
}

int slip_push_image(
	const struct slip_push *p, const struct slip_strv *destinations, struct slip_err *err)
{
	slip_autofree struct slip_ref *refs = slip_xcalloc(destinations->n + 1, sizeof(*refs));
	int rc = parse_destinations(destinations, refs, err);
	if (rc == 0)
		rc = push_all(p, refs, destinations->n, err);
	for (size_t i = 0; i < destinations->n; i++)
		slip_ref_release(&refs[i]);
	return rc;
}

/* --- rights -------------------------------------------------------------------------------------
 */

struct push_right {
	struct slip_registry *registry;
	struct slip_ref ref;
	struct slip_task *task;
};

struct slip_push_check {
	struct push_right *rights;
	size_t n;
	int rc; /* of the tasks that were waited for */
	bool is_told;
	struct slip_err err;
};

static int check_right(void *arg, struct slip_err *err)
{
	struct push_right *r = arg;
	return slip_registry_check_push(r->registry, &r->ref, err);
}

static bool is_asked(const struct slip_push_check *c, const struct slip_ref *ref)
{
	for (size_t i = 0; i < c->n; i++) {
		if (slip_ref_same_repo(&c->rights[i].ref, ref))
			return true;
	}
	return false;
}

struct slip_push_check *slip_push_check_start(
	struct slip_registry *registry, struct slip_pool *io, const struct slip_strv *destinations)
{
	struct slip_push_check *c = slip_xcalloc(1, sizeof(*c));
	c->rights = slip_xcalloc(destinations->n + 1, sizeof(*c->rights));
	for (size_t i = 0; i < destinations->n; i++) {
		struct push_right *r = &c->rights[c->n];
		if (slip_ref_parse(destinations->v[i], SLIP_REF_TAG_DEFAULT, &r->ref, NULL) < 0)
			continue; /* the push itself reports it */
		if (is_asked(c, &r->ref)) {
			slip_ref_release(&r->ref);
			continue;
		}
		r->registry = registry;
		r->task = slip_pool_submit(io, check_right, r);
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
	if (c->rc == 0)
		return 0;
	/* The instruction that waits for the answer is not what failed. */
	if (err && !c->is_told)
		slip_event("phase.start", "text", "asking for the right to push", NULL);
	c->is_told |= err != NULL;
	return slip_err_copy(err, &c->err);
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
