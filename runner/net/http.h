/*
 * HTTP. Only user of libcurl. All transfers of the program share one thread and one connection
 * pool.
 *
 * A request is one exchange: redirects are not followed, statuses are not judged and nothing is
 * retried here, since what is right depends on the protocol above (registry/). Header names of
 * responses are lower-case. Bodies are bounded. Calls block; any thread may make them, save a sink.
 * A signal that asks the program to stop ends running transfers with SLIP_E_CANCELLED.
 *
 * Small requests to a TLS host share one HTTP/2 connection where the server speaks it. Bodies sent
 * from a descriptor use HTTP/1.1: a stream's flow-control window makes HTTP/2 uploads slower.
 *
 * Environment: proxies as of proxy.h, trusted certificates as of ca.h; never .netrc.
 */
#ifndef SLIP_NET_HTTP_H
#define SLIP_NET_HTTP_H

#include "runner/base/buf.h"
#include "runner/base/map.h"
#include "runner/base/strv.h"

struct slip_http;

struct slip_http_options {
	const char *user_agent; /* borrowed; NULL: "slipway/<version>" */
	long connect_timeout_ms; /* name, connection and TLS handshake; 0: 10 s */
	long stall_seconds; /* 0: 30 s under 1 KiB/s end a transfer */
};

int slip_http_new(const struct slip_http_options *opt, struct slip_http **out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_http_free(struct slip_http *h); /* no transfer may be running; NULL is fine */
/* Bytes of bodies so far, of all transfers; repeated ones count again. NULL has had none. */
void slip_http_traffic(const struct slip_http *h, uint64_t *received, uint64_t *sent);

/* How to speak TLS to one host; everything is borrowed. Zeroed: verify with the system's CAs. */
struct slip_http_tls {
	bool skip_verify;
	const struct slip_strv *ca_files; /* PEM, in addition to the system's */
	const char *client_cert; /* PEM, with client_key */
	const char *client_key;
};

/* Sign a request with AWS Signature Version 4; the body, if any, is not part of the signature. */
struct slip_http_aws {
	const char *region;
	const char *service;
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* NULL: none */
};

struct slip_http_response {
	long status;
	struct slip_map headers; /* string to string; repeated ones are joined by LF */
	struct slip_buf body;
	int64_t content_length; /* -1 when unknown */
	uint64_t sunk; /* bytes given to the sink */
};

/* Called on the transfer thread with body bytes as they come; -1 ends the transfer with *err. */
typedef int slip_http_sink(void *ctx, const void *p, size_t n, struct slip_err *err);
/*
 * Called there once before the first byte of a 2xx body: does the sink want this answer (206 and
 * its Content-Range, ...)? -1 ends the transfer with *err.
 */
typedef int slip_http_accept(
	void *ctx, const struct slip_http_response *resp, struct slip_err *err);

struct slip_http_request {
	const char *method;
	const char *url;
	const struct slip_strv *headers; /* "Name: value" */
	const void *body; /* body_size bytes; NULL: they are read from body_fd */
	int body_fd; /* with pread, from body_offset on */
	int64_t body_offset;
	int64_t body_size; /* -1: no body; 0: an empty one ("Content-Length: 0") */
	struct slip_http_tls tls;
	const struct slip_http_aws *aws; /* NULL: not signed; borrowed */
	bool is_direct; /* past any proxy: what only this machine can reach (metadata services) */
	size_t max_body; /* of a response kept in memory; other statuses than 2xx are cut there */
	slip_http_sink *sink; /* gets the body of a 2xx response instead of memory */
	slip_http_accept *accept; /* may be NULL */
	void *sink_ctx;
	long timeout_ms; /* whole exchange; 0: none beyond the stall guard */
};

/* GET-like: no body, responses of at most SLIP_MAX_ERROR_BODY. */
void slip_http_request_init(struct slip_http_request *r, const char *method, const char *url);
/*
 * Perform one exchange. 0 means that a complete response came, whatever its status. Otherwise the
 * sink's own error, SLIP_E_LIMIT, SLIP_E_IO (body_fd), SLIP_E_CANCELLED, or SLIP_E_NET with
 * err->status one of enum slip_http_failure; messages name the URL without its query. *resp is
 * initialised in any case, holds what had come by then, and must be released.
 */
int slip_http_do(struct slip_http *h, const struct slip_http_request *req,
	struct slip_http_response *resp, struct slip_err *err) SLIP_MUST_CHECK;
void slip_http_response_release(struct slip_http_response *r); /* a zeroed one is fine */
const char *slip_http_header(const struct slip_http_response *r, const char *lower_name);

enum slip_http_failure {
	SLIP_HTTP_RETRYABLE = 1, /* reset, truncated, stalled */
	SLIP_HTTP_CONNECT, /* resolve, connect, handshake: nothing was sent; retryable as well */
	SLIP_HTTP_TLS, /* certificate refused: retrying cannot help */
	SLIP_HTTP_PERMANENT, /* malformed URL or protocol */
};

#endif
