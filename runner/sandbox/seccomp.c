#include "config.h"

#include "runner/sandbox/sandbox_internal.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

/*
 * What a build step has no use for and an attack on the kernel has, in the spirit of the profile
 * that Docker applies by default. Everything else is allowed: the capabilities are the other fence.
 */
static const char *const denied[] = {
	"acct",
	"add_key",
	"bpf",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_settime",
	"clock_settime64",
	"delete_module",
	"fanotify_init",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"init_module",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"lookup_dcookie",
	"mount",
	"mount_setattr",
	"move_mount",
	"move_pages",
	"nfsservctl",
	"open_by_handle_at",
	"open_tree",
	"open_tree_attr",
	"perf_event_open",
	"pidfd_getfd",
	"pivot_root",
	"quotactl",
	"quotactl_fd",
	"reboot",
	"request_key",
	"setns",
	"settimeofday",
	"stime",
	"swapoff",
	"swapon",
	"sysfs",
	"syslog",
	"umount",
	"umount2",
	"userfaultfd",
	"uselib",
	"vhangup",
	"vm86",
	"vm86old",
};

/* clone(2), unshare(2): every namespace; CLONE_NEWTIME only exists for the latter and clone3(2). */
static const uint32_t namespace_flags[] = {
	CLONE_NEWNS,
	CLONE_NEWCGROUP,
	CLONE_NEWUTS,
	CLONE_NEWIPC,
	CLONE_NEWUSER,
	CLONE_NEWPID,
	CLONE_NEWNET,
};
#define NEWTIME 0x80U

/* s390 passes the flags of clone second. */
#if defined(__s390__)
#define CLONE_FLAGS_ARG 1
#else
#define CLONE_FLAGS_ARG 0
#endif

/* 0, or the first error of libseccomp (a negative errno). */
static int deny_if(scmp_filter_ctx c, int call, struct scmp_arg_cmp cmp)
{
	return seccomp_rule_add_array(c, SCMP_ACT_ERRNO(EPERM), call, 1, &cmp);
}

/*
 * A name that this libseccomp does not know cannot be denied. That is no way out: what it is too
 * old for needs capabilities that a command does not have, or a namespace that it cannot make.
 */
static int deny_calls(scmp_filter_ctx c)
{
	int rc = 0;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(denied) && rc == 0; i++) {
		int call = seccomp_syscall_resolve_name(denied[i]);
		if (call != __NR_SCMP_ERROR)
			rc = seccomp_rule_add_array(c, SCMP_ACT_ERRNO(EPERM), call, 0, NULL);
	}
	return rc;
}

/* clone3 passes its flags in memory, out of sight: "not implemented" makes libc use clone. */
static int deny_namespaces(scmp_filter_ctx c)
{
	int rc = 0;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(namespace_flags) && rc == 0; i++) {
		uint32_t f = namespace_flags[i];
		rc = deny_if(
			c, SCMP_SYS(clone), SCMP_CMP32(CLONE_FLAGS_ARG, SCMP_CMP_MASKED_EQ, f, f));
		if (rc == 0)
			rc = deny_if(c, SCMP_SYS(unshare), SCMP_CMP32(0, SCMP_CMP_MASKED_EQ, f, f));
	}
	if (rc == 0)
		rc = deny_if(
			c, SCMP_SYS(unshare), SCMP_CMP32(0, SCMP_CMP_MASKED_EQ, NEWTIME, NEWTIME));
	if (rc == 0)
		rc = seccomp_rule_add_array(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
	return rc;
}

/*
 * The kernel looks at 32 bits of these arguments only, and so must the filter. On i386 the family
 * of socketcall(2) cannot be seen, so libseccomp denies opening sockets by it altogether.
 */
static int deny_arguments(scmp_filter_ctx c)
{
	int rc = deny_if(c, SCMP_SYS(socket), SCMP_CMP32(0, SCMP_CMP_EQ, AF_ALG, 0));
	if (rc == 0)
		rc = deny_if(c, SCMP_SYS(socket), SCMP_CMP32(0, SCMP_CMP_EQ, AF_VSOCK, 0));
	if (rc == 0)
		rc = deny_if(c, SCMP_SYS(ioctl), SCMP_CMP32(1, SCMP_CMP_EQ, TIOCSTI, 0));
	if (rc == 0)
		rc = deny_if(c, SCMP_SYS(ioctl), SCMP_CMP32(1, SCMP_CMP_EQ, TIOCLINUX, 0));
	return rc;
}

/* Each machine's other ABIs have numbers of their own, and would be a way round. */
static int add_architectures(scmp_filter_ctx c)
{
	static const uint32_t others[][2] = {
		{SCMP_ARCH_X86_64, SCMP_ARCH_X86},
		{SCMP_ARCH_X86_64, SCMP_ARCH_X32},
		{SCMP_ARCH_AARCH64, SCMP_ARCH_ARM},
		{SCMP_ARCH_S390X, SCMP_ARCH_S390},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(others); i++) {
		if (seccomp_arch_native() != others[i][0])
			continue;
		int rc = seccomp_arch_add(c, others[i][1]);
		if (rc < 0 && rc != -EEXIST)
			return rc;
	}
	return seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
}

static int build_and_load(scmp_filter_ctx c)
{
	int rc = add_architectures(c);
	if (rc == 0)
		rc = seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 0);
	if (rc == 0)
		rc = deny_namespaces(c);
	if (rc == 0)
		rc = deny_arguments(c);
	if (rc == 0)
		rc = deny_calls(c);
	return rc == 0 ? seccomp_load(c) : rc;
}

int slip_seccomp_install(struct slip_err *err)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	if (!c)
		return slip_err_set(err, SLIP_E_SANDBOX, ENOMEM, "make the system call filter");
	int rc = build_and_load(c);
	seccomp_release(c);
	if (rc < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, -rc, "install the system call filter");
	return 0;
}

bool slip_seccomp_available(void)
{
	return true;
}

#else

int slip_seccomp_install(struct slip_err *err SLIP_UNUSED)
{
	return 0;
}

bool slip_seccomp_available(void)
{
	return false;
}

#endif
