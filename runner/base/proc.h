/*
 * Child processes.
 *
 * A child executes nothing of this program's heap: between clone and exec only system calls on
 * data prepared before (the parent may have threads). Children that need real code (sandbox) are
 * started by executing this program again, through a descriptor opened at start, in a role.
 *
 * Every child leads a session of its own; kill reaches the whole process group. Children die with
 * the thread that started them (PR_SET_PDEATHSIG): the main one, or a pool's, which lives as long
 * as its pool.
 */
#ifndef SLIP_BASE_PROC_H
#define SLIP_BASE_PROC_H

#include "runner/base/err.h"
#include "runner/base/strv.h"

#include <sys/types.h>

/* Called first thing in main: opens /proc/self/exe, becomes subreaper, ignores SIGPIPE. */
int slip_proc_init(struct slip_err *err) SLIP_MUST_CHECK;

struct slip_proc_spec {
	const char *const *argv; /* argv[0] is looked up in the child's PATH when it has no slash */
	const char *const *env; /* NULL: this process' own */
	const char *cwd; /* NULL: unchanged */
	const char *role; /* not NULL: execute this program; argv is then its arguments */
	int stdin_fd; /* -1: /dev/null */
	int stdout_fd; /* -1: stderr of this process */
	int stderr_fd;
	bool joins_stderr; /* standard error goes where standard output goes */
	const int *extra_fds; /* become 3, 4, ... in the child; all others are closed */
	size_t n_extra_fds;
};

struct slip_proc {
	pid_t pid;
	int pidfd; /* -1 where the kernel has none */
};

int slip_proc_start(const struct slip_proc_spec *spec, struct slip_proc *proc,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Wait for the end. *status is the exit status, or 128 + signal. Blocks at most timeout_ms
 * (-1: for ever): SLIP_E_TIMEOUT leaves the child running. Returns early with SLIP_E_CANCELLED
 * when slip_cancel_requested becomes true.
 */
int slip_proc_wait(
	struct slip_proc *proc, int timeout_ms, int *status, struct slip_err *err) SLIP_MUST_CHECK;
/* TERM to the group, KILL after grace_ms, reaped in any case. */
void slip_proc_stop(struct slip_proc *proc, int grace_ms);

/* Run to the end with bounded output and time; for helpers such as docker-credential-*. */
struct slip_proc_output {
	int status;
	char *out; /* the caller's */
	size_t out_len;
};
int slip_proc_run(const struct slip_proc_spec *spec, const void *input, size_t input_len,
	size_t max_output, int timeout_ms, struct slip_proc_output *result,
	struct slip_err *err) SLIP_MUST_CHECK;

/*
 * SIGINT, SIGTERM and SIGHUP: the first asks everything to stop, the second ends the program.
 * slip_cancel_fd becomes readable for poll; slip_cancel_signal is its number, 0 before. A signal
 * that was ignored at start (nohup, a shell's background job) stays so.
 */
int slip_cancel_init(struct slip_err *err) SLIP_MUST_CHECK;
int slip_cancel_fd(void);
int slip_cancel_signal(void);
static inline bool slip_cancel_requested(void)
{
	return slip_cancel_signal() != 0;
}
/*
 * What the second signal, or abort, writes before it ends the program: the bytes are copied, at
 * most SLIP_CANCEL_WORDS of them, and replace those of the call before; fd < 0: nothing.
 */
#define SLIP_CANCEL_WORDS 4096
void slip_cancel_set_last_words(int fd, const char *text, size_t len);
/* -1 with SLIP_E_CANCELLED once a signal came: for loops and before long steps. */
int slip_cancel_check(struct slip_err *err) SLIP_MUST_CHECK;

#endif
