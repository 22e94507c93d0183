/*
 * A sink in front of another that keeps a stage's output within bounds: CI systems cut a job's log
 * (GitLab: 4 MiB) and lose its end, which is what people need. Beyond the limit, output lines are
 * held back; the last of them follow when the stage has failed. Logs of the stage have everything.
 */
#ifndef SLIP_REPORT_LIMIT_H
#define SLIP_REPORT_LIMIT_H

#include "runner/report/hub.h"

/* max: bytes of output per stage. Takes `inner` over. */
struct slip_sink slip_limit_sink(struct slip_sink inner, size_t max);

#endif
