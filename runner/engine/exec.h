/*
 * Run a plan: start what is ready, at most `jobs` at once, listen to all, decide at each end.
 *
 * A stage that failed keeps what depends on it from running; independent branches go on. A signal
 * stops everything (TERM, 3 s, KILL), after which `finally` stages have two minutes. A stage that
 * is over its time gets TERM, 10 s, KILL.
 */
#ifndef SLIP_ENGINE_EXEC_H
#define SLIP_ENGINE_EXEC_H

#include "runner/engine/stage_run.h"

/* Returns the program's exit status. Everything else is told by events. */
int slip_exec(struct slip_pipeline_run *run, const struct slip_plan *plan);

#endif
