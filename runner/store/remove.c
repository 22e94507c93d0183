#include "config.h"

#include "runner/base/path.h"
#include "runner/store/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>

/*
 * Work directories hold the mounts of builds. Where a killed build left one behind, removing the
 * tree would remove what is mounted, a user's workspace perhaps. So whatever is mounted goes first,
 * and where it does not go, the directory stays.
 */

/* Undo mountinfo's escapes (proc_pid_mountinfo(5): \040 and the like) in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; to++) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	}
	*to = '\0';
}

/* The fifth field of a line of mountinfo. */
static char *mount_point(char *line)
{
	char *s = line;

	for (int i = 0; i < 4 && s; i++) {
		s = strchr(s, ' ');
		if (s)
			s++;
	}
	char *end = s ? strchr(s, ' ') : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	unescape(s);
	return s;
}

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* Mount points at or below path, in the order they were made; -1 with errno when unknown. */
static int mounts_below(const char *path, struct slip_strv *out)
{
	slip_cleanup(close_file) FILE *f = fopen("/proc/self/mountinfo", "re");
	slip_autofree char *line = NULL;
	size_t size = 0;

	if (!f)
		return -1;
	while (getline(&line, &size, f) > 0) {
		const char *point = mount_point(line);
		if (point && slip_path_is_below(point, path))
			slip_strv_add(out, point);
	}
	return ferror(f) ? -1 : 0;
}

static int unmount_below(int fd, const char *name, struct slip_err *err)
{
	char link[32];
	char path[4096];
	slip_autostrv mounts = {0};

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return slip_err_set(
			err, SLIP_E_IO, errno, "remove %s: no /proc to see mounts", name);
	if (n == sizeof(path) - 1)
		return slip_err_set(err, SLIP_E_IO, ENAMETOOLONG, "remove %s", name);
	path[n] = '\0';
	if (mounts_below(path, &mounts) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "remove %s: read mounts", path);
	while (mounts.n > 0) {
		const char *last = mounts.v[mounts.n - 1];
		if (umount2(last, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return slip_err_set(err, SLIP_E_IO, errno,
				"remove %s: %s is mounted; unmount it and remove the directory",
				path, last);
		slip_strv_remove(&mounts, mounts.n - 1);
	}
	return 0;
}

int slip_store_remove_dir(int dirfd, const char *name, struct slip_err *err)
{
	/* Most work directories are empty in the end. */
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	slip_autoclose int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "remove %s", name);
	if (unmount_below(fd, name, err) < 0)
		return -1;
	return slip_remove_tree(dirfd, name, err);
}
