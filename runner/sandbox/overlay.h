/*
 * overlayfs mounts: a stack of read-only directories, one that takes the writes.
 * Paths are absolute host paths of our own making. lowers[0] is the topmost.
 */
#ifndef SLIP_SANDBOX_OVERLAY_H
#define SLIP_SANDBOX_OVERLAY_H

#include "runner/base/strv.h"
#include "runner/sandbox/isolation.h"

struct slip_overlay {
	char *merged; /* where it is mounted */
	char *upper;
	char *work;
	int merged_fd; /* both O_PATH; merged_fd is closed by unmount */
	int upper_fd;
	bool mounted;
};

/*
 * Make <dir>/{upper,work,merged,stubs} and mount; dir exists and has none of them. Mount points
 * that a RUN needs and the image may lack (proc, sys, dev, etc/hosts, etc/resolv.conf) come from
 * the extra lowest layer "stubs", so they never appear in the upper directory. The merged root has
 * mode, owner and time of lowers[0]; without lowers, 0755 and ours. About 200 layers are possible
 * (one page of mount options), more are SLIP_E_LIMIT.
 */
int slip_overlay_mount(const struct slip_isolation *iso, const struct slip_strv *lowers,
	const char *dir, struct slip_overlay *out, struct slip_err *err) SLIP_MUST_CHECK;
/* Unmount; the upper directory stays for its new life as a lower. */
int slip_overlay_unmount(struct slip_overlay *o, struct slip_err *err) SLIP_MUST_CHECK;
void slip_overlay_release(struct slip_overlay *o); /* unmounts lazily if still mounted */

#endif
