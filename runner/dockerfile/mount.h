/*
 * RUN --mount: the comma-separated (CSV, RFC 4180) options of one mount.
 *
 * The struct holds what was asked for with the language's defaults filled in; which of it can be
 * had is the executor's business. Relative targets stay relative (to WORKDIR).
 */
#ifndef SLIP_DOCKERFILE_MOUNT_H
#define SLIP_DOCKERFILE_MOUNT_H

#include "runner/dockerfile/expand.h"

enum slip_mount_type {
	SLIP_MOUNT_BIND,
	SLIP_MOUNT_CACHE,
	SLIP_MOUNT_TMPFS,
	SLIP_MOUNT_SECRET,
	SLIP_MOUNT_SSH,
};

enum slip_mount_sharing {
	SLIP_SHARING_SHARED,
	SLIP_SHARING_PRIVATE,
	SLIP_SHARING_LOCKED,
};

struct slip_mount {
	enum slip_mount_type type;
	char *from; /* bind, cache: stage or image; NULL is the context, for a cache: empty */
	char *source; /* bind, cache: path in from, "/" by default; otherwise NULL */
	char *target; /* "." by default; NULL: a secret for the environment only, ssh's default */
	char *id; /* cache, secret, ssh: never NULL for these */
	char *env; /* secret: variable to set, or NULL */
	bool readonly;
	bool required;
	enum slip_mount_sharing sharing;
	bool has_mode; /* mode, uid or gid were written (they are part of a cache's identity) */
	bool has_uid;
	bool has_gid;
	uint32_t mode; /* default by type: cache 0755, secret 0400, ssh 0600 */
	uint32_t uid;
	uint32_t gid;
	uint64_t size; /* tmpfs: bytes, 0 is unlimited */
};

/*
 * Parse with the values (all but from) expanded by x. With x NULL the text is only checked as far
 * as that can be done before the variables are known, and *out is left alone (it may be NULL).
 */
int slip_mount_parse(const char *text, const struct slip_expand *x, struct slip_mount *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_mount_release(struct slip_mount *m); /* zeroed or released is fine */

#endif
