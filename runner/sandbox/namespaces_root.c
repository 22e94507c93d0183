#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/sandbox/sandbox_internal.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

/*
 * The root of a command, built in the mount namespace of its init.
 *
 * The root comes from an image and may hold a link wherever a directory is expected. Therefore
 * every target is opened without following a link in its last place (and inside the root before
 * that), and mounted on by descriptor, never by its path again. /proc is still the outer one while
 * this runs.
 */

/* One of our mount points at the top of the root: a real directory, whatever the image says. */
static int open_point(int rootfd, const char *name, int *fd, struct slip_err *err)
{
	int got = openat(rootfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (got < 0 && (errno == ENOTDIR || errno == ELOOP))
		return slip_err_set(err, SLIP_E_SANDBOX, 0,
			"/%s of the root filesystem is not a directory (a link, perhaps); commands "
			"need "
			"a directory there to mount on",
			name);
	if (got < 0)
		return slip_err_set(
			err, SLIP_E_SANDBOX, errno, "open /%s of the root filesystem", name);
	*fd = got;
	return 0;
}

/* The same name after something was mounted there: the mount, not what it covers. */
static int reopen_point(int rootfd, const char *name, int *fd, struct slip_err *err)
{
	slip_cleanup_close(fd);
	return open_point(rootfd, name, fd, err);
}

/* --- devices ------------------------------------------------------------------------------------
 */

struct device {
	const char *name;
	unsigned major;
	unsigned minor;
};

static const struct device devices[] = {
	{"full", 1, 7},
	{"null", 1, 3},
	{"random", 1, 8},
	{"tty", 5, 0},
	{"urandom", 1, 9},
	{"zero", 1, 5},
};

static const char *const dev_links[][2] = {
	{"fd", "/proc/self/fd"},
	{"ptmx", "pts/ptmx"},
	{"stderr", "/proc/self/fd/2"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
};

/* The outer node, if it is what its name says: binding something else would hand that out. */
static int open_device(const struct device *d)
{
	char path[32];
	snprintf(path, sizeof(path), "/dev/%s", d->name);
	slip_autoclose int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
		st.st_rdev != makedev(d->major, d->minor))
		return -1;
	return slip_steal_fd(&fd);
}

static int bind_device(int devfd, const struct device *d, struct slip_err *err)
{
	slip_autoclose int source = open_device(d);
	if (source < 0) {
		slip_child_note("no /dev/%s here to hand on", d->name);
		return 0;
	}
	slip_autoclose int target =
		openat(devfd, d->name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (target < 0 || slip_mount_bind(source, target, 0) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "bind /dev/%s", d->name);
	return 0;
}

static int open_new_dir(int dirfd, const char *name)
{
	if (mkdirat(dirfd, name, 0755) < 0)
		return -1;
	return openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Group 5 is "tty" everywhere; with one id it is not mapped and cannot be given. */
static int mount_terminals(int devfd, struct slip_err *err)
{
	slip_autoclose int fd = open_new_dir(devfd, "pts");
	unsigned long flags = MS_NOSUID | MS_NOEXEC;
	if (fd < 0 || (slip_mount_new("devpts", fd, flags,
			       "newinstance,ptmxmode=0666,mode=0620,gid=5") < 0 &&
			      slip_mount_new("devpts", fd, flags,
				      "newinstance,ptmxmode=0666,mode=0620") < 0))
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "mount /dev/pts");
	return 0;
}

static int mount_shm(int devfd, struct slip_err *err)
{
	slip_autoclose int fd = open_new_dir(devfd, "shm");
	if (fd < 0 || slip_mount_new("tmpfs", fd, MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      "mode=1777,size=64m") < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "mount /dev/shm");
	return 0;
}

static int setup_dev(int rootfd, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	if (open_point(rootfd, "dev", &fd, err) < 0)
		return -1;
	if (slip_mount_new("tmpfs", fd, MS_NOSUID, "mode=755,size=64m") < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "mount /dev");
	if (reopen_point(rootfd, "dev", &fd, err) < 0)
		return -1;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(devices); i++) {
		if (bind_device(fd, &devices[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(dev_links); i++) {
		if (symlinkat(dev_links[i][1], fd, dev_links[i][0]) < 0)
			return slip_err_set(
				err, SLIP_E_SANDBOX, errno, "link /dev/%s", dev_links[i][0]);
	}
	if (mount_terminals(fd, err) < 0)
		return -1;
	return mount_shm(fd, err);
}

/* The directories above a file in /dev, one after another. */
static int make_file_parents(int devfd, const char *path, struct slip_err *err)
{
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		slip_autofree char *dir = slip_xstrndup(path, (size_t)(slash - path));
		if ((mkdirat(devfd, dir, 0755) < 0 && errno != EEXIST) ||
			fchmodat(devfd, dir, 0755, 0) < 0)
			return slip_err_set(err, SLIP_E_SANDBOX, errno, "make /dev/%s", dir);
	}
	return 0;
}

/* /dev is ours alone until the command starts: nothing here is a link that leads elsewhere. */
static int setup_files(int rootfd, const struct slip_sandbox_spec *s, struct slip_err *err)
{
	slip_autoclose int devfd = -1;
	if (s->n_files && open_point(rootfd, "dev", &devfd, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n_files; i++) {
		const struct slip_sandbox_file *f = &s->files[i];
		if (make_file_parents(devfd, f->path, err) < 0)
			return -1;
		slip_autoclose int fd =
			openat(devfd, f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return slip_err_set(err, SLIP_E_SANDBOX, errno, "make /dev/%s", f->path);
		if (slip_write_all(fd, f->content, strlen(f->content), err) < 0)
			return slip_err_wrap(err, "/dev/%s", f->path);
		if (fchmod(fd, f->mode) < 0)
			return slip_err_set(err, SLIP_E_SANDBOX, errno, "chmod /dev/%s", f->path);
	}
	return 0;
}

/* --- /proc and /sys ------------------------------------------------------------------------------
 */

/* Of the kernel, not of the command's processes: unreadable, and unchangeable. */
static const char *const proc_masked[] = {
	"acpi",
	"asound",
	"firmware",
	"interrupts",
	"kcore",
	"keys",
	"latency_stats",
	"sched_debug",
	"scsi",
	"timer_list",
	"timer_stats",
};
static const char *const proc_readonly[] = {
	"bus",
	"fs",
	"irq",
	"sys",
	"sysrq-trigger",
};
static const char *const sys_masked[] = {
	"devices/virtual/powercap",
	"firmware",
};

/* Cover one entry of a kernel file system: a file by /dev/null, a directory by an empty one. */
static int mask(int fsfd, const char *name, int null_fd, struct slip_err *err)
{
	slip_autoclose int fd = openat(fsfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "open %s to mask it", name);
	int rc = S_ISDIR(st.st_mode)
			 ? slip_mount_new("tmpfs", fd, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				   "mode=755,size=4k")
			 : slip_mount_bind(null_fd, fd, 0);
	if (rc < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "mask %s", name);
	return 0;
}

/* Read-only with what is mounted below; where that cannot be had, not there at all. */
static int protect(int procfd, const char *name, bool fresh, int null_fd, struct slip_err *err)
{
	slip_autoclose int fd = openat(procfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || slip_mount_bind(fd, fd, MS_REC) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "bind %s on itself", name);
	slip_autoclose int top = openat(procfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (top >= 0 && slip_mount_set_tree(top, SLIP_MOUNT_RDONLY) == 0)
		return 0;
	/* A /proc that we mounted has nothing mounted below. */
	if (top >= 0 && fresh && slip_mount_set(top, SLIP_MOUNT_RDONLY) == 0)
		return 0;
	return mask(procfd, name, null_fd, err);
}

/* Where the outer /proc has masks of its own, only a copy of it with these masks can be had. */
static int mount_proc(int target, bool *fresh, struct slip_err *err)
{
	*fresh = *fresh &&
		 slip_mount_new("proc", target, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
	if (*fresh)
		return 0;
	slip_autoclose int outer = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (outer < 0 || slip_mount_bind(outer, target, MS_REC) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "bind /proc");
	return 0;
}

static int setup_proc(int rootfd, bool fresh, int null_fd, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	if (open_point(rootfd, "proc", &fd, err) < 0 || mount_proc(fd, &fresh, err) < 0 ||
		reopen_point(rootfd, "proc", &fd, err) < 0)
		return -1;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(proc_readonly); i++) {
		if (protect(fd, proc_readonly[i], fresh, null_fd, err) < 0)
			return slip_err_wrap(err, "/proc");
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(proc_masked); i++) {
		if (mask(fd, proc_masked[i], null_fd, err) < 0)
			return slip_err_wrap(err, "/proc");
	}
	return 0;
}

/* The outer /sys, since programs read their cgroup's limits there; all of it read-only, or none. */
static bool bind_sys(int rootfd, int target)
{
	slip_autoclose int outer = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (outer < 0 || slip_mount_bind(outer, target, MS_REC) < 0)
		return false;
	slip_autoclose int top = openat(rootfd, "sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slip_mount_set_tree(top, SLIP_MOUNT_RDONLY | SLIP_MOUNT_NOSUID | SLIP_MOUNT_NODEV |
					     SLIP_MOUNT_NOEXEC) == 0)
		return true;
	char name[SLIP_FD_NAME_SIZE];
	slip_fd_name(name, top);
	(void)!umount2(name, MNT_DETACH);
	return false;
}

/* A kernel that cannot make a whole tree read-only at once gets a fresh sysfs, or nothing. */
static int setup_sys(int rootfd, int null_fd, struct slip_err *err)
{
	const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
	slip_autoclose int fd = -1;
	if (open_point(rootfd, "sys", &fd, err) < 0)
		return -1;
	if (!bind_sys(rootfd, fd)) {
		slip_child_note("/sys is not the outer one: %s", strerror(errno));
		/* Whatever could not be taken away again is covered. */
		if (reopen_point(rootfd, "sys", &fd, err) < 0)
			return -1;
		if (slip_mount_new("sysfs", fd, flags, NULL) < 0 &&
			slip_mount_new("tmpfs", fd, flags, "mode=755,size=4k") < 0)
			return slip_err_set(err, SLIP_E_SANDBOX, errno, "mount /sys");
	}
	if (reopen_point(rootfd, "sys", &fd, err) < 0)
		return -1;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(sys_masked); i++) {
		if (mask(fd, sys_masked[i], null_fd, err) < 0)
			return slip_err_wrap(err, "/sys");
	}
	return 0;
}

/* --- name resolution -----------------------------------------------------------------------------
 */

/* A read-only file with this text, without a name: it lives as long as it is mounted somewhere. */
static int make_text(int devfd, const struct slip_buf *text, int *fd, struct slip_err *err)
{
	static const char name[] = ".slipway-text";
	slip_autoclose int w = openat(devfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (w < 0 || fchmod(w, 0644) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "make a file in /dev");
	if (slip_write_all(w, text->data, text->len, err) < 0)
		return -1;
	int got = openat(devfd, name, O_PATH | O_CLOEXEC);
	if (got < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "open a file in /dev");
	*fd = got;
	return 0;
}

/*
 * Mount the text on a file of the root. A link in its last place is mounted on itself, so that it
 * need not lead anywhere: images made from running systems have resolv.conf -> ../run/....
 */
static int bind_text(
	int rootfd, int devfd, const char *path, const struct slip_buf *text, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	slip_autoclose int target = -1;
	if (slip_open_in_root(rootfd, path, O_PATH | O_NOFOLLOW, 0, &target, &why) < 0) {
		slip_child_note("/%s of the root stays as it is: %s", path, why.msg);
		return 0;
	}
	slip_autoclose int source = -1;
	if (make_text(devfd, text, &source, err) < 0)
		return -1;
	int rc = slip_mount_bind(source, target, 0);
	int sys = errno;
	(void)unlinkat(devfd, ".slipway-text", 0);
	if (rc < 0) {
		slip_child_note("/%s of the root stays as it is: %s", path, strerror(sys));
		return 0;
	}
	slip_autoclose int top = -1;
	if (slip_open_in_root(rootfd, path, O_PATH | O_NOFOLLOW, 0, &top, err) < 0)
		return -1;
	if (slip_mount_set_tree(top, SLIP_MOUNT_RDONLY) < 0 &&
		slip_mount_set(top, SLIP_MOUNT_RDONLY) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "make /%s read-only", path);
	return 0;
}

/* The outer file's text; a missing one is empty. */
static int read_outer(const char *path, struct slip_buf *text, struct slip_err *err)
{
	slip_buf_init(text, SLIP_MAX_HOSTS);
	if (slip_read_file(AT_FDCWD, path, text, err) < 0 && err->code == SLIP_E_NOTFOUND)
		slip_err_clear(err);
	return err->code == SLIP_E_NONE ? 0 : -1;
}

static int setup_names(int rootfd, const char *hostname, struct slip_err *err)
{
	slip_autoclose int devfd = -1;
	if (open_point(rootfd, "dev", &devfd, err) < 0)
		return -1;
	slip_autobuf resolv = {0}, hosts = {0};
	if (read_outer("/etc/resolv.conf", &resolv, err) < 0 ||
		bind_text(rootfd, devfd, "etc/resolv.conf", &resolv, err) < 0)
		return -1;
	if (read_outer("/etc/hosts", &hosts, err) < 0)
		return -1;
	/* sudo and others look their own host up. */
	if (hosts.len && hosts.data[hosts.len - 1] != '\n')
		slip_buf_add_char(&hosts, '\n');
	slip_buf_addf(&hosts, "127.0.1.1\t%s\n", hostname);
	return bind_text(rootfd, devfd, "etc/hosts", &hosts, err);
}

/* --- the root itself
 * ------------------------------------------------------------------------------ */

/*
 * The root must be a mount of its own for pivot_root(2). It gets nodev: a step may make device
 * nodes and they go into its layer, but only those in /dev can be opened.
 */
static int open_root(const char *path, int *fd, struct slip_err *err)
{
	slip_autoclose int below = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0 || slip_mount_bind(below, below, MS_REC) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "bind %s on itself", path);
	slip_autoclose int top = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || (slip_mount_set_tree(top, SLIP_MOUNT_NODEV) < 0 &&
			       slip_mount_set(top, SLIP_MOUNT_NODEV) < 0))
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "forbid devices in %s", path);
	*fd = slip_steal_fd(&top);
	return 0;
}

/*
 * pivot_root(2) with the old root on top of the new one, from where it is taken away. Seccomp
 * profiles that allow mounting may still refuse it: then the new root is moved over the old one.
 */
static int enter_root(int rootfd, bool *keeps_chroot, struct slip_err *err)
{
	if (fchdir(rootfd) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "enter the root");
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return slip_err_set(err, SLIP_E_SANDBOX, errno, "take the old root away");
	} else {
		slip_child_note("pivot_root: %s; moving the root instead", strerror(errno));
		if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
			return slip_err_set(err, SLIP_E_SANDBOX, errno, "move the root");
		*keeps_chroot = false;
	}
	if (chdir("/") < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "enter the root");
	return 0;
}

int slip_namespaces_enter_root(struct slip_instructions *in, struct slip_err *err)
{
	const struct device null = {"null", 1, 3};
	slip_autoclose int null_fd = open_device(&null);
	if (null_fd < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, 0, "/dev/null is not the null device");
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "make the mounts private");
	slip_autoclose int rootfd = -1;
	if (open_root(in->spec.root, &rootfd, err) < 0)
		return -1;
	if (setup_dev(rootfd, err) < 0 || setup_files(rootfd, &in->spec, err) < 0 ||
		setup_proc(rootfd, in->fresh_proc, null_fd, err) < 0 ||
		setup_sys(rootfd, null_fd, err) < 0 ||
		setup_names(rootfd, in->spec.hostname, err) < 0 ||
		slip_mounts_setup(rootfd, &in->spec, err) < 0)
		return -1;
	return enter_root(rootfd, &in->keeps_chroot, err);
}
