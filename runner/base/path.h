/*
 * Paths below a root directory that may hold hostile symbolic links.
 *
 * A guest path is what an image, a context or a Dockerfile says. It is cleaned lexically by
 * slip_path_clean and reached only through a descriptor of its root, so that no link leads outside
 * (openat2(2) RESOLVE_IN_ROOT, or component by component where the kernel has no openat2).
 */
#ifndef SLIP_BASE_PATH_H
#define SLIP_BASE_PATH_H

#include "runner/base/io.h"

/* "a//b/./c/../d" -> "a/b/d", "/x/.." -> "/", "../x" -> "../x", "" -> ".": Go's path.Clean. */
char *slip_path_clean(const char *path);
/* Clean below a root: leading slashes and every leading ".." go; "" for the root itself. */
char *slip_path_clean_rooted(const char *path);
char *slip_path_join(const char *a, const char *b); /* b when absolute, else clean(a "/" b) */
char *slip_path_absolute(const char *path); /* from the working directory, by its name only */
const char *slip_path_base(const char *path); /* last component of a cleaned path */
char *slip_path_dir(const char *path); /* Go's path.Dir */
bool slip_path_is_below(const char *path, const char *dir); /* equal, or dir is a parent */

/*
 * Open a guest path with every symbolic link (also the last one) resolved inside root. flags and
 * mode as for open(2); O_CLOEXEC is implied. Magic links are never followed. Add O_NOFOLLOW to
 * stop at a link in the last place. On failure err->sys is the errno (ENOENT, ELOOP, ...).
 */
int slip_open_in_root(int rootfd, const char *path, int flags, mode_t mode, int *fd,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Open the directory that holds the last component of a guest path and copy that component to
 * name: for every call that must not follow the last component (mkdirat, symlinkat, unlinkat...).
 * For the root itself name is ".".
 */
int slip_open_parent_in_root(int rootfd, const char *path, int *dirfd, char name[256],
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
