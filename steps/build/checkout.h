/*
 * Modes as git records them, for what git tracks.
 *
 * A CI system checks out with a umask of its own (GitLab's runners: 0000, so that files are 0666
 * and directories 0777), which would make layers and cache keys other ones than a laptop's. git
 * knows of one permission only: whether a file is executable. So a tracked file is 0644 or 0755, by
 * its owner's executable bit, or by the index where the file system keeps none (core.fileMode is
 * false); a directory with tracked files is 0755. Files that git does not track keep their modes.
 */
#ifndef SLIP_BUILD_CHECKOUT_H
#define SLIP_BUILD_CHECKOUT_H

#include "runner/base/err.h"

#include <sys/types.h>

struct slip_checkout;

/*
 * What git tracks below `dir` (real and absolute), submodules included. *out stays NULL when dir is
 * in no checkout, or nothing in it is tracked.
 */
int slip_checkout_open(
	const char *dir, struct slip_checkout **out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_checkout_free(struct slip_checkout *c); /* NULL is fine */
/* The mode (type and permissions) of a path below dir, "" for dir itself; c may be NULL. */
mode_t slip_checkout_mode(const struct slip_checkout *c, const char *path, mode_t mode);

#endif
