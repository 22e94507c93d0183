/*
 * What a failed attempt at a stage leads to, by the stage's own words: `allow-failure` and `retry`.
 */
#ifndef SLIP_ENGINE_FAILURE_H
#define SLIP_ENGINE_FAILURE_H

#include "runner/spec/spec.h"

bool slip_failure_is_allowed(const struct slip_allow_failure *a, const struct slip_err *err);
/* Is it of a kind that is tried again? Infrastructure only, unless the spec names others. */
bool slip_failure_is_retried(const struct slip_spec_retry *r, const struct slip_err *err);
/* Seconds to wait after so many attempts. */
double slip_failure_delay(const struct slip_spec_retry *r, int64_t attempts);

#endif
