#include "config.h"

#include "runner/base/path.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define AT_WHOLE_TREE 0x8000U

struct mount_attributes {
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
	uint64_t userns_fd;
};

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

void slip_fd_name(char name[SLIP_FD_NAME_SIZE], int fd)
{
	snprintf(name, SLIP_FD_NAME_SIZE, "/proc/self/fd/%d", fd);
}

int slip_mount_bind(int source, int target, unsigned long flags)
{
	char from[SLIP_FD_NAME_SIZE], to[SLIP_FD_NAME_SIZE];
	slip_fd_name(from, source);
	slip_fd_name(to, target);
	return mount(from, to, NULL, MS_BIND | flags, NULL);
}

int slip_mount_new(const char *type, int target, unsigned long flags, const char *data)
{
	char to[SLIP_FD_NAME_SIZE];
	slip_fd_name(to, target);
	return mount(type, to, type, flags, data);
}

int slip_mount_set_tree(int fd, uint64_t set)
{
	struct mount_attributes attr = {.set = set};
	return (int)syscall(
		SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_WHOLE_TREE, &attr, sizeof(attr));
}

/* A flag that an outer namespace set must be said again. */
int slip_mount_set(int fd, uint64_t set)
{
	static const unsigned long pairs[][2] = {
		{ST_NOSUID, MS_NOSUID},
		{ST_NODEV, MS_NODEV},
		{ST_NOEXEC, MS_NOEXEC},
		{ST_RDONLY, MS_RDONLY},
		{ST_NOATIME, MS_NOATIME},
		{ST_NODIRATIME, MS_NODIRATIME},
		{ST_RELATIME, MS_RELATIME},
	};
	struct statvfs vfs;
	if (fstatvfs(fd, &vfs) < 0)
		return -1;
	unsigned long flags = MS_BIND | MS_REMOUNT;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(pairs); i++)
		flags |= vfs.f_flag & pairs[i][0] ? pairs[i][1] : 0;
	flags |= set & SLIP_MOUNT_RDONLY ? MS_RDONLY : 0;
	flags |= set & SLIP_MOUNT_NODEV ? MS_NODEV : 0;
	char name[SLIP_FD_NAME_SIZE];
	slip_fd_name(name, fd);
	return mount(NULL, name, NULL, flags, NULL);
}

/* --- mounts of the spec ------------------------------------------------------------------------
 */

/* Component by component: a link on the way would decide what the command gets to see. */
static int open_source(const char *path, int *fd, struct stat *st, struct slip_err *err)
{
	slip_autostrv names = {0};
	slip_strv_split(&names, path, '/');
	slip_autoclose int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0 || *path != '/')
		return slip_err_set(err, SLIP_E_SANDBOX, at < 0 ? errno : 0,
			"the source %s of a mount is no absolute path", path);
	for (size_t i = 0; i < names.n; i++) {
		if (!*names.v[i])
			continue;
		int next = openat(at, names.v[i], O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return slip_err_set(
				err, SLIP_E_SANDBOX, errno, "open %s to mount it", path);
		close(at);
		at = next;
		if (fstat(at, st) == 0 && S_ISLNK(st->st_mode))
			return slip_err_set(err, SLIP_E_SANDBOX, 0,
				"%s cannot be mounted: its part \"%s\" is a symbolic link", path,
				names.v[i]);
	}
	if (fstat(at, st) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "stat %s", path);
	*fd = slip_steal_fd(&at);
	return 0;
}

/* One more component of a target; what is there may be a link to another place in the root. */
static int make_component(int rootfd, const char *path, bool is_dir, struct slip_err *err)
{
	slip_autoclose int fd = -1, dirfd = -1;
	char name[256];
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_open_in_root(rootfd, path, O_PATH, 0, &fd, &why) == 0)
		return 0;
	if (!slip_err_is(&why, SLIP_E_NOTFOUND))
		return slip_err_copy(err, &why);
	if (slip_open_parent_in_root(rootfd, path, &dirfd, name, err) < 0)
		return -1;
	int rc = is_dir ? mkdirat(dirfd, name, 0755) : mknodat(dirfd, name, S_IFREG | 0644, 0);
	if (rc < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "make /%s to mount on%s", path,
			errno == EEXIST ? ", where a link leads nowhere" : "");
	return 0;
}

/*
 * /proc is refused since what a program believes about itself is read there, and /sys since nothing
 * can be made in it.
 */
static int check_target(int fd, const char *path, struct slip_err *err)
{
	struct statfs fs;
	if (fstatfs(fd, &fs) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "look at /%s", path);
	if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"/%s is in a file system of the kernel: nothing can be mounted there",
			path);
	return 0;
}

/* The place of a mount, made of the source's type where it is missing. path is clean. */
static int open_target(int rootfd, const char *path, bool is_dir, int *fd, struct slip_err *err)
{
	if (!*path)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "nothing can be mounted on / itself");
	for (const char *end = path; *end;) {
		end = strchrnul(end + 1, '/');
		slip_autofree char *part = slip_xstrndup(path, (size_t)(end - path));
		slip_autoclose int at = -1;
		if (make_component(rootfd, part, is_dir || *end, err) < 0 ||
			slip_open_in_root(rootfd, part, O_PATH, 0, &at, err) < 0 ||
			check_target(at, part, err) < 0)
			return -1;
		if (!*end)
			*fd = slip_steal_fd(&at);
	}
	return 0;
}

static int set_attributes(int rootfd, const char *target, bool readonly, struct slip_err *err)
{
	uint64_t set = SLIP_MOUNT_NODEV | (readonly ? SLIP_MOUNT_RDONLY : 0);
	slip_autoclose int top = -1;
	if (slip_open_in_root(rootfd, target, O_PATH, 0, &top, err) < 0)
		return -1;
	if (slip_mount_set_tree(top, set) < 0 && slip_mount_set(top, set) < 0)
		return slip_err_set(
			err, SLIP_E_SANDBOX, errno, "restrict what is mounted on /%s", target);
	return 0;
}

int slip_mounts_setup(int rootfd, const struct slip_sandbox_spec *s, struct slip_err *err)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct slip_sandbox_mount *m = &s->mounts[i];
		slip_autofree char *target = slip_path_clean_rooted(m->target);
		slip_autoclose int from = -1, to = -1;
		struct stat st;
		if (open_source(m->source, &from, &st, err) < 0 ||
			open_target(rootfd, target, S_ISDIR(st.st_mode), &to, err) < 0)
			return -1;
		/* Whole trees only: a user namespace may not see what mounts below cover. */
		if (slip_mount_bind(from, to, MS_REC) < 0)
			return slip_err_set(
				err, SLIP_E_SANDBOX, errno, "mount %s on /%s", m->source, target);
		if (set_attributes(rootfd, target, m->readonly, err) < 0)
			return -1;
	}
	return 0;
}
