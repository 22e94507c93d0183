/*
 * logs/<stage>.log: all that a stage said, as text with elapsed times, whatever the console shows.
 * The stage is the part of a record's scope before the first '/'; records without one go nowhere.
 */
#ifndef SLIP_REPORT_STAGELOG_H
#define SLIP_REPORT_STAGELOG_H

#include "runner/report/hub.h"

/* logs_fd: the directory, the sink's from now on. */
struct slip_sink slip_stagelog_sink(int logs_fd);

#endif
