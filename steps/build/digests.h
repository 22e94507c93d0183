/*
 * SHA-256 of the context's files, for the keys of COPY and ADD.
 *
 * Which files those are is mostly known before anything else: instructions name them without
 * variables. Hashing them starts at once, and goes on while the registry is asked for the base.
 */
#ifndef SLIP_BUILD_DIGESTS_H
#define SLIP_BUILD_DIGESTS_H

#include "runner/base/digest.h"

struct slip_builder;
struct slip_copy_plan;
struct slip_digests;
struct slip_stage;

struct slip_digests *slip_digests_new(struct slip_builder *b);
void slip_digests_free(struct slip_digests *d); /* waits; NULL is fine */
/* Start hashing what the stage copies from the context. What goes wrong shows by slip_digests_of.
 */
void slip_digests_begin(struct slip_digests *d, const struct slip_stage *stage);
/* out[i] for the plan's item i; items that are no files of the context leave theirs unset. */
int slip_digests_of(struct slip_digests *d, const struct slip_copy_plan *plan,
	struct slip_digest *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
