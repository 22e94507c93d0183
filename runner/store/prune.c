#include "config.h"

#include "runner/store/store_internal.h"

#include <errno.h>
#include <fts.h>
#include <sys/file.h>

#define TREE_BYTES "bytes" /* trees/<key>/bytes: the size of its root, once known */

/* Something that pruning may remove. */
struct item {
	char *path; /* below the store */
	uint64_t bytes;
	int64_t used;
};

struct items {
	struct item *v;
	size_t n;
	size_t cap;
	uint64_t bytes;
};

static void items_release(struct items *items)
{
	for (size_t i = 0; i < items->n; i++)
		free(items->v[i].path);
	free(items->v);
}

static void items_add(struct items *items, const char *path, uint64_t bytes, const struct stat *st)
{
	slip_grow(items->v, items->n, &items->cap);
	items->v[items->n++] = (struct item){
		.path = slip_xstrdup(path), .bytes = bytes, .used = st->st_mtim.tv_sec};
	items->bytes += bytes;
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;

	if (x->used != y->used)
		return x->used < y->used ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int add_files(
	struct slip_store *s, const char *dir, struct items *items, struct slip_err *err)
{
	slip_autostrv names = {0};

	if (slip_store_list(s->home.fd, dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		slip_autofree char *path = slip_xasprintf("%s/%s", dir, names.v[i]);
		struct stat st;
		if (fstatat(s->home.fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			items_add(items, path, (uint64_t)st.st_size, &st);
	}
	return 0;
}

static int add_records(struct slip_store *s, struct items *items, struct slip_err *err)
{
	slip_autostrv kinds = {0};

	if (slip_store_list(s->home.fd, SLIP_STORE_RECORDS, &kinds, err) < 0)
		return -1;
	for (size_t i = 0; i < kinds.n; i++) {
		slip_autofree char *dir = slip_xasprintf(SLIP_STORE_RECORDS "/%s", kinds.v[i]);
		if (add_files(s, dir, items, err) < 0)
			return -1;
	}
	return 0;
}

static uint64_t walk_bytes(const char *path)
{
	slip_autofree char *copy = slip_xstrdup(path);
	char *const paths[] = {copy, NULL};
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	uint64_t bytes = 0;

	if (!fts)
		return 0;
	for (FTSENT *e; (e = fts_read(fts));) {
		if (e->fts_info == FTS_F || e->fts_info == FTS_D)
			bytes += (uint64_t)e->fts_statp->st_blocks * 512;
	}
	fts_close(fts);
	return bytes;
}

/* A committed tree does not change, so it is walked once in its life. */
static uint64_t tree_bytes(struct slip_store *s, const char *path)
{
	slip_autofree char *name = slip_xasprintf("%s/" TREE_BYTES, path);
	slip_autofree char *full = slip_xasprintf("%s/%s", s->home.path, path);
	slip_autobuf text = {0};
	char *end;

	slip_buf_init(&text, 32);
	if (slip_read_file(s->home.fd, name, &text, NULL) == 0) {
		errno = 0;
		unsigned long long known = strtoull(text.data, &end, 10);
		if (errno == 0 && end != text.data && *end == '\n')
			return known;
	}
	uint64_t bytes = walk_bytes(full);
	slip_buf_clear(&text);
	slip_buf_addf(&text, "%llu\n", (unsigned long long)bytes);
	(void)!slip_write_file(s->home.fd, name, text.data, text.len, 0444, false, NULL);
	return bytes;
}

static int add_trees(struct slip_store *s, struct items *items, struct slip_err *err)
{
	slip_autostrv names = {0};

	if (slip_store_list(s->home.fd, SLIP_STORE_TREES, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		slip_autofree char *path = slip_xasprintf(SLIP_STORE_TREES "/%s", names.v[i]);
		struct stat st;
		if (fstatat(s->home.fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		uint64_t bytes = tree_bytes(s, path);
		/* Writing the size was no use of the tree. */
		struct timespec times[2] = {st.st_atim, st.st_mtim};
		(void)utimensat(s->home.fd, path, times, AT_SYMLINK_NOFOLLOW);
		items_add(items, path, bytes, &st);
	}
	return 0;
}

/* Trees are only moved away here: removing them takes time, and everybody waits for the lock. */
static int remove_item(struct slip_store *s, const struct item *item, struct slip_strv *moved,
	struct slip_err *err)
{
	if (unlinkat(s->home.fd, item->path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR || errno == EPERM) {
		slip_autofree char *name = slip_store_fresh_name(s, "pruned");
		if (renameat(s->home.fd, item->path, s->workfd, name) == 0) {
			slip_strv_add(moved, name);
			return 0;
		}
	}
	return slip_err_set(err, SLIP_E_IO, errno, "remove %s/%s", s->home.path, item->path);
}

static int remove_items(struct slip_store *s, const struct items *items, uint64_t max_bytes,
	struct slip_strv *moved, uint64_t *freed, struct slip_err *err)
{
	for (size_t i = 0; i < items->n && items->bytes - *freed > max_bytes; i++) {
		if (remove_item(s, &items->v[i], moved, err) < 0)
			return -1;
		*freed += items->v[i].bytes;
	}
	return 0;
}

/* -1 with errno, holding the shared lock again: a failed attempt may cost it (flock(2)). */
static int lock_alone(struct slip_store *s)
{
	bool has;

	if (slip_store_lock(s->home.fd, LOCK_EX | LOCK_NB, &has) == 0 && has)
		return 0;
	int sys = errno;
	(void)slip_store_lock(s->home.fd, LOCK_SH, &has);
	errno = sys;
	return -1;
}

int slip_store_prune(
	struct slip_store *s, uint64_t max_bytes, uint64_t *freed, struct slip_err *err)
{
	slip_cleanup(items_release) struct items items = {0};
	slip_autostrv moved = {0};
	uint64_t removed = 0;
	bool has;

	if (s->base.fd >= 0)
		return slip_err_set(
			err, SLIP_E_IO, EROFS, "prune the local store %s", s->base.path);
	/* Looking takes time, so it comes before the lock; what goes away meanwhile is gone. */
	if (add_files(s, SLIP_STORE_BLOBS, &items, err) < 0 || add_records(s, &items, err) < 0 ||
		add_trees(s, &items, err) < 0)
		return -1;
	if (items.n > 0)
		qsort(items.v, items.n, sizeof(*items.v), compare_items);
	if (lock_alone(s) < 0)
		return slip_err_set(err, SLIP_E_IO, errno,
			"the local store %s cannot be had alone; prune when no build is running",
			s->home.path);
	int rc = remove_items(s, &items, max_bytes, &moved, &removed, err);
	(void)slip_store_lock(s->home.fd, LOCK_SH, &has);
	for (size_t i = 0; i < moved.n; i++) {
		if (slip_remove_tree(s->workfd, moved.v[i], rc == 0 ? err : NULL) < 0)
			rc = -1;
	}
	if (freed)
		*freed = removed;
	return rc;
}

int slip_store_usage(struct slip_store *s, struct slip_store_usage *u, struct slip_err *err)
{
	slip_cleanup(items_release) struct items blobs = {0};
	slip_cleanup(items_release) struct items records = {0};
	slip_autostrv trees = {0};

	if (add_files(s, SLIP_STORE_BLOBS, &blobs, err) < 0 || add_records(s, &records, err) < 0 ||
		slip_store_list(s->home.fd, SLIP_STORE_TREES, &trees, err) < 0)
		return -1;
	*u = (struct slip_store_usage){
		.blobs = blobs.n,
		.blob_bytes = blobs.bytes,
		.records = records.n,
		.trees = trees.n,
	};
	return 0;
}
