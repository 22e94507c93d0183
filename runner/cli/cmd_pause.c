/*
 * What keeps a pod's container alive while others run commands in it. As process 1 it gets every
 * orphan of the container and reaps it; elsewhere it is a subreaper (base/proc.h) for its own. A
 * plain `sleep infinity` in its place leaves zombies, and as process 1 takes no notice of TERM, so
 * that a pod needs its whole grace period to go.
 *
 * Being asked to end is how it ends well: exit status 0.
 */
#include "config.h"

#include "runner/base/proc.h"
#include "runner/cli/command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

static int open_signals(int *fd, struct slip_err *err)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* Ignored, as whoever started us may have left it, it would not be sent. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "block SIGCHLD");
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *fd < 0 ? slip_err_set(err, SLIP_E_IO, errno, "signalfd") : 0;
}

static void reap_all(int signals)
{
	struct signalfd_siginfo info[16];
	while (read(signals, info, sizeof(info)) > 0)
		;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	static const struct slip_opt none[] = {{NULL}};
	slip_autoclose int signals = -1;
	(void)cli;
	(void)status;
	if (slip_opt_parse(none, NULL, argv, NULL, err) < 0 || open_signals(&signals, err) < 0)
		return -1;
	while (!slip_cancel_requested()) {
		reap_all(signals);
		struct pollfd p[] = {
			{.fd = signals, .events = POLLIN},
			{.fd = slip_cancel_fd(), .events = POLLIN},
		};
		(void)poll(p, SLIP_ARRAY_LEN(p), -1);
	}
	return 0;
}

const struct slip_cli_command slip_command_pause = {
	.name = "pause",
	.summary = "Keep a container alive: reap its orphans, end on TERM.",
	.run = run,
};
