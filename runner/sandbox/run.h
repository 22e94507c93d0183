/*
 * Run one command in a root filesystem. Knows no Docker word: who calls has resolved users, paths
 * and environment.
 *
 * The child is this program, executed anew through a descriptor ("sandbox" role), with its
 * instructions as data. It gets namespaces for mounts, processes, IPC and host name (network on
 * request), /proc, a small /dev, a read-only /sys, resolv.conf and hosts (read-only, the
 * machine's), at most the 14 default capabilities, a system call filter, descriptors 0-2 only,
 * stdin empty, a session of its own. no_new_privs stays off: setuid programs work. Device nodes in
 * the root can be made but not opened. When the command ends, everything it started has ended too.
 *
 * The root needs real directories proc, sys and dev (slip_overlay_mount sees to it). A root whose
 * place for one of them is a link is refused.
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

/* A file that the command finds below /dev, owned by root; it never gets into the root filesystem.
 */
struct slip_sandbox_file {
	const char *path; /* below /dev, clean: "pipes/NAME" */
	const char *content;
	uint32_t mode;
};

/*
 * A file or directory of the machine that the command finds in its root, with everything that is
 * mounted below it. Device nodes in it cannot be opened.
 */
struct slip_sandbox_mount {
	/*
	 * Absolute. A path that is, or leads through, a symbolic link is refused: who can put a
	 * link there must not choose what is handed out. So the caller resolves what it trusts.
	 */
	const char *source;
	/*
	 * In the root, whose links are followed inside of it. What is missing of it is made, and is
	 * a change of the root like those of the command; not so below /dev. The root itself, and
	 * places in /proc and /sys, are refused.
	 */
	const char *target;
	bool readonly; /* before Linux 5.12 what is mounted below the source stays writable */
};

/* The search path of a command whose environment has none. */
#define SLIP_SANDBOX_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct slip_sandbox_spec {
	const char *root; /* absolute path of the (merged) root directory */
	struct slip_strv argv; /* argv[0] looked up in the PATH of env inside the root */
	struct slip_strv env; /* "NAME=value", complete */
	const char *cwd; /* inside the root; must exist */
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups; /* supplementary */
	size_t n_groups;
	const char *hostname; /* NULL: "slipway" */
	enum slip_network network;
	int timeout_ms; /* -1: none */
	const struct slip_sandbox_file *files;
	size_t n_files;
	const struct slip_sandbox_mount *mounts; /* in this order: a later one covers an earlier */
	size_t n_mounts;
};

/*
 * Run to the end; each line of its output (stdout and stderr in one stream, lines longer than
 * SLIP_MAX_LOG_LINE split) goes to slip_output on the calling thread. Failing to set up is
 * SLIP_E_SANDBOX or SLIP_E_IO; a command that ran and failed is SLIP_E_COMMAND with err->status,
 * 128 + signal when it was killed. One that cannot be executed is SLIP_E_COMMAND too, with status
 * 127 (not found) or 126. Past its time, or when a signal asks this program to stop, all of its
 * processes get TERM, three seconds, and KILL: SLIP_E_TIMEOUT or SLIP_E_CANCELLED. May be called
 * from several threads at once.
 */
int slip_sandbox_run(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	struct slip_err *err) SLIP_MUST_CHECK;

/* The command could not be executed at all, and the error's message says why. */
bool slip_sandbox_has_refused(const struct slip_err *err);

/* main of the re-executed child: never returns. */
void slip_sandbox_child(int argc, char **argv) SLIP_NORETURN;

#endif
