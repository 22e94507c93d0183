/*
 * Users and groups of an image: /etc/passwd and /etc/group of its root, never this machine's.
 * Files are read as untrusted text: regular files only, at most SLIP_MAX_PASSWD bytes, lines that
 * are no entries are skipped (passwd(5), group(5)).
 */
#ifndef SLIP_BUILD_USER_H
#define SLIP_BUILD_USER_H

#include "runner/sandbox/run.h"
#include "steps/build/rootfs.h"

#define SLIP_MAX_GROUPS 64

struct slip_user {
	uint32_t uid;
	uint32_t gid;
	uint32_t groups[SLIP_MAX_GROUPS]; /* supplementary */
	size_t n_groups;
	char *home; /* NULL: not known */
};

void slip_user_release(struct slip_user *u);
/* USER text at a RUN: "", user, user:group, by names or numbers. */
int slip_user_for_run(struct slip_rootfs *r, const char *text, struct slip_user *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Let a command run as this user, at home where its environment knows no HOME. Borrows from u. */
void slip_user_apply(const struct slip_user *u, struct slip_sandbox_spec *spec);
/* --chown text: a number alone gives the group the same number; an unknown name is an error. */
int slip_user_for_chown(struct slip_rootfs *r, const char *text, uint32_t *uid, uint32_t *gid,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Owner of directories that WORKDIR makes; an unknown name is root's, and *doubt says why: the
 * caller's to tell and to free, NULL otherwise. */
int slip_user_for_workdir(struct slip_rootfs *r, const char *text, uint32_t *uid, uint32_t *gid,
	char **doubt, struct slip_err *err) SLIP_MUST_CHECK;

#endif
