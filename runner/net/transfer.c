#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/net/ca.h"
#include "runner/net/http_internal.h"

#include <errno.h>

#define BULK_BUFFER (512L * 1024) /* curl's largest receive buffer */
#define STALL_RATE 1024 /* bytes per second */
#define REGISTRY_HASH_RATE (10.0 * 1024 * 1024)

static bool is_success(const struct slip_transfer *t)
{
	return t->resp->status >= 200 && t->resp->status <= 299;
}

/* --- callbacks, on the transfer thread ----------------------------------------------------------
 */

static void add_header(struct slip_map *headers, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	if (!colon || colon == line)
		return;
	size_t name_len = (size_t)(colon - line);
	slip_autofree char *name = slip_xstrndup(line, name_len);
	for (char *c = name; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	const char *value = colon + 1;
	const char *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && strchr(" \t\r\n", end[-1]))
		end--;
	slip_autofree char *text = slip_xstrndup(value, (size_t)(end - value));
	const char *before = slip_smap_get(headers, name);
	slip_autofree char *joined = before ? slip_xasprintf("%s\n%s", before, text) : NULL;
	slip_smap_set(headers, name, joined ? joined : text);
}

static size_t on_header(char *p, size_t size, size_t count, void *arg)
{
	struct slip_transfer *t = arg;
	size_t len = size * count;
	t->moved += len;
	t->header_bytes += len;
	if (t->header_bytes > SLIP_MAX_HEADERS) {
		slip_err_set(&t->err, SLIP_E_LIMIT, 0,
			"response headers are larger than %llu bytes",
			(unsigned long long)SLIP_MAX_HEADERS);
		return 0;
	}
	if (len > 5 && memcmp(p, "HTTP/", 5) == 0) /* a new response: the one before was a 1xx */
		slip_map_clear(&t->resp->headers);
	else
		add_header(&t->resp->headers, p, len);
	return len;
}

static void note_head(struct slip_transfer *t)
{
	curl_off_t length = -1;
	slip_curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->resp->status);
	slip_curl.easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	t->resp->content_length = length;
}

static int sink_body(struct slip_transfer *t, const char *p, size_t len)
{
	const struct slip_http_request *req = t->req;
	if (!t->is_accepted && req->accept && req->accept(req->sink_ctx, t->resp, &t->err) != 0)
		return -1;
	t->is_accepted = true;
	if (req->sink(req->sink_ctx, p, len, &t->err) != 0)
		return -1;
	t->resp->sunk += len;
	return 0;
}

static size_t on_body(char *p, size_t size, size_t count, void *arg)
{
	struct slip_transfer *t = arg;
	struct slip_buf *body = &t->resp->body;
	size_t len = size * count;
	t->moved += len;
	atomic_fetch_add(&t->total->received, len);
	note_head(t);
	if (t->req->sink && is_success(t))
		return sink_body(t, p, len) == 0 ? len : 0;
	if (!is_success(t) && len > body->max - body->len) {
		slip_buf_add(body, p, body->max - body->len);
		t->is_cut = true;
		return 0;
	}
	slip_buf_add(body, p, len);
	return slip_buf_check(body, "the response", &t->err) == 0 ? len : 0;
}

static size_t on_read(char *p, size_t size, size_t count, void *arg)
{
	struct slip_transfer *t = arg;
	const struct slip_http_request *req = t->req;
	uint64_t left = (uint64_t)req->body_size - t->sent;
	size_t want = size * count < left ? size * count : (size_t)left;
	if (req->body) {
		memcpy(p, (const char *)req->body + t->sent, want);
	} else if (want > 0) {
		ssize_t got = pread(req->body_fd, p, want, (off_t)(req->body_offset + t->sent));
		if (got <= 0) {
			slip_err_set(&t->err, SLIP_E_IO, got < 0 ? errno : 0,
				"read what is to be uploaded: %llu of %lld bytes are there",
				(unsigned long long)t->sent, (long long)req->body_size);
			return CURL_READFUNC_ABORT;
		}
		want = (size_t)got;
	}
	t->sent += want;
	t->moved += want;
	atomic_fetch_add(&t->total->sent, want);
	return want;
}

/* curl rewinds when a kept-alive connection turns out to be dead. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct slip_transfer *t = arg;
	if (origin != SEEK_SET || offset < 0 || offset > t->req->body_size)
		return CURL_SEEKFUNC_FAIL;
	t->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- setting up, on the calling thread ----------------------------------------------------------
 */

#define SET(t, option, value) ((void)slip_curl.easy_setopt((t)->easy, (option), (value)))

static void set_limits(struct slip_transfer *t, const struct slip_transfer_setup *setup)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(t, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(t, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(t, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(t, CURLOPT_FOLLOWLOCATION, 0L);
	SET(t, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(t, CURLOPT_NOSIGNAL, 1L);
	SET(t, CURLOPT_NOPROGRESS, 1L);
	SET(t, CURLOPT_CONNECTTIMEOUT_MS, setup->connect_timeout_ms);
	SET(t, CURLOPT_TCP_NODELAY, 1L);
	SET(t, CURLOPT_USERAGENT, setup->user_agent);
	SET(t, CURLOPT_ERRORBUFFER, t->curl_text);
	SET(t, CURLOPT_PRIVATE, t);
}

static void set_tls(struct slip_transfer *t, const struct slip_transfer_setup *setup)
{
	const struct slip_http_tls *tls = &t->req->tls;
	SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(t, CURLOPT_SSL_VERIFYPEER, tls->skip_verify ? 0L : 1L);
	SET(t, CURLOPT_SSL_VERIFYHOST, tls->skip_verify ? 0L : 2L);
	/* Without a directory curl may keep the parsed certificates for later connections. */
	SET(t, CURLOPT_CAPATH, NULL);
	if (setup->ca_bundle) {
		struct curl_blob blob = {
			.data = setup->ca_bundle->data,
			.len = setup->ca_bundle->len,
			.flags = CURL_BLOB_NOCOPY,
		};
		SET(t, CURLOPT_CAINFO, NULL);
		SET(t, CURLOPT_CAINFO_BLOB, &blob);
	} else {
		SET(t, CURLOPT_CAINFO, slip_ca_file());
	}
	if (tls->client_cert) {
		SET(t, CURLOPT_SSLCERT, tls->client_cert);
		SET(t, CURLOPT_SSLKEY, tls->client_key);
	}
}

static void set_body(struct slip_transfer *t)
{
	const struct slip_http_request *req = t->req;
	bool is_head = slip_streq(req->method, "HEAD");
	bool is_bulk = req->body_size > 0 && !req->body;
	if (is_head)
		SET(t, CURLOPT_NOBODY, 1L);
	if (req->body_size >= 0 && !is_head) {
		SET(t, CURLOPT_UPLOAD, 1L);
		SET(t, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->body_size);
		SET(t, CURLOPT_READFUNCTION, on_read);
		SET(t, CURLOPT_READDATA, t);
		SET(t, CURLOPT_SEEKFUNCTION, on_seek);
		SET(t, CURLOPT_SEEKDATA, t);
	}
	if (!is_head)
		SET(t, CURLOPT_CUSTOMREQUEST, req->method);
	if (is_bulk)
		SET(t, CURLOPT_UPLOAD_BUFFERSIZE, BULK_BUFFER);
	if (req->sink)
		SET(t, CURLOPT_BUFFERSIZE, BULK_BUFFER);
	bool is_tls = slip_starts_with(req->url, "https:");
	SET(t, CURLOPT_HTTP_VERSION,
		(long)(is_tls && !is_bulk ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	/* Requests that start together wait for one connection rather than open one each. */
	SET(t, CURLOPT_PIPEWAIT, is_tls && !is_bulk ? 1L : 0L);
	SET(t, CURLOPT_HEADERFUNCTION, on_header);
	SET(t, CURLOPT_HEADERDATA, t);
	SET(t, CURLOPT_WRITEFUNCTION, on_body);
	SET(t, CURLOPT_WRITEDATA, t);
}

static int add_request_header(struct slip_transfer *t, const char *line, struct slip_err *err)
{
	if (strpbrk(line, "\r\n"))
		return slip_err_set(err, SLIP_E_BUG, 0, "line break in a request header");
	t->headers = slip_curl.slist_append(t->headers, line);
	return 0;
}

/* libcurl signs all headers that are given to it, and since 7.88 leaves S3's payload hash to us. */
static int set_signature(struct slip_transfer *t, struct slip_err *err)
{
	const struct slip_http_aws *aws = t->req->aws;
	if (!aws)
		return 0;
#if LIBCURL_VERSION_NUM >= 0x075800
	slip_autofree char *scope = slip_xasprintf("aws:amz:%s:%s", aws->region, aws->service);
	SET(t, CURLOPT_AWS_SIGV4, scope);
	SET(t, CURLOPT_USERNAME, aws->access_key);
	SET(t, CURLOPT_PASSWORD, aws->secret_key);
	if (add_request_header(t, "x-amz-content-sha256: UNSIGNED-PAYLOAD", err) < 0)
		return -1;
	if (!aws->session_token)
		return 0;
	slip_autofree char *token = slip_xasprintf("x-amz-security-token: %s", aws->session_token);
	return add_request_header(t, token, err);
#else
	return slip_err_set(err, SLIP_E_USAGE, 0,
		"this program was built with libcurl " LIBCURL_VERSION
		", which cannot sign requests to S3; 7.88 can");
#endif
}

static int set_headers(struct slip_transfer *t, struct slip_err *err)
{
	const struct slip_strv *headers = t->req->headers;
	t->headers = slip_curl.slist_append(NULL, "Expect:");
	for (size_t i = 0; headers && i < headers->n; i++) {
		if (add_request_header(t, headers->v[i], err) < 0)
			return -1;
	}
	if (set_signature(t, err) < 0)
		return -1;
	SET(t, CURLOPT_HTTPHEADER, t->headers);
	return 0;
}

static int set_target(
	struct slip_transfer *t, const struct slip_transfer_setup *setup, struct slip_err *err)
{
	slip_autourl url = {0};
	if (slip_url_parse(t->req->url, &url, err) != 0)
		return -1;
	t->public_url = slip_url_print_public(&url);
	SET(t, CURLOPT_URL, t->req->url);
	const char *proxy = t->req->is_direct ? "" : slip_proxy_for(setup->proxy, &url);
	const char *at = strrchr(proxy, '@');
	if (at) {
		const char *user = strstr(proxy, "://") ? strstr(proxy, "://") + 3 : proxy;
		const char *password = memchr(user, ':', (size_t)(at - user));
		if (password)
			slip_redact_add(password + 1, (size_t)(at - password - 1));
	}
	SET(t, CURLOPT_PROXY, proxy); /* "" also keeps curl from reading the environment */
	SET(t, CURLOPT_NOPROXY, "");
	return 0;
}

int slip_transfer_init(struct slip_transfer *t, const struct slip_http_request *req,
	struct slip_http_response *resp, const struct slip_transfer_setup *setup,
	struct slip_err *err)
{
	memset(t, 0, sizeof(*t));
	t->req = req;
	t->resp = resp;
	t->total = setup->total;
	t->easy = slip_curl.easy_init();
	if (!t->easy)
		return slip_err_set(err, SLIP_E_IO, 0, "libcurl cannot make a handle");
	pthread_cond_init(&t->finished, NULL);
	t->started = t->mark_time = slip_clock_monotonic();
	set_limits(t, setup);
	set_tls(t, setup);
	set_body(t);
	if (set_headers(t, err) != 0 || set_target(t, setup, err) != 0) {
		slip_transfer_release(t);
		return -1;
	}
	return 0;
}

void slip_transfer_release(struct slip_transfer *t)
{
	slip_curl.easy_cleanup(t->easy);
	slip_curl.slist_free_all(t->headers);
	free(t->public_url);
	pthread_cond_destroy(&t->finished);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static enum slip_http_failure classify(CURLcode code)
{
	/* curl has a hundred codes; the rest is neither transient nor about trust. */
	static const struct {
		CURLcode code;
		enum slip_http_failure failure;
	} table[] = {
		{CURLE_COULDNT_RESOLVE_HOST, SLIP_HTTP_CONNECT},
		{CURLE_COULDNT_RESOLVE_PROXY, SLIP_HTTP_CONNECT},
		{CURLE_COULDNT_CONNECT, SLIP_HTTP_CONNECT},
		{CURLE_SSL_CONNECT_ERROR, SLIP_HTTP_CONNECT},
		{CURLE_PROXY, SLIP_HTTP_CONNECT},
		{CURLE_SEND_ERROR, SLIP_HTTP_RETRYABLE},
		{CURLE_RECV_ERROR, SLIP_HTTP_RETRYABLE},
		{CURLE_GOT_NOTHING, SLIP_HTTP_RETRYABLE},
		{CURLE_PARTIAL_FILE, SLIP_HTTP_RETRYABLE},
		{CURLE_HTTP2, SLIP_HTTP_RETRYABLE},
		{CURLE_HTTP2_STREAM, SLIP_HTTP_RETRYABLE},
		{CURLE_AGAIN, SLIP_HTTP_RETRYABLE},
		{CURLE_SEND_FAIL_REWIND, SLIP_HTTP_RETRYABLE},
		{CURLE_PEER_FAILED_VERIFICATION, SLIP_HTTP_TLS},
		{CURLE_SSL_ISSUER_ERROR, SLIP_HTTP_TLS},
		{CURLE_SSL_CERTPROBLEM, SLIP_HTTP_TLS},
		{CURLE_SSL_CACERT_BADFILE, SLIP_HTTP_TLS},
		{CURLE_SSL_INVALIDCERTSTATUS, SLIP_HTTP_TLS},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++)
		if (table[i].code == code)
			return table[i].failure;
	return SLIP_HTTP_PERMANENT;
}

/* CURLE_OPERATION_TIMEDOUT comes from the connection phase only: the rest is our own guard. */
static void set_failure(struct slip_transfer *t, CURLcode code)
{
	const char *text = t->curl_text[0] ? t->curl_text : slip_curl.easy_strerror(code);
	long os_errno = 0;
	slip_curl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	slip_err_set(&t->err, SLIP_E_NET, 0, "%s", text);
	t->err.sys = (int)os_errno;
	t->err.status = code == CURLE_OPERATION_TIMEDOUT ? SLIP_HTTP_CONNECT : (int)classify(code);
}

void slip_transfer_conclude(struct slip_transfer *t, CURLcode code)
{
	note_head(t);
	if (code == CURLE_OK || t->is_cut) {
		t->result = 0;
		return;
	}
	if (t->err.code == SLIP_E_NONE)
		set_failure(t, code);
	slip_err_wrap(&t->err, "%s %s", t->req->method, t->public_url);
	t->result = -1;
}

/*
 * A transfer must move 1 KiB/s, measured over the guard's window. Waiting for an answer is allowed
 * twice that, and after an upload as long as a slow registry needs to hash and store the body.
 */
int slip_transfer_guard(struct slip_transfer *t, double now, long stall_seconds)
{
	if (t->req->timeout_ms > 0 && now - t->started > (double)t->req->timeout_ms / 1e3) {
		slip_err_set(&t->err, SLIP_E_NET, 0, "no complete answer within %ld ms",
			t->req->timeout_ms);
		t->err.status = SLIP_HTTP_RETRYABLE;
		return -1;
	}
	double patience = (double)stall_seconds;
	bool is_waiting = t->header_bytes == 0 &&
			  (t->req->body_size <= 0 || t->sent == (uint64_t)t->req->body_size);
	if (is_waiting && t->req->body_size > 0)
		patience = 2 * patience + (double)t->req->body_size / REGISTRY_HASH_RATE;
	if ((double)(t->moved - t->moved_mark) >= STALL_RATE * (double)stall_seconds) {
		t->moved_mark = t->moved;
		t->mark_time = now;
	}
	if (now - t->mark_time <= patience)
		return 0;
	slip_err_set(
		&t->err, SLIP_E_NET, 0, "stalled: less than 1 KiB/s for %.0f seconds", patience);
	t->err.status = SLIP_HTTP_RETRYABLE;
	return -1;
}
