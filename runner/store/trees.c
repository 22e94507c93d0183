#include "config.h"

#include "runner/base/path.h"
#include "runner/store/store_internal.h"

#include <errno.h>

/*
 * trees/<key>/ holds root/ and, once pruning has looked, its size; the directory's own time says
 * when the tree was last used, so that the root's stays what the image says.
 */
#define ROOT_NAME "root"

static int open_tree_in(const struct slip_store_root *root, const char *key, int *dirfd,
	char **path, struct slip_err *err)
{
	slip_autofree char *tree = slip_xasprintf(SLIP_STORE_TREES "/%s", key);
	slip_autofree char *name = slip_xasprintf("%s/" ROOT_NAME, tree);
	struct stat st;
	int fd = openat(root->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return slip_err_set(err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno,
			"open %s/%s", root->path, name);
	if (fstatat(root->fd, tree, &st, AT_SYMLINK_NOFOLLOW) == 0)
		slip_store_touch(root->fd, tree, &st);
	*dirfd = fd;
	*path = slip_xasprintf("%s/%s", root->path, name);
	return 0;
}

int slip_store_open_tree(
	struct slip_store *s, const char *key, int *dirfd, char **path, struct slip_err *err)
{
	struct slip_err failure = SLIP_ERR_INIT;

	if (slip_store_check_name("key of a tree", key, err) < 0)
		return -1;
	for (const struct slip_store_root *r = NULL; (r = slip_store_next_root(s, r));) {
		slip_err_clear(&failure);
		if (open_tree_in(r, key, dirfd, path, &failure) == 0)
			return 0;
		if (!slip_err_is(&failure, SLIP_E_NOTFOUND))
			break;
	}
	return slip_err_copy(err, &failure);
}

int slip_store_begin_tree(struct slip_store *s, int *dirfd, char **path, struct slip_err *err)
{
	slip_autofree char *tree = slip_store_fresh_name(s, "tree");
	slip_autofree char *name = slip_xasprintf("%s/" ROOT_NAME, tree);
	slip_autoclose int fd = -1;

	if (mkdirat(s->workfd, tree, 0700) == 0 && mkdirat(s->workfd, name, 0755) == 0)
		fd = openat(s->workfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "mkdir %s/%s", s->work_path, name);
	*dirfd = slip_steal_fd(&fd);
	*path = slip_xasprintf("%s/%s", s->work_path, name);
	return 0;
}

/* syncfs is dear, but nothing else says that 30 000 files are on the disk. */
static int sync_tree(struct slip_store *s, const char *tree, struct slip_err *err)
{
	slip_autoclose int fd = openat(s->workfd, tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "sync %s/%s", s->work_path, tree);
	return 0;
}

int slip_store_commit_tree(struct slip_store *s, const char *key, char **path, struct slip_err *err)
{
	size_t work_len = strlen(s->work_path);

	if (slip_store_check_name("key of a tree", key, err) < 0)
		return -1;
	if (strncmp(*path, s->work_path, work_len) != 0 || (*path)[work_len] != '/')
		return slip_err_set(err, SLIP_E_BUG, 0, "%s is not a tree that was begun", *path);
	slip_autofree char *tree = slip_path_dir(*path + work_len + 1);
	slip_autofree char *final = slip_xasprintf(SLIP_STORE_TREES "/%s", key);
	if (s->durable && sync_tree(s, tree, err) < 0)
		return -1;
	if (renameat(s->workfd, tree, s->home.fd, final) < 0) {
		if (errno != EEXIST && errno != ENOTEMPTY)
			return slip_err_set(
				err, SLIP_E_IO, errno, "store %s/%s", s->home.path, final);
		if (slip_remove_tree(s->workfd, tree, err) < 0)
			return -1;
	}
	free(*path);
	*path = slip_xasprintf("%s/%s/" ROOT_NAME, s->home.path, final);
	return 0;
}
