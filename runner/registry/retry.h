/*
 * When to try a request again, and how long to wait before.
 *
 * Five attempts with exponential, fully jittered pauses inside one budget of time. A server's
 * Retry-After (RFC 9110 section 10.2.3: seconds or a date) is honoured up to two minutes; a date is
 * read against the server's own Date header, so that a wrong clock here does not matter.
 */
#ifndef SLIP_REGISTRY_RETRY_H
#define SLIP_REGISTRY_RETRY_H

#include "runner/net/http.h"

struct slip_retry_policy {
	unsigned attempts; /* in all */
	double base; /* seconds: upper bound of the first pause, doubled each time */
	double cap; /* of one pause */
	double budget; /* of all attempts and pauses of one request */
	double after_cap; /* the longest Retry-After that is waited for */
};

/* 5 attempts, 0.5 s doubling up to 30 s, 300 s in all, Retry-After up to 120 s. */
extern const struct slip_retry_policy slip_retry_default;

struct slip_retry {
	const struct slip_retry_policy *policy; /* borrowed */
	unsigned made; /* attempts that have failed */
	double started;
};

void slip_retry_init(struct slip_retry *r, const struct slip_retry_policy *policy);
/* The request made progress (new bytes arrived): count attempts from the start again. */
void slip_retry_progress(struct slip_retry *r);

/* Worth another attempt? 408 425 429 499 500 502 503 504 522 524. */
bool slip_retry_is_transient_status(long status);
bool slip_retry_is_transient_error(const struct slip_err *err);
/* Both: what slip_http_do returned, with its response and error. */
bool slip_retry_is_transient(
	int rc, const struct slip_http_response *resp, const struct slip_err *err);

/*
 * Count a failed attempt. True when another one may be made, *pause then is the time to wait
 * before. random is in [0, 1). resp may be NULL (no answer). Pure but for its arguments.
 */
bool slip_retry_next(struct slip_retry *r, const struct slip_http_response *resp, double now,
	double random, double *pause);
/* Seconds that a Retry-After asks for, -1 when it is absent or nonsense. `date` may be NULL. */
double slip_retry_parse_after(const char *value, const char *date, int64_t now);

/* Wait; -1 with SLIP_E_CANCELLED when a signal asks the program to stop. */
int slip_retry_sleep(double seconds, struct slip_err *err) SLIP_MUST_CHECK;
double slip_retry_random(void);

#endif
