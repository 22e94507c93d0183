#include "config.h"

#include "runner/engine/failure.h"

#define MAX_DELAY 60.0
#define NS 1e9

bool slip_failure_is_allowed(const struct slip_allow_failure *a, const struct slip_err *err)
{
	if (!slip_value_bool(&a->enabled, a->exit_codes.n > 0))
		return false;
	for (size_t i = 0; i < a->exit_codes.n; i++) {
		if (err->code == SLIP_E_COMMAND && a->exit_codes.v[i].num == err->status)
			return true;
	}
	return !a->exit_codes.n;
}

static bool matches(const struct slip_err *err, const char *on)
{
	if (slip_streq(on, "infra"))
		return err->code != SLIP_E_COMMAND && slip_err_exit_status(err) == 4;
	if (slip_streq(on, "timeout"))
		return err->code == SLIP_E_TIMEOUT;
	return slip_starts_with(on, "exit:") && err->code == SLIP_E_COMMAND &&
	       strtol(on + 5, NULL, 10) == err->status;
}

bool slip_failure_is_retried(const struct slip_spec_retry *r, const struct slip_err *err)
{
	if (!r->on.n)
		return matches(err, "infra");
	for (size_t i = 0; i < r->on.n; i++) {
		if (matches(err, r->on.v[i].text))
			return true;
	}
	return false;
}

double slip_failure_delay(const struct slip_spec_retry *r, int64_t attempts)
{
	double delay = (double)slip_value_int(&r->backoff, 2 * (int64_t)NS) / NS;
	for (int64_t i = 1; i < attempts && delay < MAX_DELAY; i++)
		delay *= 2;
	return delay > MAX_DELAY ? MAX_DELAY : delay;
}
