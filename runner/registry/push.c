#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/registry/errors.h"

#define MAX_MOUNT_TRIES 3
#define UPLOAD_ACTION "push a blob to"
/* Registries keep an upload open for minutes at least, but nothing obliges them to. */
#define SPARE_SECONDS 60

/* --- one upload for each blob -------------------------------------------------------------------
 */

/* Values of the pushes map; plain tags, nothing to free. */
static char state_busy[] = "busy";
static char state_done[] = "done";

/* False when the blob is there already; true makes this thread its uploader. */
static bool claim(struct slip_registry *r, const char *key)
{
	pthread_mutex_lock(&r->lock);
	while (slip_map_get(&r->pushes, key) == state_busy)
		pthread_cond_wait(&r->changed, &r->lock);
	bool is_ours = slip_map_get(&r->pushes, key) != state_done;
	if (is_ours)
		slip_map_set(&r->pushes, key, state_busy);
	pthread_mutex_unlock(&r->lock);
	return is_ours;
}

static void release_claim(struct slip_registry *r, const char *key, bool is_done)
{
	pthread_mutex_lock(&r->lock);
	if (is_done)
		slip_map_set(&r->pushes, key, state_done);
	else
		slip_map_remove(&r->pushes, key);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* The registry has lost blobs of a repository: what we know of it is void. */
static void forget_repository(struct slip_registry *r, const struct slip_target *t)
{
	slip_autofree char *prefix = slip_xasprintf("%s/%s@", t->host->name, t->repo);
	pthread_mutex_lock(&r->lock);
	for (size_t i = r->pushes.n; i-- > 0;) {
		struct slip_map_entry *e = &r->pushes.entries[i];
		if (e->value == state_done && slip_starts_with(e->key, prefix)) {
			slip_autofree char *key = slip_xstrdup(e->key);
			slip_map_remove(&r->pushes, key);
		}
	}
	pthread_mutex_unlock(&r->lock);
}

/* --- upload sessions ----------------------------------------------------------------------------
 */

struct push {
	struct slip_registry *registry;
	const struct slip_target *target;
	const struct slip_descriptor *desc;
	const struct slip_blob_source *source;
	struct slip_url session; /* where the upload goes; host NULL: none is open */
};

/*
 * A registry behind a TLS proxy may call itself http: on its own host that is put right, anything
 * else must not leave TLS.
 */
static int check_location(
	const struct slip_exchange *x, struct slip_url *location, struct slip_err *err)
{
	const struct slip_url *from = &x->answered;
	if (slip_streq(from->scheme, "https") && slip_streq(location->scheme, "http")) {
		if (!slip_streq(from->host, location->host))
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"the registry sends an upload from https to http on %s: refused",
				location->host);
		free(location->scheme);
		location->scheme = slip_xstrdup("https");
		location->port = from->port;
	}
	return slip_exchange_check_zone(x->registry, x->target, location, "upload", err);
}

static int take_session(const struct slip_exchange *x, const struct slip_http_response *resp,
	struct slip_url *session, struct slip_err *err)
{
	slip_autourl url = {0};
	const char *location = slip_http_header(resp, "location");
	if (!location)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"%s %s/%s: answered 202 without a Location", x->action,
			x->target->host->name, x->target->repo);
	if (slip_url_join(&x->answered, location, &url, err) != 0 ||
		check_location(x, &url, err) != 0)
		return slip_err_wrap(
			err, "%s %s/%s", x->action, x->target->host->name, x->target->repo);
	slip_url_release(session);
	*session = url;
	memset(&url, 0, sizeof(url));
	return 0;
}

static int start_session(struct slip_registry *r, const struct slip_target *t, const char *action,
	struct slip_url *session, struct slip_err *err)
{
	slip_autoexchange x = {0};
	struct slip_http_response resp = {0};
	slip_exchange_init(&x, r, t, action, "POST");
	slip_exchange_set_path(&x, "blobs/uploads/");
	x.http.body_size = 0;
	int rc = slip_exchange_do(&x, &resp, err);
	if (rc != 0)
		rc = slip_registry_unanswered(&x, err);
	else if (resp.status != 202)
		rc = slip_registry_refused(&x, &resp, err);
	else
		rc = take_session(&x, &resp, session, err);
	slip_http_response_release(&resp);
	return rc;
}

/* Leave nothing behind; how that ends is the registry's business. */
static void cancel_session(
	struct slip_registry *r, const struct slip_target *t, struct slip_url *session)
{
	struct slip_err ignored = SLIP_ERR_INIT;
	struct slip_http_response resp = {0};
	slip_autoexchange x = {0};
	slip_exchange_init(&x, r, t, "cancel an upload to", "DELETE");
	slip_url_copy(&x.location, session);
	if (slip_exchange_once(&x, &resp, &ignored) != 0)
		slip_debug("%s", ignored.msg);
	slip_http_response_release(&resp);
	slip_url_release(session);
}

/* --- sessions of checks -------------------------------------------------------------------------
 */

struct slip_spare_session {
	struct slip_ref ref;
	struct slip_url session;
	double since;
	struct slip_spare_session *next;
};

static void spare_free(struct slip_spare_session *s)
{
	slip_ref_release(&s->ref);
	slip_url_release(&s->session);
	free(s);
}

static void keep_spare(
	struct slip_registry *r, const struct slip_ref *ref, const struct slip_url *session)
{
	struct slip_spare_session *s = slip_xcalloc(1, sizeof(*s));
	slip_ref_copy(&s->ref, ref);
	slip_url_copy(&s->session, session);
	s->since = slip_clock_monotonic();
	pthread_mutex_lock(&r->lock);
	s->next = r->spares;
	r->spares = s;
	pthread_mutex_unlock(&r->lock);
}

/* Any one if ref is NULL. The caller frees it. */
static struct slip_spare_session *remove_spare(struct slip_registry *r, const struct slip_ref *ref)
{
	pthread_mutex_lock(&r->lock);
	struct slip_spare_session **p = &r->spares;
	while (*p && ref && !slip_ref_same_repo(&(*p)->ref, ref))
		p = &(*p)->next;
	struct slip_spare_session *s = *p;
	if (s)
		*p = s->next;
	pthread_mutex_unlock(&r->lock);
	return s;
}

static void cancel_spare(struct slip_registry *r, struct slip_spare_session *s)
{
	slip_autotargets targets = {0};
	slip_hosts_targets(&r->hosts, &s->ref, SLIP_ACCESS_PUSH, &targets);
	cancel_session(r, &targets.items[0], &s->session);
	spare_free(s);
}

static bool take_spare(
	struct slip_registry *r, const struct slip_ref *ref, struct slip_url *session)
{
	struct slip_spare_session *s = remove_spare(r, ref);
	if (!s)
		return false;
	if (slip_clock_monotonic() - s->since > SPARE_SECONDS) {
		cancel_spare(r, s);
		return false;
	}
	slip_url_copy(session, &s->session);
	spare_free(s);
	return true;
}

void slip_registry_drop_spares(struct slip_registry *r)
{
	for (struct slip_spare_session *s; (s = remove_spare(r, NULL));)
		cancel_spare(r, s);
}

/* --- HEAD and mount -----------------------------------------------------------------------------
 */

/* Whatever is not a clear yes counts as no: the upload's own answer decides. */
static int look(const struct push *p, bool *has, struct slip_err *err)
{
	slip_autoexchange x = {0};
	struct slip_http_response resp = {0};
	slip_exchange_init(&x, p->registry, p->target, "look for a blob of", "HEAD");
	slip_exchange_set_path(&x, "blobs/%s", p->desc->digest.s);
	int rc = slip_exchange_do(&x, &resp, err);
	if (rc != 0)
		rc = slip_registry_unanswered(&x, err);
	*has = rc == 0 && resp.status == 200;
	slip_http_response_release(&resp);
	return rc;
}

/* Keep the session that a registry offers instead of a mount. */
static int judge_mount(struct push *p, const struct slip_exchange *x,
	const struct slip_http_response *resp, bool *is_mounted, struct slip_err *err)
{
	*is_mounted = resp->status == 201;
	if (*is_mounted)
		return 0;
	if (resp->status == 202)
		return take_session(x, resp, &p->session, err);
	return slip_registry_refused(x, resp, err);
}

/* True when the blob is there now. A refusal of any kind only means that it must be uploaded. */
static bool mount_from(struct push *p, const char *from)
{
	slip_autoexchange x = {0};
	slip_autofree char *encoded = slip_url_encode(from);
	struct slip_http_response resp = {0};
	struct slip_err err = SLIP_ERR_INIT;
	bool is_mounted = false;
	slip_exchange_init(&x, p->registry, p->target, "mount a blob into", "POST");
	slip_exchange_set_path(&x, "blobs/uploads/?mount=%s&from=%s", p->desc->digest.s, encoded);
	x.mount_from = from;
	x.http.body_size = 0;
	if (slip_exchange_once(&x, &resp, &err) != 0 ||
		judge_mount(p, &x, &resp, &is_mounted, &err) != 0)
		slip_debug("mount from %s: %s", from, err.msg);
	slip_http_response_release(&resp);
	return is_mounted;
}

static bool mount(struct push *p, const struct slip_strv *from)
{
	for (size_t i = 0; from && i < from->n && i < MAX_MOUNT_TRIES; i++) {
		if (slip_streq(from->v[i], p->target->repo))
			continue;
		if (p->session.host)
			cancel_session(p->registry, p->target, &p->session);
		if (mount_from(p, from->v[i]))
			return true;
	}
	return false;
}

/* --- upload -------------------------------------------------------------------------------------
 */

static bool is_stored(long status)
{
	return status == 200 || status == 201 || status == 202 || status == 204;
}

/* Faults of a session, not of the request: a new session may do. */
static bool is_session_fault(const struct slip_http_response *resp)
{
	if (resp->status == 404 || resp->status == 416)
		return true;
	return resp->status == 400 && (slip_registry_has_code(resp, "BLOB_UPLOAD_INVALID") ||
					      slip_registry_has_code(resp, "BLOB_UPLOAD_UNKNOWN"));
}

static int check_stored(const struct slip_exchange *x, const struct slip_http_response *resp,
	const struct slip_digest *expected, struct slip_err *err)
{
	const char *digest = slip_http_header(resp, "docker-content-digest");
	if (!digest || slip_streq(digest, expected->s) || !slip_starts_with(digest, "sha256:"))
		return 0;
	return slip_err_set(err, SLIP_E_DIGEST, 0,
		"%s %s/%s: the registry stored %.80s, expected %s", x->action,
		x->target->host->name, x->target->repo, digest, expected->s);
}

static int put_blob(struct push *p, struct slip_exchange *x, struct slip_http_response *resp,
	struct slip_err *err)
{
	slip_autoclose int fd = -1;
	slip_exchange_init(x, p->registry, p->target, UPLOAD_ACTION, "PUT");
	if (p->source->open(p->source->ctx, p->desc, &fd, err) != 0)
		return -1;
	slip_url_copy(&x->location, &p->session);
	slip_url_add_param(&x->location, "digest", p->desc->digest.s);
	slip_strv_add(&x->headers, "Content-Type: application/octet-stream");
	x->http.body_fd = fd;
	x->http.body_size = (int64_t)p->desc->size;
	int rc = slip_exchange_once(x, resp, err);
	x->http.body_fd = -1;
	if (rc != 0 || !is_session_fault(resp))
		return rc;
	slip_autofree char *answer = slip_registry_print_answer(resp);
	slip_err_set(err, SLIP_E_NET, 0, "the upload was lost: %s", answer);
	err->status = SLIP_HTTP_RETRYABLE;
	return -1;
}

static int conclude(const struct push *p, const struct slip_exchange *x, int rc,
	const struct slip_http_response *resp, struct slip_err *err)
{
	if (rc != 0)
		return slip_registry_unanswered(x, err);
	if (!is_stored(resp->status))
		return slip_registry_refused(x, resp, err);
	return check_stored(x, resp, &p->desc->digest, err);
}

/* A session that failed is not used again: monolithic uploads start anew. */
static int upload(struct push *p, struct slip_err *err)
{
	struct slip_retry retry;
	slip_retry_init(&retry, &p->registry->policy);
	for (;;) {
		slip_autoexchange x = {0};
		struct slip_http_response resp = {0};
		bool again;
		if (!p->session.host &&
			start_session(p->registry, p->target, UPLOAD_ACTION, &p->session, err) != 0)
			return -1;
		int rc = put_blob(p, &x, &resp, err);
		slip_url_release(&p->session);
		if (slip_exchange_pause(&x, &retry, rc, &resp, &again, err) != 0)
			return -1;
		if (!again) {
			rc = conclude(p, &x, rc, &resp, err);
			slip_http_response_release(&resp);
			return rc;
		}
		bool has; /* the answer may have been lost, not the blob */
		if (look(p, &has, err) != 0)
			return -1;
		if (has)
			return 0;
	}
}

static int push(
	struct push *p, const struct slip_ref *ref, enum slip_push_how *how, struct slip_err *err)
{
	bool has;
	*how = SLIP_PUSH_UPLOADED;
	bool takes_open = p->source->takes_open;
	if (takes_open && p->source->is_small && take_spare(p->registry, ref, &p->session))
		return upload(p, err);
	if (look(p, &has, err) != 0)
		return -1;
	if (has) {
		*how = SLIP_PUSH_EXISTED;
		return 0;
	}
	if (mount(p, p->source->mounts)) {
		*how = SLIP_PUSH_MOUNTED;
		return 0;
	}
	if (takes_open && !p->session.host)
		(void)take_spare(p->registry, ref, &p->session);
	return slip_cancel_check(err) != 0 ? -1 : upload(p, err);
}

int slip_registry_push_blob(struct slip_registry *r, const struct slip_ref *ref,
	const struct slip_descriptor *desc, const struct slip_blob_source *source,
	enum slip_push_how *how, struct slip_err *err)
{
	slip_autotargets targets = {0};
	slip_hosts_targets(&r->hosts, ref, SLIP_ACCESS_PUSH, &targets);
	const struct slip_target *t = &targets.items[0];
	slip_autofree char *key =
		slip_xasprintf("%s/%s@%s", t->host->name, t->repo, desc->digest.s);
	if (!claim(r, key)) {
		*how = SLIP_PUSH_EXISTED;
		return 0;
	}
	struct push p = {
		.registry = r,
		.target = t,
		.desc = desc,
		.source = source,
	};
	int rc = push(&p, ref, how, err);
	slip_url_release(&p.session);
	release_claim(r, key, rc == 0);
	return rc;
}

int slip_registry_check_push(
	struct slip_registry *r, const struct slip_ref *ref, struct slip_err *err)
{
	slip_autotargets targets = {0};
	slip_autourl session = {0};
	slip_hosts_targets(&r->hosts, ref, SLIP_ACCESS_PUSH, &targets);
	if (start_session(r, &targets.items[0], "push to", &session, err) != 0)
		return -1;
	keep_spare(r, ref, &session);
	return 0;
}

/* --- manifests ----------------------------------------------------------------------------------
 */

int slip_registry_put_manifest(struct slip_registry *r, const struct slip_ref *ref,
	const char *media_type, const void *bytes, size_t len, struct slip_err *err)
{
	slip_autotargets targets = {0};
	struct slip_digest digest;
	struct slip_http_response resp = {0};
	slip_hosts_targets(&r->hosts, ref, SLIP_ACCESS_PUSH, &targets);
	slip_digest_of(bytes, len, &digest);
	slip_autoexchange x = {0};
	slip_exchange_init(&x, r, &targets.items[0], "push the manifest to", "PUT");
	slip_exchange_set_path(&x, "manifests/%s", ref->tag ? ref->tag : digest.s);
	slip_strv_addf(&x.headers, "Content-Type: %s", media_type);
	x.http.body = bytes;
	x.http.body_size = (int64_t)len;
	int rc = slip_exchange_do(&x, &resp, err);
	if (rc != 0) {
		rc = slip_registry_unanswered(&x, err);
	} else if (is_stored(resp.status)) {
		rc = check_stored(&x, &resp, &digest, err);
	} else {
		rc = slip_registry_refused(&x, &resp, err);
		if (slip_registry_has_code(&resp, "MANIFEST_BLOB_UNKNOWN") ||
			slip_registry_has_code(&resp, "BLOB_UNKNOWN")) {
			forget_repository(r, x.target);
			err->code = SLIP_E_REGISTRY;
			err->status = SLIP_REGISTRY_BLOB_UNKNOWN;
		}
	}
	slip_http_response_release(&resp);
	return rc;
}
