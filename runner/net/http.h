/*
 * HTTP. Only user of libcurl. All transfers of the program share one thread and one connection
 * pool.
 *
 * A request is one exchange: redirects are not followed, statuses are not judged and nothing is
 * retried here, since what is right depends on the protocol above (registry/). Header names of
 * responses are lower-case. Bodies are bounded. Calls block; any thread may make them.
 * Environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY and lower-case forms; never .netrc; loopback is
 * never proxied.
 */
#ifndef SLIP_NET_HTTP_H
#define SLIP_NET_HTTP_H

#include "runner/base/buf.h"
#include "runner/base/map.h"
#include "runner/base/strv.h"

struct slip_http;

struct slip_http_options {
	const char *user_agent;
	long connect_timeout_ms; /* 0: 10 s */
	long stall_seconds; /* 0: 30 s under 1 KiB/s end a transfer */
};

int slip_http_new(const struct slip_http_options *opt, struct slip_http **out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_http_free(struct slip_http *h); /* no transfer may be running */

/* How to speak TLS to one host; strings are borrowed. Zeroed: verify with the system's CAs. */
struct slip_http_tls {
	bool skip_verify;
	const char *ca_file; /* in addition to the system's */
	const char *client_cert; /* PEM, with client_key */
	const char *client_key;
};

/* Called on the transfer thread with body bytes as they come; -1 ends the transfer with *err. */
typedef int slip_http_sink(void *ctx, const void *p, size_t n, struct slip_err *err);

struct slip_http_request {
	const char *method;
	const char *url;
	const struct slip_strv *headers; /* "Name: value" */
	const void *body; /* NULL for none */
	size_t body_len;
	int body_fd; /* used when body is NULL and body_size >= 0; read with pread */
	int64_t body_offset;
	int64_t body_size; /* -1: no body */
	struct slip_http_tls tls;
	size_t max_body; /* of a response kept in memory */
	slip_http_sink *sink; /* gets the body of a 2xx response instead of memory */
	void *sink_ctx;
	/* Ask the sink's owner once the headers are there whether it wants this body. */
	long timeout_ms; /* whole exchange; 0: none beyond the stall guard */
};

struct slip_http_response {
	long status;
	struct slip_map headers; /* string to string; repeated ones are joined by LF */
	struct slip_buf body;
	int64_t content_length; /* -1 when unknown */
	uint64_t sunk; /* bytes given to the sink */
};

void slip_http_request_init(struct slip_http_request *r, const char *method, const char *url);
/*
 * Perform one exchange. 0 means that a complete response came, whatever its status. SLIP_E_NET
 * otherwise, with err->status one of enum slip_http_failure. *resp is initialised in any case and
 * must be released.
 */
int slip_http_do(struct slip_http *h, const struct slip_http_request *req,
	struct slip_http_response *resp, struct slip_err *err) SLIP_MUST_CHECK;
void slip_http_response_release(struct slip_http_response *r);
const char *slip_http_header(const struct slip_http_response *r, const char *lower_name);

enum slip_http_failure {
	SLIP_HTTP_RETRYABLE = 1, /* resolve, connect, reset, truncated, stalled */
	SLIP_HTTP_TLS, /* certificate refused: retrying cannot help */
	SLIP_HTTP_PERMANENT, /* malformed URL, sink error, limits */
};

#endif
