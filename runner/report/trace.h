/* $SLIPWAY_TRACE: every record as a JSON line (base/wire.h) with its time, for machines. */
#ifndef SLIP_REPORT_TRACE_H
#define SLIP_REPORT_TRACE_H

#include "runner/report/hub.h"

int slip_trace_sink(const char *path, struct slip_sink *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
