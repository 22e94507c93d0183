#include "config.h"

#include "runner/base/clock.h"
#include "tests/unit/sandbox_fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

static char *work_dir;

struct attempt {
	enum slip_isolation_mode wanted;
	struct slip_isolation iso;
	double ms;
	bool on_overlay; /* work directory in an overlay mount, as in a pod */
	bool filtered; /* unshare and mount refused, as by a container's seccomp profile */
	bool pod_root;
	uid_t user;
	char left[256]; /* what is left in the work directory afterwards */
};

static void list_left(struct attempt *a)
{
	slip_autofree char *text = NULL;
	(void)!command_ok("ls -A '%s' > '%s.ls' 2>/dev/null", work_dir, work_dir);
	slip_autofree char *list = slip_xasprintf("%s.ls", work_dir);
	text = file_text(list);
	snprintf(a->left, sizeof(a->left), "%s", text);
	unlink(list);
}

static bool put_work_dir_on_overlay(void)
{
	slip_autofree char *options = slip_xasprintf(
		"lowerdir=%s/l,upperdir=%s/u,workdir=%s/w", work_dir, work_dir, work_dir);
	return unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       command_ok("cd '%s' && mkdir l u w m", work_dir) && chdir(work_dir) == 0 &&
	       mount("overlay", "m", "overlay", 0, options) == 0;
}

static int enter_in_child(void *arg, struct slip_err *err)
{
	struct attempt *a = arg;
	slip_autofree char *dir = slip_xasprintf("%s%s", work_dir, a->on_overlay ? "/m" : "");
	if (a->on_overlay && !put_work_dir_on_overlay())
		return slip_err_set(err, SLIP_E_BUG, errno, "set the overlay up");
	if (a->filtered && slip_seccomp_install(err) < 0)
		return -1;
	if (a->pod_root && !become_pod_root())
		return slip_err_set(err, SLIP_E_BUG, errno, "become pod root");
	if (a->user && !become_user(a->user))
		return slip_err_set(err, SLIP_E_BUG, errno, "become user");
	double start = slip_clock_monotonic();
	if (slip_isolation_enter(a->wanted, dir, &a->iso, err) < 0)
		return -1;
	a->ms = (slip_clock_monotonic() - start) * 1000;
	return 0;
}

static int attempt(struct attempt *a, struct slip_err *err)
{
	work_dir = make_work_dir();
	if (a->user)
		(void)!chown(work_dir, a->user, a->user);
	int rc = slip_forked(enter_in_child, a, sizeof(*a), err);
	list_left(a);
	(void)!command_ok("rm -rf '%s'", work_dir);
	free(work_dir);
	diag("%s%s (%.1f ms)", a->iso.why, err->msg, a->ms);
	return rc;
}

static void test_names(void)
{
	enum slip_isolation_mode m;
	is_int(slip_isolation_parse("in-place", &m), 0, "in-place is a mode");
	is_int(m, SLIP_ISOLATION_IN_PLACE, "its value");
	is_int(slip_isolation_parse("docker", &m), -1, "docker is none");
	is_str(slip_isolation_name(SLIP_ISOLATION_NONE), "none", "name of a mode");
	struct attempt a = {.wanted = SLIP_ISOLATION_CHROOT};
	struct slip_err err = SLIP_ERR_INIT;
	ok(attempt(&a, &err) < 0 && err.code == SLIP_E_SANDBOX, "chroot is refused");
	is_str(err.msg,
		"isolation chroot is not part of this build; it offers auto, namespaces, none",
		"and says what there is");
	struct attempt none = {.wanted = SLIP_ISOLATION_NONE};
	slip_err_clear(&err);
	ok(attempt(&none, &err) == 0 && none.iso.mode == SLIP_ISOLATION_NONE, "none can be had");
}

static void test_root(void)
{
	struct attempt a = {.wanted = SLIP_ISOLATION_NAMESPACES};
	struct slip_err err = SLIP_ERR_INIT;
	is_int(attempt(&a, &err), 0, "namespaces as root");
	ok(!a.iso.user_namespace, "without a user namespace");
	is_str(a.iso.overlay_xattr, "trusted.overlay.", "trusted attributes");
	is_int(a.iso.ids, 4294967295LL, "every id");
	ok(a.iso.fresh_proc, "fresh proc");
	is_str(a.left, "", "the work directory is clean");
}

static void test_pod_root(void)
{
	struct attempt a = {.wanted = SLIP_ISOLATION_AUTO, .pod_root = true};
	struct slip_err err = SLIP_ERR_INIT;
	is_int(attempt(&a, &err), 0, "auto as a default pod's root");
	is_int(a.iso.mode, SLIP_ISOLATION_NAMESPACES, "namespaces");
	ok(a.iso.user_namespace, "in a user namespace");
	is_str(a.iso.overlay_xattr, "user.overlay.", "user attributes");
	is_int(a.iso.ids, 4294967295LL, "every id");
	ok(strstr(a.iso.why, "unshare(CLONE_NEWNS): Operation not permitted"),
		"says why not without");
	is_str(a.left, "", "the work directory is clean");
}

static void test_one_id(void)
{
	struct attempt a = {.wanted = SLIP_ISOLATION_NAMESPACES, .user = PLAIN_USER};
	struct slip_err err = SLIP_ERR_INIT;
	is_int(attempt(&a, &err), 0, "namespaces as an ordinary user without subordinate ids");
	is_int(a.iso.ids, 1, "one id");
	ok(strstr(a.iso.why, "more ids: "), "says why not more");
	is_str(a.left, "", "the work directory is clean");
}

static void test_overlay_refused(void)
{
	struct attempt a = {.wanted = SLIP_ISOLATION_AUTO, .on_overlay = true};
	struct slip_err err = SLIP_ERR_INIT;
	is_int(attempt(&a, &err), 0, "auto with the work directory on an overlay");
	is_int(a.iso.mode, SLIP_ISOLATION_NONE, "becomes none");
	ok(strstr(a.iso.why, "mount overlay: Invalid argument"), "and says which step failed");
}

static void test_filtered(void)
{
	if (!slip_seccomp_available()) {
		skip("no libseccomp", "isolation under a seccomp profile");
		return;
	}
	struct attempt a = {.wanted = SLIP_ISOLATION_AUTO, .filtered = true, .pod_root = true};
	struct slip_err err = SLIP_ERR_INIT;
	is_int(attempt(&a, &err), 0, "auto under a runtime's default profile");
	is_int(a.iso.mode, SLIP_ISOLATION_NONE, "becomes none");
	a.wanted = SLIP_ISOLATION_NAMESPACES;
	ok(attempt(&a, &err) < 0 && err.code == SLIP_E_SANDBOX, "namespaces by force is an error");
	ok(strstr(err.msg, "unshare(CLONE_NEWUSER): Operation not permitted") &&
			(strstr(err.msg, "seccompProfile") || strstr(err.msg, "sysctl")),
		"that names the step and the remedy");
}

static void test_describe(void)
{
	work_dir = make_work_dir();
	slip_autofree char *text = slip_isolation_describe(work_dir);
	ok(strstr(text, "namespaces: yes, ") && strstr(text, "none: yes, "), "describe");
	ok(rmdir(work_dir) == 0, "describing leaves nothing behind");
	free(work_dir);
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_proc_init(&err), 0, "init");
	test_names();
	if (geteuid() == 0 && slip_userns_is_initial()) {
		test_root();
		test_pod_root();
		test_one_id();
		test_overlay_refused();
		test_filtered();
		test_describe();
	} else {
		skip("not root", "isolation as root, pod root and users");
	}
	slip_autofree char *mounts = file_text("/proc/self/mountinfo");
	ok(!strstr(mounts, "slipway-test-"), "nothing of ours is in the machine's mount table");
	return done_testing();
}
