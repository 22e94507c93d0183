#include "config.h"

#include "runner/layer/tree.h"

#include "runner/layer/tree_internal.h"

#include <errno.h>

#define MAX_LINKS 40

/* --- nodes and inodes ------------------------------------------------------------------------ */

static size_t node_size(bool dir, size_t name_len)
{
	return (dir ? sizeof(struct slip_dir) : SLIP_NODE_END) + name_len + 1;
}

struct slip_inode *slip_tree_add_inode(struct slip_tree *t, enum slip_entry_type type)
{
	struct slip_inode *inode = slip_arena_alloc(&t->arena, sizeof(*inode));

	inode->type = (uint8_t)type;
	return inode;
}

struct slip_node *slip_tree_add_node(struct slip_tree *t, struct slip_dir *parent, const char *name,
	size_t len, struct slip_inode *inode, uint32_t origin)
{
	bool dir = inode->type == SLIP_ENTRY_DIR;
	struct slip_node *n = slip_arena_alloc(&t->arena, node_size(dir, len));

	n->inode = inode;
	n->parent = parent;
	n->origin = origin;
	memcpy((char *)(uintptr_t)slip_node_name(n), name, len);
	if (parent) {
		slip_dir_insert(parent, n);
		t->count++;
	}
	return n;
}

static void drop_xattrs(struct slip_tree *t, struct slip_inode *inode)
{
	struct slip_xattr_set *set = (struct slip_xattr_set *)(uintptr_t)inode->xattrs;

	if (!set)
		return;
	if (set->next)
		set->next->prev = set->prev;
	if (set->prev)
		set->prev->next = set->next;
	else
		t->xattrs = set->next;
	slip_map_release(&set->map);
	free(set);
	inode->xattrs = NULL;
}

void slip_xattrs_copy(struct slip_map *dst, const struct slip_map *src)
{
	for (size_t i = 0; i < src->n; i++) {
		const struct slip_xattr *x = src->entries[i].value;
		slip_map_set(dst, src->entries[i].key, slip_xmemdup(x, sizeof(*x) + x->len));
	}
}

void slip_tree_set_xattrs(
	struct slip_tree *t, struct slip_inode *inode, const struct slip_map *xattrs)
{
	drop_xattrs(t, inode);
	if (xattrs->n == 0)
		return;
	struct slip_xattr_set *set = slip_xcalloc(1, sizeof(*set));
	slip_map_init(&set->map, free);
	slip_xattrs_copy(&set->map, xattrs);
	set->next = t->xattrs;
	if (t->xattrs)
		t->xattrs->prev = set;
	t->xattrs = set;
	inode->xattrs = &set->map;
}

static void drop_inode(struct slip_tree *t, struct slip_inode *inode)
{
	if (--inode->nlink > 0)
		return;
	drop_xattrs(t, inode);
	slip_arena_strfree(&t->arena, inode->link);
	slip_arena_strfree(&t->arena, inode->first_path);
	slip_arena_free(&t->arena, inode, sizeof(*inode));
}

/* A node without children leaves the tree. */
static void remove_node(struct slip_tree *t, struct slip_node *n)
{
	bool dir = slip_node_is_dir(n);
	size_t size = node_size(dir, strlen(slip_node_name(n)));

	if (dir || n->inode->type == SLIP_ENTRY_SYMLINK)
		t->last_dir = NULL; /* the way to it may have changed */
	slip_dir_remove(n->parent, n);
	if (dir)
		slip_dir_release(slip_node_dir(n));
	drop_inode(t, n->inode);
	slip_arena_free(&t->arena, n, size);
	t->count--;
}

static struct slip_inode *new_directory(struct slip_tree *t, uint32_t origin)
{
	struct slip_inode *inode = slip_tree_add_inode(t, SLIP_ENTRY_DIR);

	inode->mode = 0755;
	inode->nlink = 1;
	inode->origin = origin;
	return inode;
}

struct slip_tree *slip_tree_new(void)
{
	struct slip_tree *t = slip_xcalloc(1, sizeof(*t));

	t->root = slip_node_dir(slip_tree_add_node(t, NULL, "", 0, new_directory(t, 0), 0));
	return t;
}

const struct slip_node *slip_tree_next_node(
	const struct slip_node *top, const struct slip_node *n, size_t *up)
{
	const struct slip_node *next = slip_node_next_child(n, NULL);

	*up = 0;
	while (!next && n != top) {
		next = slip_node_next_child(&n->parent->node, n);
		n = &n->parent->node;
		++*up;
	}
	return next;
}

void slip_tree_free(struct slip_tree *t)
{
	size_t up;

	if (!t)
		return;
	while (t->xattrs) {
		struct slip_xattr_set *next = t->xattrs->next;
		slip_map_release(&t->xattrs->map);
		free(t->xattrs);
		t->xattrs = next;
	}
	/* The lists of children are all that is not in the arena. */
	const struct slip_node *top = &t->root->node;
	for (const struct slip_node *n = top, *next; n; n = next) {
		next = slip_tree_next_node(top, n, &up);
		/* Leaving a directory: nobody will ask for its children again. */
		for (const struct slip_node *p = n; up > 0; up--) {
			if (slip_node_is_dir(p))
				slip_dir_release(slip_node_dir(p));
			p = &p->parent->node;
		}
	}
	slip_dir_release(t->root);
	slip_arena_release(&t->arena);
	free(t);
}

void slip_tree_cleanup(struct slip_tree **t)
{
	slip_tree_free(*t);
	*t = NULL;
}

size_t slip_tree_count(const struct slip_tree *t)
{
	return t->count;
}

/* --- looking up ------------------------------------------------------------------------------ */

const struct slip_node *slip_tree_lookup(const struct slip_tree *t, const char *path)
{
	const struct slip_node *n = &t->root->node;

	while (n && *path) {
		size_t len = strcspn(path, "/");
		n = slip_node_is_dir(n) ? slip_dir_find(slip_node_dir(n), path, len) : NULL;
		path += len + (path[len] == '/');
	}
	return n;
}

/* A walk through symbolic links. `path` says where it is: `dir`, then `missing` more names. */
struct resolver {
	const struct slip_dir *top; /* links and ".." do not lead out of it */
	const struct slip_dir *dir;
	size_t missing;
	struct slip_buf path;
	char *rest;
	size_t links;
};

static void resolver_release(struct resolver *r)
{
	slip_buf_release(&r->path);
	free(r->rest);
}

static void go_up(struct resolver *r)
{
	const char *slash = strrchr(r->path.data, '/');

	if (r->missing > 0)
		r->missing--;
	else if (r->dir != r->top)
		r->dir = r->dir->node.parent;
	slip_buf_truncate(&r->path, slash ? (size_t)(slash - r->path.data) : 0);
}

static int follow(struct resolver *r, const char *link, const char *rest, struct slip_err *err)
{
	if (++r->links > MAX_LINKS)
		return slip_err_set(err, SLIP_E_IO, ELOOP, "resolve symbolic links");
	if (strlen(link) + strlen(rest) > (size_t)4 * SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_IO, ENAMETOOLONG, "resolve symbolic links");
	if (*link == '/') {
		r->dir = r->top;
		slip_buf_clear(&r->path);
	}
	char *joined = slip_xasprintf("%s/%s", link, rest);
	free(r->rest);
	r->rest = joined;
	return 0;
}

static void go_down(struct resolver *r, const struct slip_node *n, const char *name, size_t len)
{
	if (n && slip_node_is_dir(n) && r->missing == 0)
		r->dir = slip_node_dir(n);
	else
		r->missing++;
	if (r->path.len > 0)
		slip_buf_add_char(&r->path, '/');
	slip_buf_add(&r->path, name, len);
}

static int resolve(struct resolver *r, bool follow_last, struct slip_err *err)
{
	for (const char *p = r->rest; *(p += strspn(p, "/"));) {
		size_t len = strcspn(p, "/");
		const char *rest = p + len + strspn(p + len, "/");
		if (len == 2 && memcmp(p, "..", 2) == 0) {
			go_up(r);
		} else if (!(len == 1 && *p == '.')) {
			const struct slip_node *n =
				r->missing ? NULL : slip_dir_find(r->dir, p, len);
			bool link = n && n->inode->type == SLIP_ENTRY_SYMLINK;
			if (link && (follow_last || *rest)) {
				if (follow(r, n->inode->link, rest, err) < 0)
					return -1;
				p = r->rest;
				continue;
			}
			go_down(r, n, p, len);
		}
		p = rest;
	}
	return 0;
}

/* The result is relative to top. */
static int resolve_from(const struct slip_dir *top, const char *path, bool follow_last,
	char **resolved, struct slip_err *err)
{
	slip_cleanup(resolver_release) struct resolver r = {.top = top, .dir = top};

	slip_buf_init(&r.path, SLIP_MAX_PATH - 1);
	r.rest = slip_xstrdup(path);
	if (resolve(&r, follow_last, err) < 0)
		return slip_err_wrap(err, "%.200s", path);
	if (r.path.overflow)
		return slip_err_set(err, SLIP_E_IO, ENAMETOOLONG, "%.200s", path);
	*resolved = slip_buf_take(&r.path);
	return 0;
}

int slip_tree_resolve(const struct slip_tree *t, const char *path, bool follow_last,
	char **resolved, struct slip_err *err)
{
	return resolve_from(t->root, path, follow_last, resolved, err);
}

int slip_tree_resolve_below(const struct slip_tree *t, const char *top, const char *path,
	char **resolved, struct slip_err *err)
{
	struct slip_node *n = (struct slip_node *)(uintptr_t)slip_tree_lookup(t, top);
	slip_autofree char *below = NULL;

	if (!n || !slip_node_is_dir(n))
		return slip_err_set(err, SLIP_E_NOTFOUND, ENOTDIR, "/%.200s", top);
	if (resolve_from(slip_node_dir(n), path, false, &below, err) < 0)
		return -1;
	*resolved = *top && *below ? slip_xasprintf("%s/%s", top, below)
				   : slip_xstrdup(*top ? top : below);
	return 0;
}

/* --- applying layers ------------------------------------------------------------------------- */

/* What a removal takes: all that is below `top`, or only what other layers put there. */
struct removal {
	struct slip_tree *t;
	struct slip_node *top;
	bool all;
	uint32_t origin;
};

static bool is_cleared(const struct removal *r, const struct slip_node *n)
{
	const struct slip_dir *d = slip_node_dir(n);

	return !r->all && d->is_cleared && d->cleared == r->origin;
}

/* Down to where there is nothing more to descend into. */
static struct slip_node *first_leaf(const struct removal *r, struct slip_node *n)
{
	while (slip_node_is_dir(n) && !is_cleared(r, n)) {
		const struct slip_node *child = slip_node_next_child(n, NULL);
		if (!child)
			break;
		n = (struct slip_node *)(uintptr_t)child;
	}
	return n;
}

/* n's own children have been dealt with. */
static void remove_one(const struct removal *r, struct slip_node *n)
{
	bool dir = slip_node_is_dir(n);

	if (dir && !r->all) {
		slip_node_dir(n)->is_cleared = true;
		slip_node_dir(n)->cleared = r->origin;
	}
	bool wanted = r->all || n->origin != r->origin;
	if (wanted && !(dir && slip_node_dir(n)->n_blocks > 0))
		remove_node(r->t, n);
}

/* Children before parents, without recursion: depth is the archive's choice. */
static void remove_below(const struct removal *r)
{
	for (struct slip_node *n = first_leaf(r, r->top); n != r->top;) {
		struct slip_dir *parent = n->parent;
		const struct slip_node *sibling = slip_node_next_child(&parent->node, n);
		struct slip_node *next =
			sibling ? first_leaf(r, (struct slip_node *)(uintptr_t)sibling)
				: &parent->node;
		remove_one(r, n);
		n = next;
	}
}

static int apply_whiteout(
	struct slip_tree *t, const struct slip_entry *e, uint32_t origin, struct slip_err *err)
{
	slip_autofree char *path = NULL;
	bool opaque = e->type == SLIP_ENTRY_OPAQUE;

	if (slip_tree_resolve(t, e->path, opaque, &path, err) < 0)
		return -1;
	const struct slip_node *n = slip_tree_lookup(t, path);
	if (!n || (opaque && !slip_node_is_dir(n)))
		return 0;
	struct removal r = {
		.t = t,
		.top = (struct slip_node *)(uintptr_t)n,
		.origin = origin,
	};
	remove_below(&r);
	if (!opaque && n->parent)
		remove_one(&r, r.top);
	else if (slip_node_is_dir(n)) {
		slip_node_dir(n)->is_cleared = true;
		slip_node_dir(n)->cleared = origin;
	}
	return 0;
}

static void replace_text(struct slip_tree *t, const char **at, const char *s)
{
	slip_arena_strfree(&t->arena, *at);
	*at = slip_arena_strdup(&t->arena, s);
}

static void fill_inode(
	struct slip_tree *t, struct slip_inode *inode, const struct slip_entry *e, uint32_t origin)
{
	inode->mode = (uint16_t)e->mode;
	inode->uid = e->uid;
	inode->gid = e->gid;
	inode->origin = origin;
	inode->size = e->type == SLIP_ENTRY_FILE ? e->size : 0;
	inode->mtime = e->mtime;
	inode->mtime_nsec = e->mtime_nsec;
	inode->dev_major = e->dev_major;
	inode->dev_minor = e->dev_minor;
	if (e->type == SLIP_ENTRY_SYMLINK)
		replace_text(t, &inode->link, e->link);
	slip_tree_set_xattrs(t, inode, &e->xattrs);
}

/* Walk to a directory, making what is missing. *stopped: something else is in the way. */
static struct slip_dir *make_directories(struct slip_tree *t, const char *path, size_t n,
	uint32_t origin, struct slip_node **stopped)
{
	struct slip_dir *d = t->root;

	*stopped = NULL;
	for (const char *p = path, *end = path + n; p < end;) {
		size_t len = strcspn(p, "/");
		len = p + len > end ? (size_t)(end - p) : len;
		struct slip_node *child = slip_dir_find(d, p, len);
		if (!child) {
			child = slip_tree_add_node(t, d, p, len, new_directory(t, origin), origin);
			slip_node_dir(child)->is_cleared = true;
			slip_node_dir(child)->cleared = origin;
		}
		if (!slip_node_is_dir(child)) {
			*stopped = child;
			return NULL;
		}
		d = slip_node_dir(child);
		p += len + 1;
	}
	return d;
}

static int open_parent(struct slip_tree *t, const char *path, uint32_t origin,
	struct slip_dir **dir, const char **base, struct slip_err *err)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;
	struct slip_node *stopped;

	*base = slash ? slash + 1 : path;
	if (n >= sizeof(t->last_path))
		return slip_err_set(err, SLIP_E_IO, ENAMETOOLONG, "%.200s", path);
	if (t->last_dir && strncmp(t->last_path, path, n) == 0 && t->last_path[n] == '\0') {
		*dir = t->last_dir;
		return 0;
	}
	slip_autofree char *parent = slip_xstrndup(path, n);
	*dir = make_directories(t, parent, n, origin, &stopped);
	if (!*dir && stopped->inode->type == SLIP_ENTRY_SYMLINK) {
		slip_autofree char *resolved = NULL;
		if (slip_tree_resolve(t, parent, true, &resolved, err) < 0)
			return -1;
		*dir = make_directories(t, resolved, strlen(resolved), origin, &stopped);
	}
	if (!*dir)
		return slip_err_set(
			err, SLIP_E_DIGEST, ENOTDIR, "%.200s: a parent is no directory", path);
	memcpy(t->last_path, parent, n + 1);
	t->last_dir = *dir;
	return 0;
}

/* The inode that a hard link shares, or NULL with an error. */
static struct slip_inode *link_target(struct slip_tree *t, const struct slip_entry *e,
	const struct slip_node *old, struct slip_err *err)
{
	slip_autofree char *path = NULL;

	if (slip_tree_resolve(t, e->link, false, &path, err) < 0)
		return NULL;
	const struct slip_node *n = slip_tree_lookup(t, path);
	const char *why = NULL;
	if (!n)
		why = "which does not exist";
	else if (slip_node_is_dir(n))
		why = "which is a directory";
	for (const struct slip_node *p = n; p && old; p = p->parent ? &p->parent->node : NULL)
		why = p == old ? "which it replaces" : why;
	if (why) {
		(void)slip_err_set(err, SLIP_E_DIGEST, 0, "%.200s is a hard link to %.200s, %s",
			e->path, e->link, why);
		return NULL;
	}
	if (!n->inode->first_path)
		n->inode->first_path = slip_arena_strdup(&t->arena, path);
	return n->inode;
}

static void remove_tree(struct slip_tree *t, struct slip_node *n)
{
	struct removal r = {.t = t, .top = n, .all = true};

	remove_below(&r);
	remove_node(t, n);
}

int slip_tree_apply(
	struct slip_tree *t, const struct slip_entry *e, uint32_t origin, struct slip_err *err)
{
	struct slip_dir *dir;
	const char *base;
	struct slip_inode *inode = NULL;

	if (e->type == SLIP_ENTRY_WHITEOUT || e->type == SLIP_ENTRY_OPAQUE)
		return apply_whiteout(t, e, origin, err);
	if (*e->path == '\0') {
		if (e->type != SLIP_ENTRY_DIR)
			return slip_err_set(err, SLIP_E_DIGEST, 0, "the root is not a directory");
		fill_inode(t, t->root->node.inode, e, origin);
		t->root->node.origin = origin;
		return 0;
	}
	if (open_parent(t, e->path, origin, &dir, &base, err) < 0)
		return -1;
	struct slip_node *old = slip_dir_find(dir, base, strlen(base));
	if (old && e->type == SLIP_ENTRY_DIR && slip_node_is_dir(old)) {
		fill_inode(t, old->inode, e, origin);
		old->origin = origin;
		return 0;
	}
	if (e->type == SLIP_ENTRY_HARDLINK) {
		inode = link_target(t, e, old, err);
		if (!inode)
			return -1;
	}
	if (old)
		remove_tree(t, old);
	if (!inode) {
		inode = slip_tree_add_inode(t, e->type);
		fill_inode(t, inode, e, origin);
	}
	inode->nlink++;
	struct slip_node *n = slip_tree_add_node(t, dir, base, strlen(base), inode, origin);
	if (e->type == SLIP_ENTRY_DIR) {
		slip_node_dir(n)->is_cleared = true;
		slip_node_dir(n)->cleared = origin;
	}
	return 0;
}
