/*
 * What a build says of itself besides its steps: what it is going to do, in which phase it is, that
 * it is still at it, and how it ended (events "build.*" and "phase.*", docs/events.md).
 *
 * A ticker on the pool for waiting tells every slip_clock_alive_interval() what is being done and
 * how much was moved, from build.start to the end. One thread, the build's, calls the functions.
 */
#ifndef SLIP_BUILD_TELL_H
#define SLIP_BUILD_TELL_H

#include "runner/base/err.h"

struct slip_builder;
struct slip_build_result;
struct slip_tell;

/* After the services are open and the cache is. */
struct slip_tell *slip_tell_start(struct slip_builder *b);
/* What is being done from now on: a phase, or a step (NULL: none); either ends the phase before. */
void slip_tell_phase(struct slip_tell *t, const char *text);
void slip_tell_step(struct slip_tell *t, const char *text);
/* After the keys are known: how much of the context the instructions use. */
void slip_tell_context(const struct slip_tell *t);
void slip_tell_end(struct slip_tell *t, const struct slip_build_result *result, bool is_good);
void slip_tell_free(struct slip_tell *t); /* NULL is fine */

#endif
