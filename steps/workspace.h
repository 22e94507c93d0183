/*
 * The workspace's owner. A container of root's leaves files of root's, which the next step of a CI
 * job, run by another user, could neither change nor delete.
 */
#ifndef SLIP_STEPS_WORKSPACE_H
#define SLIP_STEPS_WORKSPACE_H

#include <time.h>

/*
 * Give root's files below `path` that were made or changed since then to the owner of `path`. Does
 * what it can, and says so at debug level when that is not all. Files with several names are left
 * alone, since one of the names may be elsewhere; so is what is mounted below.
 */
void slip_workspace_adopt(const char *path, const struct timespec *since);

#endif
