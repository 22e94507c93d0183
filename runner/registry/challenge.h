/*
 * WWW-Authenticate headers (RFC 9110 section 11.6.1, RFC 6750 section 3; Docker's "Bearer" realm,
 * service and scope). Pure.
 *
 * Real headers hold several challenges, junk between them and parameters without quotes. Parsing
 * therefore never fails: what cannot be understood is left out, and a header without any usable
 * challenge gives none.
 */
#ifndef SLIP_REGISTRY_CHALLENGE_H
#define SLIP_REGISTRY_CHALLENGE_H

#include "runner/base/limits.h"
#include "runner/base/mem.h"

enum slip_challenge_scheme {
	SLIP_CHALLENGE_NONE,
	SLIP_CHALLENGE_BASIC,
	SLIP_CHALLENGE_BEARER,
	SLIP_CHALLENGE_OTHER,
};

/* Strings are owned; NULL when the parameter is absent. */
struct slip_challenge {
	enum slip_challenge_scheme scheme;
	char *realm;
	char *service;
	char *scope; /* several are separated by blanks */
	char *error; /* "insufficient_scope", "invalid_token" */
};

struct slip_challenges {
	struct slip_challenge items[SLIP_MAX_CHALLENGES];
	size_t n;
};

/* Several headers are joined by LF (http.h). Challenges past SLIP_MAX_CHALLENGES are dropped. */
void slip_challenges_parse(const char *header, struct slip_challenges *out);
void slip_challenges_release(struct slip_challenges *c);
/* The one to answer: a Bearer with a realm, else a Basic. NULL when there is neither. */
const struct slip_challenge *slip_challenges_best(const struct slip_challenges *c);

void slip_challenge_copy(struct slip_challenge *dst, const struct slip_challenge *src);
void slip_challenge_release(struct slip_challenge *c);

#define slip_autochallenges slip_cleanup(slip_challenges_release) struct slip_challenges
#define slip_autochallenge slip_cleanup(slip_challenge_release) struct slip_challenge

#endif
