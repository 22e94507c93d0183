#include "config.h"

#include "runner/base/digest.h"
#include "runner/layer/tree_internal.h"

/* The stored form of a tree: docs/formats/tree.md. */

static const char magic[8] = "sliptree";
#define FORMAT_VERSION 1

/* The numbers of types are part of the format. */
_Static_assert(SLIP_ENTRY_FILE == 0 && SLIP_ENTRY_DIR == 1 && SLIP_ENTRY_SYMLINK == 2 &&
		       SLIP_ENTRY_CHAR == 4 && SLIP_ENTRY_BLOCK == 5 && SLIP_ENTRY_FIFO == 6,
	"another enum needs another version");

/* How a name comes by its inode. */
enum {
	INODE_OWN = 0, /* described here, no other name shares it */
	INODE_SHARED = 1, /* described here, numbered in order of appearance from 0 */
	INODE_REF = 2, /* the number of a shared one */
};

/* --- saving --------------------------------------------------------------------------------------
 */

static void put_number(struct slip_buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		slip_buf_add_char(out, (char)(v | 0x80));
	slip_buf_add_char(out, (char)v);
}

static void put_bytes(struct slip_buf *out, const void *p, size_t n)
{
	put_number(out, n);
	slip_buf_add(out, p, n);
}

static void put_text(struct slip_buf *out, const char *s)
{
	put_bytes(out, s ? s : "", s ? strlen(s) : 0);
}

static void put_inode(struct slip_buf *out, const struct slip_inode *i)
{
	slip_buf_add_char(out, (char)i->type);
	put_number(out, i->mode);
	put_number(out, i->uid);
	put_number(out, i->gid);
	put_number(out, i->origin);
	/* Zigzag: small negative numbers stay small. */
	put_number(out, ((uint64_t)i->mtime << 1) ^ (uint64_t)(i->mtime >> 63));
	put_number(out, i->mtime_nsec);
	if (i->type == SLIP_ENTRY_FILE)
		put_number(out, i->size);
	if (i->type == SLIP_ENTRY_CHAR || i->type == SLIP_ENTRY_BLOCK) {
		put_number(out, i->dev_major);
		put_number(out, i->dev_minor);
	}
	if (i->type == SLIP_ENTRY_SYMLINK)
		put_text(out, i->link);
	put_text(out, i->first_path);
	put_number(out, i->xattrs ? i->xattrs->n : 0);
	for (size_t k = 0; i->xattrs && k < i->xattrs->n; k++) {
		const struct slip_xattr *x = i->xattrs->entries[k].value;
		put_text(out, i->xattrs->entries[k].key);
		put_bytes(out, x->value, x->len);
	}
}

static void put_node(struct slip_buf *out, const struct slip_node *n, struct slip_map *shared)
{
	const struct slip_inode *i = n->inode;

	put_text(out, slip_node_name(n));
	put_number(out, n->origin);
	if (i->nlink == 1) {
		put_number(out, INODE_OWN);
		put_inode(out, i);
		return;
	}
	struct slip_map_entry *known = slip_map_find_bytes(shared, (const void *)&i, sizeof(i));
	if (known) {
		put_number(out, INODE_REF);
		put_number(out, (uint64_t)(known - shared->entries));
		return;
	}
	slip_map_set_bytes(shared, (const void *)&i, sizeof(i), NULL);
	put_number(out, INODE_SHARED);
	put_inode(out, i);
}

void slip_tree_save(const struct slip_tree *t, struct slip_buf *out)
{
	const struct slip_node *top = &t->root->node;
	slip_automap shared;
	size_t up, start = out->len;
	struct slip_digest digest;

	slip_map_init(&shared, NULL);
	slip_buf_add(out, magic, sizeof(magic));
	put_number(out, FORMAT_VERSION);
	put_number(out, t->count);
	put_node(out, top, &shared);
	for (const struct slip_node *n = top; (n = slip_tree_next_node(top, n, &up));) {
		put_number(out, up);
		put_node(out, n, &shared);
	}
	if (out->overflow)
		return;
	slip_digest_of(out->data + start, out->len - start, &digest);
	slip_buf_add_str(out, slip_digest_hex(&digest));
}

/* --- loading -------------------------------------------------------------------------------------
 */

struct loader {
	const uint8_t *p;
	const uint8_t *end;
	bool bad; /* set once; readers then give zeros */
	struct slip_tree *t;
	struct slip_inode **shared;
	size_t n_shared;
	size_t cap_shared;
};

static uint64_t get_number(struct loader *l, uint64_t max)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && l->p < l->end; shift += 7) {
		uint64_t digit = *l->p & 0x7f;
		bool last = !(*l->p++ & 0x80);
		if (shift == 63 && digit > 1)
			break;
		v |= digit << shift;
		if (last && v <= max && (digit > 0 || shift == 0))
			return v;
		if (last)
			break;
	}
	l->bad = true;
	return 0;
}

static const uint8_t *get_bytes(struct loader *l, size_t max, size_t *n)
{
	const uint8_t *p;

	*n = get_number(l, max);
	if (*n > (size_t)(l->end - l->p)) {
		l->bad = true;
		*n = 0;
	}
	p = l->p;
	l->p += *n;
	return p;
}

/* A string without NUL bytes in the tree's arena; NULL when it is empty. */
static const char *get_text(struct loader *l)
{
	size_t n;
	const uint8_t *p = get_bytes(l, SLIP_MAX_PATH - 1, &n);

	if (n == 0)
		return NULL;
	if (memchr(p, '\0', n)) {
		l->bad = true;
		return NULL;
	}
	return memcpy(slip_arena_alloc(&l->t->arena, n + 1), p, n);
}

static void get_xattrs(struct loader *l, struct slip_inode *i)
{
	struct slip_entry e = {0}; /* for its map of attributes */
	uint64_t count = get_number(l, SLIP_MAX_XATTRS);

	for (; count > 0 && !l->bad; count--) {
		size_t name_len, len;
		const uint8_t *p = get_bytes(l, SLIP_MAX_NAME, &name_len);
		slip_autofree char *name = slip_xstrndup((const char *)p, name_len);
		p = get_bytes(l, SLIP_MAX_XATTR_VALUE, &len);
		if (strlen(name) != name_len || !slip_entry_keeps_xattr(name))
			l->bad = true;
		else
			slip_entry_set_xattr(&e, name, p, len);
	}
	slip_tree_set_xattrs(l->t, i, &e.xattrs);
	slip_entry_release(&e);
}

static struct slip_inode *get_inode(struct loader *l)
{
	uint64_t type = get_number(l, SLIP_ENTRY_FIFO);

	if (type == SLIP_ENTRY_HARDLINK)
		l->bad = true;
	if (l->bad)
		return NULL;
	struct slip_inode *i = slip_tree_add_inode(l->t, (enum slip_entry_type)type);
	i->mode = (uint16_t)get_number(l, 07777);
	i->uid = (uint32_t)get_number(l, UINT32_MAX);
	i->gid = (uint32_t)get_number(l, UINT32_MAX);
	i->origin = (uint32_t)get_number(l, UINT32_MAX);
	uint64_t zigzag = get_number(l, UINT64_MAX);
	i->mtime = (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
	i->mtime_nsec = (uint32_t)get_number(l, 999999999);
	if (type == SLIP_ENTRY_FILE)
		i->size = get_number(l, INT64_MAX);
	if (type == SLIP_ENTRY_CHAR || type == SLIP_ENTRY_BLOCK) {
		i->dev_major = (uint32_t)get_number(l, UINT32_MAX);
		i->dev_minor = (uint32_t)get_number(l, UINT32_MAX);
	}
	if (type == SLIP_ENTRY_SYMLINK) {
		i->link = get_text(l);
		l->bad = l->bad || !i->link;
	}
	i->first_path = get_text(l);
	get_xattrs(l, i);
	return l->bad ? NULL : i;
}

static struct slip_inode *get_inode_or_ref(struct loader *l)
{
	uint64_t how = get_number(l, INODE_REF);

	if (l->bad)
		return NULL;
	if (how == INODE_REF) {
		uint64_t i = get_number(l, UINT32_MAX);
		l->bad = l->bad || i >= l->n_shared;
		return l->bad ? NULL : l->shared[i];
	}
	struct slip_inode *i = get_inode(l);
	if (!i || how == INODE_OWN)
		return i;
	if (i->type == SLIP_ENTRY_DIR) {
		l->bad = true; /* the tree would not be one */
		return NULL;
	}
	slip_grow(l->shared, l->n_shared, &l->cap_shared);
	l->shared[l->n_shared++] = i;
	return i;
}

static bool is_name(const char *p, size_t n)
{
	if (n == 0 || memchr(p, '/', n) || memchr(p, '\0', n))
		return false;
	return !(p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.')));
}

static bool comes_before(const char *a, const char *b, size_t b_len)
{
	int c = strncmp(a, b, b_len);

	return c < 0 || (c == 0 && strlen(a) < b_len);
}

/* The node that follows `prev` in directory d. */
static struct slip_node *get_node(
	struct loader *l, struct slip_dir *d, const struct slip_node *prev)
{
	size_t n;
	const char *name = (const char *)get_bytes(l, SLIP_MAX_NAME, &n);
	uint32_t origin = (uint32_t)get_number(l, UINT32_MAX);
	struct slip_inode *inode = get_inode_or_ref(l);

	if (!inode || !is_name(name, n))
		return NULL;
	/* Order makes names unique, and the stored form of a tree the only one. */
	if (prev && !comes_before(slip_node_name(prev), name, n))
		return NULL;
	inode->nlink++;
	return slip_tree_add_node(l->t, d, name, n, inode, origin);
}

static int damaged(const char *what, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DIGEST, 0, "stored tree: %s", what);
}

static int load_root(struct loader *l, struct slip_err *err)
{
	struct slip_node *root = &l->t->root->node;
	size_t n;

	get_bytes(l, 0, &n);
	root->origin = (uint32_t)get_number(l, UINT32_MAX);
	struct slip_inode *inode = get_inode_or_ref(l);
	if (!inode || inode->type != SLIP_ENTRY_DIR)
		return damaged("the root is damaged", err);
	slip_arena_free(&l->t->arena, root->inode, sizeof(*root->inode));
	inode->nlink = 1;
	root->inode = inode;
	return 0;
}

static int load_nodes(struct loader *l, uint64_t count, struct slip_err *err)
{
	struct slip_dir *d = l->t->root;
	struct slip_node *prev = NULL; /* the name before, in d */
	size_t len = 0; /* of d's path and a slash */

	for (; count > 0; count--) {
		uint64_t up = get_number(l, SLIP_MAX_PATH);
		/* `up` counts from the node before, which may be a directory to go into. */
		if (prev && slip_node_is_dir(prev) && up == 0) {
			d = slip_node_dir(prev);
			len += strlen(slip_node_name(prev)) + 1;
			prev = NULL;
		} else {
			l->bad = l->bad || (prev ? up == 0 : up != 0);
		}
		for (; up > 1 && d->node.parent; up--) {
			prev = &d->node;
			len -= strlen(slip_node_name(prev)) + 1;
			d = d->node.parent;
		}
		struct slip_node *n = l->bad || up > 1 ? NULL : get_node(l, d, prev);
		if (!n || len + strlen(slip_node_name(n)) >= SLIP_MAX_PATH)
			return damaged("an entry is damaged", err);
		prev = n;
	}
	return 0;
}

static int load(struct loader *l, struct slip_err *err)
{
	if ((size_t)(l->end - l->p) < sizeof(magic) || memcmp(l->p, magic, sizeof(magic)) != 0)
		return damaged("this is none", err);
	l->p += sizeof(magic);
	if (get_number(l, UINT32_MAX) != FORMAT_VERSION)
		return damaged("a version that this program does not know", err);
	uint64_t count = get_number(l, SLIP_MAX_ENTRIES);
	if (l->bad)
		return damaged("the number of entries is out of range", err);
	if (load_root(l, err) < 0 || load_nodes(l, count, err) < 0)
		return -1;
	return l->p == l->end ? 0 : damaged("data behind the last entry", err);
}

int slip_tree_load(const void *p, size_t n, struct slip_tree **out, struct slip_err *err)
{
	const size_t hex = SLIP_HEX_SIZE - 1;
	struct slip_digest digest;

	if (n < hex)
		return damaged("it is cut off", err);
	slip_digest_of(p, n - hex, &digest);
	if (memcmp((const char *)p + n - hex, slip_digest_hex(&digest), hex) != 0)
		return damaged("its checksum is wrong", err);
	slip_cleanup(slip_tree_cleanup) struct slip_tree *t = slip_tree_new();
	struct loader l = {.p = p, .end = (const uint8_t *)p + n - hex, .t = t};
	int rc = load(&l, err);
	free(l.shared);
	if (rc == 0)
		*out = slip_steal_ptr(&t);
	return rc;
}

struct slip_tree *slip_tree_copy(const struct slip_tree *t)
{
	slip_autobuf b;
	struct slip_tree *copy;
	struct slip_err err = SLIP_ERR_INIT;

	slip_buf_init(&b, SIZE_MAX / 2);
	slip_tree_save(t, &b);
	if (slip_tree_load(b.data, b.len, &copy, &err) < 0)
		slip_bug("a tree cannot be copied: %s", err.msg);
	return copy;
}
