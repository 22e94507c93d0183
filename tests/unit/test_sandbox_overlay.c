#include "config.h"

#include "tests/unit/sandbox_fixture.h"

#include <sys/mount.h>

static char *work_dir;
static struct slip_isolation iso;

static int make_dir(const char *name)
{
	slip_autofree char *path = slip_xasprintf("%s/%s", work_dir, name);
	struct slip_err err = SLIP_ERR_INIT;
	return slip_mkdir_p(path, 0755, &err);
}

static bool exists(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static char *path_of(const char *name)
{
	return slip_xasprintf("%s/%s", work_dir, name);
}

static void test_stubs(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_strv none = {0};
	struct slip_overlay o;
	make_dir("stubs-only");
	slip_autofree char *dir = path_of("stubs-only");
	if (!ok(slip_overlay_mount(&iso, &none, dir, &o, &err) == 0, "mount without layers")) {
		diag("%s", err.msg);
		return;
	}
	static const char *const stubs[] = {"proc", "sys", "dev", "etc/hosts", "etc/resolv.conf"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(stubs); i++) {
		ok(exists(o.merged_fd, stubs[i]), "%s is there", stubs[i]);
		ok(!exists(o.upper_fd, stubs[i]), "%s is not in the upper directory", stubs[i]);
	}
	ok(command_ok("echo x > '%s/etc/new'", o.merged), "write into a stub directory");
	struct stat st;
	ok(fstatat(o.upper_fd, "etc/new", &st, 0) == 0, "the file is in the upper directory");
	ok(!exists(o.upper_fd, "etc/hosts"), "the stubs beside it are not");
	slip_autofree char *merged = slip_xstrdup(o.merged);
	is_int(slip_overlay_unmount(&o, &err), 0, "unmount");
	slip_overlay_release(&o);
	slip_autofree char *mounts = file_text("/proc/self/mountinfo");
	ok(!strstr(mounts, merged), "nothing is left in the mount table");
	slip_autofree char *kept = slip_xasprintf("%s/upper/etc/new", dir);
	ok(file_is(kept, "x\n"), "the upper directory stays");
}

/* An upper directory becomes a lower one: deletions, opaque directories and renames must hold. */
static void test_stacking(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autostrv lowers = {0};
	struct slip_overlay o;
	make_dir("base/d");
	make_dir("s1");
	make_dir("s2");
	slip_autofree char *base = path_of("base"), *s1 = path_of("s1"), *s2 = path_of("s2");
	ok(command_ok("cd '%s' && echo 1 > a && echo 2 > b && echo 3 > d/old && chmod 0711 . && "
		      "touch -d @1000000000 .",
		   base),
		"base");
	slip_strv_add(&lowers, base);
	ok(slip_overlay_mount(&iso, &lowers, s1, &o, &err) == 0, "first mount %s", err.msg);
	struct stat st;
	ok(fstat(o.merged_fd, &st) == 0 && (st.st_mode & 07777) == 0711, "mode of the root");
	is_int(st.st_mtime, 1000000000, "time of the root");
	ok(command_ok("cd '%s' && rm a && rm -r d && mkdir d && echo 4 > d/new", o.merged),
		"change");
	ok(command_ok("cd '%s' && mkdir e && mv e f", o.merged), "rename a new directory");
	ok(slip_overlay_unmount(&o, &err) == 0, "unmount %s", err.msg);
	slip_strv_clear(&lowers);
	slip_strv_add(&lowers, o.upper);
	slip_strv_add(&lowers, base);
	slip_overlay_release(&o);
	ok(slip_overlay_mount(&iso, &lowers, s2, &o, &err) == 0, "second mount %s", err.msg);
	ok(!exists(o.merged_fd, "a"), "deleted stays deleted");
	ok(exists(o.merged_fd, "b"), "untouched stays");
	ok(exists(o.merged_fd, "d/new") && !exists(o.merged_fd, "d/old"), "replaced is opaque");
	slip_overlay_release(&o);
	slip_autofree char *mounts = file_text("/proc/self/mountinfo");
	ok(!strstr(mounts, s2), "release unmounts");
}

static void test_many(size_t n)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autostrv lowers = {0};
	slip_autofree char *top = slip_xasprintf("many-%zu", n);
	make_dir(top);
	slip_autofree char *dir = path_of(top);
	for (size_t i = 0; i < n; i++) {
		slip_autofree char *name =
			slip_xasprintf("%s/a-rather-long-name-of-a-layer-%zu", top, i);
		make_dir(name);
		slip_strv_take(&lowers, path_of(name));
		slip_autofree char *file = slip_xasprintf("%s/f%zu", lowers.v[i], i);
		int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		close(fd);
	}
	struct slip_overlay o;
	if (!ok(slip_overlay_mount(&iso, &lowers, dir, &o, &err) == 0, "mount %zu layers", n)) {
		diag("%s", err.msg);
		return;
	}
	size_t seen = 0;
	for (size_t i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof(name), "f%zu", i);
		seen += exists(o.merged_fd, name);
	}
	is_int(seen, n, "all of them are seen");
	slip_overlay_release(&o);
}

static void test_errors(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autostrv lowers = {0};
	struct slip_overlay o;
	make_dir("errors");
	slip_autofree char *dir = path_of("errors");
	slip_strv_add(&lowers, "/no/such/layer");
	ok(slip_overlay_mount(&iso, &lowers, dir, &o, &err) < 0 && err.code == SLIP_E_IO,
		"a layer that is not there");
	ok(strstr(err.msg, "/no/such/layer"), "is named");
	slip_err_clear(&err);
	slip_strv_clear(&lowers);
	make_dir("too-many");
	slip_autofree char *many = path_of("too-many");
	for (int i = 0; i < 400; i++)
		slip_strv_add(&lowers, many);
	ok(slip_overlay_mount(&iso, &lowers, many, &o, &err) < 0 && err.code == SLIP_E_LIMIT,
		"more layers than a mount takes");
}

static int all_tests(void *arg SLIP_UNUSED, struct slip_err *err SLIP_UNUSED)
{
	test_stubs();
	test_stacking();
	test_many(128);
	test_errors();
	return 0;
}

struct as {
	bool pod_root;
	uid_t user;
	bool subordinate; /* the user has subordinate ids */
	int run;
	int failed;
};

/* Everything again with fewer rights, in a process of its own. */
static int run_as(void *arg, struct slip_err *err)
{
	struct as *a = arg;
	work_dir = make_work_dir();
	if (a->subordinate && !give_subordinate_ids(work_dir, a->user))
		return slip_err_set(err, SLIP_E_BUG, 0, "give subordinate ids");
	if (a->user && (chown(work_dir, a->user, a->user) < 0 || !become_user(a->user)))
		return slip_err_set(err, SLIP_E_BUG, errno, "become user %u", a->user);
	if (a->pod_root && !become_pod_root())
		return slip_err_set(err, SLIP_E_BUG, errno, "become pod root");
	if (slip_isolation_enter(SLIP_ISOLATION_NAMESPACES, work_dir, &iso, err) < 0)
		return -1;
	diag("%s", iso.why);
	int rc = all_tests(NULL, err);
	(void)!command_ok("rm -rf '%s'/*", work_dir);
	rmdir(work_dir);
	free(work_dir);
	a->run = tap_run;
	a->failed = tap_failed;
	return rc;
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
	ok(rc == 0, "overlays as %s", name);
	if (rc < 0)
		diag("%s", err.msg);
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_proc_init(&err), 0, "init");
	if (geteuid() == 0 && slip_userns_is_initial()) {
		scenario("root", (struct as){0});
		scenario("pod root", (struct as){.pod_root = true});
		scenario("user", (struct as){.user = PLAIN_USER});
		if (access("/usr/bin/newuidmap", X_OK) == 0)
			scenario("user with many ids",
				(struct as){.user = PLAIN_USER, .subordinate = true});
		else
			skip("no newuidmap", "user with many ids");
	} else {
		skip("not root", "overlays as root, pod root and user");
	}
	slip_autofree char *mounts = file_text("/proc/self/mountinfo");
	ok(!strstr(mounts, "slipway-test-"), "nothing of ours is in the machine's mount table");
	return done_testing();
}
