#include "config.h"

#include "runner/base/clock.h"
#include "tests/unit/sandbox_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char *work_dir;
static char *base; /* the image: a busybox tree */
static struct slip_isolation iso;
static bool old_kernel;

static const char *const plain_env[] = {"PATH=/bin", "A=1", "B=two words", NULL};

/* What differs from run to run; zero values are the defaults. */
struct how {
	uint32_t uid;
	const char *cwd;
	const char *root; /* not NULL: no overlay, this directory */
	enum slip_network network;
	int timeout_ms;
	const char *const *argv; /* not NULL: instead of a shell with the text */
	struct slip_overlay *overlay; /* not NULL: run here, and leave it */
};

static void fill(struct slip_strv *sv, const char *const *from)
{
	for (; *from; from++)
		slip_strv_add(sv, *from);
}

static int mount_fresh(struct slip_overlay *o, struct slip_err *err)
{
	static int n;
	slip_autostrv lowers = {0};
	slip_strv_add(&lowers, base);
	slip_autofree char *dir = slip_xasprintf("%s/run-%d", work_dir, n++);
	if (slip_mkdir_p(dir, 0755, err) < 0)
		return -1;
	return slip_overlay_mount(&iso, &lowers, dir, o, err);
}

static int run(const struct how *how, const char *script, struct slip_err *err)
{
	static const struct how defaults;
	how = how ? how : &defaults;
	const char *const shell[] = {"/bin/sh", "-c", script, NULL};
	struct slip_sandbox_spec spec = {
		.cwd = how->cwd ? how->cwd : "/",
		.uid = how->uid,
		.gid = how->uid,
		.network = how->network,
		.timeout_ms = how->timeout_ms ? how->timeout_ms : 60000,
	};
	fill(&spec.argv, how->argv ? how->argv : shell);
	fill(&spec.env, plain_env);
	struct slip_overlay own = {.merged_fd = -1, .upper_fd = -1};
	slip_err_clear(err);
	int rc = 0;
	if (!how->root && !how->overlay)
		rc = mount_fresh(&own, err);
	spec.root = how->root ? how->root : how->overlay ? how->overlay->merged : own.merged;
	capture_start();
	if (rc == 0)
		rc = slip_sandbox_run(&iso, &spec, err);
	slip_log_set_listener(NULL, NULL);
	slip_overlay_release(&own);
	slip_strv_release(&spec.argv);
	slip_strv_release(&spec.env);
	return rc;
}

#define is_output(want, ...) is_str(captured.data, want, __VA_ARGS__)

static void expect(const char *script, const char *want, const char *what)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (run(NULL, script, &err) < 0)
		diag("%s", err.msg);
	is_output(want, "%s", what);
}

static void test_status(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	is_int(run(NULL, "exit 0", &err), 0, "exit 0");
	static const struct {
		const char *script;
		int status;
	} cases[] = {
		{"exit 1", 1},
		{"exit 42", 42},
		{"exit 125", 125},
		{"kill -9 $$", 137},
		{"kill -SEGV $$", 139},
		{"sh -c 'kill -9 $$'; exit 7", 7},
		{"kill -9 0", 137},
		{"kill -9 1; kill -STOP $PPID; kill -9 $PPID; exit 3", 3},
		{"trap '' TERM; kill -9 -1; exit 4", 4},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		ok(run(NULL, cases[i].script, &err) < 0 && err.code == SLIP_E_COMMAND, "%s fails",
			cases[i].script);
		is_int(err.status, cases[i].status, "with its status");
	}
	ok(strstr(err.msg, "status 4") && !slip_sandbox_has_refused(&err), "message: %s", err.msg);
}

static void test_not_executable(void)
{
	static const struct {
		const char *name;
		int status;
		const char *text;
	} cases[] = {
		{"nothing-here", 127, "nothing-here: not found in PATH (/bin)"},
		{"/bin/nothing-here", 127, "/bin/nothing-here: not found"},
		{"/tmp", 126, "/tmp: is a directory"},
		{"/work/text", 126, "/work/text: Permission denied"},
		{"/work/garbage", 126, "not a program for this machine"},
		{"/work/no-interpreter", 127, "the interpreter in its first line"},
		{"", 127, "empty string"},
	};
	(void)!command_ok(
		"cd '%s/work' && echo x > text && echo x > garbage && chmod 755 garbage && "
		"echo '#!/bin/none' > no-interpreter && chmod 755 no-interpreter",
		base);
	struct slip_err err = SLIP_ERR_INIT;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		const char *const argv[] = {cases[i].name, NULL};
		const struct how how = {.argv = argv};
		ok(run(&how, NULL, &err) < 0 && err.code == SLIP_E_COMMAND, "'%s' cannot run",
			cases[i].name);
		is_int(err.status, cases[i].status, "its status");
		ok(strstr(err.msg, cases[i].text) && slip_sandbox_has_refused(&err), "%s", err.msg);
	}
}

static void test_process_state(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	int leak = open(work_dir, O_RDONLY | O_DIRECTORY); /* deliberately inheritable */
	expect("i=0; while [ $i -lt 200 ]; do [ -e /proc/self/fd/$i ] && echo $i; i=$((i+1)); "
	       "done; "
	       "true",
		"0\n1\n2\n", "descriptors 0, 1 and 2 only");
	close(leak);
	const struct how how = {.argv = (const char *const[]){"env", NULL}};
	is_int(run(&how, NULL, &err), 0, "env");
	is_output("PATH=/bin\nA=1\nB=two words\n", "the environment is exactly what was given");
	expect("cat; echo end", "end\n", "standard input is empty");
	expect("umask; ulimit -c; hostname", "0022\n0\nslipway\n", "umask, core limit, host name");
	expect("[ $(cat /proc/self/oom_score_adj) -ge 500 ] && echo yes", "yes\n", "oom score");
	expect("read -r a b c d sid x < /proc/self/stat; exec 2>&1; [ -t 0 ] && echo tty; "
	       "(: < /dev/tty) 2>/dev/null || echo no tty",
		"no tty\n", "no terminal");
	expect("echo out; echo err >&2; echo dev > /dev/stdout", "out\nerr\ndev\n", "both streams");
	expect("printf 'a\\n\\nlast'", "a\n\nlast\n", "an unfinished last line");
}

static void test_capabilities(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	is_int(run(NULL, "grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status | tr '\\t' ' '", &err),
		0, "capabilities");
	/* A root that was moved over the old one could be left with CAP_SYS_CHROOT. */
	const char *caps = old_kernel ? "00000000a80025fb" : "00000000a80425fb";
	slip_autofree char *want =
		slip_xasprintf("CapInh: 0000000000000000\nCapPrm: %s\nCapEff: %s\nCapBnd: %s\n"
			       "CapAmb: 0000000000000000\nNoNewPrivs: 0\nSeccomp: 2\n",
			caps, caps, caps);
	is_output(want, "root has the default capabilities");
	if (iso.ids == 1)
		return;
	const struct how user = {.uid = 1000};
	is_int(run(&user,
		       "id -u; id -g; grep -E '^(Cap[IPEA]|Groups)' /proc/self/status | "
		       "tr '\\t' ' '; echo x > /dev/stdout; echo $$ > /dev/null",
		       &err),
		0, "as user 1000");
	is_output("1000\n1000\nGroups:  \nCapInh: 0000000000000000\nCapPrm: 0000000000000000\n"
		  "CapEff: 0000000000000000\nCapAmb: 0000000000000000\nx\n",
		"another user has none");
}

static void test_kernel_files(void)
{
	expect("for f in kcore keys timer_list interrupts; do [ -s /proc/$f ] && cat /proc/$f | "
	       "head -c 1 | wc -c; done; true",
		"", "masked files of /proc are empty");
	expect("for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/sys/vm/drop_caches; "
	       "do "
	       "(echo 0 > $f) 2>/dev/null && echo $f; done; true",
		"", "the kernel's switches cannot be written");
	expect("mkdir /sys/fs/cgroup/x 2>/dev/null && echo made; (echo 1 > /sys/power/state) "
	       "2>/dev/null && echo wrote; find /sys/firmware -mindepth 1 | wc -l",
		"0\n", "/sys is read-only");
	expect("cat /proc/1/environ 2>/dev/null; readlink /proc/1/exe; readlink /proc/1/fd/0; "
	       "ls /proc/1/root/ 2>/dev/null; true",
		"", "process 1 shows nothing");
	expect("ls /dev",
		"fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\n"
		"urandom\nzero\n",
		"/dev is small");
	expect("head -c 8 /dev/zero | wc -c; echo x > /dev/null; head -c 4 /dev/urandom | wc -c; "
	       "df -m /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2; cat /dev/fd/0",
		"8\n4\n64\n", "devices work");
	expect("mknod /blk b 1 0 2>/dev/null; (: < /blk) 2>/dev/null && echo opened; mknod /chr c "
	       "1 5 "
	       "2>/dev/null; (: < /chr) 2>/dev/null && echo opened; true",
		"", "made devices cannot be opened");
	expect("mount -t tmpfs none /tmp 2>/dev/null && echo mounted; unshare -r true 2>/dev/null "
	       "&& "
	       "echo unshared; umount /etc/resolv.conf 2>/dev/null && echo unmounted; true",
		"", "no mounts, no namespaces");
	if (iso.fresh_proc)
		expect("set -- /proc/[0-9]*; echo $#", "2\n", "only its own processes are seen");
}

/* Where a fresh /proc cannot be had, the outer one is shown, with our own process in it. */
static void test_bound_proc(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	bool fresh = iso.fresh_proc;
	iso.fresh_proc = false;
	slip_autofree char *script = slip_xasprintf(
		"p=/proc/%d; [ -d $p ] && echo seen; cat $p/environ 2>/dev/null; ls $p/root/ "
		"2>/dev/null; "
		"readlink $p/exe; readlink $p/cwd; head -c 1 $p/mem 2>/dev/null; ls $p/fd/ "
		"2>/dev/null | "
		"while read -r f; do readlink $p/fd/$f; done; "
		"for f in kcore keys timer_list interrupts; do head -c 1 /proc/$f 2>/dev/null; "
		"done; "
		"for f in /proc/sys/kernel/hostname /proc/sysrq-trigger; do (echo 0 > $f) "
		"2>/dev/null && "
		"echo $f; done; [ /proc/self/exe -ef /bin/busybox ] && echo self",
		(int)getpid());
	is_int(run(NULL, script, &err), 0, "with a bound /proc");
	is_output("seen\nself\n", "other processes are seen and show nothing");
	iso.fresh_proc = fresh;
}

static void test_names(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *want = file_text("/etc/resolv.conf");
	expect("cat /etc/resolv.conf", want, "resolv.conf is the outer one");
	expect("grep -c slipway /etc/hosts; (echo x >> /etc/hosts) 2>/dev/null && echo wrote; "
	       "rm /etc/resolv.conf 2>/dev/null && echo removed; true",
		"1\n", "hosts knows the host and cannot be written");
	struct slip_overlay o;
	is_int(mount_fresh(&o, &err), 0, "mount");
	ok(command_ok("rm '%s/etc/resolv.conf'; ln -s ../run/none/resolv.conf '%s/etc/resolv.conf'",
		   o.merged, o.merged),
		"resolv.conf is a dangling link");
	const struct how how = {.overlay = &o};
	is_int(run(&how, "cat /etc/resolv.conf", &err), 0, "is read");
	is_output(want, "and is the outer one");
	slip_overlay_release(&o);
}

static size_t count_upper(const struct slip_overlay *o)
{
	slip_autofree char *list = slip_xasprintf("%s/list", work_dir);
	(void)!command_ok("find '%s' -mindepth 1 -printf '%%P\\n' | sort > '%s'", o->upper, list);
	slip_autofree char *text = file_text(list);
	slip_buf_clear(&captured);
	slip_buf_add_str(&captured, text);
	size_t n = 0;
	for (const char *p = text; *p; p++)
		n += *p == '\n';
	return n;
}

static void test_upper(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_overlay o;
	slip_autofree char *before = file_text("/proc/self/mountinfo");
	is_int(mount_fresh(&o, &err), 0, "mount");
	const struct how how = {.overlay = &o};
	is_int(run(&how, "true", &err), 0, "true");
	is_int(count_upper(&o), 0, "leaves nothing in the upper directory");
	is_int(run(&how, "echo x > /etc/new; mkdir /d", &err), 0, "a change");
	is_int(count_upper(&o), 3, "leaves that in the upper directory");
	is_output("d\netc\netc/new\n", "and no more");
	is_int(slip_overlay_unmount(&o, &err), 0, "unmount");
	slip_overlay_release(&o);
	slip_autofree char *after = file_text("/proc/self/mountinfo");
	is_str(after, before, "no mount is left");
}

static void test_processes(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_overlay o;
	is_int(mount_fresh(&o, &err), 0, "mount");
	const struct how how = {.overlay = &o};
	double start = slip_clock_monotonic();
	is_int(run(&how,
		       "for i in 1 2 3 4 5; do setsid sh -c 'trap \"\" TERM HUP INT; while :; do "
		       "echo x >> "
		       "/tick; done' & done; while [ ! -s /tick ]; do :; done; echo up",
		       &err),
		0, "a command that leaves daemons behind");
	ok(slip_clock_monotonic() - start < 3, "returns at once");
	struct stat a, b;
	(void)!fstatat(o.upper_fd, "tick", &a, 0);
	usleep(50000);
	(void)!fstatat(o.upper_fd, "tick", &b, 0);
	ok(a.st_size > 0 && a.st_size == b.st_size, "and they are dead then");
	slip_overlay_release(&o);
	expect("i=0; while [ $i -lt 200 ]; do (true & ) ; i=$((i+1)); done; usleep 100000; "
	       "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l",
		"0\n", "orphans are reaped");
}

static void test_output_volume(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct rusage before, after;
	getrusage(RUSAGE_SELF, &before);
	is_int(run(NULL, "yes 0123456789012345678901234567890123456789012345678 | head -n 1000000",
		       &err),
		0, "50 MB of output");
	is_int(captured_lines, 1000000, "every line arrives");
	getrusage(RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory */
	ok(after.ru_maxrss - before.ru_maxrss < 4096, "in bounded memory (%ld KiB more)",
		after.ru_maxrss - before.ru_maxrss);
#endif
	is_int(run(NULL, "head -c 100000 /dev/zero | tr '\\0' x", &err), 0, "a line of 100000");
	is_int(captured_lines, 1, "is one line");
	ok(captured_longest >= 16 * 1024 && captured_longest < 32 * 1024,
		"of which little more than the maximum is kept");
}

static void test_cwd(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct how how = {.cwd = "/work"};
	is_int(run(&how, "pwd", &err), 0, "a working directory");
	is_output("/work\n", "is entered");
	(void)!command_ok("ln -sfn /etc '%s/tolink'; ln -sfn /proc/self/fd/3 '%s/tofd'; "
			  "ln -sfn /../../../../.. '%s/toroot'",
		base, base, base);
	how.cwd = "/tolink";
	is_int(run(&how, "pwd -P", &err), 0, "a link");
	is_output("/etc\n", "is followed inside the root");
	how.cwd = "/toroot";
	is_int(run(&how, "pwd -P", &err), 0, "a link with many ..");
	is_output("/\n", "ends at the root");
	how.cwd = "/none";
	ok(run(&how, "pwd", &err) < 0 && strstr(err.msg, "working directory"), "missing: %s",
		err.msg);
	for (int fd = 0; fd < 12; fd++) {
		char cwd[32];
		snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d", fd);
		how.cwd = cwd;
		ok(run(&how, "pwd", &err) < 0 && !captured.len, "%s is refused", cwd);
	}
	how.cwd = "/tofd";
	ok(run(&how, "pwd", &err) < 0 && !captured.len, "and by a link");
}

/* A root whose mount points lead to a canary outside of it. */
static void test_links(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *canary = slip_xasprintf("%s/canary", work_dir);
	slip_autofree char *root = slip_xasprintf("%s/evil", work_dir);
	static const char *const points[] = {"dev", "proc", "sys"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(points); i++) {
		(void)!command_ok(
			"rm -rf '%s' '%s'; mkdir -p '%s' '%s'; cp -r '%s/bin' '%s/'; cd '%s' "
			"&& mkdir dev proc sys etc && touch etc/hosts etc/resolv.conf && rmdir %s "
			"&& ln -s '%s' %s; echo safe > '%s/hosts'",
			canary, root, canary, root, base, root, root, points[i], canary, points[i],
			canary);
		const struct how how = {.root = root};
		ok(run(&how, "echo ran", &err) < 0 && err.code == SLIP_E_SANDBOX && !captured.len,
			"/%s as a link is refused: %s", points[i], err.msg);
	}
	(void)!command_ok(
		"cd '%s' && rm sys && mkdir sys && rm -r etc && ln -s '%s' etc", root, canary);
	const struct how how = {.root = root};
	is_int(run(&how, "cat /etc/hosts; echo y > /etc/hosts; true", &err), 0, "/etc as a link");
	ok(!strstr(captured.data, "safe"), "does not show the canary");
	slip_autofree char *hosts = slip_xasprintf("%s/hosts", canary);
	ok(file_is(hosts, "safe\n"), "the canary is untouched");
	(void)!command_ok("cd '%s' && rm etc && mkdir etc && ln -s '%s/hosts' etc/hosts && "
			  "ln -s /dev/null etc/resolv.conf",
		root, canary);
	is_int(run(&how,
		       "grep -c slipway /etc/hosts; [ -f /etc/resolv.conf ] && echo file; "
		       "(echo y > /etc/hosts) 2>/dev/null; true",
		       &err),
		0, "/etc/hosts as a link");
	is_output("1\nfile\n", "is covered");
	ok(file_is(hosts, "safe\n"), "the canary is untouched");
	(void)!command_ok("cd '%s' && ln -s '%s/hosts' dev/null", root, canary);
	is_int(run(&how, "echo x > /dev/null; [ -c /dev/null ] && echo device", &err), 0,
		"/dev/null as a link");
	is_output("device\n", "is covered");
	ok(file_is(hosts, "safe\n"), "the canary is untouched");
	(void)!command_ok("rm -rf '%s' '%s'", canary, root);
}

static void test_network_none(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	const struct how how = {.network = SLIP_NETWORK_NONE};
	is_int(run(&how,
		       "tail -n +3 /proc/net/dev | tr -d ' ' | cut -d: -f1; "
		       "ping -c 1 -W 1 127.0.0.1 > /dev/null && echo loopback",
		       &err),
		0, "without a network");
	is_output("lo\nloopback\n", "there is only the loopback device");
}

static int cancelled(void *arg SLIP_UNUSED, struct slip_err *err)
{
	if (slip_cancel_init(err) < 0)
		return -1;
	pid_t self = getpid();
	if (fork() == 0) {
		usleep(150000);
		kill(self, SIGTERM);
		_exit(0);
	}
	return run(NULL, "trap 'echo asked; exit 0' TERM; echo up; while :; do usleep 10000; done",
		err);
}

static void test_stopping(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct how how = {.timeout_ms = 200};
	double start = slip_clock_monotonic();
	ok(run(&how, "sleep 100", &err) < 0 && err.code == SLIP_E_TIMEOUT, "timeout: %s", err.msg);
	double took = slip_clock_monotonic() - start;
	ok(took > 0.15 && took < 1.5, "at its time (%.2f s)", took);
	start = slip_clock_monotonic();
	ok(run(&how, "trap '' TERM; while :; do echo x; done", &err) < 0 &&
			err.code == SLIP_E_TIMEOUT,
		"a command that ignores TERM and floods the log");
	took = slip_clock_monotonic() - start;
	ok(took > 2.9 && took < 6, "is killed after the grace (%.2f s)", took);
	char nothing;
	ok(slip_forked(cancelled, &nothing, 1, &err) < 0 && err.code == SLIP_E_CANCELLED,
		"cancel: %s", err.msg);
	is_int(err.status, SIGTERM, "names the signal");
}

static void measure(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_overlay o;
	if (mount_fresh(&o, &err) < 0)
		return;
	const struct how how = {.overlay = &o, .argv = (const char *const[]){"/bin/true", NULL}};
	double best = 1e9, sum = 0;
	for (int i = 0; i < 20; i++) {
		double start = slip_clock_monotonic();
		(void)!run(&how, NULL, &err);
		double ms = (slip_clock_monotonic() - start) * 1000;
		best = ms < best ? ms : best;
		sum += ms;
	}
	slip_overlay_release(&o);
	diag("one run of true: %.1f ms, best %.1f ms", sum / 20, best);
}

static void all_tests(void)
{
	test_status();
	test_not_executable();
	test_process_state();
	test_capabilities();
	test_kernel_files();
	test_bound_proc();
	test_names();
	test_upper();
	test_processes();
	test_output_volume();
	test_cwd();
	test_links();
	test_network_none();
	measure();
}

static void user_tests(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	expect("id -u; touch /new && echo wrote", "0\nwrote\n", "root inside");
	test_status();
	test_process_state();
	test_capabilities();
	test_kernel_files();
	test_bound_proc();
	test_names();
	test_upper();
	test_links();
	const struct how other = {.uid = 1000};
	if (iso.ids == 1) {
		ok(run(&other, "true", &err) < 0 && err.code == SLIP_E_SANDBOX &&
				strstr(err.msg, "subuid"),
			"one id only: %s", err.msg);
	} else {
		ok(run(&other, "touch /tmp/mine && stat -c %u /tmp/mine", &err) == 0, "other ids");
		is_output("1000\n", "own what they make");
	}
	measure();
}

struct as {
	bool pod_root;
	uid_t user;
	bool subordinate; /* the user has subordinate ids */
	bool old_kernel; /* calls newer than Linux 4.18 are refused, and pivot_root */
	bool stopping;
	int run;
	int failed;
};

static int run_as(void *arg, struct slip_err *err)
{
	struct as *a = arg;
	work_dir = make_work_dir();
	base = slip_xasprintf("%s/base", work_dir);
	old_kernel = a->old_kernel;
	if (a->old_kernel && !refuse_new_calls())
		return slip_err_set(err, SLIP_E_BUG, 0, "refuse calls");
	if (a->subordinate && !give_subordinate_ids(work_dir, a->user))
		return slip_err_set(err, SLIP_E_BUG, 0, "give subordinate ids");
	if (a->user && (chown(work_dir, a->user, a->user) < 0 || !become_user(a->user)))
		return slip_err_set(err, SLIP_E_BUG, errno, "become user %u", a->user);
	if (a->pod_root && !become_pod_root())
		return slip_err_set(err, SLIP_E_BUG, errno, "become pod root");
	if (slip_isolation_enter(SLIP_ISOLATION_NAMESPACES, work_dir, &iso, err) < 0)
		return -1;
	diag("%s", iso.why);
	ok(make_busybox_root(base), "make a root");
	if (a->user || a->pod_root || a->old_kernel)
		user_tests();
	else
		all_tests();
	if (a->stopping)
		test_stopping();
	ok(command_ok("rm -rf '%s'/*", work_dir), "clean up");
	rmdir(work_dir);
	a->run = tap_run;
	a->failed = tap_failed;
	return 0;
}

static void scenario(const char *name, struct as a)
{
	struct slip_err err = SLIP_ERR_INIT;
	fflush(stdout);
	int rc = slip_forked(run_as, &a, sizeof(a), &err);
	if (rc == 0) {
		tap_run = a.run;
		tap_failed = a.failed;
	}
	ok(rc == 0, "commands as %s", name);
	if (rc < 0)
		diag("%s", err.msg);
}

int main(int argc, char **argv)
{
	if (argc > 1 && slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc, argv);
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_proc_init(&err), 0, "init");
	if (access(BUSYBOX, X_OK) < 0) {
		skip("no " BUSYBOX, "commands in a busybox root");
	} else if (geteuid() != 0 || !slip_userns_is_initial()) {
		skip("not root", "commands as root, pod root and users");
	} else {
		scenario("root", (struct as){.stopping = true});
		if (slip_seccomp_available())
			scenario("root on an old kernel", (struct as){.old_kernel = true});
		else
			skip("no libseccomp", "root on an old kernel");
		scenario("pod root", (struct as){.pod_root = true});
		scenario("user with one id", (struct as){.user = PLAIN_USER});
		if (access("/usr/bin/newuidmap", X_OK) == 0)
			scenario("user with many ids",
				(struct as){.user = PLAIN_USER, .subordinate = true});
		else
			skip("no newuidmap", "user with many ids");
	}
	slip_autofree char *mounts = file_text("/proc/self/mountinfo");
	ok(!strstr(mounts, "slipway-test-"), "nothing of ours is in the machine's mount table");
	return done_testing();
}
