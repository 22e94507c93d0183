/*
 * What goes into the Authorization header: Basic, or a Bearer token from the registry's token
 * server (distribution's "token authentication").
 *
 * Tokens are kept per host, realm, service and set of scopes, until nine tenths of their life are
 * over by the monotonic clock, or until a registry refuses them. Threads that need the same token
 * share one request for it. Passwords travel by GET with Basic, identity tokens by POST.
 *
 * A realm decides where a password goes. It must be https unless the registry itself was reached by
 * HTTP, and must not be a private, link-local or loopback address unless the registry has one too.
 */
#ifndef SLIP_REGISTRY_TOKEN_H
#define SLIP_REGISTRY_TOKEN_H

#include "runner/registry/host.h"

struct slip_tokens {
	pthread_mutex_t lock;
	struct slip_map table; /* key -> entry */
};

void slip_tokens_init(struct slip_tokens *t);
void slip_tokens_release(struct slip_tokens *t);

struct slip_authorization {
	char *header; /* "Authorization: ..."; NULL when there is nothing to send */
	char *login; /* for people: whose login this is, as of slip_credential_describe; may be NULL
		      */
};
void slip_authorization_release(struct slip_authorization *a);

/* What a request needs; everything is borrowed. */
struct slip_token_need {
	const struct slip_target *target;
	const struct slip_strv *scopes; /* "repository:team/app:pull,push" */
	const char *challenged; /* scopes named in a 401, asked for as well; NULL */
	const char *stale; /* a header that was just refused, not to be handed out again; NULL */
};

/* The header for a request, NULL while its host has not asked for one. */
int slip_tokens_get(struct slip_registry *r, const struct slip_token_need *need,
	struct slip_authorization *out, struct slip_err *err) SLIP_MUST_CHECK;

/* Read a token server's answer. *life is in seconds, at least 60. */
int slip_token_parse(const char *text, size_t len, char **token, double *life,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
