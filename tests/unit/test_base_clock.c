#include "config.h"

#include "runner/base/clock.h"
#include "tests/unit/tap.h"

static void test_rfc3339(void)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-21T10:00:00Z", 1795255200},
		{"2026-11-21t10:00:00.123456789z", 1795255200},
		{"2026-11-21 10:00:00Z", 1795255200},
		{"2026-11-21T12:30:00+02:30", 1795255200},
		{"2026-11-21T08:00:00-02:00", 1795255200},
		{"2024-02-29T00:00:00Z", 1709164800},
		{"2000-02-29T00:00:00Z", 951782400},
		{"1900-02-29T00:00:00Z", -1},
		{"2026-02-29T00:00:00Z", -1},
		{"2026-04-31T00:00:00Z", -1},
		{"2026-13-01T00:00:00Z", -1},
		{"2026-00-01T00:00:00Z", -1},
		{"2026-01-00T00:00:00Z", -1},
		{"2026-01-01T24:00:00Z", -1},
		{"2026-01-01T00:60:00Z", -1},
		{"2026-01-01T00:00:61Z", -1},
		{"2026-01-01T00:00:00", -1},
		{"2026-01-01T00:00:00.Z", -1},
		{"2026-01-01T00:00:00+24:00", -1},
		{"2026-01-01T00:00:00Zx", -1},
		{"2026-1-01T00:00:00Z", -1},
		{"", -1},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		int64_t got = 12345;
		int rc = slip_clock_parse_rfc3339(rows[i].text, &got, &err);
		if (rows[i].want == -1)
			ok(rc == -1 && got == 12345 && slip_err_is(&err, SLIP_E_USAGE),
				"\"%s\" is refused", rows[i].text);
		else
			is_int(rc == 0 ? got : -1, rows[i].want, "\"%s\"", rows[i].text);
	}
	char text[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(1795255200, text);
	is_str(text, "2026-11-21T10:00:00Z", "printed");
	slip_clock_rfc3339(INT64_MAX, text);
	is_str(text, "9999-12-31T23:59:59Z", "not after the year 9999");
	slip_clock_rfc3339(INT64_MIN, text);
	is_str(text, "1000-01-01T00:00:00Z", "nor before 1000");
}

static void test_duration(void)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{"0", 0},
		{"0s", 0},
		{"336h", 336LL * 3600 * 1000000000},
		{"336h0m0s", 336LL * 3600 * 1000000000},
		{"1m30s", 90000000000},
		{"1.5s", 1500000000},
		{".5s", 500000000},
		{"5.s", 5000000000},
		{"+2ms", 2000000},
		{"7us", 7000},
		{"7\xc2\xb5s", 7000},
		{"9ns", 9},
		{"2562047h", 2562047LL * 3600 * 1000000000},
		{"2562048h", -1},
		{"99999999999999999999999999999999999h", -1},
		{"-5s", -1},
		{"5", -1},
		{"", -1},
		{"+", -1},
		{".", -1},
		{".s", -1},
		{"1d", -1},
		{"1h-5m", -1},
		{" 1h", -1},
		{"1h ", -1},
		{"1.5.5s", -1},
		{"nan", -1},
		{"1e3s", -1},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		int64_t got = 12345;
		int rc = slip_clock_parse_duration(rows[i].text, &got, &err);
		if (rows[i].want == -1)
			ok(rc == -1 && got == 12345 && slip_err_is(&err, SLIP_E_USAGE),
				"\"%s\" is refused", rows[i].text);
		else
			is_int(rc == 0 ? got : -1, rows[i].want, "\"%s\"", rows[i].text);
	}
}

int main(void)
{
	test_rfc3339();
	test_duration();
	setenv("SLIPWAY_TEST_NOW", "42", 1);
	is_int(slip_clock_now(), 42, "the wall clock can be fixed");
	unsetenv("SLIPWAY_TEST_NOW");
	ok(slip_clock_now() > 1700000000, "and runs otherwise");
	double a = slip_clock_monotonic(), b = slip_clock_monotonic();
	ok(b >= a, "never backwards");
	ok(slip_clock_elapsed() >= 0 && slip_clock_elapsed() < 600, "since the start");
	return done_testing();
}
