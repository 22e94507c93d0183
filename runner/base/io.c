#include "config.h"

#include "runner/base/io.h"

#include "runner/base/digest.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>

/*
 * A pipe that we share with others may be non-blocking without our doing: then it is waited for.
 * True when the call is worth repeating.
 */
static bool should_retry(int fd, short events)
{
	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	struct pollfd p = {.fd = fd, .events = events};
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

int slip_write_all(int fd, const void *p, size_t n, struct slip_err *err)
{
	const char *at = p;
	while (n) {
		ssize_t w = write(fd, at, n);
		if (w < 0 && should_retry(fd, POLLOUT))
			continue;
		if (w < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "write");
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

int slip_read_upto(int fd, void *p, size_t n, size_t *got, struct slip_err *err)
{
	size_t done = 0;
	while (done < n) {
		ssize_t r = read(fd, (char *)p + done, n - done);
		if (r < 0 && should_retry(fd, POLLIN))
			continue;
		if (r < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "read");
		if (!r)
			break;
		done += (size_t)r;
	}
	*got = done;
	return 0;
}

int slip_read_rest(int fd, const char *what, struct slip_buf *out, struct slip_err *err)
{
	char chunk[16384];
	for (;;) {
		size_t got;
		if (slip_read_upto(fd, chunk, sizeof(chunk), &got, err) < 0)
			return slip_err_wrap(err, "%s", what);
		if (!got)
			return 0;
		slip_buf_add(out, chunk, got);
		if (slip_buf_check(out, what, err) < 0)
			return -1;
	}
}

int slip_read_file(int dirfd, const char *path, struct slip_buf *out, struct slip_err *err)
{
	slip_autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return slip_err_set(
			err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno, "open %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return slip_err_set(err, SLIP_E_IO, 0, "%s is not a regular file", path);
	return slip_read_rest(fd, path, out, err);
}

/* A fresh file beside `path`: its name in *temp, its descriptor returned, or -1 with errno. */
static int create_beside(int dirfd, const char *path, mode_t mode, char **temp)
{
	for (int attempt = 0; attempt < 16; attempt++) {
		uint8_t r[6];
		char hex[2 * sizeof(r) + 1];
		slip_random(r, sizeof(r));
		slip_hex(r, sizeof(r), hex);
		slip_autofree char *name = slip_xasprintf("%s.%s.tmp", path, hex);
		int fd = openat(
			dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd >= 0) {
			*temp = slip_steal_ptr(&name);
			return fd;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static int fsync_parent(int dirfd, const char *path, struct slip_err *err)
{
	const char *slash = strrchr(path, '/');
	slip_autofree char *dir =
		slash ? slip_xstrndup(path, (size_t)(slash - path) + 1) : slip_xstrdup(".");
	slip_autoclose int fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "fsync %s", dir);
	return 0;
}

int slip_write_file(int dirfd, const char *path, const void *p, size_t n, mode_t mode, bool durable,
	struct slip_err *err)
{
	slip_autofree char *temp = NULL;
	slip_autoclose int fd = create_beside(dirfd, path, mode, &temp);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "create %s", path);
	int rc = slip_write_all(fd, p, n, err);
	if (rc == 0 && durable && fsync(fd) < 0)
		rc = slip_err_set(err, SLIP_E_IO, errno, "fsync");
	if (rc == 0 && renameat(dirfd, temp, dirfd, path) < 0)
		rc = slip_err_set(err, SLIP_E_IO, errno, "rename");
	if (rc < 0) {
		unlinkat(dirfd, temp, 0);
		return slip_err_wrap(err, "%s", path);
	}
	return durable ? fsync_parent(dirfd, path, err) : 0;
}

static int copy_by_hand(int in, int out, uint64_t n, struct slip_err *err)
{
	const size_t chunk = 256 * 1024;
	slip_autofree char *buf = slip_xmalloc_io(chunk);
	while (n) {
		size_t want = n < chunk ? (size_t)n : chunk, got;
		if (slip_read_upto(in, buf, want, &got, err) < 0)
			return -1;
		if (!got)
			return slip_err_set(err, SLIP_E_IO, 0, "the file ends %llu bytes early",
				(unsigned long long)n);
		if (slip_write_all(out, buf, got, err) < 0)
			return -1;
		n -= got;
	}
	return 0;
}

int slip_copy_bytes(int in, int out, uint64_t n, struct slip_err *err)
{
	while (n) {
		size_t want = n < (1U << 30) ? (size_t)n : 1U << 30;
		ssize_t got = copy_file_range(in, NULL, out, NULL, want, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return copy_by_hand(in, out, n, err);
		n -= (uint64_t)got;
	}
	return 0;
}

int slip_mkdir_p(const char *path, mode_t mode, struct slip_err *err)
{
	slip_autofree char *p = slip_xstrdup(path);
	for (char *s = p + 1; *p; s++) {
		if (*s && *s != '/')
			continue;
		char saved = *s;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST && errno != EISDIR)
			return slip_err_set(err, SLIP_E_IO, errno, "mkdir %s", p);
		*s = saved;
		if (!saved)
			break;
	}
	struct stat st;
	if (stat(path, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "mkdir %s", path);
	if (!S_ISDIR(st.st_mode))
		return slip_err_set(err, SLIP_E_IO, ENOTDIR, "mkdir %s", path);
	return 0;
}

int slip_list_names(int dirfd, const char *path, struct slip_strv *names, struct slip_err *err)
{
	slip_autoclose int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return slip_err_set(
			err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno, "list %s", path);
	(void)slip_steal_fd(&fd);
	for (struct dirent *d; (errno = 0, d = readdir(dir));) {
		if (!slip_streq(d->d_name, ".") && !slip_streq(d->d_name, ".."))
			slip_strv_add(names, d->d_name);
	}
	int sys = errno;
	closedir(dir);
	slip_strv_sort(names);
	return sys ? slip_err_set(err, SLIP_E_IO, sys, "list %s", path) : 0;
}

/*
 * Give ourselves a directory's permissions, which an owner may do. By way of a descriptor, as there
 * is no chmod that does not follow links; where /proc is missing, not at all.
 */
static bool unlock_dir(int dirfd, const char *name)
{
	int saved = errno;
	char proc[32];
	slip_autoclose int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	bool done = fd >= 0 && chmod(proc, 0700) == 0;
	errno = saved;
	return done;
}

static int open_subdir(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && unlock_dir(dirfd, name))
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int unlink_any(int fd, const char *name)
{
	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* What unlink says of a directory: EISDIR here, EPERM on other file systems and by POSIX.
	 */
	if (errno != EISDIR && errno != EPERM)
		return -1;
	int first = errno;
	if (unlinkat(fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == ENOTDIR)
		errno = first;
	return -1;
}

/* Remove one name. 1 when it is a directory that is not empty; -1 with errno. */
static int remove_name(int fd, const char *name)
{
	if (unlink_any(fd, name) == 0)
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? 1 : -1;
}

/* Removing a tree: directories found below the top are first moved up into it. */
struct removal {
	int topfd;
	uint64_t moved;
};

/* Up into the top, under a name that the tree itself does not use. */
static int move_up(struct removal *r, int fd, const char *name)
{
	for (bool unlocked = false;;) {
		char fresh[32];
		snprintf(fresh, sizeof(fresh), ".%llu.gone", (unsigned long long)r->moved++);
		if (renameat(fd, name, r->topfd, fresh) == 0)
			return 0;
		if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
			continue;
		/* Its parent changes, which asks for the right to write in the directory itself. */
		if (errno != EACCES || unlocked || !unlock_dir(fd, name) ||
			fchmod(r->topfd, 0700) < 0)
			return -1;
		unlocked = true;
	}
}

static int empty_directory(struct removal *r, int fd);

static int remove_entry(struct removal *r, int fd, const char *name)
{
	int rc = remove_name(fd, name);
	if (rc < 0 && errno == EACCES && fchmod(fd, 0700) == 0)
		rc = remove_name(fd, name);
	if (rc != 1)
		return rc;
	if (fd != r->topfd)
		return move_up(r, fd, name);
	slip_autoclose int sub = open_subdir(fd, name);
	if (sub < 0 || empty_directory(r, sub) < 0)
		return -1;
	return unlinkat(fd, name, AT_REMOVEDIR);
}

static int empty_directory(struct removal *r, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		slip_cleanup_close(&copy);
		return -1;
	}
	rewinddir(dir);
	int rc = 0;
	for (struct dirent *d; rc == 0 && (errno = 0, d = readdir(dir));) {
		if (!slip_streq(d->d_name, ".") && !slip_streq(d->d_name, ".."))
			rc = remove_entry(r, fd, d->d_name);
	}
	int saved = errno;
	closedir(dir);
	errno = saved;
	return rc == 0 && saved == 0 ? 0 : -1;
}

int slip_remove_tree(int dirfd, const char *name, struct slip_err *err)
{
	int rc = remove_name(dirfd, name);
	if (rc == 0)
		return 0;
	slip_autoclose int fd = rc < 0 ? -1 : open_subdir(dirfd, name);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "remove %s", name);
	struct removal r = {.topfd = fd};
	while ((rc = remove_name(dirfd, name)) == 1) {
		if (empty_directory(&r, fd) < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "remove below %s", name);
	}
	return rc < 0 ? slip_err_set(err, SLIP_E_IO, errno, "remove %s", name) : 0;
}

int slip_make_temp_dir(const char *parent, const char *prefix, char **path, struct slip_err *err)
{
	slip_autofree char *p = slip_xasprintf("%s/%sXXXXXX", parent, prefix);
	if (!mkdtemp(p))
		return slip_err_set(
			err, SLIP_E_IO, errno, "make a directory %s... in %s", prefix, parent);
	*path = slip_steal_ptr(&p);
	return 0;
}
