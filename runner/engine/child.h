/*
 * The process of a stage: its descriptors, its end, its left-behind children.
 *
 * Output lines go to slip_output and records to their functions, in the stage's scope, as they
 * arrive. When the process has ended, all of its process group is ended too.
 */
#ifndef SLIP_ENGINE_CHILD_H
#define SLIP_ENGINE_CHILD_H

#include "runner/base/cgroup.h"
#include "runner/base/lines.h"
#include "runner/base/proc.h"
#include "runner/base/wire.h"
#include "runner/engine/kind.h"

#include <poll.h>

struct slip_child {
	const char *scope; /* borrowed */
	struct slip_proc proc;
	pid_t group; /* 0 before the start and after the end */
	int output; /* its stdout and stderr */
	int records; /* -1 for a command */
	struct slip_lines lines;
	struct slip_wire_reader wire;
	double last_sign; /* when it said a line or a record, monotonic */
	double kill_at; /* when a stopped process is killed; 0: it was not stopped */
	int status; /* after the end: exit status, or 128 + signal */
	struct slip_cgroup before; /* as the limits were at the start */
};

struct slip_child_spec {
	const char *scope;
	const struct slip_kind_launch *launch;
	enum slip_stage_kind kind;
	const char *mode; /* of a request: SLIP_KIND_PERFORM, ... */
	const char *const *env; /* of a command; a request gets this process' own */
	const char *cwd;
};

int slip_child_start(struct slip_child *c, const struct slip_child_spec *spec,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_child_release(struct slip_child *c); /* kills what still runs */
/* Fill p (three entries) with what to wait for. Returns how many. */
size_t slip_child_poll_fds(const struct slip_child *c, struct pollfd *p);
/* Take in what has arrived. True when the process has ended and everything was read. */
bool slip_child_take(struct slip_child *c);
/* TERM now, KILL after grace seconds (by slip_child_take). A second call can only bring it forward.
 */
void slip_child_stop(struct slip_child *c, double grace);

/* End every process that descends from this one and outlived its stage. */
void slip_child_end_orphans(void);

#endif
