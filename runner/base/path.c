#include "config.h"

#include "runner/base/path.h"

#include "runner/base/limits.h"
#include "runner/base/strv.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define MAX_LINKS 40

/* Clean the components of `path` into parts; rooted drops every leading "..". */
static void clean_parts(const char *path, bool rooted, struct slip_strv *parts)
{
	while (*path) {
		const char *end = strchrnul(path, '/');
		size_t n = (size_t)(end - path);
		if (n == 2 && memcmp(path, "..", 2) == 0) {
			if (parts->n && !slip_streq(parts->v[parts->n - 1], ".."))
				slip_strv_remove(parts, parts->n - 1);
			else if (!rooted)
				slip_strv_add(parts, "..");
		} else if (n && !(n == 1 && *path == '.')) {
			slip_strv_addn(parts, path, n);
		}
		path = *end ? end + 1 : end;
	}
}

char *slip_path_clean(const char *path)
{
	slip_autostrv parts = {0};
	bool absolute = *path == '/';
	clean_parts(path, absolute, &parts);
	slip_autofree char *rest = slip_strv_join(&parts, "/");
	if (absolute)
		return slip_xasprintf("/%s", rest);
	return slip_xstrdup(*rest ? rest : ".");
}

char *slip_path_clean_rooted(const char *path)
{
	slip_autostrv parts = {0};
	clean_parts(path, true, &parts);
	return slip_strv_join(&parts, "/");
}

char *slip_path_join(const char *a, const char *b)
{
	if (*b == '/')
		return slip_path_clean(b);
	slip_autofree char *joined = slip_xasprintf("%s/%s", a, b);
	return slip_path_clean(joined);
}

char *slip_path_absolute(const char *path)
{
	slip_autofree char *here = realpath(".", NULL);
	return slip_path_join(here ? here : "/", path);
}

const char *slip_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

char *slip_path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	slip_autofree char *dir = slip_xstrndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	return slip_path_clean(dir);
}

bool slip_path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	while (n && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0' || n == 0);
}

/* --- below a root ------------------------------------------------------------------------------
 */

static atomic_bool no_openat2;

static int try_openat2(int rootfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		/* O_TMPFILE has the bit of O_DIRECTORY in it; a mode without use is an error. */
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	for (int attempt = 0;; attempt++) {
		long fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
		/* EAGAIN: a rename elsewhere made the kernel's check of ".." inconclusive. */
		if (fd < 0 && errno == EAGAIN && attempt < 128)
			continue;
		return (int)fd;
	}
}

/* The walk by hand: a stack of open directories, so that ".." needs no trust in the file system. */
struct walk {
	int fds[SLIP_MAX_PATH / 2];
	size_t n;
	int links;
};

static void walk_release(struct walk *w)
{
	while (w->n)
		close(w->fds[--w->n]);
}

static int push_dir(struct walk *w, int fd)
{
	if (fd < 0)
		return -1;
	if (w->n == SLIP_ARRAY_LEN(w->fds)) {
		close(fd);
		errno = ENAMETOOLONG;
		return -1;
	}
	w->fds[w->n++] = fd;
	return 0;
}

/* Put the target of link `name` before what is left of the path. */
static int splice_link(struct walk *w, int dirfd, const char *name, char **rest)
{
	char target[SLIP_MAX_PATH + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));
	if (n < 0)
		return -1;
	if (++w->links > MAX_LINKS || (size_t)n >= sizeof(target)) {
		errno = ELOOP;
		return -1;
	}
	target[n] = '\0';
	while (*target == '/' && w->n > 1)
		close(w->fds[--w->n]);
	/* What is left starts with a slash, or is nothing. */
	char *joined = slip_xasprintf("%s%s", target, *rest);
	free(*rest);
	*rest = joined;
	if (strlen(joined) > 4 * SLIP_MAX_PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/* Take the next component off rest into name: 1, or 0 when none is left, or -1 with errno. */
static int next_component(char *rest, char name[SLIP_MAX_NAME + 1])
{
	char *at = rest + strspn(rest, "/");
	size_t n = strcspn(at, "/");
	if (!n)
		return 0;
	if (n > SLIP_MAX_NAME) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(name, at, n);
	name[n] = '\0';
	memmove(rest, at + n, strlen(at + n) + 1);
	return 1;
}

static int walk_component(struct walk *w, const char *name, char **rest)
{
	int dirfd = w->fds[w->n - 1];
	if (slip_streq(name, "."))
		return 0;
	if (slip_streq(name, "..")) {
		if (w->n > 1)
			close(w->fds[--w->n]);
		return 0;
	}
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		struct stat st;
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
			return splice_link(w, dirfd, name, rest);
		errno = ENOTDIR;
	}
	return push_dir(w, fd);
}

static int open_last(struct walk *w, const char *name, int flags, mode_t mode, char **rest)
{
	int dirfd = w->fds[w->n - 1];
	struct stat st;
	bool link = !slip_streq(name, ".") && !slip_streq(name, "..") &&
		    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
	bool is_exclusive = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	if (link && !(flags & O_NOFOLLOW) && !is_exclusive)
		return splice_link(w, dirfd, name, rest) < 0 ? -1 : -2;
	if (slip_streq(name, ".."))
		dirfd = w->fds[w->n > 1 ? w->n - 2 : 0];
	if (slip_streq(name, "..") || slip_streq(name, "."))
		name = ".";
	return openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

static int walk_open(int rootfd, const char *path, int flags, mode_t mode)
{
	struct walk *w = slip_xcalloc(1, sizeof(*w));
	slip_autofree char *rest = slip_xstrdup(path);
	char name[SLIP_MAX_NAME + 1];
	int fd = -2;
	if (push_dir(w, openat(rootfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		fd = -1;
	while (fd == -2) {
		int found = next_component(rest, name);
		if (found <= 0)
			fd = found < 0 ? -1
				       : openat(w->fds[w->n - 1], ".", flags | O_CLOEXEC, mode);
		else if (!*rest)
			fd = open_last(w, name, flags, mode, &rest);
		else if (walk_component(w, name, &rest) < 0)
			fd = -1;
	}
	int saved = errno;
	walk_release(w);
	free(w);
	errno = saved;
	return fd;
}

static int open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	const char *p = *path ? path : ".";
	if (!atomic_load(&no_openat2)) {
		int fd = try_openat2(rootfd, p, flags, mode);
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EAGAIN))
			return fd;
		/* EPERM may come from a seccomp profile that does not know the call. */
		if (errno == ENOSYS)
			atomic_store(&no_openat2, true);
	}
	return walk_open(rootfd, p, flags, mode);
}

int slip_open_in_root(
	int rootfd, const char *path, int flags, mode_t mode, int *fd, struct slip_err *err)
{
	int got = open_in_root(rootfd, path, flags, mode);
	if (got < 0)
		return slip_err_set(err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno,
			"open /%s", path + strspn(path, "/"));
	*fd = got;
	return 0;
}

int slip_open_parent_in_root(
	int rootfd, const char *path, int *dirfd, char name[256], struct slip_err *err)
{
	slip_autofree char *clean = slip_path_clean_rooted(path);
	const char *base = *clean ? slip_path_base(clean) : ".";
	if (strlen(base) > SLIP_MAX_NAME)
		return slip_err_set(err, SLIP_E_IO, ENAMETOOLONG, "open /%s", clean);
	slip_autofree char *dir = slip_path_dir(clean);
	if (slip_open_in_root(rootfd, *clean ? dir : ".", O_PATH | O_DIRECTORY, 0, dirfd, err) < 0)
		return -1;
	snprintf(name, 256, "%s", base);
	return 0;
}
