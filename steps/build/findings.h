/*
 * What a build has to say about the Dockerfile itself: warnings that need the whole file, and the
 * place that a failure came from (base/finding.h).
 */
#ifndef SLIP_BUILD_FINDINGS_H
#define SLIP_BUILD_FINDINGS_H

#include "steps/build/step.h"

/* --build-arg of a name that no ARG has. After evaluation: ARGs of triggers are known by then. */
void slip_build_tell_unused_args(const struct slip_builder *b);
/* A doubt about a step, as a warning at its first line. */
void slip_step_tell(const struct slip_step *s, const char *rule, const char *message);
/* The error is about to end a build of this Dockerfile; one without a place in it tells nothing. */
void slip_build_tell_failure(const char *dockerfile, const struct slip_err *err);

#endif
