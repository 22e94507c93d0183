/*
 * One authorised request to a repository on a host.
 *
 * The real request is sent at once; only when the registry answers 401 is a token fetched (or
 * renewed, once) and the request repeated. Redirects are followed by hand: the method stays, the
 * Authorization header is dropped when scheme, host or port change, https never becomes http, and
 * an address inside the network is not followed from a registry outside of it.
 */
#ifndef SLIP_REGISTRY_EXCHANGE_H
#define SLIP_REGISTRY_EXCHANGE_H

#include "runner/registry/registry_internal.h"

struct slip_exchange {
	struct slip_registry *registry;
	const struct slip_target *target; /* borrowed */
	const char *action; /* borrowed; begins error messages: "push a blob to" */
	struct slip_http_request http; /* body, sink and max_body are the caller's to set */
	struct slip_strv headers;
	char *path; /* "/v2/..." on the target's host; NULL: location is asked */
	struct slip_url location;
	const char *mount_from; /* borrowed; a second repository that must be readable */
	struct slip_url answered; /* out: the URL that gave the response */
	char *login; /* out: the login in use, for messages; NULL when none was needed */
};

void slip_exchange_init(struct slip_exchange *x, struct slip_registry *r,
	const struct slip_target *target, const char *action, const char *method);
void slip_exchange_release(struct slip_exchange *x);
/* "/v2/<repository>/<rest>", rest being printf-like and safe for an URL. */
void slip_exchange_set_path(struct slip_exchange *x, const char *fmt, ...) SLIP_PRINTF(2, 3);

/* One attempt, redirects and a renewed token included. Results as of slip_http_do. */
int slip_exchange_once(struct slip_exchange *x, struct slip_http_response *resp,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Attempts until one gives an answer that retrying would not better. */
int slip_exchange_do(struct slip_exchange *x, struct slip_http_response *resp,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * For callers with a loop of their own: after an attempt (rc, resp, err), wait if it is worth
 * another one. *again then is true, err cleared and resp released. -1: cancelled while waiting.
 */
int slip_exchange_pause(struct slip_exchange *x, struct slip_retry *retry, int rc,
	struct slip_http_response *resp, bool *again, struct slip_err *err) SLIP_MUST_CHECK;

bool slip_exchange_is_redirect(long status);
/* Where requests to url, a place that a registry led to, find their TLS settings. */
void slip_exchange_tls(struct slip_registry *r, const struct slip_target *target,
	const struct slip_url *url, struct slip_strv *ca_files, struct slip_http_tls *out);
/* -1 when a registry outside of the network leads to an address inside. `what` names it. */
int slip_exchange_check_zone(struct slip_registry *r, const struct slip_target *target,
	const struct slip_url *url, const char *what, struct slip_err *err) SLIP_MUST_CHECK;

#define slip_autoexchange slip_cleanup(slip_exchange_release) struct slip_exchange

#endif
