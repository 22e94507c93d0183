/*
 * Run one command in a root filesystem. Knows no Docker word: who calls has resolved users, paths
 * and environment.
 *
 * The child is this program, executed anew through a descriptor ("sandbox" role), with its
 * instructions as data. It gets namespaces for mounts, processes, IPC and host name (network on
 * request), /proc, a small /dev, a read-only /sys, resolv.conf and hosts, at most the 14 default
 * capabilities, descriptors 0-2 only, stdin empty, a session of its own. When the command ends,
 * everything it started has ended too.
 */
#ifndef SLIP_SANDBOX_RUN_H
#define SLIP_SANDBOX_RUN_H

#include "runner/base/strv.h"
#include "runner/sandbox/isolation.h"

enum slip_network {
	SLIP_NETWORK_DEFAULT, /* the builder's own */
	SLIP_NETWORK_NONE,
	SLIP_NETWORK_HOST,
};

struct slip_sandbox_spec {
	const char *root; /* absolute path of the (merged) root directory */
	struct slip_strv argv; /* argv[0] looked up in the PATH of env inside the root */
	struct slip_strv env; /* "NAME=value", complete */
	const char *cwd; /* inside the root; must exist */
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups; /* supplementary */
	size_t n_groups;
	const char *hostname;
	enum slip_network network;
	int timeout_ms; /* -1: none */
};

/*
 * Run to the end; each line of its output (stdout and stderr in one stream) goes to slip_output.
 * Failing to set up is SLIP_E_SANDBOX or SLIP_E_IO; a command that ran and failed is
 * SLIP_E_COMMAND with err->status. A command that cannot be executed ends with 127 or 126.
 */
int slip_sandbox_run(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	struct slip_err *err) SLIP_MUST_CHECK;

/* main of the re-executed child: never returns. */
void slip_sandbox_child(int argc, char **argv) SLIP_NORETURN;

#endif
