/*
 * enosys CALL[,CALL...] [--] COMMAND [ARG...]: run a command on a kernel that lacks these system
 * calls. A call may be followed by =ERRNO, a number, where a kernel or container answers otherwise
 * than by ENOSYS. Names that this machine does not know are an error: a test must be able to fail.
 */
#include "config.h"

#include "runner/base/mem.h"

#include <errno.h>
#include <seccomp.h>

static int refuse(scmp_filter_ctx filter, const char *name, size_t len)
{
	slip_autofree char *call = slip_xstrndup(name, len);
	char *equals = strchr(call, '=');
	unsigned long answer = ENOSYS;
	if (equals) {
		*equals = '\0';
		answer = strtoul(equals + 1, NULL, 10);
	}
	int number = seccomp_syscall_resolve_name(call);
	if (number == __NR_SCMP_ERROR) {
		fprintf(stderr, "enosys: no system call is named %s\n", call);
		return -1;
	}
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)answer), number, 0);
	if (rc < 0)
		fprintf(stderr, "enosys: %s: %s\n", call, strerror(-rc));
	return rc;
}

int main(int argc, char **argv)
{
	int command = argc > 2 && slip_streq(argv[2], "--") ? 3 : 2;
	if (argc <= command) {
		fprintf(stderr, "usage: enosys CALL[,CALL...] [--] COMMAND [ARG...]\n");
		return 2;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return 126;
	for (const char *at = argv[1]; *at;) {
		const char *end = strchrnul(at, ',');
		if (refuse(filter, at, (size_t)(end - at)) < 0)
			return 126;
		at = *end ? end + 1 : end;
	}
	int rc = seccomp_load(filter);
	if (rc < 0) {
		fprintf(stderr, "enosys: cannot load the filter: %s\n", strerror(-rc));
		return 126;
	}
	execvp(argv[command], argv + command);
	fprintf(stderr, "enosys: %s: %s\n", argv[command], strerror(errno));
	return 127;
}
