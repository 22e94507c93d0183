/* Time, from one place. SLIPWAY_TEST_NOW (seconds since the epoch) fixes the wall clock. */
#ifndef SLIP_BASE_CLOCK_H
#define SLIP_BASE_CLOCK_H

#include "runner/base/err.h"

int64_t slip_clock_now(void); /* wall clock, seconds since the epoch, UTC */
double slip_clock_monotonic(void); /* seconds since an arbitrary point, never backwards */
double slip_clock_elapsed(void); /* seconds since the program started */
/*
 * So often, in seconds, whatever takes long says that it is under way: GitLab's runner learns of a
 * cancellation with the answer to a piece of log. SLIPWAY_TEST_ALIVE shortens it.
 */
double slip_clock_alive_interval(void);
/* RFC 3339 in UTC with second precision, "2026-11-21T10:00:00Z" (20 bytes and a NUL). */
#define SLIP_RFC3339_SIZE 21
void slip_clock_rfc3339(int64_t t, char out[SLIP_RFC3339_SIZE]);
/* Parse RFC 3339; a fraction is accepted and dropped, an offset applied. */
int slip_clock_parse_rfc3339(const char *s, int64_t *out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Parse a duration as Go's time.ParseDuration writes it ("336h", "1m30s", "1.5s", "0") into
 * nanoseconds. Negative durations are refused, as is a number without a unit (other than 0).
 */
int slip_clock_parse_duration(const char *s, int64_t *ns, struct slip_err *err) SLIP_MUST_CHECK;

#endif
