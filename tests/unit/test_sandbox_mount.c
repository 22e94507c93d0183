/* Mounts of the machine's directories in a command's root: places, sources, links of either. */
#include "config.h"

#include "tests/unit/sandbox_fixture.h"

#include <sys/wait.h>

static char *work_dir;
static char *base; /* the image: a busybox tree */
static char *source; /* what is mounted: holds "here" and "sub/there" */
static struct slip_isolation iso;

static char *below(const char *name)
{
	return slip_xasprintf("%s/%s", work_dir, name);
}

/* Run a script in a fresh overlay of the image with these mounts; the upper stays for a look. */
static int run(
	const struct slip_sandbox_mount *mounts, size_t n, const char *script, struct slip_err *err)
{
	static int round;
	const char *const argv[] = {"/bin/sh", "-c", script};
	struct slip_sandbox_spec spec = {
		.cwd = "/",
		.timeout_ms = 60000,
		.mounts = mounts,
		.n_mounts = n,
	};
	struct slip_overlay o = {.merged_fd = -1, .upper_fd = -1};
	slip_autofree char *name = slip_xasprintf("run-%d", round++);
	slip_autofree char *dir = below(name);
	slip_autostrv lowers = {0};
	slip_strv_add(&lowers, base);
	slip_strv_add(&spec.env, "PATH=/bin");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(argv); i++)
		slip_strv_add(&spec.argv, argv[i]);
	slip_err_clear(err);
	capture_start();
	int rc = slip_mkdir_p(dir, 0755, err);
	if (rc == 0)
		rc = slip_overlay_mount(&iso, &lowers, dir, &o, err);
	if (rc == 0) {
		spec.root = o.merged;
		rc = slip_sandbox_run(&iso, &spec, err);
	}
	slip_log_set_listener(NULL, NULL);
	slip_overlay_release(&o);
	slip_strv_release(&spec.argv);
	slip_strv_release(&spec.env);
	return rc;
}

static void expect(
	const struct slip_sandbox_mount *m, const char *script, const char *want, const char *what)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (run(m, 1, script, &err) < 0)
		diag("%s", err.msg);
	is_str(captured.data, want, "%s", what);
}

static void expect_refused(const struct slip_sandbox_mount *m, const char *text, const char *what)
{
	struct slip_err err = SLIP_ERR_INIT;
	ok(run(m, 1, "echo ran", &err) < 0 && !slip_err_is(&err, SLIP_E_COMMAND) && !captured.len,
		"%s is refused", what);
	ok(strstr(err.msg, text), "message: %s", err.msg);
}

static void test_directory(void)
{
	struct slip_sandbox_mount m = {.source = source, .target = "/deep/er/place"};
	expect(&m, "cat /deep/er/place/here; cat /deep/er/place/sub/there", "here\nthere\n",
		"a directory, at a place that is made");
	expect(&m, "echo new > /deep/er/place/new && rm /deep/er/place/new && echo wrote",
		"wrote\n", "can be changed");
	slip_autofree char *made = below("source/made");
	expect(&m, "echo made > /deep/er/place/made", "", "a file made there");
	ok(file_is(made, "made\n"), "is in the source");
	expect(&m,
		"mknod /deep/er/place/dev c 1 5 2>/dev/null; "
		"(: < /deep/er/place/dev) 2>/dev/null && echo opened; true",
		"", "devices cannot be opened");
	m.target = "/work";
	expect(&m, "cat /work/here; umount /work 2>/dev/null; ls /work/sub", "here\nthere\n",
		"at a place that is there");
	m.target = source;
	slip_autofree char *script = slip_xasprintf("cd '%s' && cat here", source);
	expect(&m, script, "here\n", "at the source's own path");
}

static void test_readonly(void)
{
	struct slip_sandbox_mount m = {.source = source, .target = "/work", .readonly = true};
	expect(&m,
		"cat /work/here; (echo x > /work/here) 2>/dev/null || echo no; "
		"mkdir /work/sub/x 2>/dev/null || echo no; "
		"mount -o remount,rw /work 2>/dev/null || echo no",
		"here\nno\nno\nno\n", "read-only");
}

static void test_file(void)
{
	slip_autofree char *file = below("source/here");
	struct slip_sandbox_mount m = {.source = file, .target = "/dev/given"};
	expect(&m, "cat /dev/given; rm -f /dev/given 2>/dev/null || echo kept", "here\nkept\n",
		"a file in /dev");
	m.target = "/etc/a/b";
	expect(&m, "cat /etc/a/b", "here\n", "a file at a place that is made");
	m.target = "/bin";
	expect_refused(&m, "mount ", "a file on a directory");
}

static void test_order(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *sub = below("source/sub");
	const struct slip_sandbox_mount m[] = {
		{.source = source, .target = "/work"},
		{.source = sub, .target = "/work/sub", .readonly = true},
		{.source = sub, .target = "/work/sub/../inner"},
	};
	is_int(run(m, SLIP_ARRAY_LEN(m),
		       "cat /work/here /work/sub/there /work/inner/there; "
		       "touch /work/sub/x 2>/dev/null || echo no; touch /work/inner/y && echo yes",
		       &err),
		0, "mounts in mounts: %s", err.msg);
	is_str(captured.data, "here\nthere\nthere\nno\nyes\n", "are seen, each with its rights");
}

/* The image decides what its own paths are; none of them leads out of it. */
static void test_hostile_targets(void)
{
	slip_autofree char *canary = below("canary");
	struct slip_sandbox_mount m = {.source = source, .target = "/out/place"};
	ok(command_ok(
		   "mkdir -p '%s' && cd '%s' && ln -s '%s' out && ln -s ../../../../../../../../.. "
		   "up && ln -s /nowhere dangling && ln -s /work inside && ln -s /proc/self kernel "
		   "&& ln -s loop loop",
		   canary, base, canary),
		"an image of links");
	expect_refused(&m, "where a link leads nowhere", "a link to what only the machine has");
	slip_autofree char *place = below("canary/place");
	ok(access(place, F_OK) < 0, "makes nothing there");
	m.target = "/up/place";
	expect(&m, "cat /place/here", "here\n", "dots end at the root");
	ok(access("/place", F_OK) < 0, "of the image, not of the machine");
	m.target = "/inside/place";
	expect(&m, "cat /work/place/here", "here\n", "a link inside of the root is followed");
	m.target = "../../place";
	expect(&m, "cat /place/here", "here\n", "a target with dots is below the root");
	m.target = "/dangling";
	expect_refused(&m, "where a link leads nowhere", "a dangling link");
	m.target = "/loop/place";
	expect_refused(&m, "loop", "a circle of links");
	m.target = "/kernel/attr";
	expect_refused(&m, "file system of the kernel", "a link into /proc");
	m.target = "/sys/kernel";
	expect_refused(&m, "file system of the kernel", "/sys");
	m.target = "/";
	expect_refused(&m, "/ itself", "the root");
	m.target = "/etc/hosts/x";
	expect_refused(&m, "Not a directory", "a place below a file");
}

static void test_hostile_sources(void)
{
	slip_autofree char *link = below("link");
	slip_autofree char *through = below("link/sub");
	slip_autofree char *missing = below("missing");
	ok(command_ok("ln -s '%s' '%s'", source, link), "a link to the source");
	struct slip_sandbox_mount m = {.source = link, .target = "/work"};
	expect_refused(&m, "\"link\" is a symbolic link", "a link as source");
	m.source = through;
	expect_refused(&m, "\"link\" is a symbolic link", "a source through a link");
	m.source = missing;
	expect_refused(&m, "No such file", "a source that is missing");
	m.source = "relative";
	expect_refused(&m, "no absolute path", "a relative source");
}

struct as {
	bool pod_root;
	bool old_kernel;
	uid_t user;
	int run;
	int failed;
};

static int run_as(void *arg, struct slip_err *err)
{
	struct as *a = arg;
	work_dir = make_work_dir();
	base = below("base");
	source = below("source");
	if (a->old_kernel && !refuse_new_calls())
		return slip_err_set(err, SLIP_E_BUG, 0, "refuse calls");
	if (a->user && (chown(work_dir, a->user, a->user) < 0 || !become_user(a->user)))
		return slip_err_set(err, SLIP_E_BUG, errno, "become user %u", a->user);
	if (a->pod_root && !become_pod_root())
		return slip_err_set(err, SLIP_E_BUG, errno, "become pod root");
	if (slip_isolation_enter(SLIP_ISOLATION_NAMESPACES, work_dir, &iso, err) < 0)
		return -1;
	ok(make_busybox_root(base), "make a root");
	ok(command_ok("mkdir -p '%s/sub' && cd '%s' && echo here > here && echo there > sub/there",
		   source, source),
		"make a source");
	test_directory();
	test_readonly();
	test_file();
	test_order();
	test_hostile_targets();
	test_hostile_sources();
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
	ok(rc == 0, "mounts as %s: %s", name, err.msg);
}

int main(int argc, char **argv)
{
	if (argc > 1 && slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc, argv);
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_proc_init(&err), 0, "init");
	if (access(BUSYBOX, X_OK) < 0) {
		skip("no " BUSYBOX, "mounts in a busybox root");
	} else if (geteuid() != 0 || !slip_userns_is_initial()) {
		skip("not root", "mounts as root, pod root and a user");
	} else {
		scenario("root", (struct as){0});
		if (slip_seccomp_available())
			scenario("root on an old kernel", (struct as){.old_kernel = true});
		else
			skip("no libseccomp", "root on an old kernel");
		scenario("pod root", (struct as){.pod_root = true});
		scenario("a user", (struct as){.user = PLAIN_USER});
	}
	slip_autofree char *mounts = file_text("/proc/self/mountinfo");
	ok(!strstr(mounts, "slipway-test-"), "nothing of ours is in the machine's mount table");
	return done_testing();
}
