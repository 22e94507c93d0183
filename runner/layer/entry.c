#include "config.h"

#include "runner/layer/entry.h"

#include "runner/base/limits.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* The kernel's own bound on a list of names (XATTR_LIST_MAX). */
#define XATTR_LIST_SIZE (64 * SLIP_KIB)

void slip_entry_init(struct slip_entry *e, enum slip_entry_type type, const char *path)
{
	*e = (struct slip_entry){.path = slip_xstrdup(path), .type = type};
	slip_map_init(&e->xattrs, free);
}

void slip_entry_release(struct slip_entry *e)
{
	free(e->path);
	free(e->link);
	slip_map_release(&e->xattrs);
	*e = (struct slip_entry){0};
}

void slip_entry_copy(struct slip_entry *dst, const struct slip_entry *src)
{
	*dst = *src;
	dst->path = slip_xstrdup(src->path);
	dst->link = slip_xstrdup(src->link);
	slip_map_init(&dst->xattrs, free);
	for (size_t i = 0; i < src->xattrs.n; i++) {
		const struct slip_xattr *x = src->xattrs.entries[i].value;
		slip_entry_set_xattr(dst, src->xattrs.entries[i].key, x->value, x->len);
	}
}

void slip_entry_set_xattr(struct slip_entry *e, const char *name, const void *value, size_t len)
{
	struct slip_xattr *x = slip_xmalloc(sizeof(*x) + len);

	x->len = len;
	if (len > 0)
		memcpy(x->value, value, len);
	if (!e->xattrs.free_value)
		slip_map_init(&e->xattrs, free);
	slip_map_set(&e->xattrs, name, x);
}

bool slip_entry_keeps_xattr(const char *name)
{
	if (slip_streq(name, "security.capability"))
		return true;
	return slip_starts_with(name, "user.") && !slip_starts_with(name, "user.overlay.");
}

static int type_of_mode(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return SLIP_ENTRY_FILE;
	case S_IFDIR:
		return SLIP_ENTRY_DIR;
	case S_IFLNK:
		return SLIP_ENTRY_SYMLINK;
	case S_IFCHR:
		return SLIP_ENTRY_CHAR;
	case S_IFBLK:
		return SLIP_ENTRY_BLOCK;
	case S_IFIFO:
		return SLIP_ENTRY_FIFO;
	default:
		return -1;
	}
}

int slip_entry_from_stat(struct slip_entry *e, const struct stat *st)
{
	int type = type_of_mode(st->st_mode);

	if (type < 0)
		return -1;
	e->type = (enum slip_entry_type)type;
	e->mode = st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	e->mtime = st->st_mtim.tv_sec;
	e->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
	e->dev_major = 0;
	e->dev_minor = 0;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		e->dev_major = major(st->st_rdev);
		e->dev_minor = minor(st->st_rdev);
	}
	return 0;
}

/*
 * A descriptor opened with O_PATH refuses the f* calls with EBADF; its name in /proc leads to the
 * same inode, a symbolic link's own included.
 */
struct target {
	int fd;
	char path[32];
};

static ssize_t list_names(struct target *t, char *buf, size_t size)
{
	if (t->path[0] == '\0') {
		ssize_t n = flistxattr(t->fd, buf, size);
		if (n >= 0 || errno != EBADF)
			return n;
		snprintf(t->path, sizeof(t->path), "/proc/self/fd/%d", t->fd);
	}
	return listxattr(t->path, buf, size);
}

static ssize_t get_value(const struct target *t, const char *name, void *buf, size_t size)
{
	return t->path[0] ? getxattr(t->path, name, buf, size) : fgetxattr(t->fd, name, buf, size);
}

static int read_value(
	struct slip_entry *e, const struct target *t, const char *name, struct slip_err *err)
{
	char small[256];
	slip_autofree char *large = NULL;
	const char *value = small;
	ssize_t n = get_value(t, name, small, sizeof(small));

	if (n < 0 && errno == ERANGE) {
		large = slip_xmalloc(SLIP_MAX_XATTR_VALUE);
		value = large;
		n = get_value(t, name, large, SLIP_MAX_XATTR_VALUE);
	}
	if (n < 0 && errno == ENODATA)
		return 0; /* removed since it was listed */
	if (n < 0)
		return slip_err_set(
			err, SLIP_E_IO, errno, "read attribute %s of %s", name, e->path);
	slip_entry_set_xattr(e, name, value, (size_t)n);
	return 0;
}

int slip_entry_read_xattrs(struct slip_entry *e, int fd, struct slip_err *err)
{
	char small[1024];
	slip_autofree char *large = NULL;
	const char *names = small;
	struct target t = {.fd = fd};
	size_t total = 0;
	ssize_t n = list_names(&t, small, sizeof(small));

	if (n < 0 && errno == ERANGE) {
		large = slip_xmalloc(XATTR_LIST_SIZE);
		names = large;
		n = list_names(&t, large, XATTR_LIST_SIZE);
	}
	if (n < 0 && (errno == ENOTSUP || errno == ENOSYS))
		return 0;
	if (n < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "list attributes of %s", e->path);
	for (const char *p = names; p < names + n; p += strlen(p) + 1) {
		if (!slip_entry_keeps_xattr(p))
			continue;
		if (read_value(e, &t, p, err) < 0)
			return -1;
		const struct slip_xattr *x = slip_map_get(&e->xattrs, p);
		total += strlen(p) + (x ? x->len : 0);
		if (total > SLIP_MAX_XATTRS)
			return slip_err_set(err, SLIP_E_LIMIT, 0,
				"attributes of %s are larger than %llu bytes", e->path,
				SLIP_MAX_XATTRS);
	}
	return 0;
}
