/*
 * What the control groups of this process allow: cgroups(7), versions 1 and 2.
 *
 * The limits of a group are also those of the groups above it, so the least one counts. In a
 * container the group's own directory is usually what is mounted, while /proc/self/cgroup may name
 * its place on the node: levels that are not there are passed over, and the mount's root always
 * counts.
 */
#ifndef SLIP_BASE_CGROUP_H
#define SLIP_BASE_CGROUP_H

#include "runner/base/buf.h"

#include <sys/types.h>

struct slip_cgroup {
	size_t processors; /* by the quota, rounded up; 0: no quota */
	uint64_t memory; /* bytes; 0: no limit */
	uint64_t peak; /* bytes used at once so far, of the group with that limit; 0: not known */
	uint64_t oom_kills; /* processes that the kernel ended for want of memory, so far */
};

void slip_cgroup_read(struct slip_cgroup *out);
/* The same from other places: the text of /proc/self/cgroup, and where groups are mounted. */
void slip_cgroup_read_at(const char *self, const char *mount, struct slip_cgroup *out);
/*
 * When the kernel killed since `before`, append "; the kernel killed 2 processes for want of memory
 * (limit 512 MiB, peak 511 MiB): ...": the end of a failed command's message. Whatever its status
 * is: a shell or make that lost its child ends with one of its own.
 */
void slip_cgroup_explain_oom(const struct slip_cgroup *before, struct slip_buf *out);
void slip_cgroup_print_oom(
	const struct slip_cgroup *before, const struct slip_cgroup *after, struct slip_buf *out);

/*
 * Where memory runs out, a user's command is to go and not this program, which has reports to
 * write: raise the process' oom_score_adj. What is higher already stays. 0 is this process,
 * whatever its number is in the /proc that is mounted.
 */
void slip_cgroup_offer(pid_t pid);

#endif
