#include "config.h"

#include "steps/context/download.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/net/url.h"
#include "runner/registry/retry.h"

#include <errno.h>

struct sink {
	const struct slip_download *d;
	int fd;
	uint64_t size;
	struct slip_sha256 *hash;
};

static int take(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	struct sink *s = ctx;
	if (n > s->d->max_bytes - s->size)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "%s is larger than %llu bytes",
			s->d->label, (unsigned long long)s->d->max_bytes);
	s->size += n;
	slip_sha256_add(s->hash, p, n);
	return slip_write_all(s->fd, p, n, err);
}

static int rewind_sink(struct sink *s, struct slip_err *err)
{
	uint8_t unused[SLIP_SHA256_SIZE];
	s->size = 0;
	slip_sha256_finish(s->hash, unused);
	if (ftruncate(s->fd, 0) < 0 || lseek(s->fd, 0, SEEK_SET) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "rewind a download");
	return 0;
}

/* --- redirects ----------------------------------------------------------------------------------
 */

/* S3 answers 301 without a Location where the region is wrong: there is nothing to follow. */
static bool is_redirect(const struct slip_http_response *resp)
{
	long status = resp->status;
	if (!slip_http_header(resp, "location"))
		return false;
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int check_place(const struct slip_url *first, const struct slip_url *from,
	const struct slip_url *to, struct slip_err *err)
{
	slip_autofree char *text = slip_url_print_public(to);
	if (slip_streq(from->scheme, "https") && slip_streq(to->scheme, "http"))
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "redirect from https to %s refused", text);
	enum slip_url_zone zone = slip_url_zone(to->host);
	if (zone == SLIP_ZONE_NAME || zone == SLIP_ZONE_PUBLIC ||
		(zone == slip_url_zone(first->host) && zone != SLIP_ZONE_LINK_LOCAL))
		return 0;
	return slip_err_set(err, SLIP_E_REGISTRY, 0,
		"redirect to %s refused: it is inside of the network", text);
}

static int follow(const struct slip_url *first, struct slip_url *url,
	const struct slip_http_response *resp, struct slip_err *err)
{
	slip_autourl next = {0};
	const char *location = slip_http_header(resp, "location");
	if (slip_url_join(url, location, &next, err) < 0)
		return slip_err_wrap(err, "redirect");
	if (check_place(first, url, &next, err) < 0)
		return -1;
	slip_url_copy(url, &next);
	return 0;
}

static int send_request(const struct slip_download *d, const struct slip_url *url, bool is_own,
	struct sink *sink, struct slip_http_response *resp, struct slip_err *err)
{
	slip_autofree char *text = slip_url_print(url);
	struct slip_http_request req;
	slip_http_request_init(&req, "GET", text);
	req.headers = is_own ? d->headers : NULL;
	req.aws = is_own ? d->aws : NULL;
	req.sink = take;
	req.sink_ctx = sink;
	return slip_http_do(d->http, &req, resp, err);
}

static int download_once(const struct slip_download *d, struct sink *sink,
	struct slip_http_response *resp, struct slip_err *err)
{
	slip_autourl first = {0}, url = {0};
	memset(resp, 0, sizeof(*resp));
	if (slip_url_parse(d->url, &first, err) < 0) {
		err->code = SLIP_E_USAGE;
		return -1;
	}
	slip_url_copy(&url, &first);
	for (int hops = 0;; hops++) {
		if (rewind_sink(sink, err) < 0 ||
			send_request(d, &url, slip_url_same_origin(&first, &url), sink, resp, err) <
				0)
			return -1;
		if (!is_redirect(resp))
			return 0;
		if (hops == SLIP_MAX_REDIRECTS)
			return slip_err_set(err, SLIP_E_REGISTRY, 0, "more than %d redirects",
				SLIP_MAX_REDIRECTS);
		if (follow(&first, &url, resp, err) < 0)
			return -1;
		slip_http_response_release(resp);
	}
}

/* --- answers ------------------------------------------------------------------------------------
 */

/* S3 and Azure explain themselves in XML: <Code>NoSuchKey</Code>. "" when there is none. */
static void error_code(const struct slip_http_response *resp, char out[64])
{
	static const char open[] = "<Code>";
	const char *text = resp->body.data ? strstr(resp->body.data, open) : NULL;
	size_t n = 0;
	if (text) {
		text += sizeof(open) - 1;
		while (n < 63 && text[n] && text[n] != '<')
			n++;
		memcpy(out, text, n);
	}
	out[n] = '\0';
}

static int refused(
	const struct slip_download *d, const struct slip_http_response *resp, struct slip_err *err)
{
	char code[64];
	bool is_denied = resp->status == 401 || resp->status == 403;
	bool is_absent = resp->status == 404 || resp->status == 410;
	bool is_misled = resp->status == 301 || resp->status == 400; /* S3: another region */
	const char *remedy = is_denied || is_misled ? d->remedy : NULL;
	error_code(resp, code);
	return slip_err_set(err,
		is_denied   ? SLIP_E_AUTH
		: is_absent ? SLIP_E_NOTFOUND
			    : SLIP_E_REGISTRY,
		0, "%s: %s (status %ld%s%s)%s%s", d->label,
		is_denied   ? "access refused"
		: is_absent ? "there is no such file"
			    : "the server did not give it",
		resp->status, *code ? ", " : "", code, remedy ? "; " : "", remedy ? remedy : "");
}

static int judge(const struct slip_download *d, struct sink *sink,
	const struct slip_http_response *resp, struct slip_err *err)
{
	struct slip_digest digest;
	if (resp->status != 200)
		return refused(d, resp, err);
	slip_sha256_finish_digest(sink->hash, &digest);
	if (d->digest && !slip_digest_equal(&digest, d->digest))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "%s has the digest %s, not %s", d->label,
			digest.s, d->digest->s);
	if (lseek(sink->fd, 0, SEEK_SET) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "rewind a download");
	return 0;
}

/* After a failed attempt: wait and say so, or leave *again false. */
static int pause_before_retry(struct slip_retry *retry, const char *what, int rc,
	struct slip_http_response *resp, bool *again, struct slip_err *err)
{
	double pause = 0;
	*again = slip_retry_is_transient(rc, resp, err) &&
		 slip_retry_next(retry, rc == 0 ? resp : NULL, slip_clock_monotonic(),
			 slip_retry_random(), &pause);
	if (!*again)
		return 0;
	slip_autofree char *status = slip_xasprintf("status %ld", resp->status);
	slip_info("%s: %s; attempt %u of %u in %.1f s", what, rc == 0 ? status : err->msg,
		retry->made + 1, retry->policy->attempts, pause);
	slip_http_response_release(resp);
	slip_err_clear(err);
	return slip_retry_sleep(pause, err);
}

int slip_download(const struct slip_download *d, int fd, struct slip_err *err)
{
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *hash = slip_sha256_new();
	struct sink sink = {.d = d, .fd = fd, .hash = hash};
	struct slip_err why = SLIP_ERR_INIT;
	struct slip_retry retry;
	slip_retry_init(&retry, &slip_retry_default);
	for (;;) {
		struct slip_http_response resp;
		bool again;
		int rc = download_once(d, &sink, &resp, &why);
		if (pause_before_retry(&retry, d->label, rc, &resp, &again, &why) < 0) {
			slip_http_response_release(&resp);
			return slip_err_copy(err, &why);
		}
		if (again)
			continue;
		if (rc == 0)
			rc = judge(d, &sink, &resp, err);
		else
			rc = (slip_err_copy(err, &why), slip_err_wrap(err, "%s", d->label));
		slip_http_response_release(&resp);
		return rc;
	}
}

int slip_ask_service(struct slip_http *http, const struct slip_http_request *req, const char *what,
	bool patient, struct slip_http_response *resp, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	struct slip_retry retry;
	slip_retry_init(&retry, &slip_retry_default);
	for (;;) {
		bool again = false;
		int rc = slip_http_do(http, req, resp, &why);
		if (patient && pause_before_retry(&retry, what, rc, resp, &again, &why) < 0)
			return slip_err_copy(err, &why);
		if (again)
			continue;
		if (rc < 0) {
			slip_err_copy(err, &why);
			return slip_err_wrap(err, "%s", what);
		}
		if (resp->status == 200)
			return 0;
		return slip_err_set(
			err, SLIP_E_AUTH, 0, "%s answered with status %ld", what, resp->status);
	}
}
