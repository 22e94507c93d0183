#include "config.h"

#include "runner/sandbox/run.h"

#include "runner/base/cgroup.h"
#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/lines.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#define STOP_GRACE_S 3.0
#define DRAIN_S 0.2
#define READ_SIZE (64 * 1024)

/* A command under way. */
struct command {
	struct slip_proc proc;
	int output; /* our end of its stdout and stderr; -1 after the end of file */
	int reports; /* our end of the report socket; -1 when the child has ended */
	struct slip_lines lines;
	double deadline; /* when to ask it to stop; < 0: never */
	double kill_at; /* set once it was asked to stop */
	enum slip_err_code stopped; /* why: SLIP_E_CANCELLED or SLIP_E_TIMEOUT */
	bool ready;
	struct slip_err failure; /* what the child reported */
};

static void command_release(struct command *c)
{
	slip_proc_stop(&c->proc, 0);
	slip_cleanup_close(&c->output);
	slip_cleanup_close(&c->reports);
	slip_lines_release(&c->lines);
}

/* --- output
 * --------------------------------------------------------------------------------------- */

static void take_line(void *ctx, const char *line, size_t len)
{
	(void)ctx;
	slip_output(line, len);
}

static void read_output(struct command *c)
{
	char chunk[READ_SIZE];
	ssize_t n = read(c->output, chunk, sizeof(chunk));
	if (n > 0)
		slip_lines_add(&c->lines, chunk, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		slip_cleanup_close(&c->output);
}

/* --- reports
 * -------------------------------------------------------------------------------------- */

static void read_report(struct command *c)
{
	struct slip_child_report r;
	ssize_t n = recv(c->reports, &r, sizeof(r), 0);
	if (n < 0 && errno == EINTR)
		return;
	if (n != sizeof(r)) {
		slip_cleanup_close(&c->reports);
		return;
	}
	r.err.msg[sizeof(r.err.msg) - 1] = '\0';
	switch (r.kind) {
	case SLIP_CHILD_NOTE:
		slip_debug("sandbox: %s", r.err.msg);
		break;
	case SLIP_CHILD_READY:
		c->ready = true;
		break;
	case SLIP_CHILD_FAILED:
		c->failure = r.err;
		break;
	}
}

/* --- waiting
 * ---------------------------------------------------------------------------------------- */

static void stop(struct command *c, enum slip_err_code why)
{
	c->stopped = why;
	c->kill_at = slip_clock_monotonic() + STOP_GRACE_S;
	kill(-c->proc.pid, SIGTERM);
}

/* Ask to stop, or kill, when it is time. Returns how long poll may wait, in ms. */
static int check_time(struct command *c)
{
	double now = slip_clock_monotonic();
	if (c->stopped == SLIP_E_NONE && slip_cancel_requested())
		stop(c, SLIP_E_CANCELLED);
	else if (c->stopped == SLIP_E_NONE && c->deadline >= 0 && now >= c->deadline)
		stop(c, SLIP_E_TIMEOUT);
	double next = c->stopped != SLIP_E_NONE ? c->kill_at : c->deadline;
	if (next < 0)
		return -1;
	if (c->stopped != SLIP_E_NONE && now >= c->kill_at) {
		kill(-c->proc.pid, SIGKILL);
		c->kill_at = now + STOP_GRACE_S;
		next = c->kill_at;
	}
	double ms = (next - now) * 1000 + 1;
	return ms > 60000 ? 60000 : (int)ms;
}

/* Serve the command until its child has ended. */
static void follow(struct command *c)
{
	while (c->reports >= 0) {
		int ms = check_time(c);
		struct pollfd p[3] = {
			{.fd = c->output, .events = POLLIN},
			{.fd = c->reports, .events = POLLIN},
			{.fd = c->stopped == SLIP_E_NONE ? slip_cancel_fd() : -1, .events = POLLIN},
		};
		if (poll(p, SLIP_ARRAY_LEN(p), ms) <= 0)
			continue;
		if (p[0].revents)
			read_output(c);
		if (p[1].revents)
			read_report(c);
	}
}

/* What is left in the pipe. Nobody should hold it any more; if somebody does, it is not for long.
 */
static void drain(struct command *c)
{
	double end = slip_clock_monotonic() + DRAIN_S;
	while (c->output >= 0) {
		double left = end - slip_clock_monotonic();
		struct pollfd p = {.fd = c->output, .events = POLLIN};
		if (left <= 0 || (poll(&p, 1, (int)(left * 1000) + 1) == 0))
			break;
		read_output(c);
	}
	slip_lines_end(&c->lines);
}

/* --- start and outcome
 * ------------------------------------------------------------------------------- */

static int start(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	struct command *c, struct slip_err *err)
{
	static const char *const no_args[] = {NULL};
	static const char *const no_env[] = {NULL};
	slip_autoclose int instructions = -1, output = -1, reports = -1;
	int fds[2];
	if (slip_instructions_write(iso, spec, &instructions, err) < 0)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	c->output = fds[0];
	output = fds[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "socketpair");
	c->reports = fds[0];
	reports = fds[1];
	const int extra[] = {instructions, reports};
	const struct slip_proc_spec proc = {
		.argv = no_args,
		.env = no_env,
		.role = "sandbox",
		.stdin_fd = -1,
		.stdout_fd = output,
		.stderr_fd = output,
		.extra_fds = extra,
		.n_extra_fds = SLIP_ARRAY_LEN(extra),
	};
	return slip_proc_start(&proc, &c->proc, err);
}

static const char ended[] = "the command ended with status";

bool slip_sandbox_has_refused(const struct slip_err *err)
{
	return slip_err_is(err, SLIP_E_COMMAND) && !slip_starts_with(err->msg, ended);
}

static int command_failed(
	struct command *c, int status, const struct slip_cgroup *before, struct slip_err *err)
{
	bool killed = status > 128 && status < 128 + NSIG;
	slip_autobuf starved;
	slip_buf_init(&starved, SLIP_ERR_MSG_MAX);
	slip_cgroup_explain_oom(before, &starved);
	if (!c->ready)
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"the sandbox ended with status %d before the command was started%s", status,
			starved.data);
	slip_err_set(err, SLIP_E_COMMAND, 0, "%s %d%s%s%s%s", ended, status, killed ? " (" : "",
		killed ? strsignal(status - 128) : "", killed ? ")" : "", starved.data);
	err->status = status;
	return -1;
}

/* Reap the child, and say how it went. */
static int finish(
	struct command *c, const struct slip_cgroup *before, int timeout_ms, struct slip_err *err)
{
	int status = 0;
	if (c->stopped == SLIP_E_NONE && slip_proc_wait(&c->proc, -1, &status, err) < 0) {
		slip_proc_stop(&c->proc, 0);
		return -1;
	}
	if (c->stopped == SLIP_E_CANCELLED) {
		slip_proc_stop(&c->proc, 0);
		return slip_cancel_check(err);
	}
	if (c->stopped == SLIP_E_TIMEOUT) {
		slip_proc_stop(&c->proc, 0);
		return slip_err_set(err, SLIP_E_TIMEOUT, 0, "the command did not end within %.1f s",
			timeout_ms / 1000.0);
	}
	if (c->failure.code != SLIP_E_NONE)
		return slip_err_copy(err, &c->failure);
	if (status != 0 || !c->ready)
		return command_failed(c, status, before, err);
	return 0;
}

static int check_spec(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	struct slip_err *err)
{
	const struct slip_backend *b = slip_backend_find(iso->mode);
	if (!b || !b->enter_root)
		return slip_err_set(
			err, SLIP_E_SANDBOX, 0, "no command can be run here: %s", iso->why);
	if (!spec->argv.n)
		return slip_err_set(err, SLIP_E_USAGE, 0, "no command given");
	if (spec->uid >= iso->ids || spec->gid >= iso->ids)
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"cannot become user %u:%u: only %u user id%s can be used here; give this "
			"user "
			"subordinate ids in /etc/subuid and /etc/subgid and install newuidmap, or "
			"run "
			"as root",
			spec->uid, spec->gid, iso->ids, iso->ids == 1 ? "" : "s");
	return slip_cancel_check(err);
}

int slip_sandbox_run(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	struct slip_err *err)
{
	if (check_spec(iso, spec, err) < 0)
		return -1;
	struct slip_cgroup before;
	slip_cgroup_read(&before);
	slip_cleanup(command_release) struct command c = {
		.proc = {.pid = -1, .pidfd = -1},
		.output = -1,
		.reports = -1,
		.deadline = -1,
	};
	slip_lines_init(&c.lines, take_line, NULL);
	if (spec->timeout_ms >= 0)
		c.deadline = slip_clock_monotonic() + spec->timeout_ms / 1000.0;
	if (start(iso, spec, &c, err) < 0)
		return slip_err_wrap(err, "start the sandbox");
	follow(&c);
	drain(&c);
	return finish(&c, &before, spec->timeout_ms, err);
}
