/*
 * The spec's `registries`: read where the engine is, where their secrets can be had, and used in
 * the process of the stage, to which they go as JSON.
 */
#ifndef SLIP_BUILD_REGISTRIES_H
#define SLIP_BUILD_REGISTRIES_H

#include "runner/base/json.h"
#include "runner/spec/spec.h"
#include "steps/build/request.h"

/* Flags go into r, users with their passwords into the array `logins`; passwords are masked. */
int slip_registries_add(const struct slip_pipeline *p, struct slip_build_request *r,
	struct slip_json *logins, struct slip_err *err) SLIP_MUST_CHECK;
/* The whole request as an object, to which the caller may add; it is the caller's. */
struct slip_json *slip_registries_to_json(
	const struct slip_build_request *r, struct slip_json *logins);
/* The other way. r is initialised; its logins borrow from `request`, the array is the caller's. */
int slip_registries_from_json(const struct slip_json *request, struct slip_build_request *r,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
