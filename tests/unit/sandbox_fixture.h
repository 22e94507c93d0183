/*
 * What the tests of runner/sandbox share: a root filesystem with busybox in it, a listener that
 * keeps what commands print, and ways to become less than root. Mounts are made only after
 * slip_isolation_enter has left the machine's mount namespace.
 */
#ifndef SLIP_TESTS_SANDBOX_FIXTURE_H
#define SLIP_TESTS_SANDBOX_FIXTURE_H

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/sandbox/overlay.h"
#include "runner/sandbox/run.h"
#include "runner/sandbox/sandbox_internal.h"
#include "tests/unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define BUSYBOX "/bin/busybox"
#define PLAIN_USER 12345
#define DOCKER_CAPS 0xa80425fbULL

static struct slip_buf captured;
static size_t captured_lines;
static size_t captured_longest;

SLIP_UNUSED static void capture(void *ctx SLIP_UNUSED, const struct slip_record *r)
{
	if (r->kind != SLIP_RECORD_OUTPUT)
		return;
	size_t n = strlen(r->text);
	captured_lines++;
	captured_longest = n > captured_longest ? n : captured_longest;
	if (captured.len + n + 1 < captured.max)
		slip_buf_addf(&captured, "%s\n", r->text);
}

SLIP_UNUSED static void capture_start(void)
{
	if (!captured.max)
		slip_buf_init(&captured, 256 * 1024);
	slip_buf_clear(&captured);
	captured_lines = 0;
	captured_longest = 0;
	slip_log_set_listener(capture, NULL);
}

SLIP_UNUSED static bool command_ok(const char *fmt, ...) SLIP_PRINTF(1, 2);
/* Run a shell command of the machine, for setting up only. */
SLIP_UNUSED static bool command_ok(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *text = slip_xvasprintf(fmt, ap);
	va_end(ap);
	const char *const argv[] = {"/bin/sh", "-c", text, NULL};
	const struct slip_proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};
	struct slip_proc proc;
	struct slip_err err = SLIP_ERR_INIT;
	int status = -1;
	return slip_proc_start(&spec, &proc, &err) == 0 &&
	       slip_proc_wait(&proc, 20000, &status, &err) == 0 && status == 0;
}

/* A directory of the test's own, the caller's to free; everybody may pass through it. */
SLIP_UNUSED static char *make_work_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	struct slip_err err = SLIP_ERR_INIT;
	char *dir = NULL;
	if (slip_make_temp_dir(tmp ? tmp : "/tmp", "slipway-test-", &dir, &err) < 0)
		slip_bug("%s", err.msg);
	chmod(dir, 0755);
	return dir;
}

SLIP_UNUSED static bool make_busybox_root(const char *root)
{
	return command_ok(
		"mkdir -p '%s/bin' '%s/tmp' '%s/etc' '%s/work' && chmod 1777 '%s/tmp' && "
		"cp " BUSYBOX " '%s/bin/busybox' && cd '%s/bin' && "
		"for a in $(./busybox --list); do [ $a = busybox ] || ln -s busybox $a; done",
		root, root, root, root, root, root, root);
}

SLIP_UNUSED static bool file_is(const char *path, const char *want)
{
	slip_autobuf b;
	slip_buf_init(&b, 1 << 20);
	struct slip_err err = SLIP_ERR_INIT;
	return slip_read_file(AT_FDCWD, path, &b, &err) == 0 && slip_streq(b.data, want);
}

SLIP_UNUSED static char *file_text(const char *path)
{
	struct slip_buf b;
	slip_buf_init(&b, 4 << 20);
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_read_file(AT_FDCWD, path, &b, &err) < 0)
		slip_buf_clear(&b);
	return slip_buf_take(&b);
}

/* Root as in a default container: Docker's capabilities and no more. */
SLIP_UNUSED static bool become_pod_root(void)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (!(DOCKER_CAPS & (1ULL << cap)))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.permitted = (uint32_t)DOCKER_CAPS, .effective = (uint32_t)DOCKER_CAPS}};
	return syscall(SYS_capset, &header, data) == 0;
}

SLIP_UNUSED static bool become_user(uid_t uid)
{
	return setgid(uid) == 0 && setuid(uid) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

#ifdef HAVE_SECCOMP
#include <seccomp.h>

/* As on an old kernel, in a container whose profile allows mounting but not pivot_root. */
SLIP_UNUSED static bool refuse_new_calls(void)
{
	static const struct {
		const char *name;
		int error;
	} calls[] = {
		{"close_range", ENOSYS},
		{"mount_setattr", ENOSYS},
		{"openat2", ENOSYS},
		{"pidfd_open", ENOSYS},
		{"pivot_root", EPERM},
	};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	bool good = c && seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 0) == 0;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(calls) && good; i++)
		good = seccomp_rule_add_array(c, SCMP_ACT_ERRNO((uint32_t)calls[i].error),
			       seccomp_syscall_resolve_name(calls[i].name), 0, NULL) == 0;
	good = good && seccomp_load(c) == 0;
	seccomp_release(c);
	return good;
}
#else
SLIP_UNUSED static bool refuse_new_calls(void)
{
	return false;
}
#endif

/*
 * Give a user a name and subordinate ids, seen by this process alone: copies of the machine's files
 * are mounted over them in a mount namespace of our own.
 */
SLIP_UNUSED static bool give_subordinate_ids(const char *dir, uid_t uid)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	return command_ok(
		"cd '%s' && cp /etc/passwd passwd && "
		"echo 'slipway-test:x:%u:%u::/:/bin/sh' >> passwd && "
		"echo 'slipway-test:200000:65536' > sub && touch /etc/subuid /etc/subgid && "
		"mount --bind passwd /etc/passwd && mount --bind sub /etc/subuid && "
		"mount --bind sub /etc/subgid",
		dir, uid, uid);
}

#endif
