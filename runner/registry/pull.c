#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/oci/media.h"
#include "runner/registry/errors.h"

/* A download that gets this far between two faults is not the same fault again. */
#define PROGRESS (1 * SLIP_MIB)

/* --- manifests ----------------------------------------------------------------------------------
 */

void slip_manifest_bytes_release(struct slip_manifest_bytes *m)
{
	free(m->bytes);
	free(m->media_type);
	free(m->host);
	memset(m, 0, sizeof(*m));
}

static int check_manifest(const struct slip_ref *ref, const struct slip_http_response *resp,
	struct slip_digest *digest, struct slip_err *err)
{
	slip_digest_of(resp->body.data, resp->body.len, digest);
	if (slip_digest_is_set(&ref->digest) && !slip_digest_equal(&ref->digest, digest))
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"the manifest's digest is %s, expected %s", digest->s, ref->digest.s);
	return 0;
}

static void take_manifest(struct slip_http_response *resp, const struct slip_digest *digest,
	const struct slip_target *t, struct slip_manifest_bytes *out)
{
	const char *type = slip_http_header(resp, "content-type");
	size_t len = type ? strcspn(type, "; \t\n") : 0;
	out->media_type = slip_xstrndup(type ? type : "", len);
	out->digest = *digest;
	out->host = slip_xstrdup(t->host->name);
	out->len = resp->body.len;
	out->bytes = slip_buf_take(&resp->body);
}

static int try_manifest(struct slip_registry *r, const struct slip_target *t,
	const struct slip_ref *ref, struct slip_manifest_bytes *out, struct slip_err *err)
{
	slip_autoexchange x = {0};
	struct slip_http_response resp = {0};
	struct slip_digest digest;
	slip_exchange_init(&x, r, t, "pull the manifest of", "GET");
	slip_exchange_set_path(&x, "manifests/%s", slip_ref_target(ref));
	slip_strv_add(&x.headers, "Accept: " SLIP_MEDIA_ACCEPT);
	x.http.max_body = SLIP_MAX_MANIFEST;
	int rc = slip_exchange_do(&x, &resp, err);
	if (rc != 0)
		rc = slip_registry_unanswered(&x, err);
	else if (resp.status != 200)
		rc = slip_registry_refused(&x, &resp, err);
	else
		rc = check_manifest(ref, &resp, &digest, err);
	if (rc == 0)
		take_manifest(&resp, &digest, t, out);
	slip_http_response_release(&resp);
	return rc;
}

/* Wrong bytes may be a fault of the moment: asked for once more. */
static int get_manifest(struct slip_registry *r, const struct slip_target *t,
	const struct slip_ref *ref, struct slip_manifest_bytes *out, struct slip_err *err)
{
	int rc = try_manifest(r, t, ref, out, err);
	if (rc == 0 || !slip_err_is(err, SLIP_E_DIGEST))
		return rc;
	slip_err_clear(err);
	rc = try_manifest(r, t, ref, out, err);
	if (rc != 0 && slip_err_is(err, SLIP_E_DIGEST))
		slip_err_wrap(err, "pull the manifest of %s/%s", t->host->name, t->repo);
	return rc;
}

/* Another place is asked whatever the failure was, unless it lies with us. */
static bool may_go_on(const struct slip_err *err)
{
	return err->code == SLIP_E_AUTH || err->code == SLIP_E_NET ||
	       err->code == SLIP_E_REGISTRY || err->code == SLIP_E_NOTFOUND ||
	       err->code == SLIP_E_DIGEST || err->code == SLIP_E_LIMIT;
}

int slip_registry_get_manifest(struct slip_registry *r, const struct slip_ref *ref,
	struct slip_manifest_bytes *out, struct slip_err *err)
{
	slip_autotargets targets = {0};
	slip_autofree char *own = slip_host_key(slip_ref_api_host(ref));
	slip_hosts_targets(&r->hosts, ref, SLIP_ACCESS_PULL, &targets);
	for (size_t i = 0;; i++) {
		const struct slip_target *t = &targets.items[i];
		if (get_manifest(r, t, ref, out, err) == 0) {
			if (targets.n > 1 || !slip_streq(t->host->name, own))
				slip_info("%s/%s comes from %s", ref->domain, ref->path,
					t->host->name);
			return 0;
		}
		if (i + 1 == targets.n || !may_go_on(err))
			return -1;
		slip_info("%s; asking %s", err->msg, targets.items[i + 1].host->name);
		slip_err_clear(err);
	}
}

/* --- blobs --------------------------------------------------------------------------------------
 */

struct download {
	const struct slip_descriptor *desc;
	slip_http_sink *sink;
	void *ctx;
	struct slip_sha256 *sha;
	uint64_t got; /* bytes handed on */
	uint64_t skip; /* of this answer: bytes that were handed on before */
	bool is_ranged;
	bool no_range; /* this registry's ranges are not to be relied on */
};

static int try_again(struct slip_err *err, const char *why)
{
	slip_err_set(err, SLIP_E_NET, 0, "%s", why);
	err->status = SLIP_HTTP_RETRYABLE;
	return -1;
}

/* "bytes 100-199/200"; the total may be "*" (RFC 9110 section 14.4). */
static bool is_range(const char *text, uint64_t from, uint64_t size)
{
	slip_autofree char *known = slip_xasprintf("bytes %llu-%llu/%llu", (unsigned long long)from,
		(unsigned long long)size - 1, (unsigned long long)size);
	slip_autofree char *unknown = slip_xasprintf(
		"bytes %llu-%llu/*", (unsigned long long)from, (unsigned long long)size - 1);
	return text && (slip_streq(text, known) || slip_streq(text, unknown));
}

static int accept_blob(void *ctx, const struct slip_http_response *resp, struct slip_err *err)
{
	struct download *d = ctx;
	uint64_t size = d->desc->size;
	uint64_t length = size;
	d->skip = 0;
	if (resp->status == 206) {
		if (!d->is_ranged ||
			!is_range(slip_http_header(resp, "content-range"), d->got, size)) {
			d->no_range = true;
			return try_again(err, "the registry answered with another range");
		}
		length = size - d->got;
	} else {
		d->skip = d->got;
	}
	if (resp->content_length >= 0 && (uint64_t)resp->content_length != length)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"the registry has %lld bytes, expected %llu",
			(long long)resp->content_length, (unsigned long long)length);
	return 0;
}

static int take_blob(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	struct download *d = ctx;
	size_t skip = d->skip < n ? (size_t)d->skip : n;
	const char *bytes = (const char *)p + skip;
	d->skip -= skip;
	n -= skip;
	if (n > d->desc->size - d->got)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"the registry sends more than %llu bytes",
			(unsigned long long)d->desc->size);
	if (n == 0)
		return 0;
	slip_sha256_add(d->sha, bytes, n);
	d->got += n;
	return d->sink(d->ctx, bytes, n, err);
}

static int download_once(struct slip_registry *r, const struct slip_target *t, struct download *d,
	struct slip_exchange *x, struct slip_http_response *resp, struct slip_err *err)
{
	slip_exchange_init(x, r, t, "pull a blob of", "GET");
	slip_exchange_set_path(x, "blobs/%s", d->desc->digest.s);
	d->is_ranged = d->got > 0 && !d->no_range;
	if (d->is_ranged)
		slip_strv_addf(&x->headers, "Range: bytes=%llu-", (unsigned long long)d->got);
	x->http.sink = take_blob;
	x->http.accept = accept_blob;
	x->http.sink_ctx = d;
	if (slip_exchange_once(x, resp, err) != 0)
		return -1;
	if (resp->status == 416 && d->is_ranged) {
		d->no_range = true;
		return try_again(err, "the registry refuses the range");
	}
	if (resp->status >= 200 && resp->status <= 299 && d->got < d->desc->size)
		return try_again(err, "the answer ended early");
	return 0;
}

static int conclude(const struct slip_exchange *x, struct download *d, int rc,
	const struct slip_http_response *resp, struct slip_err *err)
{
	struct slip_digest digest;
	if (rc != 0)
		return slip_registry_unanswered(x, err);
	if (resp->status != 200 && resp->status != 206)
		return slip_registry_refused(x, resp, err);
	slip_sha256_finish_digest(d->sha, &digest);
	if (slip_digest_equal(&digest, &d->desc->digest))
		return 0;
	return slip_err_set(err, SLIP_E_DIGEST, 0,
		"pull a blob of %s/%s: its digest is %s, expected %s", x->target->host->name,
		x->target->repo, digest.s, d->desc->digest.s);
}

static int get_blob(struct slip_registry *r, const struct slip_target *t, struct download *d,
	struct slip_err *err)
{
	struct slip_retry retry;
	slip_retry_init(&retry, &r->policy);
	for (;;) {
		slip_autoexchange x = {0};
		struct slip_http_response resp = {0};
		uint64_t before = d->got;
		bool again;
		int rc = download_once(r, t, d, &x, &resp, err);
		if (d->got - before >= PROGRESS)
			slip_retry_progress(&retry);
		if (slip_exchange_pause(&x, &retry, rc, &resp, &again, err) != 0)
			return -1;
		if (again)
			continue;
		rc = conclude(&x, d, rc, &resp, err);
		slip_http_response_release(&resp);
		return rc;
	}
}

int slip_registry_get_blob(struct slip_registry *r, const struct slip_ref *ref,
	const struct slip_descriptor *desc, slip_http_sink *sink, void *ctx, struct slip_err *err)
{
	slip_autotargets targets = {0};
	slip_hosts_targets(&r->hosts, ref, SLIP_ACCESS_PULL, &targets);
	struct download d = {.desc = desc, .sink = sink, .ctx = ctx, .sha = slip_sha256_new()};
	int rc = -1;
	for (size_t i = 0; i < targets.n; i++) {
		rc = get_blob(r, &targets.items[i], &d, err);
		bool is_wrong = rc != 0 && slip_err_is(err, SLIP_E_DIGEST) && d.got > 0;
		if (rc == 0 || i + 1 == targets.n || !may_go_on(err) || is_wrong)
			break;
		slip_info("%s; asking %s", err->msg, targets.items[i + 1].host->name);
		slip_err_clear(err);
		d.no_range = false;
	}
	slip_sha256_free(d.sha);
	return rc;
}

int slip_registry_has_blob(struct slip_registry *r, const struct slip_ref *ref,
	const struct slip_digest *digest, bool *has, struct slip_err *err)
{
	slip_autotargets targets = {0};
	slip_hosts_targets(&r->hosts, ref, SLIP_ACCESS_PULL, &targets);
	slip_autoexchange x = {0};
	struct slip_http_response resp = {0};
	slip_exchange_init(&x, r, &targets.items[targets.n - 1], "look for a blob of", "HEAD");
	slip_exchange_set_path(&x, "blobs/%s", digest->s);
	int rc = slip_exchange_do(&x, &resp, err);
	if (rc != 0)
		rc = slip_registry_unanswered(&x, err);
	else if (resp.status == 200 || resp.status == 404)
		*has = resp.status == 200;
	else
		rc = slip_registry_refused(&x, &resp, err);
	slip_http_response_release(&resp);
	return rc;
}
