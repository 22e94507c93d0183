#include "config.h"

#include "runner/engine/child.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define MAX_READ_AT_ONCE (256 * 1024) /* of one stage, before the others have their turn */

static void output_line(void *ctx, const char *line, size_t len)
{
	struct slip_child *c = ctx;
	char before[128];
	snprintf(before, sizeof(before), "%s", slip_log_scope());
	slip_log_set_scope(c->scope);
	slip_output(line, len);
	c->last_sign = slip_clock_monotonic();
	slip_log_set_scope(before);
}

/* --- start ------------------------------------------------------------------------------------ */

static int make_pipe(int *ours, int *theirs, struct slip_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	*ours = fds[0];
	*theirs = fds[1];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	return 0;
}

static int request_file(const struct slip_json *request, int *fd, struct slip_err *err)
{
	slip_autofree char *text = slip_json_print(request);
	*fd = memfd_create("slipway-request", MFD_CLOEXEC);
	if (*fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "memfd_create");
	if (slip_write_all(*fd, text, strlen(text), err) < 0)
		return -1;
	if (lseek(*fd, 0, SEEK_SET) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "seek in a request");
	return 0;
}

static const char *level_for_child(void)
{
	enum slip_log_level level = SLIP_LOG_TRACE;
	while (level < SLIP_LOG_SILENT && !slip_log_enabled(level))
		level++;
	return slip_level_name(level);
}

static int start_request(
	struct slip_child *c, const struct slip_child_spec *spec, int output, struct slip_err *err)
{
	slip_autoclose int request = -1, records = -1;
	char kind[16];
	snprintf(kind, sizeof(kind), "%d", (int)spec->kind);
	if (request_file(spec->launch->request, &request, err) < 0 ||
		make_pipe(&c->records, &records, err) < 0)
		return -1;
	const char *const argv[] = {kind, level_for_child(), spec->mode, NULL};
	const int fds[] = {request, records};
	struct slip_proc_spec proc = {
		.role = SLIP_KIND_ROLE,
		.argv = argv,
		.cwd = spec->cwd,
		.stdin_fd = -1,
		.stdout_fd = output,
		.stderr_fd = output,
		.extra_fds = fds,
		.n_extra_fds = SLIP_ARRAY_LEN(fds),
	};
	return slip_proc_start(&proc, &c->proc, err);
}

static int start_command(
	struct slip_child *c, const struct slip_child_spec *spec, int output, struct slip_err *err)
{
	struct slip_proc_spec proc = {
		.argv = (const char *const *)spec->launch->argv.v,
		.env = spec->env,
		.cwd = spec->cwd,
		.stdin_fd = -1,
		.stdout_fd = output,
		.stderr_fd = output,
	};
	return slip_proc_start(&proc, &c->proc, err);
}

int slip_child_start(struct slip_child *c, const struct slip_child_spec *spec, struct slip_err *err)
{
	*c = (struct slip_child){.scope = spec->scope, .output = -1, .records = -1};
	c->proc.pidfd = -1;
	slip_cgroup_read(&c->before);
	slip_lines_init(&c->lines, output_line, c);
	slip_wire_reader_init(&c->wire, spec->scope);
	slip_autoclose int output = -1;
	if (make_pipe(&c->output, &output, err) < 0)
		return -1;
	int rc = spec->launch->request ? start_request(c, spec, output, err)
				       : start_command(c, spec, output, err);
	if (rc < 0)
		return -1;
	if (!spec->launch->request)
		slip_cgroup_offer(c->proc.pid);
	c->group = c->proc.pid;
	c->last_sign = slip_clock_monotonic();
	return 0;
}

/* --- while it runs ---------------------------------------------------------------------------- */

size_t slip_child_poll_fds(const struct slip_child *c, struct pollfd *p)
{
	const int fds[] = {c->output, c->records, c->proc.pidfd};
	size_t n = 0;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			p[n++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	}
	return n;
}

/* Read what is there. True when more may be waiting. */
static bool drain(struct slip_child *c, int *fd)
{
	char chunk[32768];
	for (size_t got = 0; *fd >= 0 && got < MAX_READ_AT_ONCE;) {
		ssize_t n = read(*fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0) {
			slip_cleanup_close(fd);
			return false;
		}
		got += (size_t)n;
		if (fd == &c->records) {
			slip_wire_reader_add(&c->wire, chunk, (size_t)n);
			c->last_sign = slip_clock_monotonic();
		} else {
			slip_lines_add(&c->lines, chunk, (size_t)n);
		}
	}
	return *fd >= 0;
}

static bool drain_both(struct slip_child *c)
{
	bool more_output = drain(c, &c->output);
	bool more_records = drain(c, &c->records);
	return more_output || more_records;
}

bool slip_child_take(struct slip_child *c)
{
	if (c->kill_at > 0 && slip_clock_monotonic() >= c->kill_at)
		kill(-c->group, SIGKILL);
	struct slip_err err = SLIP_ERR_INIT;
	bool has_ended = slip_proc_wait(&c->proc, 0, &c->status, &err) == 0;
	if (has_ended)
		kill(-c->group, SIGKILL); /* what it left behind: nobody waits for that */
	bool is_more = drain_both(c);
	if (!has_ended)
		return false;
	/* Bounded: a daemon of another session may hold the pipe, and never stop writing. */
	for (int round = 0; is_more && round < 16; round++)
		is_more = drain_both(c);
	slip_lines_end(&c->lines);
	slip_cleanup_close(&c->output);
	slip_cleanup_close(&c->records);
	c->group = 0;
	return true;
}

void slip_child_stop(struct slip_child *c, double grace)
{
	double kill_at = slip_clock_monotonic() + grace;
	if (!c->group)
		return;
	if (c->kill_at <= 0)
		kill(-c->group, SIGTERM);
	if (c->kill_at <= 0 || kill_at < c->kill_at)
		c->kill_at = kill_at;
}

void slip_child_release(struct slip_child *c)
{
	if (c->group)
		slip_proc_stop(&c->proc, 0);
	slip_cleanup_close(&c->output);
	slip_cleanup_close(&c->records);
	slip_lines_release(&c->lines);
	slip_wire_reader_release(&c->wire);
	*c = (struct slip_child){.output = -1, .records = -1, .proc = {.pidfd = -1}};
}

/* --- left behind ------------------------------------------------------------------------------ */

/* This process is a subreaper: whatever lost its parent has become a child of ours. */
void slip_child_end_orphans(void)
{
	for (int round = 0; round < 100; round++) {
		slip_autobuf list;
		slip_buf_init(&list, 65536);
		slip_autoclose int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || slip_read_rest(fd, "children", &list, NULL) < 0)
			break;
		char *p = list.data, *end;
		for (long pid; (pid = strtol(p, &end, 10)) > 0 && end != p; p = end)
			kill((pid_t)pid, SIGKILL);
		pid_t got;
		while ((got = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (got < 0 && errno == ECHILD)
			break;
		(void)poll(NULL, 0, 10);
	}
}
