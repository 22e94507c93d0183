/*
 * How a RUN can be isolated on this machine, found by trying (DESIGN section 5).
 *
 * slip_isolation_enter is called once, at the start of a build, while the process has one thread:
 * it gives the process what mounting needs - a mount namespace of its own, in a user namespace
 * where it is not root enough - and reports what it got. Mounts made afterwards vanish with the
 * process.
 */
#ifndef SLIP_SANDBOX_ISOLATION_H
#define SLIP_SANDBOX_ISOLATION_H

#include "runner/base/err.h"

enum slip_isolation_mode {
	SLIP_ISOLATION_AUTO,
	SLIP_ISOLATION_NAMESPACES,
	SLIP_ISOLATION_CHROOT,
	SLIP_ISOLATION_IN_PLACE,
	SLIP_ISOLATION_NONE,
};

struct slip_isolation {
	enum slip_isolation_mode mode; /* NAMESPACES or NONE, ... never AUTO */
	bool user_namespace;
	uint32_t ids; /* how many user ids a RUN can use: 2^32-1, 65536, or 1 */
	const char *overlay_xattr; /* "trusted.overlay." or "user.overlay." */
	bool fresh_proc; /* else /proc is a bind of the outer one */
	char why[512]; /* one line for the log: what was chosen, which better step failed */
};

/* "auto", "namespaces", "chroot", "in-place", "none". -1: none of them. */
int slip_isolation_parse(const char *s, enum slip_isolation_mode *mode);
const char *slip_isolation_name(enum slip_isolation_mode mode);

/*
 * Enter the best mode, or exactly the one asked for (then failing is SLIP_E_SANDBOX with the step
 * and the remedy). AUTO never fails: it may end as NONE, whose `why` is the error to show when a
 * RUN has to be executed.
 *
 * work_dir exists, and is on the file system where uppers will be: an overlay is mounted in it and
 * taken away again. A container's own root is an overlay itself and takes no upper: work_dir must
 * be on a volume there. Call once only. What needs a user namespace is tried in a forked child
 * first, so that a mode which fails leaves this process as it was.
 */
int slip_isolation_enter(enum slip_isolation_mode wanted, const char *work_dir,
	struct slip_isolation *out, struct slip_err *err) SLIP_MUST_CHECK;

/* Try every mode in forked children, for `slipway version`; lines of text, the caller's. */
char *slip_isolation_describe(const char *work_dir);

#endif
