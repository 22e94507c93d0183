#include "config.h"

#include "runner/base/io.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <sys/wait.h>

/* The child's half: the outcome goes first, then the caller's struct as the child left it. */
static void child(slip_forked_fn *fn, void *arg, size_t size, int fd) SLIP_NORETURN;
static void child(slip_forked_fn *fn, void *arg, size_t size, int fd)
{
	struct slip_err outcome = SLIP_ERR_INIT;
	(void)!fn(arg, &outcome);
	struct slip_err lost = SLIP_ERR_INIT;
	if (slip_write_all(fd, &outcome, sizeof(outcome), &lost) < 0 ||
		slip_write_all(fd, arg, size, &lost) < 0)
		_exit(1);
	_exit(0);
}

static int receive(int fd, void *arg, size_t size, struct slip_err *err)
{
	struct slip_err outcome;
	size_t got;
	if (slip_read_upto(fd, &outcome, sizeof(outcome), &got, err) < 0)
		return -1;
	if (got != sizeof(outcome))
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "a forked process died");
	if (outcome.code != SLIP_E_NONE)
		return slip_err_copy(err, &outcome);
	slip_autofree char *result = slip_xmalloc(size);
	if (slip_read_upto(fd, result, size, &got, err) < 0)
		return -1;
	if (got != size)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "a forked process died");
	memcpy(arg, result, size);
	return 0;
}

int slip_forked_start(
	slip_forked_fn *fn, void *arg, size_t size, struct slip_forked *f, struct slip_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	slip_autoclose int from_child = fds[0];
	slip_autoclose int to_parent = fds[1];
	pid_t pid = fork();
	if (pid < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "fork");
	if (pid == 0)
		child(fn, arg, size, to_parent);
	f->pid = pid;
	f->from_child = slip_steal_fd(&from_child);
	return 0;
}

int slip_forked_finish(struct slip_forked *f, void *arg, size_t size, struct slip_err *err)
{
	int rc = receive(f->from_child, arg, size, err);
	slip_cleanup_close(&f->from_child);
	while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

int slip_forked(slip_forked_fn *fn, void *arg, size_t size, struct slip_err *err)
{
	struct slip_forked f;
	if (slip_forked_start(fn, arg, size, &f, err) < 0)
		return -1;
	return slip_forked_finish(&f, arg, size, err);
}
