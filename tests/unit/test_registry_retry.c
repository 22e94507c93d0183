#include "config.h"

#include "runner/base/clock.h"
#include "runner/registry/retry.h"
#include "tests/unit/tap.h"

static void test_statuses(void)
{
	static const long transient[] = {408, 425, 429, 499, 500, 502, 503, 504, 522, 524};
	static const long final[] = {
		200, 201, 206, 301, 400, 401, 403, 404, 405, 409, 413, 415, 416, 501, 505, 507};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(transient); i++)
		ok(slip_retry_is_transient_status(transient[i]), "%ld is retried", transient[i]);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(final); i++)
		ok(!slip_retry_is_transient_status(final[i]), "%ld is not", final[i]);
}

static void test_errors(void)
{
	struct slip_err err = {.code = SLIP_E_NET, .status = SLIP_HTTP_RETRYABLE};
	ok(slip_retry_is_transient_error(&err), "a reset is retried");
	err.status = SLIP_HTTP_CONNECT;
	ok(slip_retry_is_transient_error(&err), "so is a refused connection");
	err.status = SLIP_HTTP_TLS;
	ok(!slip_retry_is_transient_error(&err), "an untrusted certificate is not");
	err = (struct slip_err){.code = SLIP_E_IO, .status = SLIP_HTTP_RETRYABLE};
	ok(!slip_retry_is_transient_error(&err), "neither is a full disk");
}

static void test_backoff(void)
{
	struct slip_retry r;
	double pause = -1;
	slip_retry_init(&r, &slip_retry_default);
	static const double bounds[] = {0.5, 1, 2, 4};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bounds); i++) {
		ok(slip_retry_next(&r, NULL, r.started, 1.0, &pause), "attempt %zu", i + 2);
		ok(pause == bounds[i], "waits at most %g s", bounds[i]);
	}
	ok(!slip_retry_next(&r, NULL, r.started, 1.0, &pause), "five attempts are enough");
	slip_retry_progress(&r);
	ok(slip_retry_next(&r, NULL, r.started, 0.0, &pause) && pause == 0, "progress starts anew");
	ok(!slip_retry_next(&r, NULL, r.started + 299.9, 0.9, &pause), "the budget ends it");
}

static void test_after(void)
{
	static const char now_text[] = "Sat, 21 Nov 2026 10:00:00 GMT";
	const int64_t now = 1795255200;
	ok(slip_retry_parse_after("2", NULL, now) == 2, "seconds");
	ok(slip_retry_parse_after("0", NULL, now) == 0, "none");
	ok(slip_retry_parse_after("99999999999999999999", NULL, now) == 1e9, "far too many");
	ok(slip_retry_parse_after("-5", NULL, now) == -1, "negative");
	ok(slip_retry_parse_after("soon", NULL, now) == -1, "a word");
	ok(slip_retry_parse_after("", NULL, now) == -1, "nothing");
	ok(slip_retry_parse_after(NULL, NULL, now) == -1, "absent");
	ok(slip_retry_parse_after("Sat, 21 Nov 2026 10:00:03 GMT", NULL, now) == 3, "a date");
	ok(slip_retry_parse_after("Saturday, 21-Nov-26 10:00:03 GMT", NULL, now) == 3, "RFC 850's");
	ok(slip_retry_parse_after("Sat Nov 21 10:00:03 2026", NULL, now) == 3, "asctime's");
	ok(slip_retry_parse_after("Sat, 21 Nov 2026 09:00:00 GMT", NULL, now) == -1, "a past date");
	ok(slip_retry_parse_after("Sat, 21 Nov 2026 10:00:03 GMT", now_text, now - 86400) == 3,
		"a date against the server's clock");
	ok(slip_retry_parse_after("Sat, 21 Nov 2026 10:00:03 GMT extra", NULL, now) == -1, "junk");
}

static void test_honoured(void)
{
	struct slip_http_response resp = {.status = 429};
	struct slip_retry r;
	double pause = 0;
	slip_smap_init(&resp.headers);
	slip_smap_set(&resp.headers, "retry-after", "7");
	slip_retry_init(&r, &slip_retry_default);
	ok(slip_retry_next(&r, &resp, r.started, 0.0, &pause) && pause == 7, "Retry-After counts");
	slip_smap_set(&resp.headers, "retry-after", "121");
	ok(!slip_retry_next(&r, &resp, r.started, 0.0, &pause), "more than two minutes end it");
	slip_http_response_release(&resp);
}

int main(void)
{
	test_statuses();
	test_errors();
	test_backoff();
	test_after();
	test_honoured();
	struct slip_err err = SLIP_ERR_INIT;
	double before = slip_clock_monotonic();
	ok(slip_retry_sleep(0.05, &err) == 0, "sleep");
	ok(slip_clock_monotonic() - before >= 0.05, "as long as asked for");
	return done_testing();
}
