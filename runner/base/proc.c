#include "config.h"

#include "runner/base/proc.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MAX_FDS 16
#define HIGH_FD MAX_FDS /* above every number a child is given, and below a small `ulimit -n` */

static int exe_fd = -1;
static int cancel_fd = -1;
static atomic_int cancel_signal;

int slip_proc_init(struct slip_err *err)
{
	/* High: the descriptors of a child take the low numbers before it executes this one. */
	int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	exe_fd = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	slip_cleanup_close(&fd);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return slip_err_set(err, SLIP_E_IO, errno, "ignore SIGPIPE");
	/* A file above `ulimit -f` is a failed write, which is told and cleaned up after. */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return slip_err_set(err, SLIP_E_IO, errno, "ignore SIGXFSZ");
	/* Who started us may have ignored it: then the kernel keeps no status of a child. */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return slip_err_set(err, SLIP_E_IO, errno, "stop ignoring SIGCHLD");
	return 0;
}

/* --- start -------------------------------------------------------------------------------------
 */

/* Everything the child needs, made ready before it exists: it may not allocate. */
struct launch {
	const char *file; /* NULL: this program, by exe_fd */
	const char *cwd;
	char *const *argv;
	char *const *env;
	int fds[MAX_FDS]; /* fds[i] becomes i */
	int n_fds;
	pid_t parent;
	/*
	 * Set by the child, which shares our memory until it executes. Volatile, as the compiler
	 * sees only a store before a call that does not return.
	 */
	const char *volatile failed;
	volatile int failed_errno;
};

static void child_fail(struct launch *l, const char *what) SLIP_NORETURN;
static void child_fail(struct launch *l, const char *what)
{
	l->failed = what;
	l->failed_errno = errno;
	_exit(127);
}

static void child_descriptors(struct launch *l)
{
	for (int i = 0; i < l->n_fds; i++) {
		l->fds[i] = fcntl(l->fds[i], F_DUPFD_CLOEXEC, HIGH_FD);
		if (l->fds[i] < 0)
			child_fail(l, "duplicate a descriptor");
	}
	for (int i = 0; i < l->n_fds; i++) {
		if (dup2(l->fds[i], i) < 0)
			child_fail(l, "place a descriptor");
	}
	/* All of ours are close-on-exec; inherited ones of whoever started us may not be. */
	if (syscall(SYS_close_range, (unsigned)l->n_fds, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	struct rlimit rl;
	int last = 65536;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < 65536)
		last = (int)rl.rlim_cur;
	for (int fd = l->n_fds; fd < last; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void child_signals(void)
{
	/*
	 * The kernel's struct, all zero, is SIG_DFL. By hand, as the library refuses to touch the
	 * signals that it keeps for itself, and those may have come to us ignored as well.
	 */
	static const unsigned long by_default[8];
	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, by_default, NULL, NSIG / 8);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_main(struct launch *l) SLIP_NORETURN;
static void child_main(struct launch *l)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != l->parent)
		_exit(127); /* the parent died before prctl */
	if (l->cwd && chdir(l->cwd) < 0)
		child_fail(l, "enter the working directory");
	child_descriptors(l);
	child_signals();
	if (l->file)
		execve(l->file, l->argv, l->env);
	else
		syscall(SYS_execveat, exe_fd, "", l->argv, l->env, AT_EMPTY_PATH);
	child_fail(l, "execute");
}

/*
 * vfork: the child runs on our memory until it executes, which costs no copy of page tables and
 * lets it report an error by writing it. It must therefore not return from here.
 */
static pid_t launch(struct launch *l)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pid_t pid = vfork();
	if (pid == 0)
		child_main(l);
	int saved = errno;
	pthread_setcancelstate(state, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

static const char *env_value(const char *const *env, const char *name)
{
	size_t n = strlen(name);
	for (; *env; env++) {
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	}
	return NULL;
}

/* The file that a shell would execute for `name`; NULL with errno. */
static char *find_program(const char *name, const char *const *env)
{
	if (strchr(name, '/'))
		return slip_xstrdup(name);
	const char *path = env_value(env, "PATH");
	slip_autostrv dirs = {0};
	slip_strv_split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin", ':');
	errno = ENOENT;
	for (size_t i = 0; i < dirs.n; i++) {
		char *file = slip_xasprintf("%s/%s", *dirs.v[i] ? dirs.v[i] : ".", name);
		struct stat st;
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
			return file;
		free(file);
	}
	errno = ENOENT;
	return NULL;
}

static int prepare_fds(
	struct launch *l, const struct slip_proc_spec *spec, int null_fd, struct slip_err *err)
{
	if (spec->n_extra_fds > MAX_FDS - 3)
		return slip_err_set(err, SLIP_E_BUG, 0, "too many descriptors for a child");
	l->fds[0] = spec->stdin_fd >= 0 ? spec->stdin_fd : null_fd;
	l->fds[1] = spec->stdout_fd >= 0 ? spec->stdout_fd : STDERR_FILENO;
	l->fds[2] = spec->stderr_fd >= 0 ? spec->stderr_fd : STDERR_FILENO;
	if (spec->joins_stderr)
		l->fds[2] = l->fds[1];
	for (size_t i = 0; i < spec->n_extra_fds; i++)
		l->fds[3 + i] = spec->extra_fds[i];
	l->n_fds = 3 + (int)spec->n_extra_fds;
	return 0;
}

/* argv of a role: "slipway", "role:<name>", then the arguments. */
static void role_argv(const struct slip_proc_spec *spec, struct slip_strv *argv)
{
	slip_strv_add(argv, "slipway");
	slip_strv_addf(argv, "role:%s", spec->role);
	for (const char *const *a = spec->argv; a && *a; a++)
		slip_strv_add(argv, *a);
}

int slip_proc_start(const struct slip_proc_spec *spec, struct slip_proc *proc, struct slip_err *err)
{
	const char *const *env = spec->env ? spec->env : (const char *const *)environ;
	slip_autostrv role = {0};
	slip_autofree char *file = NULL;
	struct launch l = {.cwd = spec->cwd, .parent = getpid(), .env = (char *const *)env};
	if (spec->role && exe_fd < 0)
		return slip_err_set(err, SLIP_E_IO, 0,
			"this program cannot start itself again: /proc is not mounted");
	if (spec->role) {
		role_argv(spec, &role);
		l.argv = role.v;
	} else {
		l.argv = (char *const *)spec->argv;
		file = find_program(spec->argv[0], env);
		if (!file)
			return slip_err_set(err, SLIP_E_NOTFOUND, errno, "%s", spec->argv[0]);
		l.file = file;
	}
	slip_autoclose int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open /dev/null");
	if (prepare_fds(&l, spec, null_fd, err) < 0)
		return -1;
	pid_t pid = launch(&l);
	if (pid < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "start %s", l.argv[0]);
	if (l.failed) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return slip_err_set(err, l.failed_errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO,
			l.failed_errno, "start %s: %s", l.argv[0], l.failed);
	}
	proc->pid = pid;
	proc->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

/* --- wait and stop -----------------------------------------------------------------------------
 */

static void forget(struct slip_proc *proc)
{
	slip_cleanup_close(&proc->pidfd);
	proc->pid = -1;
}

/* 1 when the child has ended and was reaped, 0 when it runs. */
static int reap(struct slip_proc *proc, int *status)
{
	int ws;
	pid_t got;
	do {
		got = waitpid(proc->pid, &ws, WNOHANG);
	} while (got < 0 && errno == EINTR);
	if (got == 0)
		return 0;
	*status = got < 0 ? 127 : WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
	forget(proc);
	return 1;
}

/* Sleep until the child may have ended, a signal asks to stop, or ms passed. */
static void wait_a_while(const struct slip_proc *proc, int ms, bool cancellable)
{
	struct pollfd p[2] = {
		{.fd = proc->pidfd, .events = POLLIN},
		{.fd = cancellable ? cancel_fd : -1, .events = POLLIN},
	};
	/* Without pidfd_open (Linux 5.3, gVisor) the end is noticed by looking again. */
	if (proc->pidfd < 0 && (ms < 0 || ms > 10))
		ms = 10;
	(void)poll(p, 2, ms);
}

/* At most a minute, after which the clock is read again: no deadline is too far for an int. */
static int to_ms(double seconds)
{
	return seconds > 60 ? 60000 : (int)(seconds * 1000) + 1;
}

static int wait_until(struct slip_proc *proc, double deadline, bool cancellable, int *status,
	struct slip_err *err)
{
	for (;;) {
		if (reap(proc, status))
			return 0;
		if (cancellable && slip_cancel_check(err) < 0)
			return -1;
		double left = deadline - slip_clock_monotonic();
		if (deadline >= 0 && left <= 0)
			return slip_err_set(err, SLIP_E_TIMEOUT, 0, "the time limit has passed");
		wait_a_while(proc, deadline < 0 ? -1 : to_ms(left), cancellable);
	}
}

int slip_proc_wait(struct slip_proc *proc, int timeout_ms, int *status, struct slip_err *err)
{
	double deadline = timeout_ms < 0 ? -1 : slip_clock_monotonic() + timeout_ms / 1000.0;
	return wait_until(proc, deadline, true, status, err);
}

void slip_proc_stop(struct slip_proc *proc, int grace_ms)
{
	if (proc->pid <= 0)
		return;
	int status;
	struct slip_err err = SLIP_ERR_INIT;
	kill(-proc->pid, SIGTERM);
	kill(proc->pid, SIGTERM);
	double deadline = slip_clock_monotonic() + grace_ms / 1000.0;
	pid_t group = proc->pid;
	if (wait_until(proc, deadline, false, &status, &err) < 0) {
		kill(-group, SIGKILL);
		kill(group, SIGKILL);
		slip_err_clear(&err);
		(void)!wait_until(proc, -1, false, &status, &err);
	}
	kill(-group, SIGKILL); /* what the leader left behind in its group */
}

/* --- run to the end ----------------------------------------------------------------------------
 */

struct exchange {
	int in; /* our end of the child's stdin */
	int out; /* our end of its stdout */
	const char *input;
	size_t input_left;
	struct slip_buf *output;
};

/* Move what can be moved now; -1 when the output is over its limit. */
static int pump(struct exchange *x, int ms, struct slip_err *err)
{
	struct pollfd p[3] = {
		{.fd = x->in, .events = POLLOUT},
		{.fd = x->out, .events = POLLIN},
		{.fd = cancel_fd, .events = POLLIN},
	};
	if (poll(p, 3, ms) <= 0)
		return 0;
	if (p[0].revents) {
		ssize_t n = x->input_left ? write(x->in, x->input, x->input_left) : 0;
		if (n > 0) {
			x->input += n;
			x->input_left -= (size_t)n;
		}
		if (!x->input_left || (n < 0 && errno != EAGAIN && errno != EINTR))
			slip_cleanup_close(&x->in);
	}
	if (p[1].revents) {
		char chunk[8192];
		ssize_t n = read(x->out, chunk, sizeof(chunk));
		if (n > 0)
			slip_buf_add(x->output, chunk, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			slip_cleanup_close(&x->out);
	}
	return slip_buf_check(x->output, "its output", err);
}

static int communicate(struct exchange *x, double deadline, struct slip_err *err)
{
	while (x->out >= 0 || x->in >= 0) {
		double left = deadline - slip_clock_monotonic();
		if (deadline >= 0 && left <= 0)
			return slip_err_set(err, SLIP_E_TIMEOUT, 0, "the time limit has passed");
		if (pump(x, deadline < 0 ? -1 : to_ms(left), err) < 0 || slip_cancel_check(err) < 0)
			return -1;
	}
	return 0;
}

int slip_proc_run(const struct slip_proc_spec *spec, const void *input, size_t input_len,
	size_t max_output, int timeout_ms, struct slip_proc_output *result, struct slip_err *err)
{
	slip_autoclose int in_r = -1, in_w = -1, out_r = -1, out_w = -1;
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	in_r = in[0];
	in_w = in[1];
	if (pipe2(out, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	out_r = out[0];
	out_w = out[1];
	fcntl(in_w, F_SETFL, O_NONBLOCK);
	struct slip_proc_spec child = *spec;
	child.stdin_fd = in_r;
	child.stdout_fd = out_w;
	struct slip_proc proc;
	if (slip_proc_start(&child, &proc, err) < 0)
		return -1;
	slip_cleanup_close(&in_r);
	slip_cleanup_close(&out_w);

	slip_autobuf output;
	slip_buf_init(&output, max_output);
	struct exchange x = {
		slip_steal_fd(&in_w), slip_steal_fd(&out_r), input, input_len, &output};
	double deadline = timeout_ms < 0 ? -1 : slip_clock_monotonic() + timeout_ms / 1000.0;
	int rc = communicate(&x, deadline, err);
	slip_cleanup_close(&x.in);
	slip_cleanup_close(&x.out);
	if (rc == 0)
		rc = wait_until(&proc, deadline, true, &result->status, err);
	if (rc < 0) {
		slip_proc_stop(&proc, 500);
		return slip_err_wrap(err, "%s", spec->role ? spec->role : spec->argv[0]);
	}
	result->out_len = output.len;
	result->out = slip_buf_take(&output);
	return 0;
}

/* --- cancel ------------------------------------------------------------------------------------
 */

/* Two of them, so that the handler never sees one that is being filled. */
static struct last_words {
	int fd;
	size_t len;
	char text[SLIP_CANCEL_WORDS];
} last_words[2] = {{.fd = -1}, {.fd = -1}};
static atomic_int current_words;

void slip_cancel_set_last_words(int fd, const char *text, size_t len)
{
	int next = !atomic_load(&current_words);
	struct last_words *w = &last_words[next];
	w->fd = fd;
	w->len = len < sizeof(w->text) ? len : sizeof(w->text);
	memcpy(w->text, text, w->len);
	atomic_store(&current_words, next);
}

static void say_last_words(void)
{
	const struct last_words *w = &last_words[atomic_load(&current_words)];
	if (w->fd >= 0)
		(void)!write(w->fd, w->text, w->len);
}

static void on_abort(int sig)
{
	(void)sig;
	say_last_words(); /* abort goes on when this returns */
}

static void on_signal(int sig)
{
	int expected = 0;
	int saved = errno;
	if (!atomic_compare_exchange_strong(&cancel_signal, &expected, sig)) {
		say_last_words();
		_exit(128 + sig);
	}
	uint64_t one = 1;
	(void)!write(cancel_fd, &one, sizeof(one));
	errno = saved;
}

int slip_cancel_init(struct slip_err *err)
{
	cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (cancel_fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "eventfd");
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigfillset(&sa.sa_mask);
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction bug = {.sa_handler = on_abort};
	sigset_t heard;
	sigemptyset(&heard);
	if (sigaction(SIGABRT, &bug, NULL) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "handle signals");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(signals); i++) {
		struct sigaction old;
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(signals[i], &sa, NULL) < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "handle signals");
		sigaddset(&heard, signals[i]);
	}
	/* Blocked, as whoever started us may have left them, they would cancel nothing. */
	pthread_sigmask(SIG_UNBLOCK, &heard, NULL);
	return 0;
}

int slip_cancel_fd(void)
{
	return cancel_fd;
}

int slip_cancel_signal(void)
{
	return atomic_load(&cancel_signal);
}

int slip_cancel_check(struct slip_err *err)
{
	int sig = slip_cancel_signal();
	if (!sig)
		return 0;
	slip_err_set(err, SLIP_E_CANCELLED, 0, "stopped by SIG%s", sigabbrev_np(sig));
	if (err)
		err->status = sig;
	return -1;
}
