#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "tests/unit/shell.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const struct slip_proc_spec quiet = {.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

/* What a command prints and its status: "text|status". */
static char *outcome(struct slip_proc_spec spec, const char *const *argv)
{
	struct slip_proc_output out = {0};
	struct slip_err err = SLIP_ERR_INIT;
	spec.argv = argv;
	if (slip_proc_run(&spec, NULL, 0, 1 << 20, 20000, &out, &err) < 0)
		return slip_xasprintf("%s: %s", slip_err_name(err.code), err.msg);
	char *text = slip_xasprintf("%s|%d", out.out, out.status);
	free(out.out);
	return text;
}
#define is_outcome(spec, want, name, ...)                                                          \
	do {                                                                                       \
		const char *const argv_[] = {__VA_ARGS__, NULL};                                   \
		slip_autofree char *got_ = outcome(spec, argv_);                                   \
		is_str(got_, want, "%s", name);                                                    \
	} while (0)

static void test_status(const char *dir)
{
	is_outcome(quiet, "|0", "success", "true");
	is_outcome(quiet, "|7", "an exit status", "sh", "-c", "exit 7");
	is_outcome(quiet, "|143", "a signal", "sh", "-c", "kill $$");
	is_outcome(quiet, "not-found: no-such-program: No such file or directory",
		"no such program", "no-such-program");
	is_outcome(quiet, "not-found: start /nonexistent/x: execute: No such file or directory",
		"no such file", "/nonexistent/x");
	is_outcome(quiet, "io: start /etc/passwd: execute: Permission denied", "no program",
		"/etc/passwd");
	struct slip_proc_spec spec = quiet;
	spec.cwd = "/nonexistent";
	is_outcome(spec,
		"not-found: start true: enter the working directory: No such file or directory",
		"no such directory", "true");
	spec.cwd = "/proc";
	is_outcome(spec, "/proc\n|0", "a working directory", "pwd");
	slip_autofree char *path = slip_xasprintf("PATH=%s:/bin:/usr/bin", dir);
	const char *const env[] = {"A=1", path, NULL};
	is_shell("", "programs of a name",
		"cd %s && mkdir sh && echo '#!/bin/echo' >tool && cp tool other && chmod +x tool",
		dir);
	spec = quiet;
	spec.env = env;
	is_outcome(spec, "1|0", "an environment of its own, directories are no programs", "sh",
		"-c", "printf %s $A$B");
	is_outcome(spec, "not-found: other: No such file or directory",
		"without x it is no program", "other");
	spec = (struct slip_proc_spec){
		.role = "none", .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	is_outcome(spec, "none word|42", "a role executes this program again", "word");
}

static void test_hygiene(void)
{
	/* Descriptors of ours, with and without close-on-exec, low and high. */
	int leak = open("/dev/null", O_RDONLY), high = fcntl(leak, F_DUPFD, 500);
	is_outcome(quiet, "0 1 2 3|0", "a child has three descriptors and what ls opens", "sh",
		"-c", "printf '%s' \"$(echo $(ls /proc/self/fd))\"");
	int extra[] = {high, leak, 0};
	struct slip_proc_spec spec = quiet;
	spec.extra_fds = extra;
	spec.n_extra_fds = 3;
	is_outcome(spec, "0 1 2 3 4 5 6|0", "and those that it is given", "sh", "-c",
		"printf '%s' \"$(echo $(ls /proc/self/fd))\"");
	close(leak);
	close(high);
	int many[20] = {0};
	spec.extra_fds = many;
	spec.n_extra_fds = 20;
	is_outcome(spec, "bug: too many descriptors for a child", "within reason", "true");
	is_outcome(quiet, "ok|0", "a session of its own", "sh", "-c",
		"set -- $(cut -d' ' -f5,6 /proc/$$/stat); [ $1 = $$ ] && [ $2 = $$ ] && printf ok");
	sigset_t block, old;
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	is_outcome(quiet, "SigBlk: 0000000000000000 SigIgn: 0000000000000000|0",
		"no signal is blocked or ignored", "sh", "-c",
		"printf '%s' \"$(echo $(grep -E 'SigBlk|SigIgn' /proc/self/status))\"");
	sigprocmask(SIG_SETMASK, &old, NULL);
	is_int(signal(SIGPIPE, SIG_IGN) == SIG_IGN, 1, "ours are as they were");
	is_outcome(quiet, "|0", "standard input is empty", "cat");
}

static void test_run(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_proc_output out = {0};
	enum {
		BIG = 3 << 20
	};
	slip_autofree char *big = slip_xmalloc(BIG);
	memset(big, 'x', BIG);
	const char *const cat[] = {"cat", NULL};
	struct slip_proc_spec spec = quiet;
	spec.argv = cat;
	ok(slip_proc_run(&spec, big, BIG, BIG, 20000, &out, &err) == 0 && out.out_len == BIG &&
			memcmp(out.out, big, BIG) == 0,
		"as much out as in, at once");
	free(out.out);
	ok(slip_proc_run(&spec, big, BIG, BIG - 1, 20000, &out, &err) == -1 &&
			slip_err_is(&err, SLIP_E_LIMIT),
		"output has a limit");
	is_str(err.msg, "cat: its output is larger than 3145727 bytes", "says so");
	slip_err_clear(&err);
	const char *const deaf[] = {"sh", "-c", "exit 3", NULL};
	spec.argv = deaf;
	ok(slip_proc_run(&spec, big, BIG, 10, 20000, &out, &err) == 0 && out.status == 3,
		"input that nobody reads");
	free(out.out);
	const char *const mute[] = {
		"sh", "-c", "exec >&-; sleep 0.1; [ $(wc -c) = 3145728 ]", NULL};
	spec.argv = mute;
	ok(slip_proc_run(&spec, big, BIG, 10, 20000, &out, &err) == 0, "output that ends early");
	is_int(out.status, 0, "cuts no input");
	free(out.out);
	const char *const slow[] = {"sh", "-c", "sleep 77 & sleep 77", NULL};
	spec.argv = slow;
	double start = slip_clock_monotonic();
	ok(slip_proc_run(&spec, NULL, 0, 10, 200, &out, &err) == -1 &&
			slip_err_is(&err, SLIP_E_TIMEOUT),
		"a time limit");
	ok(slip_clock_monotonic() - start < 5, "is kept");
	is_str(err.msg, "sh: the time limit has passed", "and said");
}

/* Is a process of that id there, and not only its remains? */
static bool is_alive(pid_t pid)
{
	slip_autofree char *state =
		shell("cut -d' ' -f3 /proc/%d/stat 2>/dev/null || echo none", (int)pid);
	return !strchr("Zn", state[0]);
}

static bool ends_soon(pid_t pid)
{
	for (int i = 0; i < 300 && is_alive(pid); i++)
		usleep(10000);
	return !is_alive(pid);
}

static void test_stop(const char *dir)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_proc proc;
	int status = -1;
	slip_autofree char *script = slip_xasprintf("trap '' TERM; cd %s; sleep 78 & echo $! >pid; "
						    "mv pid child; while :; do sleep 1; done",
		dir);
	slip_autofree char *file = slip_xasprintf("%s/child", dir);
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct slip_proc_spec spec = quiet;
	spec.argv = argv;
	ok(slip_proc_start(&spec, &proc, &err) == 0, "a child that does not want to end");
	ok(slip_proc_wait(&proc, 50, &status, &err) == -1 && slip_err_is(&err, SLIP_E_TIMEOUT),
		"is waited for so long");
	for (int i = 0; i < 300 && access(file, F_OK) < 0; i++)
		usleep(10000);
	pid_t pid = proc.pid;
	ok(is_alive(pid), "and goes on");
	slip_autofree char *text = shell("cat %s", file);
	pid_t grandchild = (pid_t)strtol(text, NULL, 10);
	double start = slip_clock_monotonic();
	slip_proc_stop(&proc, 100);
	ok(!is_alive(pid) && slip_clock_monotonic() - start < 5, "it ends all the same");
	ok(grandchild > 0 && ends_soon(grandchild), "with what it started");
	slip_proc_stop(&proc, 100);
	is_int(proc.pid, -1, "stopping twice does nothing");
	const char *const sleeper[] = {"sleep", "0.05", NULL};
	spec.argv = sleeper;
	slip_err_clear(&err);
	ok(slip_proc_start(&spec, &proc, &err) == 0 &&
			slip_proc_wait(&proc, INT32_MAX, &status, &err) == 0 && status == 0,
		"the longest time limit there is");
}

/* When this program dies, so do its children. */
static void test_parent_death(void)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		slip_bug("no pipe");
	fflush(stdout);
	pid_t middle = fork();
	if (middle == 0) {
		const char *const argv[] = {"sleep", "79", NULL};
		struct slip_proc_spec spec = quiet;
		struct slip_proc proc;
		spec.argv = argv;
		if (slip_proc_start(&spec, &proc, NULL) == 0)
			(void)!write(fds[1], &proc.pid, sizeof(proc.pid));
		kill(getpid(), SIGKILL);
	}
	pid_t child = 0;
	waitpid(middle, NULL, 0);
	ok(read(fds[0], &child, sizeof(child)) == sizeof(child) && ends_soon(child),
		"children die with their parent");
	close(fds[0]);
	close(fds[1]);
}

static void cancel_child(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	const char *const argv[] = {"sleep", "80", NULL};
	struct slip_proc_spec spec = quiet;
	struct slip_proc proc;
	struct slip_proc_output out;
	int status;
	spec.argv = argv;
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigset_t blocked; /* as whoever started us may have left them */
	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	if (slip_cancel_init(&err) < 0 || slip_cancel_requested() || slip_cancel_check(&err) < 0)
		_exit(1);
	raise(SIGHUP);
	if (slip_cancel_requested())
		_exit(2);
	if (slip_proc_start(&spec, &proc, &err) < 0)
		_exit(3);
	kill(getpid(), SIGTERM);
	struct pollfd p = {.fd = slip_cancel_fd(), .events = POLLIN};
	if (poll(&p, 1, 0) != 1 || slip_cancel_signal() != SIGTERM)
		_exit(4);
	if (slip_proc_wait(&proc, -1, &status, &err) != -1 ||
		!slip_err_is(&err, SLIP_E_CANCELLED) || err.status != SIGTERM ||
		slip_err_exit_status(&err) != 143)
		_exit(5);
	slip_proc_stop(&proc, 1000);
	slip_err_clear(&err);
	if (slip_proc_run(&spec, NULL, 0, 10, -1, &out, &err) != -1 ||
		!slip_err_is(&err, SLIP_E_CANCELLED))
		_exit(6);
	raise(SIGINT); /* the second ends the program */
	_exit(7);
}

/* How a process ends that says last words: by a second signal, or by a bug. */
static void check_last_words(bool by_bug, int want, const char *name)
{
	int fds[2], status = 0;
	char text[16] = "";
	if (pipe(fds) < 0)
		fail("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		struct slip_err err = SLIP_ERR_INIT;
		prctl(PR_SET_DUMPABLE, 0);
		if (slip_cancel_init(&err) < 0)
			_exit(99);
		slip_cancel_set_last_words(fds[1], "first", 5);
		slip_cancel_set_last_words(fds[1], "words", 5);
		if (by_bug)
			abort();
		raise(SIGTERM);
		raise(SIGTERM);
		_exit(98);
	}
	close(fds[1]);
	(void)!read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	waitpid(pid, &status, 0);
	is_str(text, "words", "%s: the last words", name);
	is_int(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), want,
		"%s: the end", name);
}

static void test_cancel(void)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		cancel_child();
	int status = 0;
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status), "a signal ends nothing by itself");
	is_int(WEXITSTATUS(status), 128 + SIGINT,
		"the first asks, an ignored one does not, the second ends; a blocked mask is "
		"undone");
}

/* As started by somebody who ignores SIGCHLD, and with a limit for files: what went wrong. */
static int odd_parent(const char *file)
{
	const struct rlimit one = {1, 1};
	const char *const argv[] = {"sh", "-c", "exit 7", NULL};
	signal(SIGCHLD, SIG_IGN);
	signal(SIGXFSZ, SIG_DFL);
	if (slip_proc_init(NULL) < 0)
		return 1;
	slip_autofree char *got = outcome(quiet, argv);
	if (!slip_streq(got, "|7"))
		return 2;
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (setrlimit(RLIMIT_FSIZE, &one) < 0 || write(fd, "a", 1) != 1)
		return 3;
	return write(fd, "b", 1) < 0 && errno == EFBIG ? 0 : 4;
}

static void test_odd_parent(const char *dir)
{
	struct rlimit old;
	int status = 0;
	slip_autofree char *file = slip_xasprintf("%s/limited", dir);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(odd_parent(file));
	waitpid(pid, &status, 0);
	is_int(status, 0, "an ignored SIGCHLD hides no status, a limit for files is an error");
	getrlimit(RLIMIT_NOFILE, &old);
	const struct rlimit few = {32, old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	is_outcome(quiet, "|0", "a command where 32 descriptors are all there are", "true");
	setrlimit(RLIMIT_NOFILE, &old);
}

int main(int argc, char **argv)
{
	if (argc > 2 && slip_streq(argv[1], "role:none")) {
		printf("none %s", argv[2]);
		return 42;
	}
	if (slip_proc_init(NULL) < 0)
		return 99;
	autoscratch dir = scratch_new();
	test_status(dir.path);
	test_hygiene();
	test_odd_parent(dir.path);
	test_run();
	test_stop(dir.path);
	test_parent_death();
	test_cancel();
	check_last_words(false, 128 + SIGTERM, "a second signal");
	check_last_words(true, 128 + SIGABRT, "abort");
	return done_testing();
}
