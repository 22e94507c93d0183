#include "config.h"

#include "runner/layer/diff.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/base/strv.h"

#include <errno.h>
#include <sys/xattr.h>

#define MAX_OPEN_DIRS 64
#define COMPARE_SIZE ((size_t)128 * 1024)

/* A directory on the way from the root to where the walk is. */
struct frame {
	struct slip_entry dir;
	bool is_written;
	bool is_merged; /* listed from the merged view: all of it is new */
	struct slip_strv names;
	size_t next;
	int fd; /* -1: closed for a while, too many were open */
};

struct walk {
	const struct slip_diff *d;
	struct slip_layer_writer *w;
	struct slip_diff_stats stats;
	struct frame *frames;
	size_t n;
	size_t cap;
	struct slip_map links; /* device and inode of a file with several names -> its first path */
	uint8_t *compare; /* two buffers */
};

/* One name under examination. */
struct found {
	struct slip_entry e;
	struct stat st;
	int fd; /* files and directories, in the upper directory or the merged view */
	bool is_metacopy;
};

static void frame_release(struct frame *f)
{
	slip_entry_release(&f->dir);
	slip_strv_release(&f->names);
	slip_cleanup_close(&f->fd);
}

static void walk_release(struct walk *k)
{
	while (k->n > 0)
		frame_release(&k->frames[--k->n]);
	free(k->frames);
	slip_map_release(&k->links);
	free(k->compare);
}

static void found_release(struct found *f)
{
	slip_entry_release(&f->e);
	slip_cleanup_close(&f->fd);
}

/* Descend. Takes the entry and the descriptor over, also on failure. */
static int push(
	struct walk *k, struct slip_entry *dir, int *fd, bool is_merged, struct slip_err *err)
{
	slip_grow(k->frames, k->n, &k->cap);
	struct frame *f = &k->frames[k->n++];
	*f = (struct frame){.dir = *dir, .fd = slip_steal_fd(fd), .is_merged = is_merged};
	*dir = (struct slip_entry){0};
	if (k->n > MAX_OPEN_DIRS) {
		struct frame *far = &k->frames[k->n - 1 - MAX_OPEN_DIRS];
		slip_cleanup_close(&far->fd);
	}
	if (slip_list_names(f->fd, ".", &f->names, err) < 0)
		return slip_err_wrap(err, "/%s", f->dir.path);
	return 0;
}

static int reopen(struct walk *k, struct frame *f, struct slip_err *err)
{
	if (f->fd >= 0)
		return 0;
	return slip_open_in_root(f->is_merged ? k->d->mergedfd : k->d->upperfd, f->dir.path,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &f->fd, err);
}

/* Does overlayfs' attribute of this name exist? The first byte of its value goes to *value. */
static bool has_mark(const struct walk *k, int fd, const char *name, char *value)
{
	char attr[64];
	char text[256];

	snprintf(attr, sizeof(attr), "%s%s", k->d->overlay_xattr, name);
	ssize_t n = fgetxattr(fd, attr, text, sizeof(text));
	if (n < 0 && errno != ERANGE)
		return false;
	if (value)
		memcpy(value, n > 0 ? text : "", 1);
	return true;
}

static bool same_xattrs(const struct slip_map *a, const struct slip_map *b)
{
	if (a->n != (b ? b->n : 0))
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct slip_xattr *x = a->entries[i].value;
		const struct slip_xattr *y = slip_map_get(b, a->entries[i].key);
		if (!y || x->len != y->len || memcmp(x->value, y->value, x->len) != 0)
			return false;
	}
	return true;
}

static const struct slip_inode *inode_before(const struct walk *k, const char *path)
{
	const struct slip_node *node = k->d->tree ? slip_tree_lookup(k->d->tree, path) : NULL;

	return node ? slip_node_inode(node) : NULL;
}

/* Whole seconds, since layers say no more. */
static bool same_metadata(const struct slip_entry *e, const struct slip_inode *old)
{
	return old && old->type == e->type && old->mode == e->mode && old->uid == e->uid &&
	       old->gid == e->gid && old->mtime == e->mtime && old->dev_major == e->dev_major &&
	       old->dev_minor == e->dev_minor && same_xattrs(&e->xattrs, old->xattrs);
}

static bool same_bytes(struct walk *k, int a, int b, uint64_t size)
{
	if (!k->compare)
		k->compare = slip_xmalloc_io(2 * COMPARE_SIZE);
	uint8_t *x = k->compare;
	uint8_t *y = k->compare + COMPARE_SIZE;
	for (uint64_t at = 0; at < size;) {
		ssize_t n = pread(a, x, COMPARE_SIZE, (off_t)at);
		if (n <= 0)
			return false;
		for (ssize_t have = 0; have < n;) {
			ssize_t m = pread(b, y + have, (size_t)(n - have), (off_t)at + have);
			if (m <= 0)
				return false;
			have += m;
		}
		if (memcmp(x, y, (size_t)n) != 0)
			return false;
		at += (uint64_t)n;
	}
	return true;
}

static bool same_file(struct walk *k, const struct found *f, const struct slip_inode *old)
{
	struct stat st;

	if (old->size != f->e.size)
		return false;
	if (f->is_metacopy || f->e.size == 0)
		return true;
	if (!k->d->open_base)
		return false;
	slip_autofree char *path = slip_node_bytes_path(slip_tree_lookup(k->d->tree, f->e.path));
	slip_autoclose int fd = k->d->open_base(k->d->ctx, old->origin, path);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		(uint64_t)st.st_size != f->e.size)
		return false;
	return same_bytes(k, f->fd, fd, f->e.size);
}

/* Is it what the layers below have already? A file of several names is written with all of them. */
static bool is_unchanged(struct walk *k, const struct found *f)
{
	const struct slip_inode *old = inode_before(k, f->e.path);

	if (!same_metadata(&f->e, old))
		return false;
	if (f->e.type == SLIP_ENTRY_FILE)
		return f->st.st_nlink == 1 && same_file(k, f, old);
	if (f->e.type == SLIP_ENTRY_SYMLINK)
		return old->link && slip_streq(old->link, f->e.link);
	return true;
}

static int write_entry(struct walk *k, const struct slip_entry *e, int fd, struct slip_err *err)
{
	int rc = e->type == SLIP_ENTRY_FILE ? slip_layer_writer_file(k->w, e, fd, err)
					    : slip_layer_writer_entry(k->w, e, err);

	if (rc < 0)
		return -1;
	return k->d->tree ? slip_tree_apply(k->d->tree, e, k->d->origin, err) : 0;
}

static int write_parents(struct walk *k, struct slip_err *err)
{
	for (size_t i = 0; i < k->n; i++) {
		struct frame *f = &k->frames[i];
		if (f->is_written)
			continue;
		if (write_entry(k, &f->dir, -1, err) < 0)
			return -1;
		f->is_written = true;
	}
	return 0;
}

static int write_mark(
	struct walk *k, enum slip_entry_type type, const char *path, struct slip_err *err)
{
	struct slip_entry e;

	slip_entry_init(&e, type, path);
	int rc = write_parents(k, err);
	if (rc == 0)
		rc = write_entry(k, &e, -1, err);
	slip_entry_release(&e);
	k->stats.removed++;
	return rc;
}

/* Does the state before hold anything in this directory? Without it: it may. */
static bool had_children(const struct walk *k, const char *path)
{
	if (!k->d->tree)
		return true;
	const struct slip_node *node = slip_tree_lookup(k->d->tree, path);
	return node && slip_node_inode(node)->type == SLIP_ENTRY_DIR &&
	       slip_node_next_child(node, NULL);
}

static int visit_dir(struct walk *k, struct found *f, bool in_merged, struct slip_err *err)
{
	char value = '\0';
	bool is_opaque = !in_merged && has_mark(k, f->fd, "opaque", &value) && value == 'y';
	/* Moved here from elsewhere in the base: only the merged view shows what is inside. */
	bool is_moved = !in_merged && has_mark(k, f->fd, "redirect", NULL);
	bool is_changed = !is_unchanged(k, f);
	bool hides = (is_opaque || is_moved) && had_children(k, f->e.path);
	slip_autofree char *path = slip_xstrdup(f->e.path);

	if (is_moved) {
		slip_cleanup_close(&f->fd);
		if (slip_open_in_root(k->d->mergedfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
			    &f->fd, err) < 0)
			return -1;
	}
	if (push(k, &f->e, &f->fd, in_merged || is_moved, err) < 0)
		return -1;
	if (is_changed) {
		k->stats.added_or_changed++;
		if (write_parents(k, err) < 0)
			return -1;
	}
	return hides ? write_mark(k, SLIP_ENTRY_OPAQUE, path, err) : 0;
}

/* The entry of a further name of a file that the layer has already; false for a first name. */
static bool as_link(struct walk *k, const struct found *f, struct slip_entry *link)
{
	uint64_t key[2] = {f->st.st_dev, f->st.st_ino};

	if (f->e.type != SLIP_ENTRY_FILE || f->st.st_nlink < 2)
		return false;
	const char *first = slip_map_get_bytes(&k->links, key, sizeof(key));
	if (!first) {
		slip_map_set_bytes(&k->links, key, sizeof(key), slip_xstrdup(f->e.path));
		return false;
	}
	slip_entry_init(link, SLIP_ENTRY_HARDLINK, f->e.path);
	link->mode = f->e.mode;
	link->uid = f->e.uid;
	link->gid = f->e.gid;
	link->mtime = f->e.mtime;
	link->mtime_nsec = f->e.mtime_nsec;
	link->link = slip_xstrdup(first);
	return true;
}

static int visit_leaf(struct walk *k, struct found *f, struct slip_err *err)
{
	slip_cleanup(slip_entry_release) struct slip_entry link = {0};

	if (is_unchanged(k, f))
		return 0;
	k->stats.added_or_changed++;
	if (write_parents(k, err) < 0)
		return -1;
	if (as_link(k, f, &link))
		return write_entry(k, &link, -1, err);
	if (f->is_metacopy) {
		slip_cleanup_close(&f->fd);
		if (slip_open_in_root(k->d->mergedfd, f->e.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
			    0, &f->fd, err) < 0)
			return -1;
	}
	if (f->e.type == SLIP_ENTRY_FILE)
		k->stats.bytes += f->e.size;
	return write_entry(k, &f->e, f->fd, err);
}

static int read_link(struct found *f, int dirfd, const char *name, struct slip_err *err)
{
	char target[SLIP_MAX_PATH + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0 || n == (ssize_t)sizeof(target))
		return slip_err_set(
			err, SLIP_E_IO, n < 0 ? errno : ENAMETOOLONG, "read link /%s", f->e.path);
	f->e.link = slip_xstrndup(target, (size_t)n);
	return 0;
}

static void keep_owner(const struct walk *k, struct slip_entry *e)
{
	const struct slip_inode *old = inode_before(k, e->path);

	e->uid = old ? old->uid : 0;
	e->gid = old ? old->gid : 0;
}

/* Everything about a name but the bytes. */
static int examine(
	struct walk *k, struct found *f, int dirfd, const char *name, struct slip_err *err)
{
	if (k->d->one_id)
		keep_owner(k, &f->e);
	if (f->e.type == SLIP_ENTRY_SYMLINK)
		return read_link(f, dirfd, name, err);
	if (f->e.type != SLIP_ENTRY_FILE && f->e.type != SLIP_ENTRY_DIR)
		return 0;
	f->fd = openat(dirfd, name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
			(f->e.type == SLIP_ENTRY_DIR ? O_DIRECTORY : 0));
	if (f->fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open /%s", f->e.path);
	if (f->e.type == SLIP_ENTRY_FILE)
		f->is_metacopy = has_mark(k, f->fd, "metacopy", NULL);
	return slip_entry_read_xattrs(&f->e, f->fd, err);
}

static bool is_whiteout(const struct walk *k, const struct found *f)
{
	if (f->e.type == SLIP_ENTRY_CHAR)
		return f->st.st_rdev == 0;
	return f->e.type == SLIP_ENTRY_FILE && f->e.size == 0 &&
	       has_mark(k, f->fd, "whiteout", NULL);
}

static int visit(struct walk *k, struct frame *in, const char *name, struct slip_err *err)
{
	slip_cleanup(found_release) struct found f = {.fd = -1};
	slip_autofree char *path =
		slip_xasprintf("%s%s%s", in->dir.path, in->dir.path[0] ? "/" : "", name);
	bool in_merged = in->is_merged; /* push moves the frames */

	if (strlen(path) > SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"a path below /%.100s... is longer than %d bytes", path, SLIP_MAX_PATH);
	if (reopen(k, in, err) < 0)
		return -1;
	if (fstatat(in->fd, name, &f.st, AT_SYMLINK_NOFOLLOW) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat /%s", path);
	slip_entry_init(&f.e, SLIP_ENTRY_FILE, path);
	if (slip_entry_from_stat(&f.e, &f.st) < 0)
		return 0; /* a socket */
	if (examine(k, &f, in->fd, name, err) < 0)
		return -1;
	if (!in_merged && is_whiteout(k, &f))
		return write_mark(k, SLIP_ENTRY_WHITEOUT, path, err);
	return f.e.type == SLIP_ENTRY_DIR ? visit_dir(k, &f, in_merged, err)
					  : visit_leaf(k, &f, err);
}

static int walk_all(struct walk *k, struct slip_err *err)
{
	while (k->n > 0) {
		struct frame *top = &k->frames[k->n - 1];
		if (top->next == top->names.n) {
			frame_release(top);
			k->n--;
			continue;
		}
		if (slip_cancel_check(err) < 0 || visit(k, top, top->names.v[top->next++], err) < 0)
			return -1;
	}
	return 0;
}

int slip_diff_upper(const struct slip_diff *d, struct slip_layer_writer *w,
	struct slip_diff_stats *stats, struct slip_err *err)
{
	slip_cleanup(walk_release) struct walk k = {.d = d, .w = w};
	slip_cleanup(slip_entry_release) struct slip_entry root = {0};
	slip_autoclose int fd = openat(d->upperfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open the upper directory");
	slip_map_init(&k.links, free);
	slip_entry_init(&root, SLIP_ENTRY_DIR, "");
	if (push(&k, &root, &fd, false, err) < 0)
		return -1;
	k.frames[0].is_written = true; /* layers do not name the root */
	if (walk_all(&k, err) < 0)
		return -1;
	*stats = k.stats;
	return 0;
}
