#include "config.h"

#include "steps/build/context.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "steps/build/checkout.h"

#include <dirent.h>
#include <errno.h>

struct slip_context {
	struct slip_source_tree source; /* first: the operations get its address */
	char *path; /* real and absolute */
	char *name; /* as the user calls it */
	int fd;
	bool is_foreign;
	struct slip_ignore *ignore; /* NULL: none */
	struct slip_checkout *checkout; /* NULL: modes are those on disk */
};

static struct slip_context *of(struct slip_source_tree *t)
{
	return (struct slip_context *)t;
}

/* The path below the root of an open descriptor, by what the kernel calls it. */
static int real_path(
	const struct slip_context *c, int fd, const char *asked, char **out, struct slip_err *err)
{
	char link[64], target[SLIP_MAX_PATH + 1];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	if (n < 0) {
		*out = slip_path_clean_rooted(asked); /* no /proc: the links in it stay unknown */
		return 0;
	}
	target[n] = '\0';
	if (!slip_path_is_below(target, c->path))
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "\"%s\" leads out of the context", asked);
	*out = slip_path_clean_rooted(target + strlen(c->path));
	return 0;
}

static void describe(const struct slip_context *c, struct slip_entry *e, const char *path,
	const struct stat *on_disk)
{
	struct stat seen = *on_disk, *st = &seen;
	st->st_mode = slip_checkout_mode(c->checkout, path, st->st_mode);
	slip_entry_init(e, SLIP_ENTRY_FILE, path);
	if (slip_entry_from_stat(e, st) < 0) {
		/* A socket in the context arrives as an empty file, as with other builders. */
		e->type = SLIP_ENTRY_FILE;
		e->mode = st->st_mode & 07777;
		e->size = 0;
	}
	e->uid = 0;
	e->gid = 0;
}

static int add_link(struct slip_entry *e, int dirfd, const char *name, struct slip_err *err)
{
	char target[SLIP_MAX_PATH + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
	if (n < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "read link %s", name);
	target[n] = '\0';
	free(e->link);
	e->link = slip_xstrdup(target);
	return 0;
}

static bool is_hidden(const struct slip_context *c, const char *path, bool is_dir)
{
	if (!*path || !c->ignore)
		return false;
	if (is_dir)
		return slip_ignore_dir(c->ignore, path) == SLIP_IGNORE_EXCLUDED;
	return slip_ignore_is_excluded(c->ignore, path);
}

static int context_lookup(struct slip_source_tree *t, const char *path, char **resolved,
	struct slip_entry *e, bool *found, struct slip_err *err)
{
	struct slip_context *c = of(t);
	struct slip_err why = SLIP_ERR_INIT;
	slip_autoclose int fd = -1;
	*found = false;
	if (slip_open_in_root(c->fd, path, O_PATH, 0, &fd, &why) < 0)
		return slip_err_is(&why, SLIP_E_NOTFOUND) || why.sys == ENOTDIR
			       ? 0
			       : slip_err_copy(err, &why);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat %s", path);
	slip_autofree char *real = NULL;
	if (real_path(c, fd, path, &real, err) < 0)
		return -1;
	if (is_hidden(c, real, S_ISDIR(st.st_mode)))
		return 0;
	describe(c, e, real, &st);
	*resolved = slip_steal_ptr(&real);
	*found = true;
	return 0;
}

/* Not every file system tells types in its directories. */
static bool is_dir(int dirfd, const struct dirent *d)
{
	struct stat st;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dirfd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int context_list(
	struct slip_source_tree *t, const char *path, struct slip_strv *names, struct slip_err *err)
{
	struct slip_context *c = of(t);
	int fd;
	if (slip_open_in_root(c->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd, err) < 0)
		return -1;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return slip_err_set(err, SLIP_E_IO, errno, "read directory /%s", path);
	}
	for (struct dirent *d; errno = 0, (d = readdir(dir));) {
		if (slip_streq(d->d_name, ".") || slip_streq(d->d_name, ".."))
			continue;
		slip_autofree char *child =
			*path ? slip_xasprintf("%s/%s", path, d->d_name) : slip_xstrdup(d->d_name);
		if (!is_hidden(c, child, is_dir(fd, d)))
			slip_strv_add(names, d->d_name);
	}
	int failure = errno;
	closedir(dir);
	if (failure)
		return slip_err_set(err, SLIP_E_IO, failure, "read directory /%s", path);
	slip_strv_sort(names);
	return 0;
}

static int context_stat(struct slip_source_tree *t, const char *path, struct slip_entry *e,
	bool *optional, struct slip_err *err)
{
	struct slip_context *c = of(t);
	slip_autoclose int dirfd = -1;
	char name[256];
	struct stat st;
	if (slip_open_parent_in_root(c->fd, path, &dirfd, name, err) < 0)
		return -1;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat %s", path);
	describe(c, e, path, &st);
	*optional = S_ISDIR(st.st_mode) && c->ignore &&
		    slip_ignore_dir(c->ignore, path) != SLIP_IGNORE_INCLUDED;
	return S_ISLNK(st.st_mode) ? add_link(e, dirfd, name, err) : 0;
}

static int context_open(struct slip_source_tree *t, const char *path, int *fd, struct slip_err *err)
{
	if (slip_open_in_root(
		    of(t)->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, fd, err) < 0)
		return -1;
	struct stat st;
	if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		slip_cleanup_close(fd);
		return slip_err_set(err, SLIP_E_IO, 0,
			"%s is no regular file any more: the context changed during the build",
			path);
	}
	return 0;
}

static const struct slip_source_ops context_ops = {
	.lookup = context_lookup,
	.list = context_list,
	.stat = context_stat,
	.open = context_open,
};

/* --- the Dockerfile and the ignore file ---------------------------------------------------------
 */

/* Append a file; *found is false when there is none. */
static int read_optional(
	int dirfd, const char *path, struct slip_buf *text, bool *found, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	*found = slip_read_file(dirfd, path, text, &why) == 0;
	if (*found || slip_err_is(&why, SLIP_E_NOTFOUND) || why.sys == ENOTDIR)
		return 0;
	return slip_err_copy(err, &why);
}

/* The same of a file in the context. */
static int read_inside(const struct slip_context *c, const char *path, struct slip_buf *text,
	bool *found, struct slip_err *err)
{
	if (!c->is_foreign)
		return read_optional(c->fd, path, text, found, err);
	slip_autoclose int fd = -1;
	struct slip_err why = SLIP_ERR_INIT;
	struct stat st;
	*found =
		slip_open_in_root(c->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd, &why) == 0;
	if (!*found)
		return why.sys == ENOENT || why.sys == ENOTDIR ? 0 : slip_err_copy(err, &why);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "%s in the context is no regular file", path);
	return slip_read_rest(fd, path, text, err);
}

static int parse_ignore(
	struct slip_context *c, const struct slip_buf *text, const char *name, struct slip_err *err)
{
	slip_ignore_free(c->ignore);
	c->ignore = NULL;
	return slip_ignore_parse(text->data, text->len, name, &c->ignore, err);
}

/* `path` is the Dockerfile's, from the working directory or, when it is inside, from the context.
 */
static int load_ignore(
	struct slip_context *c, const char *path, bool is_inside, struct slip_err *err)
{
	slip_autofree char *own = slip_xasprintf("%s.dockerignore", path);
	slip_autobuf text;
	bool found;
	slip_buf_init(&text, SLIP_MAX_DOCKERIGNORE);
	int rc = is_inside ? read_inside(c, own, &text, &found, err)
			   : read_optional(AT_FDCWD, own, &text, &found, err);
	if (rc == 0 && found)
		return parse_ignore(c, &text, slip_path_base(own), err);
	if (rc < 0 || read_inside(c, ".dockerignore", &text, &found, err) < 0)
		return -1;
	return found ? parse_ignore(c, &text, ".dockerignore", err) : 0;
}

/* Below the context another spelling is looked for, too; or NULL. */
static const char *second_name(const char *name)
{
	return slip_streq(name, "Dockerfile") ? "dockerfile" : NULL;
}

void slip_context_dockerfile_places(
	const struct slip_context_options *opt, const char *name, struct slip_strv *out)
{
	slip_autofree char *below = slip_path_clean_rooted(opt->sub_path ? opt->sub_path : "");
	slip_autofree char *dir = slip_path_join(opt->dir, below);
	slip_strv_add(out, name);
	for (const char *at = name; at; at = at == name ? second_name(name) : NULL) {
		slip_autofree char *inside = slip_path_join(dir, at);
		slip_strv_add(out, inside);
	}
}

int slip_context_read_dockerfile(struct slip_context *c, const char *name, char **path,
	struct slip_buf *text, struct slip_err *err)
{
	bool found;
	if (read_optional(AT_FDCWD, name, text, &found, err) < 0)
		return -1;
	if (found) {
		*path = slip_xstrdup(name);
		return load_ignore(c, name, false, err);
	}
	for (const char *at = name; at; at = at == name ? second_name(name) : NULL) {
		if (read_inside(c, at, text, &found, err) < 0)
			return -1;
		if (!found)
			continue;
		*path = c->is_foreign ? slip_xstrdup(at) : slip_path_join(c->name, at);
		return load_ignore(c, at, true, err);
	}
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"there is no Dockerfile at %s, neither from here nor in the context%s%s; see "
		"--dockerfile and --context",
		name, c->is_foreign ? "" : " ", c->is_foreign ? "" : c->name);
}

/* --- opening ------------------------------------------------------------------------------------
 */

/* Go down to the sub-directory; links in it are resolved below the directory. */
static int enter_sub_path(struct slip_context *c, const char *sub_path, struct slip_err *err)
{
	slip_autofree char *clean = slip_path_clean(sub_path);
	slip_autofree char *inside = NULL;
	int fd;
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_streq(clean, "..") || slip_starts_with(clean, "../"))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"the sub-directory \"%s\" leads out of the context", sub_path);
	if (slip_open_in_root(c->fd, clean, O_PATH | O_DIRECTORY, 0, &fd, &why) < 0)
		return slip_err_set(err, SLIP_E_USAGE, why.sys,
			"the sub-directory \"%s\" of the context", sub_path);
	if (real_path(c, fd, clean, &inside, err) < 0) {
		close(fd);
		return -1;
	}
	close(c->fd);
	c->fd = fd;
	char *path = slip_path_join(c->path, inside);
	free(c->path);
	c->path = path;
	char *name = slip_path_join(c->name, inside);
	free(c->name);
	c->name = name;
	return 0;
}

static int open_root(
	struct slip_context *c, const struct slip_context_options *opt, struct slip_err *err)
{
	c->path = realpath(opt->dir, NULL);
	c->fd = c->path ? open(c->path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (c->fd < 0)
		return slip_err_set(
			err, SLIP_E_USAGE, errno, "the context directory \"%s\"", opt->dir);
	return opt->sub_path && *opt->sub_path ? enter_sub_path(c, opt->sub_path, err) : 0;
}

int slip_context_open(
	const struct slip_context_options *opt, struct slip_context **out, struct slip_err *err)
{
	struct slip_context *c = slip_xcalloc(1, sizeof(*c));
	c->source.ops = &context_ops;
	c->source.what = "the context";
	c->name = slip_xstrdup(opt->dir);
	c->is_foreign = opt->is_foreign;
	if (open_root(c, opt, err) < 0) {
		slip_context_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

int slip_context_set_modes(
	struct slip_context *c, enum slip_context_modes modes, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	if (modes == SLIP_MODES_KEEP)
		return 0;
	int rc = slip_checkout_open(c->path, &c->checkout, &why);
	if (modes == SLIP_MODES_AUTO) {
		if (rc < 0)
			slip_warn("%s; the context's files keep the modes that they have on disk",
				why.msg);
		return 0;
	}
	if (rc < 0) {
		slip_err_copy(err, &why);
		return slip_err_wrap(err, "--context-modes=git");
	}
	if (!c->checkout)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--context-modes=git: git tracks nothing in %s", c->path);
	return 0;
}

void slip_context_free(struct slip_context *c)
{
	if (!c)
		return;
	slip_ignore_free(c->ignore);
	slip_checkout_free(c->checkout);
	slip_cleanup_close(&c->fd);
	free(c->path);
	free(c->name);
	free(c);
}

struct slip_source_tree *slip_context_source(struct slip_context *c)
{
	return &c->source;
}
