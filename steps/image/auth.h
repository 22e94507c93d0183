/* `slipway auth explain`: which login a registry would get, and what was looked at before. */
#ifndef SLIP_IMAGE_AUTH_H
#define SLIP_IMAGE_AUTH_H

#include "runner/base/buf.h"
#include "runner/spec/spec.h"

/*
 * where is "HOST" or "HOST/REPOSITORY"; p is the pipeline whose `registries` count, or NULL. Sends
 * nothing, but asks credential helpers. Never a secret.
 */
int slip_auth_explain(const struct slip_pipeline *p, const char *where, struct slip_buf *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
