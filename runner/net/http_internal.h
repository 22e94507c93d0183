/*
 * One transfer: a request on its way through libcurl. For runner/net/ only.
 *
 * The calling thread makes it and waits; from submission until `done` it belongs to the transfer
 * thread.
 */
#ifndef SLIP_NET_HTTP_INTERNAL_H
#define SLIP_NET_HTTP_INTERNAL_H

#include "runner/net/curl_library.h"
#include "runner/net/http.h"
#include "runner/net/proxy.h"

#include <pthread.h>
#include <stdatomic.h>

struct slip_http_bytes {
	atomic_uint_fast64_t received;
	atomic_uint_fast64_t sent;
};

struct slip_transfer {
	const struct slip_http_request *req;
	struct slip_http_response *resp;
	char *public_url; /* for messages */
	CURL *easy;
	struct curl_slist *headers;
	char curl_text[CURL_ERROR_SIZE];
	struct slip_err err; /* set when a callback or the guard ended the transfer */

	struct slip_http_bytes *total; /* of the client */
	uint64_t sent; /* bytes of the request's body */
	uint64_t moved; /* bytes in both directions */
	uint64_t moved_mark; /* of the stall guard: `moved` at mark_time */
	double mark_time;
	double started;
	size_t header_bytes;
	bool is_accepted;
	bool is_cut; /* an error's body was longer than we keep */

	bool done; /* guarded by the client's lock, as is next */
	int result;
	pthread_cond_t finished;
	struct slip_transfer *next;
};

/* How a transfer is set up, from the client's options. */
struct slip_transfer_setup {
	const char *user_agent;
	long connect_timeout_ms;
	const struct slip_proxy_env *proxy;
	struct slip_http_bytes *total;
	const struct slip_buf *ca_bundle; /* NULL: the system's file */
};

int slip_transfer_init(struct slip_transfer *t, const struct slip_http_request *req,
	struct slip_http_response *resp, const struct slip_transfer_setup *setup,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_transfer_release(struct slip_transfer *t);
/* Translate curl's verdict into result and err. */
void slip_transfer_conclude(struct slip_transfer *t, CURLcode code);
/* -1 with t->err set when the transfer has stalled or its time is over. */
int slip_transfer_guard(struct slip_transfer *t, double now, long stall_seconds);

#endif
