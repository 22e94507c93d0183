#include "config.h"

#include "runner/layer/unpack.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/layer/inflate.h"
#include "runner/layer/readahead.h"
#include "runner/layer/unpack_internal.h"

#include <errno.h>
#include <sys/statvfs.h>

/* How often the number of free inodes is looked at. */
#define INODE_CHECK 4096

int slip_unpacker_fail(const struct slip_unpacker *u, const char *verb, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_IO, errno, "%s /%s", verb, u->at.path);
}

static void unpacker_release(struct slip_unpacker *u)
{
	slip_tar_reader_free(u->reader);
	if (u->own_tree)
		slip_tree_free(u->tree);
	slip_strv_release(&u->dirs);
	slip_map_release(&u->purged);
	free(u->at.path);
	free(u->raw_dir);
	free(u->dir);
	slip_cleanup_close(&u->at.dirfd);
}

/* --- where an entry belongs ----------------------------------------------------------------------
 */

/*
 * Make one directory that the archive does not mention (yet). It looks like the one that it hides
 * or merges with, if any. What stands for "removed" in an overlay's directory gives way.
 */
static int make_implied(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	slip_cleanup(slip_entry_release) struct slip_entry e = {0};
	slip_autoclose int dirfd = -1;
	char name[SLIP_MAX_NAME + 1];

	if (slip_open_parent_in_root(u->opt->rootfd, path, &dirfd, name, err) < 0)
		return -1;
	const struct slip_node *n = slip_tree_lookup(u->tree, path);
	if (n && slip_node_inode(n)->type == SLIP_ENTRY_DIR) {
		slip_node_to_entry(n, path, &e);
	} else {
		slip_entry_init(&e, SLIP_ENTRY_DIR, path);
		e.mode = 0755;
	}
	struct slip_unpack_place present = u->at;
	u->at = (struct slip_unpack_place){.path = e.path, .name = name, .dirfd = dirfd};
	int rc = slip_unpacker_make_dir(u, &e, err);
	u->at = present;
	return rc;
}

static bool is_whiteout_device(int rootfd, const char *path)
{
	slip_autoclose int fd = -1;
	struct stat st;

	if (slip_open_in_root(rootfd, path, O_PATH | O_NOFOLLOW, 0, &fd, NULL) < 0)
		return false;
	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

/* Make path and its parents where they are missing. */
static int make_parents(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	slip_autofree char *part = slip_xstrdup(path);

	for (char *p = part; p; p = *p ? p + 1 : NULL) {
		p += strcspn(p, "/");
		char separator = *p;
		slip_autoclose int fd = -1;
		*p = '\0';
		struct slip_err why = SLIP_ERR_INIT;
		if (slip_open_in_root(u->opt->rootfd, part, O_PATH | O_DIRECTORY, 0, &fd, &why) <
			0) {
			bool missing = slip_err_is(&why, SLIP_E_NOTFOUND) ||
				       (slip_unpacker_is_overlay(u) &&
					       is_whiteout_device(u->opt->rootfd, part));
			if (!missing)
				return slip_err_set(err, SLIP_E_DIGEST, ENOTDIR, "/%s", part);
			if (make_implied(u, part, err) < 0)
				return -1;
		}
		*p = separator;
	}
	return 0;
}

int slip_unpacker_open_dir(
	struct slip_unpacker *u, const char *path, bool make, int *fd, struct slip_err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY;
	struct slip_err first = SLIP_ERR_INIT;

	if (slip_open_in_root(u->opt->rootfd, path, flags, 0, fd, &first) == 0)
		return 0;
	if (!make || (first.sys != ENOENT && first.sys != ENOTDIR))
		return slip_err_copy(err, &first);
	if (make_parents(u, path, err) < 0)
		return -1;
	return slip_open_in_root(u->opt->rootfd, path, flags, 0, fd, err);
}

/* Point u->dir and u->at.dirfd at the directory that the archive calls raw. */
static int enter_dir(struct slip_unpacker *u, const char *raw, size_t n, struct slip_err *err)
{
	if (!u->stale && u->raw_dir && strncmp(u->raw_dir, raw, n) == 0 && u->raw_dir[n] == '\0')
		return 0;
	u->stale = true;
	free(u->raw_dir);
	u->raw_dir = slip_xstrndup(raw, n);
	slip_cleanup_close(&u->at.dirfd);
	u->at.dirfd = -1;
	free(u->dir);
	u->dir = NULL;
	if (slip_tree_resolve(u->tree, u->raw_dir, true, &u->dir, err) < 0)
		return -1;
	if (u->opt->rootfd >= 0 && slip_unpacker_open_dir(u, u->dir, true, &u->at.dirfd, err) < 0)
		return -1;
	u->stale = false;
	return 0;
}

/* Set u->at.path, name and dirfd for an entry; its parents are made. */
static int locate(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (enter_dir(u, path, slash ? (size_t)(slash - path) : 0, err) < 0)
		return -1;
	free(u->at.path);
	u->at.path = slip_xasprintf("%s%s%s", u->dir, *u->dir ? "/" : "", base);
	u->at.name = u->at.path + strlen(u->at.path) - strlen(base);
	if (strlen(u->at.path) >= SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_LIMIT, ENAMETOOLONG, "%.200s...", u->at.path);
	return 0;
}

/* --- entries -------------------------------------------------------------------------------------
 */

static int make_root(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	slip_autoclose int fd = openat(u->opt->rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return slip_unpacker_fail(u, "open", err);
	slip_strv_add(&u->dirs, "");
	return slip_unpacker_set_dir(u, fd, e, err);
}

static int make_entry(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	if (*e->path == '\0')
		return make_root(u, e, err);
	if (e->type == SLIP_ENTRY_DIR)
		return slip_unpacker_make_dir(u, e, err);
	if (e->type == SLIP_ENTRY_HARDLINK)
		return slip_unpacker_make_link(u, e, err);
	return slip_unpacker_make_node(u, e, err);
}

/* Bring the tree up to date, under the path that the entry really has. */
static int remember(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	struct slip_entry known = *e; /* borrows what e owns */

	known.path = u->at.path;
	/* A tree that knows this layer only need not know what a link leads to. */
	if (u->own_tree && u->opt->rootfd >= 0 && e->type == SLIP_ENTRY_HARDLINK) {
		known.type = SLIP_ENTRY_FILE;
		known.size = 0;
	}
	return slip_tree_apply(u->tree, &known, u->opt->origin, err);
}

static int charge(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	uint64_t max_bytes = u->opt->max_bytes ? u->opt->max_bytes : SLIP_MAX_UNPACKED;
	uint64_t max_entries = u->opt->max_entries ? u->opt->max_entries : SLIP_MAX_ENTRIES;
	struct statvfs fs;

	if (u->entries >= max_entries)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "the archive has more than %llu entries",
			(unsigned long long)max_entries);
	if (e->size > max_bytes - u->bytes)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"the archive unpacks to more than %llu bytes",
			(unsigned long long)max_bytes);
	u->bytes += e->size;
	/* Stop before everything else on this file system fails, too. */
	if (++u->entries % INODE_CHECK == 0 && u->opt->rootfd >= 0 &&
		fstatvfs(u->opt->rootfd, &fs) == 0 && fs.f_files > 0 &&
		fs.f_favail < fs.f_files / 100)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"the file system has less than 1%% of its inodes left");
	return 0;
}

static int unpack_entry(struct slip_unpacker *u, const struct slip_entry *e, struct slip_err *err)
{
	if (slip_cancel_check(err) < 0 || charge(u, e, err) < 0)
		return -1;
	if (e->type == SLIP_ENTRY_WHITEOUT || e->type == SLIP_ENTRY_OPAQUE)
		return slip_unpacker_whiteout(u, e, err);
	if (locate(u, e->path, err) < 0)
		return -1;
	if (u->opt->rootfd >= 0 && make_entry(u, e, err) < 0)
		return -1;
	return remember(u, e, err);
}

/* --- the end -------------------------------------------------------------------------------------
 */

static int finish_dir(struct slip_unpacker *u, const char *path, struct slip_err *err)
{
	const struct slip_node *n = slip_tree_lookup(u->tree, path);
	slip_autoclose int dirfd = -1;
	char name[SLIP_MAX_NAME + 1];

	if (!n || slip_node_inode(n)->type != SLIP_ENTRY_DIR)
		return 0; /* replaced or removed later on */
	const struct slip_inode *i = slip_node_inode(n);
	struct timespec t = {.tv_sec = i->mtime, .tv_nsec = (long)i->mtime_nsec};
	if (slip_open_parent_in_root(u->opt->rootfd, path, &dirfd, name, err) < 0)
		return -1;
	if (utimensat(dirfd, name, (struct timespec[2]){t, t}, AT_SYMLINK_NOFOLLOW) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "set the times of /%s", path);
	/* Just found to be a directory, and nobody else is at work here: no link is followed. */
	if (u->opt->is_archive && fchmodat(dirfd, name, i->mode, 0) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "chmod /%s", path);
	return 0;
}

static int finish_dirs(struct slip_unpacker *u, struct slip_err *err)
{
	/* Children first: a parent's mode may keep us out. */
	for (size_t i = u->dirs.n; i > 0; i--)
		if (finish_dir(u, u->dirs.v[i - 1], err) < 0)
			return -1;
	return 0;
}

static int unpack_entries(struct slip_unpacker *u, struct slip_err *err)
{
	for (;;) {
		const struct slip_entry *e;
		bool more;
		if (slip_tar_reader_next(u->reader, &e, &more, err) < 0)
			return -1;
		if (!more)
			break;
		if (unpack_entry(u, e, err) < 0)
			return slip_err_wrap(err, "unpack \"%.200s\"", e->path);
	}
	if (!slip_tar_reader_is_complete(u->reader))
		slip_warn("an archive has no end marker; it may have been cut off");
	return finish_dirs(u, err);
}

/* Headers and padding are not what max_bytes is about, but must not be endless either. */
static uint64_t max_stream(const struct slip_unpack *opt)
{
	uint64_t max = opt->max_bytes ? opt->max_bytes : SLIP_MAX_UNPACKED, sum;

	return __builtin_add_overflow(max, max / 8 + 64 * SLIP_MIB, &sum) ? UINT64_MAX : sum;
}

/* The digest is of everything, also of what stands behind the archive's end. */
static int drain(struct slip_source *s, struct slip_err *err)
{
	const size_t size = 64 * SLIP_KIB;
	slip_autofree uint8_t *buf = slip_xmalloc_io(size);
	size_t got;

	do {
		if (slip_source_read(s, buf, size, &got, err) < 0)
			return -1;
	} while (got > 0);
	return 0;
}

int slip_unpack_layer(struct slip_source in, const struct slip_unpack *opt,
	struct slip_unpacked *out, struct slip_err *err)
{
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	slip_cleanup(slip_readahead_cleanup) struct slip_readahead *ahead = NULL;
	slip_cleanup(unpacker_release) struct slip_unpacker u = {
		.opt = opt,
		.tree = opt->tree,
		.at.dirfd = -1,
		.stale = true,
	};
	struct slip_unpacked done = {0};

	slip_map_init(&u.purged, NULL);
	u.own_tree = !opt->tree;
	if (u.own_tree)
		u.tree = slip_tree_new();
	if (!opt->own_tar && slip_inflate_new(in, opt->is_archive, max_stream(opt), &z, err) < 0)
		return -1;
	struct slip_source inflated = z ? slip_inflate_source(z) : in;
	if (opt->pool) {
		ahead = slip_readahead_new(inflated, opt->pool);
		inflated = slip_readahead_source(ahead);
	}
	u.reader = slip_tar_reader_new(inflated, !opt->is_archive);
	if (unpack_entries(&u, err) < 0 || drain(&inflated, err) < 0)
		return -1;
	if (z && slip_inflate_finish(z, &done.diff_id, &done.size, err) < 0)
		return -1;
	done.entries = u.entries;
	done.hides_all = u.hides_all;
	*out = done;
	return 0;
}
