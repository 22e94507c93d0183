#include "config.h"

#include "runner/base/cgroup.h"
#include "runner/base/io.h"
#include "runner/base/path.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/*
 * Three processes: the outer one (this program, executed anew; waits), the init (process 1 of the
 * new pid namespace; makes the root, passes signals on, reaps) and the command. When the init ends,
 * the kernel ends every process of its namespace, and the outer one's wait returns only after that.
 *
 * The command is forked from a process that never had a thread or a secret: its environment was
 * empty and its memory holds only the instructions.
 */

#define DEFAULT_HOSTNAME "slipway"
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

/* --- reports -------------------------------------------------------------------------------------
 */

static int report_fd = SLIP_CHILD_REPORT_FD;

static void report(enum slip_child_report_kind kind, const struct slip_err *err)
{
	struct slip_child_report r = {.kind = kind};
	if (err)
		r.err = *err;
	(void)!send(report_fd, &r, sizeof(r), MSG_NOSIGNAL);
}

void slip_child_note(const char *fmt, ...)
{
	struct slip_err note = SLIP_ERR_INIT;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(note.msg, sizeof(note.msg), fmt, ap);
	va_end(ap);
	report(SLIP_CHILD_NOTE, &note);
}

/* End this process with an error that the program shows. */
static void fail(const struct slip_err *err) SLIP_NORETURN;
static void fail(const struct slip_err *err)
{
	report(SLIP_CHILD_FAILED, err);
	_exit(err->code == SLIP_E_COMMAND ? err->status : slip_err_exit_status(err));
}

static int exit_status(int ws)
{
	return WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
}

/* --- the command
 * ---------------------------------------------------------------------------------- */

/* Only 0-2 and the report socket, which closes when the command is executed. */
static void keep_descriptors(void)
{
	if (dup3(report_fd, 3, O_CLOEXEC) >= 0 || errno == EINVAL)
		report_fd = 3;
	fcntl(report_fd, F_SETFD, FD_CLOEXEC);
	if (syscall(SYS_close_range, 4U, ~0U, 0U) == 0)
		return;
	struct rlimit rl;
	int last = getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < 65536 ? (int)rl.rlim_cur
									     : 65536;
	for (int fd = 4; fd < last; fd++)
		close(fd);
}

static void default_signals(void)
{
	struct sigaction sa = {.sa_handler = SIG_DFL};
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &sa, NULL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Links are followed inside the root, magic ones never; the kernel's own view has the last word. */
static int enter_cwd(const char *cwd, struct slip_err *err)
{
	slip_autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	slip_autoclose int fd = -1;
	if (root < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "open /");
	if (slip_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0, &fd, err) < 0)
		return slip_err_wrap(err, "working directory");
	if (fchdir(fd) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "enter working directory %s", cwd);
	/* The system call itself: the C library's getcwd hides "(unreachable)". */
	char got[4096];
	if (syscall(SYS_getcwd, got, sizeof(got)) < 0 || got[0] != '/')
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"working directory %s is outside the root filesystem", cwd);
	return 0;
}

static const char *search_path(const struct slip_strv *env)
{
	for (size_t i = 0; i < env->n; i++) {
		if (slip_starts_with(env->v[i], "PATH="))
			return env->v[i] + 5;
	}
	return SLIP_SANDBOX_PATH;
}

static int command_error(struct slip_err *err, int status, int sys, const char *fmt, ...)
	SLIP_PRINTF(4, 5);
static int command_error(struct slip_err *err, int status, int sys, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	slip_err_set(err, SLIP_E_COMMAND, sys, "%s", text);
	err->status = status;
	return -1;
}

/* Why execve(2) refused a file. */
static int explain_refusal(const char *file, int sys, struct slip_err *err)
{
	struct stat st;
	switch (sys) {
	case ENOENT:
		if (stat(file, &st) == 0)
			return command_error(err, STATUS_NOT_FOUND, 0,
				"%s is there, but the interpreter in its first line or its dynamic "
				"loader is not",
				file);
		return command_error(err, STATUS_NOT_FOUND, 0, "%s: not found", file);
	case ENOTDIR:
		return command_error(err, STATUS_NOT_FOUND, sys, "%s", file);
	case ENOEXEC:
		return command_error(err, STATUS_NOT_EXECUTABLE, 0,
			"%s: not a program for this machine (another architecture, or a script "
			"without #! in its first line)",
			file);
	case EACCES:
		if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
			return command_error(
				err, STATUS_NOT_EXECUTABLE, 0, "%s: is a directory", file);
		return command_error(err, STATUS_NOT_EXECUTABLE, sys, "%s", file);
	case E2BIG:
		return command_error(
			err, STATUS_NOT_EXECUTABLE, sys, "%s: its arguments and environment", file);
	default:
		return command_error(err, STATUS_NOT_EXECUTABLE, sys, "%s", file);
	}
}

static bool is_program(const char *file)
{
	struct stat st;
	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0;
}

/* Find argv[0] as a shell does; a name with a slash is taken as it is. */
static int find_program(const struct slip_sandbox_spec *s, char **file, struct slip_err *err)
{
	const char *name = s->argv.v[0];
	if (!*name)
		return command_error(err, STATUS_NOT_FOUND, 0, "the command is an empty string");
	if (strchr(name, '/')) {
		*file = slip_xstrdup(name);
		return 0;
	}
	const char *path = search_path(&s->env);
	slip_autostrv dirs = {0};
	slip_strv_split(&dirs, path, ':');
	slip_autofree char *unusable = NULL;
	for (size_t i = 0; i < dirs.n; i++) {
		slip_autofree char *at =
			slip_xasprintf("%s/%s", *dirs.v[i] ? dirs.v[i] : ".", name);
		if (is_program(at)) {
			*file = slip_steal_ptr(&at);
			return 0;
		}
		struct stat st;
		if (!unusable && stat(at, &st) == 0 && S_ISREG(st.st_mode))
			unusable = slip_steal_ptr(&at);
	}
	if (unusable)
		return command_error(err, STATUS_NOT_EXECUTABLE, EACCES, "%s", unusable);
	return command_error(err, STATUS_NOT_FOUND, 0, "%s: not found in PATH (%s)", name, path);
}

static void command_main(const struct slip_instructions *in) SLIP_NORETURN;
static void command_main(const struct slip_instructions *in)
{
	const struct slip_sandbox_spec *s = &in->spec;
	struct slip_err err = SLIP_ERR_INIT;
	static char *no_env[] = {NULL};
	slip_autofree char *file = NULL;
	keep_descriptors();
	setsid(); /* signals to its own group must not reach the outer process */
	default_signals();
	umask(022);
	/* /dev/stdout must open for the command's user too. */
	(void)!fchown(STDOUT_FILENO, s->uid, s->gid);
	if (enter_cwd(s->cwd, &err) < 0 || slip_privileges_drop(in, &err) < 0 ||
		find_program(s, &file, &err) < 0)
		fail(&err);
	report(SLIP_CHILD_READY, NULL);
	execve(file, s->argv.v, s->env.v ? s->env.v : no_env);
	(void)!explain_refusal(file, errno, &err);
	fail(&err);
}

/* --- the init
 * ------------------------------------------------------------------------------------- */

static int bring_loopback_up(struct slip_err *err)
{
	struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	slip_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "bring the loopback device up");
	return 0;
}

static const int passed_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(passed_signals); i++)
		sigaddset(set, passed_signals[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
}

/* Reap all that have ended; true when the command was among them. */
static bool reap(pid_t command, int *ws)
{
	int status;
	pid_t pid;
	bool ended = false;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command) {
			*ws = status;
			ended = true;
		}
	}
	return ended;
}

/* The duties of process 1, until the command ends. */
static int serve(pid_t command, const sigset_t *signals)
{
	int ws = 0;
	while (!reap(command, &ws)) {
		int sig = sigwaitinfo(signals, NULL);
		if (sig > 0 && sig != SIGCHLD)
			kill(-1, sig); /* everything in the namespace but this process */
	}
	return exit_status(ws);
}

/* Signals stay blocked from before the fork: one that comes early is passed on, not lost. */
static void init_main(struct slip_instructions *in, const struct slip_backend *backend,
	const sigset_t *signals) SLIP_NORETURN;
static void init_main(
	struct slip_instructions *in, const struct slip_backend *backend, const sigset_t *signals)
{
	struct slip_err err = SLIP_ERR_INIT;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	slip_cgroup_offer(0);
	if (!in->spec.hostname)
		in->spec.hostname = slip_xstrdup(DEFAULT_HOSTNAME);
	/* Filters of containers (podman's) allow the namespace, but not its name: it keeps theirs.
	 */
	if (sethostname(in->spec.hostname, strlen(in->spec.hostname)) < 0 && errno != EPERM) {
		slip_err_set(&err, SLIP_E_SANDBOX, errno, "set the host name");
		fail(&err);
	}
	if (in->spec.network == SLIP_NETWORK_NONE && bring_loopback_up(&err) < 0)
		fail(&err);
	if (backend->enter_root(in, &err) < 0)
		fail(&err);
	/* Nothing of this process may be read through /proc/1. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	pid_t command = fork();
	if (command < 0) {
		slip_err_set(&err, SLIP_E_SANDBOX, errno, "fork");
		fail(&err);
	}
	if (command == 0)
		command_main(in);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	close(report_fd);
	_exit(serve(command, signals));
}

/* --- the outer process
 * ---------------------------------------------------------------------------- */

static int make_namespaces(const struct slip_instructions *in, int flags, struct slip_err *err)
{
	if (in->spec.network == SLIP_NETWORK_NONE)
		flags |= CLONE_NEWNET;
	if (unshare(flags) < 0)
		return slip_err_set(
			err, SLIP_E_SANDBOX, errno, "unshare the namespaces of the command");
	return 0;
}

void slip_sandbox_child(int argc SLIP_UNUSED, char **argv SLIP_UNUSED)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_instructions in;
	umask(0);
	fcntl(report_fd, F_SETFD, FD_CLOEXEC);
	if (slip_instructions_read(SLIP_CHILD_INSTRUCTIONS_FD, &in, &err) < 0)
		fail(&err);
	close(SLIP_CHILD_INSTRUCTIONS_FD);
	const struct slip_backend *backend = slip_backend_find(in.mode);
	if (!backend || !backend->enter_root) {
		slip_err_set(&err, SLIP_E_BUG, 0, "no way to run a command in isolation mode %d",
			(int)in.mode);
		fail(&err);
	}
	if (make_namespaces(&in, backend->clone_flags, &err) < 0)
		fail(&err);
	sigset_t signals;
	block_signals(&signals);
	pid_t init = fork();
	if (init < 0) {
		slip_err_set(&err, SLIP_E_SANDBOX, errno, "fork");
		fail(&err);
	}
	if (init == 0)
		init_main(&in, backend, &signals);
	/* The report socket stays open here: its end tells the program that all of this ended. */
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	int ws;
	while (waitpid(init, &ws, 0) < 0) {
		if (errno != EINTR)
			_exit(70);
	}
	_exit(exit_status(ws));
}
