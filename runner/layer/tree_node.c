/* What a node of the index says, for its readers. */
#include "config.h"

#include "runner/layer/tree_internal.h"

const char *slip_node_name(const struct slip_node *n)
{
	return (const char *)n + (slip_node_is_dir(n) ? sizeof(struct slip_dir) : SLIP_NODE_END);
}

const struct slip_inode *slip_node_inode(const struct slip_node *n)
{
	return n->inode;
}

char *slip_node_path(const struct slip_node *n)
{
	size_t len = 0;

	for (const struct slip_node *p = n; p->parent; p = &p->parent->node)
		len += strlen(slip_node_name(p)) + 1;
	char *path = slip_xmalloc(len + 1);
	char *at = path + (len ? len - 1 : 0);
	*at = '\0';
	for (const struct slip_node *p = n; p->parent; p = &p->parent->node) {
		size_t k = strlen(slip_node_name(p));
		at -= k;
		memcpy(at, slip_node_name(p), k);
		if (at > path)
			*--at = '/';
	}
	return path;
}

char *slip_node_bytes_path(const struct slip_node *n)
{
	return n->inode->first_path ? slip_xstrdup(n->inode->first_path) : slip_node_path(n);
}

void slip_node_to_entry(const struct slip_node *n, const char *path, struct slip_entry *e)
{
	const struct slip_inode *i = n->inode;

	slip_entry_init(e, (enum slip_entry_type)i->type, path);
	e->mode = i->mode;
	e->uid = i->uid;
	e->gid = i->gid;
	e->size = i->size;
	e->mtime = i->mtime;
	e->mtime_nsec = i->mtime_nsec;
	e->dev_major = i->dev_major;
	e->dev_minor = i->dev_minor;
	e->link = slip_xstrdup(i->link);
	if (i->xattrs)
		slip_xattrs_copy(&e->xattrs, i->xattrs);
}
