#include "config.h"

#include "steps/workspace.h"

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/base/mem.h"

#include <dirent.h>
#include <errno.h>

#define MAX_DEPTH 256 /* of directories, each with a descriptor */

struct walk {
	struct stat owner; /* the workspace */
	struct timespec since;
	DIR *open[MAX_DEPTH];
	size_t depth;
};

static void walk_release(struct walk *w)
{
	while (w->depth)
		closedir(w->open[--w->depth]);
}

static bool enter(struct walk *w, int dirfd, const char *name)
{
	if (w->depth == MAX_DEPTH) {
		errno = ENAMETOOLONG;
		return false;
	}
	slip_autoclose int fd =
		openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return false;
	(void)slip_steal_fd(&fd);
	w->open[w->depth++] = dir;
	return true;
}

static bool is_ours(const struct walk *w, const struct stat *st)
{
	bool is_new =
		st->st_ctim.tv_sec > w->since.tv_sec ||
		(st->st_ctim.tv_sec == w->since.tv_sec && st->st_ctim.tv_nsec >= w->since.tv_nsec);
	return st->st_uid == 0 && is_new && (S_ISDIR(st->st_mode) || st->st_nlink == 1);
}

/* Others may be at work in the workspace: what was looked at is what is changed, by descriptor. */
static bool adopt(struct walk *w, int dirfd, const char *name)
{
	slip_autoclose int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT;
	if (st.st_dev != w->owner.st_dev)
		return true;
	if (is_ours(w, &st) &&
		fchownat(fd, "", w->owner.st_uid, w->owner.st_gid, AT_EMPTY_PATH) < 0)
		return false;
	return !S_ISDIR(st.st_mode) || enter(w, fd, ".");
}

static bool adopt_all(struct walk *w)
{
	while (w->depth) {
		DIR *dir = w->open[w->depth - 1];
		errno = 0;
		const struct dirent *e = readdir(dir);
		if (!e) {
			if (errno)
				return false;
			closedir(w->open[--w->depth]);
		} else if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
			   !adopt(w, dirfd(dir), e->d_name)) {
			return false;
		}
	}
	return true;
}

void slip_workspace_adopt(const char *path, const struct timespec *since)
{
	slip_cleanup(walk_release) struct walk w = {.since = *since};
	if (stat(path, &w.owner) < 0 || w.owner.st_uid == 0 || geteuid() != 0)
		return;
	if (!enter(&w, AT_FDCWD, path) || !adopt_all(&w))
		slip_debug("some files in %s stay root's: %s", path, strerror(errno));
}
