#include "config.h"

#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CAP(name) (1ULL << (CAP_##name))

/* What Docker gives a container by default. */
#define DEFAULT_CAPABILITIES                                                                       \
	(CAP(AUDIT_WRITE) | CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) |           \
		CAP(KILL) | CAP(MKNOD) | CAP(NET_BIND_SERVICE) | CAP(NET_RAW) | CAP(SETFCAP) |     \
		CAP(SETGID) | CAP(SETPCAP) | CAP(SETUID) | CAP(SYS_CHROOT))

/* Capabilities that the kernel has and the headers do not are dropped too: ask until refused. */
static int drop_bounding(uint64_t keep, struct slip_err *err)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (keep & (1ULL << cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			return 0;
		return slip_err_set(err, SLIP_E_SANDBOX, errno,
			"drop capability %lu from the bounding set", cap);
	}
	return 0;
}

/* Permitted and effective become what is left of `keep`; inheritable and ambient empty. */
static int limit_capabilities(uint64_t keep, struct slip_err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "capget");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "capset");
	return 0;
}

/* With a single id there is nothing to change to, and setgroups(2) was given up for the map. */
static int change_ids(const struct slip_instructions *in, struct slip_err *err)
{
	const struct slip_sandbox_spec *s = &in->spec;
	if (in->ids > 1 && setgroups(s->n_groups, s->groups) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "set %zu groups", s->n_groups);
	if (setresgid(s->gid, s->gid, s->gid) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "become group %u", s->gid);
	if (setresuid(s->uid, s->uid, s->uid) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "become user %u", s->uid);
	return 0;
}

int slip_privileges_drop(const struct slip_instructions *in, struct slip_err *err)
{
	static const struct rlimit no_core = {0, 0};
	if (setrlimit(RLIMIT_CORE, &no_core) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "limit core files");
	uint64_t keep = DEFAULT_CAPABILITIES;
	if (!in->keeps_chroot)
		keep &= ~CAP(SYS_CHROOT);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/*
	 * The filter needs CAP_SYS_ADMIN, as no_new_privs stays off: a step's sudo works as it does
	 * in Docker. It lets the calls that follow it pass.
	 */
	if (drop_bounding(keep, err) < 0 || slip_seccomp_install(err) < 0 ||
		change_ids(in, err) < 0)
		return -1;
	return limit_capabilities(in->spec.uid == 0 ? keep : 0, err);
}
