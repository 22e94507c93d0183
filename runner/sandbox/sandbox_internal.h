/*
 * What the files of runner/sandbox share: the table of backends, the instructions that travel from
 * the program to its re-executed child, and the child's steps.
 *
 * The way of a command: run.c (in the program) writes instructions into a memory file and starts
 * child.c (the program anew, one thread, an empty environment). That one makes namespaces and forks
 * an init; the init lets the backend build the root and forks the command. Errors come back as
 * messages over a socket whose other end no command inherits.
 */
#ifndef SLIP_SANDBOX_SANDBOX_INTERNAL_H
#define SLIP_SANDBOX_SANDBOX_INTERNAL_H

#include "runner/sandbox/isolation.h"
#include "runner/sandbox/run.h"

#include <sys/types.h>

/* --- backends (isolation.c) ---------------------------------------------------------------- */

struct slip_instructions;

/* One way to isolate. A mode that a build cannot offer has no entry. Best first. */
struct slip_backend {
	enum slip_isolation_mode mode;
	/*
	 * Give this process what the mode needs. Must change nothing that hurts when it fails, as
	 * the next backend is tried in the same process.
	 */
	int (*enter)(const char *work_dir, struct slip_isolation *out, struct slip_err *err);
	int clone_flags; /* namespaces of a command, CLONE_NEW*; its network is added on request */
	/* In the command's init: make the root as the instructions say, and enter it. */
	int (*enter_root)(struct slip_instructions *in, struct slip_err *err);
};

extern const struct slip_backend slip_backend_namespaces;
extern const struct slip_backend slip_backend_none;
const struct slip_backend *slip_backend_find(enum slip_isolation_mode mode); /* NULL: not built */

/* --- forked children (forked.c) --------------------------------------------------------------- */

typedef int slip_forked_fn(void *arg, struct slip_err *err);

struct slip_forked {
	pid_t pid;
	int from_child;
};

/*
 * Run fn in a forked child of this process, which must have one thread. arg is `size` bytes of
 * plain data: as the child leaves it, it comes back with fn's outcome. An error leaves arg as it
 * was.
 */
int slip_forked(slip_forked_fn *fn, void *arg, size_t size, struct slip_err *err) SLIP_MUST_CHECK;
/* The same in two steps, for something to be done in between. */
int slip_forked_start(slip_forked_fn *fn, void *arg, size_t size, struct slip_forked *f,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_forked_finish(
	struct slip_forked *f, void *arg, size_t size, struct slip_err *err) SLIP_MUST_CHECK;

/* --- user namespaces (userns.c) ------------------------------------------------------------- */

struct slip_userns {
	uint32_t ids; /* how many user ids are mapped */
	char refused[256]; /* "", or why there are not more */
};

/*
 * unshare(2) a user and a mount namespace in this process and give it the widest id map allowed:
 * everything, 65536 ids, the user's subordinate ids, or only the user.
 */
int slip_userns_enter(struct slip_userns *ns, struct slip_err *err) SLIP_MUST_CHECK;
/* How many user ids the namespace that this process is in maps. */
uint32_t slip_userns_ids(void);
bool slip_userns_is_initial(void);

/* --- instructions (instructions.c) ------------------------------------------------------------ */

struct slip_instructions {
	enum slip_isolation_mode mode;
	uint32_t ids;
	bool fresh_proc;
	struct slip_sandbox_spec spec;
	bool keeps_chroot; /* false: the old root is still below, so CAP_SYS_CHROOT must go */
};

/* A sealed-off memory file, positioned at its start. The descriptor is the caller's. */
int slip_instructions_write(const struct slip_isolation *iso, const struct slip_sandbox_spec *spec,
	int *fd, struct slip_err *err) SLIP_MUST_CHECK;
int slip_instructions_read(
	int fd, struct slip_instructions *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_instructions_release(struct slip_instructions *in);

/* --- the child's descriptors and messages (child.c, run.c)
 * ---------------------------------------- */

#define SLIP_CHILD_INSTRUCTIONS_FD 3
#define SLIP_CHILD_REPORT_FD 4

enum slip_child_report_kind {
	SLIP_CHILD_NOTE, /* err.msg is a line for the debug log */
	SLIP_CHILD_READY, /* set up; the command is executed next */
	SLIP_CHILD_FAILED,
};

/* One packet of the report socket. */
struct slip_child_report {
	enum slip_child_report_kind kind;
	struct slip_err err;
};

void slip_child_note(const char *fmt, ...) SLIP_PRINTF(1, 2);

/* --- steps of the child
 * --------------------------------------------------------------------------- */

/* mount.c: everything is named by descriptor, so that no path is looked up twice. */
#define SLIP_FD_NAME_SIZE 32
void slip_fd_name(char name[SLIP_FD_NAME_SIZE], int fd);
/* Like mount(2): 0, or -1 with errno. */
int slip_mount_bind(int source, int target, unsigned long flags);
int slip_mount_new(const char *type, int target, unsigned long flags, const char *data);
/* Values of mount_setattr(2); own names, as C libraries before 2.36 lack them. */
#define SLIP_MOUNT_RDONLY 0x1ULL
#define SLIP_MOUNT_NOSUID 0x2ULL
#define SLIP_MOUNT_NODEV 0x4ULL
#define SLIP_MOUNT_NOEXEC 0x8ULL
/* fd is a mount's root: it, and everything mounted below it (Linux 5.12). */
int slip_mount_set_tree(int fd, uint64_t set);
/* The mount alone, on any kernel; RDONLY and NODEV. */
int slip_mount_set(int fd, uint64_t set);
/* The mounts that the spec asks for; the root's own are there already. */
int slip_mounts_setup(
	int rootfd, const struct slip_sandbox_spec *s, struct slip_err *err) SLIP_MUST_CHECK;
/* namespaces_root.c */
int slip_namespaces_enter_root(struct slip_instructions *in, struct slip_err *err) SLIP_MUST_CHECK;
/* privileges.c: descriptors, limits, capabilities, system call filter, ids; in that order. */
int slip_privileges_drop(const struct slip_instructions *in, struct slip_err *err) SLIP_MUST_CHECK;
/* seccomp.c: needs CAP_SYS_ADMIN in the user namespace, or no_new_privs. */
int slip_seccomp_install(struct slip_err *err) SLIP_MUST_CHECK;
bool slip_seccomp_available(void);

#endif
