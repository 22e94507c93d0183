/*
 * One file over HTTP, into a descriptor, and small answers of services beside it.
 *
 * Redirects are followed (SLIP_MAX_REDIRECTS at most): never from https to http, never to an
 * address inside of the network that the first URL was not in itself, and without the request's
 * headers and signature where the origin changes. Transient failures start over, as registry/
 * retry.h says. Nothing is to be used before the call has returned 0: size and digest are judged at
 * the end.
 *
 * Errors: SLIP_E_AUTH for 401 and 403, SLIP_E_NOTFOUND for 404 and 410, SLIP_E_LIMIT,
 * SLIP_E_DIGEST, SLIP_E_NET, SLIP_E_REGISTRY for any other answer. They name the download by its
 * label.
 */
#ifndef SLIP_CONTEXT_DOWNLOAD_H
#define SLIP_CONTEXT_DOWNLOAD_H

#include "runner/base/digest.h"
#include "runner/net/http.h"

/* Everything is borrowed. */
struct slip_download {
	struct slip_http *http;
	const char *url;
	const char *label; /* in messages: without queries and user information */
	const struct slip_strv *headers; /* NULL: none */
	const struct slip_http_aws *aws; /* NULL: not signed */
	const struct slip_digest *digest; /* NULL: any bytes will do */
	uint64_t max_bytes;
	const char *remedy; /* what to do about a refusal; NULL: nothing to say */
};

/* fd is truncated first and stands at its start afterwards. */
int slip_download(const struct slip_download *d, int fd, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * One small answer of a service that gives tokens or credentials: no redirects, transient failures
 * tried again when `patient`. Another status than 200 is SLIP_E_AUTH. *resp as of slip_http_do.
 */
int slip_ask_service(struct slip_http *http, const struct slip_http_request *req, const char *what,
	bool patient, struct slip_http_response *resp, struct slip_err *err) SLIP_MUST_CHECK;

#endif
