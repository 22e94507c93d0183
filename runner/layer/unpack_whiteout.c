#include "config.h"

#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/layer/unpack_internal.h"

#include <dirent.h>
#include <errno.h>
#include <sys/sysmacros.h>

/*
 * Whiteouts and opaque marks speak about lower layers only, wherever in their own layer they stand.
 * The tree knows what is whose: it is told first, and what it does not hold afterwards goes.
 */

static bool is_absent(const struct slip_err *err)
{
	return err->sys == ENOENT || err->sys == ENOTDIR || err->sys == ELOOP;
}

static bool is_purged(const struct slip_unpacker *u, const char *path)
{
	slip_autofree char *p = slip_xstrdup(path);

	for (;;) {
		if (slip_map_has(&u->purged, p))
			return true;
		char *slash = strrchr(p, '/');
		if (*p == '\0')
			return false;
		*(slash ? slash : p) = '\0';
	}
}

/* One name in a directory: stays, goes, or is to be looked into. */
static int purge_name(struct slip_unpacker *u, int fd, const char *dir, const char *name,
	struct slip_strv *todo, struct slip_err *err)
{
	slip_autofree char *path = slip_xasprintf("%s%s%s", dir, *dir ? "/" : "", name);
	const struct slip_node *n = slip_tree_lookup(u->tree, path);

	if (!n) {
		u->stale = true;
		return slip_remove_tree(fd, name, err);
	}
	if (slip_node_inode(n)->type == SLIP_ENTRY_DIR && !slip_map_has(&u->purged, path))
		slip_strv_add(todo, path);
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int purge_dir(
	struct slip_unpacker *u, const char *path, struct slip_strv *todo, struct slip_err *err)
{
	int fd = -1;
	const struct dirent *e;
	struct slip_err why = SLIP_ERR_INIT;

	if (slip_open_in_root(
		    u->opt->rootfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd, &why) < 0)
		return is_absent(&why) ? 0 : slip_err_copy(err, &why);
	slip_cleanup(close_dir) DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return slip_err_set(err, SLIP_E_IO, errno, "read /%s", path);
	}
	while (errno = 0, e = readdir(d)) {
		if (slip_streq(e->d_name, ".") || slip_streq(e->d_name, ".."))
			continue;
		if (purge_name(u, fd, path, e->d_name, todo, err) < 0)
			return -1;
	}
	return errno == 0 ? 0 : slip_err_set(err, SLIP_E_IO, errno, "read /%s", path);
}

/* Remove what the tree does not hold below path. Each directory is walked once per layer. */
static int purge(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	slip_cleanup(slip_strv_release) struct slip_strv todo = {0};

	if (is_purged(u, path))
		return 0;
	slip_strv_add(&todo, path);
	while (todo.n > 0) {
		slip_autofree char *dir = slip_xstrdup(todo.v[todo.n - 1]);
		slip_strv_remove(&todo, todo.n - 1);
		if (purge_dir(u, dir, &todo, err) < 0)
			return -1;
	}
	slip_map_set(&u->purged, path, NULL);
	return 0;
}

static int merge_whiteout(
	struct slip_unpacker *u, const char *path, bool opaque, struct slip_err *err)
{
	const struct slip_node *n = slip_tree_lookup(u->tree, path);
	struct slip_err why = SLIP_ERR_INIT;
	slip_autoclose int dirfd = -1;
	char name[SLIP_MAX_NAME + 1];

	if (opaque || (n && slip_node_inode(n)->type == SLIP_ENTRY_DIR))
		return purge(u, path, err);
	if (n)
		return 0; /* this layer's own */
	if (slip_open_parent_in_root(u->opt->rootfd, path, &dirfd, name, &why) < 0)
		return is_absent(&why) ? 0 : slip_err_copy(err, &why);
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : slip_err_set(err, SLIP_E_IO, errno, "stat /%s", path);
	u->stale = true;
	return slip_remove_tree(dirfd, name, err);
}

static int overlay_opaque(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	slip_autoclose int fd = -1;

	if (*path == '\0') {
		u->hides_all = true; /* overlayfs does not look at marks on a layer's root */
		return 0;
	}
	if (slip_unpacker_open_dir(u, path, true, &fd, err) < 0)
		return -1;
	return slip_unpacker_set_opaque(u, fd, err);
}

static int overlay_whiteout(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	if (!u->own_tree && !slip_tree_lookup(u->tree, path))
		return 0; /* there is nothing to hide */
	slip_autofree char *dir = slip_path_dir(path);
	const char *name = slip_path_base(path);
	slip_autoclose int dirfd = -1;
	slip_autoclose int fd = -1;

	if (slip_unpacker_open_dir(u, slip_streq(dir, ".") ? "" : dir, true, &dirfd, err) < 0)
		return -1;
	if (mknodat(dirfd, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST)
		return slip_err_set(err, SLIP_E_IO, errno, "make a whiteout for /%s", path);
	/* This layer's own stays; if it is a directory, lower ones must not show through. */
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? 0 : slip_unpacker_set_opaque(u, fd, err);
}

int slip_unpacker_whiteout(
	struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	bool opaque = e->type == SLIP_ENTRY_OPAQUE;
	slip_autofree char *path = NULL;

	if (slip_tree_resolve(u->tree, e->path, opaque, &path, err) < 0)
		return -1;
	if (u->opt->rootfd >= 0 && slip_unpacker_is_overlay(u) &&
		(opaque ? overlay_opaque(u, path, err) : overlay_whiteout(u, path, err)) < 0)
		return -1;
	if (slip_tree_apply(u->tree, e, u->opt->origin, err) < 0)
		return -1;
	if (u->opt->rootfd >= 0 && !slip_unpacker_is_overlay(u))
		return merge_whiteout(u, path, opaque, err);
	return 0;
}
