#include "config.h"

#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/layer/unpack_internal.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* --- what a file is ------------------------------------------------------------------------------
 */

static int set_xattrs(
	struct slip_unpacker *u, int fd, const struct slip_entry *e, struct slip_err *err)
{
	for (size_t i = 0; i < e->xattrs.n; i++) {
		const char *name = e->xattrs.entries[i].key;
		const struct slip_xattr *x = e->xattrs.entries[i].value;
		if (fsetxattr(fd, name, x->value, x->len, 0) == 0)
			continue;
		if (errno != ENOTSUP && (errno != EPERM || u->opt->owners))
			return slip_err_set(
				err, SLIP_E_IO, errno, "set attribute %s of /%s", name, u->at.path);
		slip_debug("attribute %s of /%s cannot be set here", name, u->at.path);
	}
	return 0;
}

/* Directories that merge keep no attribute that the new entry does not have. */
static void drop_xattrs(struct slip_unpacker *u, int fd, const struct slip_entry *e)
{
	const struct slip_node *n = slip_tree_lookup(u->tree, u->at.path);
	const struct slip_map *old = n ? slip_node_inode(n)->xattrs : NULL;

	for (size_t i = 0; old && i < old->n; i++)
		if (!slip_map_has(&e->xattrs, old->entries[i].key))
			fremovexattr(fd, old->entries[i].key);
}

int slip_unpacker_set_dir(
	struct slip_unpacker *u, int fd, const struct slip_entry *e, struct slip_err *err)
{
	mode_t mode = e->mode;

	if (u->opt->owners && fchown(fd, e->uid, e->gid) < 0)
		return slip_unpacker_fail(u, "chown", err);
	if (!u->opt->owners)
		mode |= S_IRWXU;
	drop_xattrs(u, fd, e);
	if (set_xattrs(u, fd, e, err) < 0)
		return -1;
	if (fchmod(fd, mode) < 0)
		return slip_unpacker_fail(u, "chmod", err);
	return 0;
}

int slip_unpacker_set_opaque(struct slip_unpacker *u, int fd, struct slip_err *err)
{
	slip_autofree char *name = slip_xasprintf("%sopaque", u->opt->overlay_xattr);

	if (fsetxattr(fd, name, "y", 1, 0) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "mark a directory with %s", name);
	return 0;
}

static void times_of(const struct slip_entry *e, struct timespec ts[2])
{
	ts[1] = (struct timespec){.tv_sec = e->mtime, .tv_nsec = (long)e->mtime_nsec};
	ts[0] = ts[1];
}

static int set_file(
	struct slip_unpacker *u, int fd, const struct slip_entry *e, struct slip_err *err)
{
	struct timespec ts[2];

	times_of(e, ts);
	if (u->opt->owners && fchown(fd, e->uid, e->gid) < 0)
		return slip_unpacker_fail(u, "chown", err);
	if (set_xattrs(u, fd, e, err) < 0)
		return -1;
	if (fchmod(fd, e->mode) < 0)
		return slip_unpacker_fail(u, "chmod", err);
	if (futimens(fd, ts) < 0)
		return slip_unpacker_fail(u, "set the times of", err);
	return 0;
}

/* What has no descriptor: links, devices, fifos. It was just made, so chmod follows nothing. */
static int set_node(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	struct timespec ts[2];

	times_of(e, ts);
	if (u->opt->owners &&
		fchownat(u->at.dirfd, u->at.name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return slip_unpacker_fail(u, "chown", err);
	if (e->type != SLIP_ENTRY_SYMLINK && fchmodat(u->at.dirfd, u->at.name, e->mode, 0) < 0)
		return slip_unpacker_fail(u, "chmod", err);
	if (utimensat(u->at.dirfd, u->at.name, ts, AT_SYMLINK_NOFOLLOW) < 0)
		return slip_unpacker_fail(u, "set the times of", err);
	return 0;
}

/* --- making room ---------------------------------------------------------------------------------
 */

/*
 * On a volume that folds case or normalises Unicode two names of an archive can be one file. Where
 * everything that exists is this layer's own, the tree would know of it.
 */
static int check_folding(struct slip_unpacker *u, const struct stat *st, struct slip_err *err)
{
	if (!slip_unpacker_is_overlay(u) || (S_ISCHR(st->st_mode) && st->st_rdev == 0))
		return 0;
	if (slip_tree_lookup(u->tree, u->at.path))
		return 0;
	return slip_err_set(err, SLIP_E_IO, 0,
		"/%s exists under another spelling: the file system folds names, which images "
		"cannot "
		"live with",
		u->at.path);
}

/* Remove what is in the present entry's place. */
static int make_room(struct slip_unpacker *u, struct slip_err *err)
{
	struct stat st;

	if (fstatat(u->at.dirfd, u->at.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return slip_unpacker_fail(u, "stat", err);
	if (check_folding(u, &st, err) < 0)
		return -1;
	/* The directory that we are in may be known by a name that leads through what goes. */
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
		u->stale = true;
	if (S_ISDIR(st.st_mode))
		return slip_remove_tree(u->at.dirfd, u->at.name, err);
	if (unlinkat(u->at.dirfd, u->at.name, 0) < 0)
		return slip_unpacker_fail(u, "replace", err);
	return 0;
}

/* --- directories ---------------------------------------------------------------------------------
 */

static int open_existing(struct slip_unpacker *u, int *fd)
{
	*fd = openat(u->at.dirfd, u->at.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 ? -1 : 0;
}

int slip_unpacker_make_dir(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	bool replaced = false;

	if (mkdirat(u->at.dirfd, u->at.name, 0700) < 0) {
		if (errno != EEXIST)
			return slip_unpacker_fail(u, "make directory", err);
		replaced = open_existing(u, &fd) < 0;
		if (replaced && make_room(u, err) < 0)
			return -1;
		if (replaced && mkdirat(u->at.dirfd, u->at.name, 0700) < 0)
			return slip_unpacker_fail(u, "make directory", err);
	}
	if (fd < 0 && open_existing(u, &fd) < 0)
		return slip_unpacker_fail(u, "open", err);
	/* What was here hid, or had removed, the lower directory: it must not come back. */
	if (replaced && slip_unpacker_is_overlay(u) && slip_unpacker_set_opaque(u, fd, err) < 0)
		return -1;
	if (u->dirs.n == 0 || !slip_streq(u->dirs.v[u->dirs.n - 1], u->at.path))
		slip_strv_add(&u->dirs, u->at.path);
	return slip_unpacker_set_dir(u, fd, e, err);
}

/* --- everything else -----------------------------------------------------------------------------
 */

static int write_data(
	struct slip_unpacker *u, int fd, const struct slip_entry *e, struct slip_err *err)
{
	bool hole = false;

	for (;;) {
		const uint8_t *p;
		size_t n;
		bool was_hole = hole;
		if (slip_tar_reader_piece(u->reader, &p, &n, &hole, err) < 0)
			return -1;
		if (n == 0) {
			if (was_hole && ftruncate(fd, (off_t)e->size) < 0)
				return slip_unpacker_fail(u, "extend", err);
			return 0;
		}
		if (!hole && slip_write_all(fd, p, n, err) < 0)
			return -1;
		if (hole && lseek(fd, (off_t)n, SEEK_CUR) < 0)
			return slip_unpacker_fail(u, "extend", err);
	}
}

/* Try once to make the entry; -1 with errno. *fd is set for files. */
static int create(
	struct slip_unpacker *u, const struct slip_entry *e, int from, const char *link, int *fd)
{
	dev_t dev = makedev(e->dev_major, e->dev_minor);

	switch (e->type) {
	case SLIP_ENTRY_FILE:
		*fd = openat(u->at.dirfd, u->at.name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		return *fd < 0 ? -1 : 0;
	case SLIP_ENTRY_SYMLINK:
		return symlinkat(e->link, u->at.dirfd, u->at.name);
	case SLIP_ENTRY_HARDLINK:
		return linkat(from, link, u->at.dirfd, u->at.name, 0);
	case SLIP_ENTRY_CHAR:
		return mknodat(u->at.dirfd, u->at.name, S_IFCHR | 0600, dev);
	case SLIP_ENTRY_BLOCK:
		return mknodat(u->at.dirfd, u->at.name, S_IFBLK | 0600, dev);
	case SLIP_ENTRY_FIFO:
		return mknodat(u->at.dirfd, u->at.name, S_IFIFO | 0600, 0);
	case SLIP_ENTRY_DIR:
	case SLIP_ENTRY_WHITEOUT:
	case SLIP_ENTRY_OPAQUE:
		break;
	}
	slip_bug("an entry of type %d is no node", e->type);
}

/* The last component is never followed: what is in the way goes, then creation is exclusive. */
static int create_anew(struct slip_unpacker *u, const struct slip_entry *e, int from,
	const char *link, int *fd, struct slip_err *err)
{
	if (create(u, e, from, link, fd) == 0)
		return 0;
	if (errno == EEXIST) {
		if (make_room(u, err) < 0)
			return -1;
		if (create(u, e, from, link, fd) == 0)
			return 0;
	}
	return slip_unpacker_fail(u, "create", err);
}

static bool is_device(const struct slip_entry *e)
{
	return e->type == SLIP_ENTRY_CHAR || e->type == SLIP_ENTRY_BLOCK;
}

/* A device that is not made still replaces what was there: by a whiteout, or by nothing. */
static int omit_device(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	static const struct slip_entry whiteout = {.type = SLIP_ENTRY_CHAR};
	struct stat st;

	slip_debug("device /%s (%u:%u) is not made here", u->at.path, e->dev_major, e->dev_minor);
	if (slip_unpacker_is_overlay(u))
		return create_anew(u, &whiteout, -1, NULL, NULL, err);
	if (fstatat(u->at.dirfd, u->at.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return make_room(u, err);
	return 0;
}

static int make_device(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	bool forged = e->type == SLIP_ENTRY_CHAR && e->dev_major == 0 && e->dev_minor == 0;
	struct slip_err why = SLIP_ERR_INIT;

	if (!u->opt->owners || forged)
		return omit_device(u, e, err);
	if (create_anew(u, e, -1, NULL, NULL, &why) == 0)
		return set_node(u, e, err);
	if (why.sys != EPERM)
		return slip_err_copy(err, &why);
	return omit_device(u, e, err);
}

int slip_unpacker_make_node(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	slip_autoclose int fd = -1;

	if (is_device(e))
		return make_device(u, e, err);
	if (create_anew(u, e, -1, NULL, &fd, err) < 0)
		return -1;
	if (e->type != SLIP_ENTRY_FILE)
		return set_node(u, e, err);
	if (write_data(u, fd, e, err) < 0)
		return -1;
	return set_file(u, fd, e, err);
}

/* --- hard links ----------------------------------------------------------------------------------
 */

/* The file of a lower layer that a link leads to, open for reading. */
static int open_lower(
	struct slip_unpacker *u, const struct slip_node *n, int *fd, struct slip_err *err)
{
	uint32_t origin = slip_node_inode(n)->origin;
	slip_autofree char *path = slip_node_bytes_path(n);
	struct stat st;

	if (origin >= u->opt->n_origins || u->opt->origin_fds[origin] < 0)
		return slip_err_set(err, SLIP_E_IO, 0,
			"a hard link to /%s of a lower layer that is not unpacked", path);
	if (slip_open_in_root(u->opt->origin_fds[origin], path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
		    0, fd, err) < 0)
		return -1;
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		(uint64_t)st.st_size != slip_node_inode(n)->size)
		return slip_err_set(
			err, SLIP_E_IO, 0, "/%s of a lower layer is not what it was", path);
	return 0;
}

/* overlayfs copies a lower file with several names when it is changed; so do we. */
static int copy_up(struct slip_unpacker *u, const struct slip_node *n, struct slip_err *err)
{
	slip_cleanup(slip_entry_release) struct slip_entry e = {0};
	slip_autoclose int in = -1;
	slip_autoclose int fd = -1;

	slip_node_to_entry(n, u->at.path, &e);
	if (e.type != SLIP_ENTRY_FILE)
		return slip_unpacker_make_node(u, &e, err);
	if (open_lower(u, n, &in, err) < 0 || create_anew(u, &e, -1, NULL, &fd, err) < 0 ||
		slip_copy_bytes(in, fd, e.size, err) < 0)
		return -1;
	return set_file(u, fd, &e, err);
}

int slip_unpacker_make_link(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	slip_autofree char *target = NULL;
	slip_autoclose int from = -1;
	char name[SLIP_MAX_NAME + 1];
	struct stat st;

	if (slip_tree_resolve(u->tree, e->link, false, &target, err) < 0)
		return -1;
	if (slip_path_is_below(target, u->at.path))
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "a hard link to something which it replaces");
	if (slip_open_parent_in_root(u->opt->rootfd, target, &from, name, NULL) < 0 ||
		fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		const struct slip_node *n = slip_tree_lookup(u->tree, target);
		if (n && slip_unpacker_is_overlay(u))
			return copy_up(u, n, err);
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "a hard link to /%s, which does not exist", target);
	}
	if (S_ISDIR(st.st_mode))
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "a hard link to the directory /%s", target);
	return create_anew(u, e, from, name, NULL, err);
}
