#include "config.h"

#include "steps/build/source_root.h"

static struct slip_rootfs *root_of(struct slip_source_tree *t)
{
	return ((struct slip_source_root *)t)->root;
}

/* Files with several names carry in `link` the name that stands for all of them. */
static void describe(const struct slip_node *n, const char *path, struct slip_entry *e)
{
	slip_node_to_entry(n, path, e);
	const struct slip_inode *inode = slip_node_inode(n);
	if (inode->type == SLIP_ENTRY_FILE && inode->nlink > 1 && !e->link)
		e->link = slip_xasprintf("%u/%s", inode->origin, inode->first_path);
}

static int root_lookup(struct slip_source_tree *t, const char *path, char **resolved,
	struct slip_entry *e, bool *found, struct slip_err *err)
{
	const struct slip_tree *tree = root_of(t)->tree;
	slip_autofree char *real = NULL;
	*found = false;
	if (slip_tree_resolve(tree, path, true, &real, err) < 0)
		return -1;
	const struct slip_node *n = slip_tree_lookup(tree, real);
	if (!n)
		return 0;
	describe(n, real, e);
	*resolved = slip_steal_ptr(&real);
	*found = true;
	return 0;
}

static int missing(const char *path, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "/%s does not exist", path);
}

static int root_list(
	struct slip_source_tree *t, const char *path, struct slip_strv *names, struct slip_err *err)
{
	const struct slip_node *dir = slip_tree_lookup(root_of(t)->tree, path);
	if (!dir)
		return missing(path, err);
	for (const struct slip_node *n = NULL; (n = slip_node_next_child(dir, n));)
		slip_strv_add(names, slip_node_name(n));
	return 0;
}

static int root_stat(struct slip_source_tree *t, const char *path, struct slip_entry *e,
	bool *optional, struct slip_err *err)
{
	const struct slip_node *n = slip_tree_lookup(root_of(t)->tree, path);
	if (!n)
		return missing(path, err);
	describe(n, path, e);
	*optional = false;
	return 0;
}

static int root_open(struct slip_source_tree *t, const char *path, int *fd, struct slip_err *err)
{
	const struct slip_node *n = slip_tree_lookup(root_of(t)->tree, path);
	if (!n)
		return missing(path, err);
	return slip_rootfs_open(root_of(t), path, slip_node_inode(n), fd, err);
}

static const struct slip_source_ops root_ops = {
	.lookup = root_lookup,
	.list = root_list,
	.stat = root_stat,
	.open = root_open,
};

void slip_source_root_init(struct slip_source_root *s, struct slip_rootfs *root, const char *what)
{
	s->tree = (struct slip_source_tree){&root_ops, what};
	s->root = root;
}
