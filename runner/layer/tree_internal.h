/*
 * The inside of a tree, for tree.c (what layers do to it), tree_dir.c (names in a directory) and
 * tree_file.c (its stored form).
 *
 * Nodes and inodes live in an arena; a node's name stands right behind it. Directories keep their
 * children sorted, in blocks of bounded size, so that insertion in any order stays cheap and a
 * small directory costs little more than its pointers.
 */
#ifndef SLIP_LAYER_TREE_INTERNAL_H
#define SLIP_LAYER_TREE_INTERNAL_H

#include "runner/layer/arena.h"
#include "runner/layer/tree.h"

struct slip_node {
	struct slip_dir *parent; /* NULL: the root */
	struct slip_inode *inode;
	uint32_t origin; /* layer that made or last described this name */
};
/* Where a name starts: there are too many nodes to leave the padding unused. */
#define SLIP_NODE_END (offsetof(struct slip_node, origin) + sizeof(uint32_t))

struct slip_kids {
	struct slip_node **v;
	uint32_t n;
	uint32_t cap;
};

struct slip_dir {
	struct slip_node node; /* first: a directory's node is cast to its slip_dir */
	struct slip_kids *blocks;
	uint32_t n_blocks;
	uint32_t cap_blocks;
	bool is_cleared; /* nothing but what layer `cleared` brought is inside */
	uint32_t cleared;
};

struct slip_xattr_set {
	struct slip_map map; /* first: slip_inode.xattrs points to it */
	struct slip_xattr_set *next;
	struct slip_xattr_set *prev;
};

struct slip_tree {
	struct slip_arena arena;
	struct slip_dir *root;
	size_t count;
	struct slip_xattr_set *xattrs; /* all of them, for the end */
	/* The directory that an entry was last put in: layers come directory by directory. */
	struct slip_dir *last_dir; /* NULL: not known */
	char last_path[SLIP_MAX_PATH];
};

static inline bool slip_node_is_dir(const struct slip_node *n)
{
	return n->inode->type == SLIP_ENTRY_DIR;
}
static inline struct slip_dir *slip_node_dir(const struct slip_node *n)
{
	return (struct slip_dir *)(uintptr_t)n;
}

/* tree_dir.c */
struct slip_node *slip_dir_find(const struct slip_dir *d, const char *name, size_t n);
void slip_dir_insert(struct slip_dir *d, struct slip_node *n); /* its name must be new */
void slip_dir_remove(struct slip_dir *d, struct slip_node *n);
void slip_dir_release(struct slip_dir *d); /* the list of children, not the children */

/* tree.c: the node is inserted into its parent; the inode's link count is up to the caller. */
struct slip_node *slip_tree_add_node(struct slip_tree *t, struct slip_dir *parent, const char *name,
	size_t len, struct slip_inode *inode, uint32_t origin);
struct slip_inode *slip_tree_add_inode(struct slip_tree *t, enum slip_entry_type type);
void slip_tree_set_xattrs(
	struct slip_tree *t, struct slip_inode *inode, const struct slip_map *xattrs);
/* The node after n below top, parents first; NULL at the end. *up: directories left behind. */
const struct slip_node *slip_tree_next_node(
	const struct slip_node *top, const struct slip_node *n, size_t *up);

void slip_xattrs_copy(struct slip_map *dst, const struct slip_map *src); /* adds to dst */

#endif
