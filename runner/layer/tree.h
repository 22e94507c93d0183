/*
 * The index of a root filesystem: every path with its metadata, without its bytes.
 *
 * It is what a stack of layers amounts to, computed from their entries alone, so destinations,
 * owners and links can be looked up where nothing is unpacked, by anybody, without privilege. Where
 * layers are unpacked it also says which directory ("origin") holds a file's bytes.
 *
 * Nodes belong to the tree and stay valid until their path is removed or replaced. Memory is
 * compact (an image of 500 000 files must stay within a few tens of MiB).
 */
#ifndef SLIP_LAYER_TREE_H
#define SLIP_LAYER_TREE_H

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/layer/entry.h"

struct slip_tree;

/* A file's inode as layers describe it; hard links share it. */
struct slip_inode {
	uint64_t size; /* files */
	int64_t mtime;
	uint32_t mtime_nsec;
	uint32_t uid;
	uint32_t gid;
	uint32_t nlink;
	uint32_t origin; /* number given to slip_tree_apply for the entry that made it */
	uint16_t mode;
	uint8_t type; /* enum slip_entry_type: FILE, DIR, SYMLINK, CHAR, BLOCK, FIFO */
	uint32_t dev_major;
	uint32_t dev_minor;
	const char *link; /* symlinks */
	const struct slip_map *xattrs; /* NULL for none */
	/*
	 * Where directory `origin` holds the bytes of a file that has, or had, several names. NULL:
	 * under the node's own path. slip_node_bytes_path gives either.
	 */
	const char *first_path;
};

struct slip_node; /* a name in a directory */

struct slip_tree *slip_tree_new(void); /* holds the root directory, 0755 0:0, mtime 0 */
void slip_tree_free(struct slip_tree *t);
void slip_tree_cleanup(struct slip_tree **t);
struct slip_tree *slip_tree_copy(const struct slip_tree *t); /* for FROM stage */

/*
 * Apply one entry of layer number `origin` (another number for every layer) by the rules of OCI
 * layer.md: whiteouts and opaque markers remove only what other origins put there, wherever in the
 * layer they stand; directories merge, everything else replaces, missing parents appear as 0755
 * 0:0. Symbolic links in parents are followed inside the root. A hard link to a path that does not
 * exist is an error.
 */
int slip_tree_apply(struct slip_tree *t, const struct slip_entry *e, uint32_t origin,
	struct slip_err *err) SLIP_MUST_CHECK;

/* Lookups by clean rooted path. NULL when absent or when a parent is no directory. No links. */
const struct slip_node *slip_tree_lookup(const struct slip_tree *t, const char *path);
/*
 * Resolve a guest path with all symbolic links inside the root, at most 40 of them (ELOOP).
 * *resolved is the clean path that remains, its last components possibly absent from the tree; the
 * caller's to free. With follow_last false a link in the last place stays.
 */
int slip_tree_resolve(const struct slip_tree *t, const char *path, bool follow_last,
	char **resolved, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * The same with directory `top` (clean, without links) as the root that links cannot leave, and a
 * link in the last place left alone. *resolved is relative to the tree's own root.
 */
int slip_tree_resolve_below(const struct slip_tree *t, const char *top, const char *path,
	char **resolved, struct slip_err *err) SLIP_MUST_CHECK;

const struct slip_inode *slip_node_inode(const struct slip_node *n);
const char *slip_node_name(const struct slip_node *n);
char *slip_node_path(const struct slip_node *n);
/* The path under which directory `origin` of the inode holds a file's bytes. */
char *slip_node_bytes_path(const struct slip_node *n);
/* Children in byte order of their names: NULL starts, NULL ends. */
const struct slip_node *slip_node_next_child(
	const struct slip_node *dir, const struct slip_node *prev);
size_t slip_tree_count(const struct slip_tree *t); /* names, the root not counted */
/* Fill an entry (uninitialised) from a node: for writing it into a layer. */
void slip_node_to_entry(const struct slip_node *n, const char *path, struct slip_entry *e);

/* A compact, versioned form for the store (docs/formats/tree.md). Loading checks everything. */
#define SLIP_MAX_TREE_FILE (2 * SLIP_GIB) /* bytes of one; about 40 are needed per name */
void slip_tree_save(const struct slip_tree *t, struct slip_buf *out); /* may overflow out */
int slip_tree_load(
	const void *p, size_t n, struct slip_tree **out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
