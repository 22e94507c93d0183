#include "config.h"

#include "runner/registry/retry.h"

#include "runner/base/clock.h"
#include "runner/base/digest.h"
#include "runner/base/proc.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

const struct slip_retry_policy slip_retry_default = {
	.attempts = 5,
	.base = 0.5,
	.cap = 30,
	.budget = 300,
	.after_cap = 120,
};

void slip_retry_init(struct slip_retry *r, const struct slip_retry_policy *policy)
{
	*r = (struct slip_retry){.policy = policy, .started = slip_clock_monotonic()};
}

void slip_retry_progress(struct slip_retry *r)
{
	r->made = 0;
}

bool slip_retry_is_transient_status(long status)
{
	static const long table[] = {408, 425, 429, 499, 500, 502, 503, 504, 522, 524};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++)
		if (table[i] == status)
			return true;
	return false;
}

bool slip_retry_is_transient_error(const struct slip_err *err)
{
	return err->code == SLIP_E_NET &&
	       (err->status == SLIP_HTTP_RETRYABLE || err->status == SLIP_HTTP_CONNECT);
}

bool slip_retry_is_transient(
	int rc, const struct slip_http_response *resp, const struct slip_err *err)
{
	return rc == 0 ? slip_retry_is_transient_status(resp->status)
		       : slip_retry_is_transient_error(err);
}

/* The three date formats of RFC 9110 section 5.6.7. */
static bool parse_date(const char *s, int64_t *out)
{
	static const char *const formats[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT",
		"%a %b %d %H:%M:%S %Y",
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(formats); i++) {
		struct tm tm = {0};
		const char *end = strptime(s, formats[i], &tm);
		if (end && *end == '\0') {
			*out = timegm(&tm);
			return true;
		}
	}
	return false;
}

double slip_retry_parse_after(const char *value, const char *date, int64_t now)
{
	if (!value || !value[0])
		return -1;
	if (strspn(value, "0123456789") == strlen(value))
		return strlen(value) > 9 ? 1e9 : (double)strtoul(value, NULL, 10);
	int64_t until;
	if (!parse_date(value, &until))
		return -1;
	int64_t theirs;
	if (date && parse_date(date, &theirs))
		now = theirs;
	return until > now ? (double)(until - now) : -1;
}

static double backoff(const struct slip_retry *r, double random)
{
	double limit = r->policy->base;
	for (unsigned i = 1; i < r->made && limit < r->policy->cap; i++)
		limit *= 2;
	return random * (limit < r->policy->cap ? limit : r->policy->cap);
}

bool slip_retry_next(struct slip_retry *r, const struct slip_http_response *resp, double now,
	double random, double *pause)
{
	r->made++;
	if (r->made >= r->policy->attempts)
		return false;
	double wait = -1;
	if (resp && resp->status)
		wait = slip_retry_parse_after(slip_http_header(resp, "retry-after"),
			slip_http_header(resp, "date"), slip_clock_now());
	if (wait > r->policy->after_cap)
		return false;
	if (wait >= 0) /* spread those who were all told the same second */
		wait += random * (wait < 2 ? 0.2 : 0.5);
	else
		wait = backoff(r, random);
	if (now - r->started + wait > r->policy->budget)
		return false;
	*pause = wait;
	return true;
}

int slip_retry_sleep(double seconds, struct slip_err *err)
{
	double end = slip_clock_monotonic() + seconds;
	struct pollfd cancel = {.fd = slip_cancel_fd(), .events = POLLIN};
	for (;;) {
		if (slip_cancel_check(err) != 0)
			return -1;
		double left = end - slip_clock_monotonic();
		if (left <= 0)
			return 0;
		int ms = left > 60 ? 60000 : (int)(left * 1e3) + 1;
		if (poll(&cancel, 1, ms) < 0 && errno != EINTR)
			return slip_err_set(err, SLIP_E_IO, errno, "wait before a retry");
	}
}

double slip_retry_random(void)
{
	uint32_t bits;
	slip_random(&bits, sizeof(bits));
	return (double)bits / 4294967296.0;
}
