#include "config.h"

#include "steps/build/place.h"

#include "steps/build/add.h"

static void placed_free(void *p)
{
	struct slip_placed *placed = p;
	slip_entry_release(&placed->e);
	free(placed);
}

void slip_place_init(struct slip_place *p, struct slip_rootfs *root, struct slip_layer_writer *w)
{
	memset(p, 0, sizeof(*p));
	p->root = root;
	p->writer = w;
	p->origin = slip_rootfs_next_origin(root);
	p->dir_mode = 0755;
	slip_map_init(&p->placed, placed_free);
	slip_smap_init(&p->links);
}

void slip_place_release(struct slip_place *p)
{
	slip_map_release(&p->placed);
	slip_map_release(&p->links);
	free(p->pending);
}

/* Replaces what was placed at the same path before: the last operand wins. */
static struct slip_placed *place(struct slip_place *p, struct slip_entry *e)
{
	struct slip_placed *placed = slip_map_get(&p->placed, e->path);
	if (!placed) {
		placed = slip_xcalloc(1, sizeof(*placed));
		slip_map_set(&p->placed, e->path, placed);
	}
	slip_entry_release(&placed->e);
	placed->e = *e;
	placed->item = NULL;
	return placed;
}

/* What an archive brought is written already; a file that comes after it is written again. */
static struct slip_placed *place_later(struct slip_place *p, struct slip_entry *e)
{
	struct slip_placed *placed = place(p, e);
	if (!placed->is_pending) {
		placed->is_pending = true;
		slip_grow(p->pending, p->n_pending, &p->cap_pending);
		p->pending[p->n_pending++] = placed;
	}
	return placed;
}

/* -1: nothing is there, otherwise its type. */
static int type_at(const struct slip_place *p, const char *path)
{
	if (!*path)
		return SLIP_ENTRY_DIR;
	const struct slip_placed *placed = slip_map_get(&p->placed, path);
	if (placed)
		return (int)placed->e.type;
	const struct slip_node *n = slip_tree_lookup(p->root->tree, path);
	return n ? slip_node_inode(n)->type : -1;
}

bool slip_place_is_dir(const struct slip_place *p, const char *path)
{
	return type_at(p, path) == SLIP_ENTRY_DIR;
}

int slip_place_check(
	const struct slip_place *p, const char *path, bool is_dir, struct slip_err *err)
{
	int type = type_at(p, path);
	if (type < 0 || is_dir == (type == SLIP_ENTRY_DIR))
		return 0;
	if (is_dir)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "cannot copy to non-directory: /%s", path);
	return slip_err_set(
		err, SLIP_E_DOCKERFILE, 0, "cannot replace directory /%s with a file", path);
}

static int place_one_dir(struct slip_place *p, const char *path, struct slip_err *err)
{
	if (!*path || slip_map_has(&p->placed, path))
		return slip_place_check(p, path, true, err);
	if (slip_place_check(p, path, true, err) < 0)
		return -1;
	struct slip_entry e;
	const struct slip_node *n = slip_tree_lookup(p->root->tree, path);
	if (n) {
		slip_node_to_entry(n, path, &e);
	} else {
		slip_entry_init(&e, SLIP_ENTRY_DIR, path);
		e.mode = p->dir_mode;
		e.uid = p->uid;
		e.gid = p->gid;
		e.mtime = p->now;
	}
	place_later(p, &e);
	return 0;
}

int slip_place_parents(struct slip_place *p, const char *path, struct slip_err *err)
{
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		slip_autofree char *dir = slip_xstrndup(path, (size_t)(slash - path));
		if (place_one_dir(p, dir, err) < 0)
			return -1;
	}
	return 0;
}

int slip_place_dir(struct slip_place *p, const char *path, struct slip_err *err)
{
	if (slip_place_parents(p, path, err) < 0)
		return -1;
	return place_one_dir(p, path, err);
}

int slip_place_top(struct slip_place *p, const char *path, int64_t mtime, struct slip_err *err)
{
	if (slip_place_dir(p, path, err) < 0)
		return -1;
	struct slip_placed *placed = slip_map_get(&p->placed, path);
	if (placed)
		placed->e.mtime = mtime;
	return 0;
}

static void apply_flags(const struct slip_place *p, struct slip_entry *e)
{
	if (p->set_owner) {
		e->uid = p->uid;
		e->gid = p->gid;
	}
	if (p->chmod && e->type != SLIP_ENTRY_SYMLINK)
		e->mode = slip_mode_apply(p->chmod, e->mode, e->type == SLIP_ENTRY_DIR);
}

/* The first name of a hard link group carries the bytes, the others refer to it. */
static void link_to_first(struct slip_place *p, struct slip_entry *e)
{
	if (e->type != SLIP_ENTRY_FILE || !e->link)
		return;
	const char *first = slip_smap_get(&p->links, e->link);
	if (!first) {
		slip_smap_set(&p->links, e->link, e->path);
		slip_cleanup_free(&e->link);
		return;
	}
	e->type = SLIP_ENTRY_HARDLINK;
	free(e->link);
	e->link = slip_xstrdup(first);
	e->size = 0;
}

int slip_place_item(struct slip_place *p, const struct slip_copy_item *item, const char *path,
	struct slip_err *err)
{
	bool is_dir = item->e.type == SLIP_ENTRY_DIR;
	if (slip_place_parents(p, path, err) < 0 || slip_place_check(p, path, is_dir, err) < 0)
		return -1;
	struct slip_entry e;
	slip_entry_copy(&e, &item->e);
	free(e.path);
	e.path = slip_xstrdup(path);
	apply_flags(p, &e);
	place_later(p, &e)->item = item;
	return 0;
}

int slip_place_group(struct slip_place *p, const struct slip_copy_plan *plan,
	const struct slip_copy_group *g, const char *dest, bool dest_is_dir, struct slip_err *err)
{
	const struct slip_copy_item *first = &plan->items[g->first];
	if (first->is_archive)
		return slip_add_archive(p, first, dest, err);
	if (!g->is_dir) {
		bool into = dest_is_dir || slip_place_is_dir(p, dest);
		slip_autofree char *path = !into   ? slip_xstrdup(dest)
					   : *dest ? slip_xasprintf("%s/%s", dest, first->rel)
						   : slip_xstrdup(first->rel);
		return slip_place_item(p, first, path, err);
	}
	if (slip_place_top(p, dest, first->e.mtime, err) < 0)
		return -1;
	for (size_t i = 1; i < g->n; i++) {
		const struct slip_copy_item *item = first + i;
		slip_autofree char *path =
			*dest ? slip_xasprintf("%s/%s", dest, item->rel) : slip_xstrdup(item->rel);
		if (slip_place_item(p, item, path, err) < 0)
			return -1;
	}
	return 0;
}

/* Parents before children, siblings by name: '/' sorts before every other byte. */
static int by_path(const void *a, const void *b)
{
	const unsigned char *x = (const unsigned char *)(*(struct slip_placed *const *)a)->e.path;
	const unsigned char *y = (const unsigned char *)(*(struct slip_placed *const *)b)->e.path;
	while (*x && *x == *y) {
		x++;
		y++;
	}
	int cx = *x == '/' ? 1 : *x ? *x + 1 : 0;
	int cy = *y == '/' ? 1 : *y ? *y + 1 : 0;
	return cx - cy;
}

static int write_bytes(struct slip_place *p, const struct slip_entry *e,
	const struct slip_copy_item *item, struct slip_err *err)
{
	if (item->body) {
		if (slip_layer_writer_entry(p->writer, e, err) < 0)
			return -1;
		return slip_layer_writer_data(p->writer, item->body, e->size, err);
	}
	/* Sockets of a context arrive as empty files too, and cannot be opened. */
	if (e->size == 0)
		return slip_layer_writer_entry(p->writer, e, err);
	slip_autoclose int fd = -1;
	if (p->source->ops->open(p->source, item->source, &fd, err) < 0)
		return -1;
	return slip_layer_writer_file(p->writer, e, fd, err);
}

int slip_place_flush(struct slip_place *p, struct slip_err *err)
{
	if (p->n_pending > 1)
		qsort(p->pending, p->n_pending, sizeof(struct slip_placed *), by_path);
	for (size_t i = 0; i < p->n_pending; i++) {
		struct slip_placed *placed = p->pending[i];
		placed->is_pending = false;
		link_to_first(p, &placed->e);
		bool has_bytes = placed->item && placed->e.type == SLIP_ENTRY_FILE;
		int rc = has_bytes ? write_bytes(p, &placed->e, placed->item, err)
				   : slip_layer_writer_entry(p->writer, &placed->e, err);
		if (rc < 0 || slip_tree_apply(p->root->tree, &placed->e, p->origin, err) < 0)
			return slip_err_wrap(err, "/%s", placed->e.path);
	}
	p->n_pending = 0;
	return 0;
}

int slip_place_note(struct slip_place *p, const struct slip_entry *e, struct slip_err *err)
{
	struct slip_entry copy;
	slip_entry_copy(&copy, e);
	place(p, &copy);
	return slip_tree_apply(p->root->tree, e, p->origin, err);
}
