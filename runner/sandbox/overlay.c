#include "config.h"

#include "runner/sandbox/overlay.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"

#include <errno.h>
#include <sys/mount.h>

/*
 * mount(2) takes one page of options. Layers are named by descriptor, which keeps a name at 18
 * bytes whatever the store's path is, and frees us from escaping commas and colons.
 */
#define MAX_OPTIONS 4096
#define FD_NAME_SIZE 32

/*
 * Nothing that a later mount of the upper directory as a lower would have to know about: no
 * redirects, no metadata-only copies, no index. "volatile" (Linux 5.10) leaves out syncing.
 */
static const char *const option_sets[] = {
	"volatile,index=off,metacopy=off,redirect_dir=nofollow",
	"index=off,metacopy=off,redirect_dir=nofollow",
	"index=off,redirect_dir=nofollow",
};

static const char *const stub_dirs[] = {"proc", "sys", "dev", "etc"};
static const char *const stub_files[] = {"etc/hosts", "etc/resolv.conf"};

static int make_dir(int dirfd, const char *name, struct slip_err *err)
{
	if (mkdirat(dirfd, name, 0755) < 0 || fchmodat(dirfd, name, 0755, 0) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "make directory %s", name);
	return 0;
}

static int open_dir(int dirfd, const char *path, int *fd, struct slip_err *err)
{
	int got = openat(dirfd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (got < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", path);
	*fd = got;
	return 0;
}

/* Times are fixed: a RUN that adds to a stub directory copies them into its layer. */
static int make_stubs(int dirfd, struct slip_err *err)
{
	if (make_dir(dirfd, "stubs", err) < 0)
		return -1;
	slip_autoclose int fd = -1;
	if (open_dir(dirfd, "stubs", &fd, err) < 0)
		return -1;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(stub_dirs); i++) {
		if (make_dir(fd, stub_dirs[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(stub_files); i++) {
		slip_autoclose int file =
			openat(fd, stub_files[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (file < 0 || fchmod(file, 0644) < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "make %s", stub_files[i]);
	}
	static const struct timespec epoch[2];
	for (size_t i = 0; i < SLIP_ARRAY_LEN(stub_dirs); i++)
		(void)utimensat(fd, stub_dirs[i], epoch, 0);
	return 0;
}

/* The upper directory shows as the root's own mode and owner: take over those of the top layer. */
static int adopt_root(int dirfd, int top, struct slip_err *err)
{
	struct stat st;
	if (fstat(top, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat the top layer");
	/* An owner that this user namespace does not map shows as its overflow id: keep ours. */
	if ((st.st_uid || st.st_gid) && fchownat(dirfd, "upper", st.st_uid, st.st_gid, 0) < 0 &&
		errno != EPERM && errno != EINVAL)
		return slip_err_set(err, SLIP_E_IO, errno, "chown upper");
	if (fchmodat(dirfd, "upper", st.st_mode & 07777, 0) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "chmod upper");
	struct timespec times[2] = {st.st_atim, st.st_mtim};
	(void)utimensat(dirfd, "upper", times, 0);
	return 0;
}

/* --- the mount ----------------------------------------------------------------------------------
 */

/* Descriptors of the layers, topmost first, the stubs last. */
struct layers {
	int *fds;
	size_t n;
};

static void layers_release(struct layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fds[i]);
	free(l->fds);
}

static int layers_open(
	struct layers *l, const struct slip_strv *lowers, int dirfd, struct slip_err *err)
{
	if (lowers->n > SLIP_MAX_LAYERS)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "%zu layers are more than %d", lowers->n,
			SLIP_MAX_LAYERS);
	l->fds = slip_xcalloc(lowers->n + 1, sizeof(*l->fds));
	for (size_t i = 0; i < lowers->n; i++) {
		if (open_dir(AT_FDCWD, lowers->v[i], &l->fds[l->n], err) < 0)
			return -1;
		l->n++;
	}
	if (open_dir(dirfd, "stubs", &l->fds[l->n], err) < 0)
		return -1;
	l->n++;
	return 0;
}

static int mount_with(const char *target, const char *layers, const char *set, bool userxattr,
	struct slip_err *err)
{
	slip_autobuf o;
	slip_buf_init(&o, MAX_OPTIONS - 1);
	slip_buf_addf(&o, "%s,%s%s", layers, set, userxattr ? ",userxattr" : "");
	if (o.overflow)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"too many layers for one overlay mount; squash the base image");
	if (mount("overlay", target, "overlay", 0, o.data) < 0)
		return slip_err_set(err, SLIP_E_SANDBOX, errno, "mount overlay");
	return 0;
}

static int mount_overlay(
	const struct slip_isolation *iso, const struct layers *l, int dirfd, struct slip_err *err)
{
	slip_autoclose int upper = -1, work = -1, merged = -1;
	if (open_dir(dirfd, "upper", &upper, err) < 0 || open_dir(dirfd, "work", &work, err) < 0 ||
		open_dir(dirfd, "merged", &merged, err) < 0)
		return -1;
	slip_autobuf layers;
	slip_buf_init(&layers, MAX_OPTIONS);
	slip_buf_addf(&layers,
		"upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,lowerdir=", upper, work);
	for (size_t i = 0; i < l->n; i++)
		slip_buf_addf(&layers, "%s/proc/self/fd/%d", i ? ":" : "", l->fds[i]);
	char target[FD_NAME_SIZE];
	snprintf(target, sizeof(target), "/proc/self/fd/%d", merged);
	bool userxattr = slip_streq(iso->overlay_xattr, "user.overlay.");
	struct slip_err why = SLIP_ERR_INIT;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(option_sets); i++) {
		slip_err_clear(&why);
		if (mount_with(target, layers.data, option_sets[i], userxattr, &why) == 0)
			return 0;
		if (why.sys != EINVAL)
			break;
	}
	return slip_err_copy(err, &why);
}

static int prepare(
	int dirfd, const struct slip_strv *lowers, struct layers *layers, struct slip_err *err)
{
	static const char *const names[] = {"upper", "work", "merged"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		if (make_dir(dirfd, names[i], err) < 0)
			return -1;
	}
	if (make_stubs(dirfd, err) < 0 || layers_open(layers, lowers, dirfd, err) < 0)
		return -1;
	return lowers->n ? adopt_root(dirfd, layers->fds[0], err) : 0;
}

int slip_overlay_mount(const struct slip_isolation *iso, const struct slip_strv *lowers,
	const char *dir, struct slip_overlay *out, struct slip_err *err)
{
	slip_autoclose int dirfd = -1;
	slip_cleanup(layers_release) struct layers layers = {0};
	if (open_dir(AT_FDCWD, dir, &dirfd, err) < 0)
		return -1;
	if (prepare(dirfd, lowers, &layers, err) < 0 || mount_overlay(iso, &layers, dirfd, err) < 0)
		return slip_err_wrap(err, "%s", dir);

	struct slip_overlay o = {.merged_fd = -1, .upper_fd = -1, .mounted = true};
	o.merged = slip_xasprintf("%s/merged", dir);
	o.upper = slip_xasprintf("%s/upper", dir);
	o.work = slip_xasprintf("%s/work", dir);
	if (open_dir(dirfd, "merged", &o.merged_fd, err) < 0 ||
		open_dir(dirfd, "upper", &o.upper_fd, err) < 0) {
		slip_overlay_release(&o);
		return -1;
	}
	*out = o;
	return 0;
}

static int unmount(struct slip_overlay *o, int flags)
{
	slip_cleanup_close(&o->merged_fd);
	if (umount2(o->merged, UMOUNT_NOFOLLOW | flags) < 0)
		return -1;
	o->mounted = false;
	return 0;
}

int slip_overlay_unmount(struct slip_overlay *o, struct slip_err *err)
{
	if (!o->mounted)
		return 0;
	/* A child being started by another thread may hold our descriptors for a moment. */
	if (unmount(o, 0) < 0 && (errno != EBUSY || unmount(o, MNT_DETACH) < 0))
		return slip_err_set(err, SLIP_E_IO, errno, "unmount %s", o->merged);
	return 0;
}

void slip_overlay_release(struct slip_overlay *o)
{
	if (o->mounted)
		(void)unmount(o, MNT_DETACH);
	slip_cleanup_close(&o->merged_fd);
	slip_cleanup_close(&o->upper_fd);
	free(o->merged);
	free(o->upper);
	free(o->work);
	memset(o, 0, sizeof(*o));
	o->merged_fd = -1;
	o->upper_fd = -1;
}
