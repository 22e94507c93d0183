#include "config.h"

#include "steps/build/rootfs.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/layer/unpack.h"
#include "steps/build/builder.h"
#include "steps/build/fetch.h"
#include "steps/image/push.h"

#include <errno.h>

/* Unpacked trees of different owners' maps are different trees. */
static char *tree_key(const struct slip_builder *b, const char *chain)
{
	const char *map = b->isolation.mode == SLIP_ISOLATION_NONE ? "plain"
			  : b->isolation.user_namespace		   ? "user"
								   : "root";
	return slip_xasprintf(
		"%s-%s-%u", chain, map, b->isolation.user_namespace ? b->isolation.ids : 0);
}

static void base_chain(const struct slip_base *base, struct slip_digest *chain)
{
	slip_chain_id(base->image.diff_ids, base->image.n_diff_ids, chain);
}

/*
 * Origins number layers, since whiteouts need them apart; all of a base image's are in one
 * directory, dirs[0].
 */
static uint32_t base_origins(const struct slip_rootfs *r)
{
	return r->base && r->base->layers.n ? (uint32_t)r->base->layers.n : 1;
}

static size_t dir_of_origin(const struct slip_rootfs *r, uint32_t origin)
{
	uint32_t n = base_origins(r);
	size_t i = origin < n ? 0 : origin - n + 1;
	if (i >= r->n_dirs)
		slip_bug("origin %u in a root of %zu directories", origin, r->n_dirs);
	return i;
}

static struct slip_rootfs_dir *add_dir(struct slip_rootfs *r, const struct slip_layer *l)
{
	slip_grow(r->dirs, r->n_dirs, &r->cap_dirs);
	struct slip_rootfs_dir *d = &r->dirs[r->n_dirs++];
	memset(d, 0, sizeof(*d));
	d->fd = -1;
	if (l)
		slip_layer_copy(&d->layer, l);
	return d;
}

/* --- the index ----------------------------------------------------------------------------------
 */

/* Unpack one layer's bytes, verified by the time this returns 0. Takes the fetch. */
static int apply_fetch(struct slip_fetch *f, const struct slip_layer *l,
	const struct slip_unpack *opt, struct slip_err *err)
{
	struct slip_unpacked done;
	struct slip_err fetching = SLIP_ERR_INIT, unpacking = SLIP_ERR_INIT;
	int unpacked = slip_unpack_layer(slip_fetch_source(f), opt, &done, &unpacking);
	/* A broken transfer explains a broken archive, not the other way round. */
	if (slip_fetch_finish(f, &fetching) < 0)
		return slip_err_copy(err, &fetching);
	if (unpacked < 0) {
		slip_err_copy(err, &unpacking);
		return slip_err_wrap(err, "layer %.19s", l->desc.digest.s);
	}
	if (slip_digest_is_set(&l->diff_id) && !slip_digest_equal(&done.diff_id, &l->diff_id))
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"layer %.19s unpacks to %s, its image promises %s", l->desc.digest.s,
			done.diff_id.s, l->diff_id.s);
	return 0;
}

static int apply_layer(struct slip_builder *b, const struct slip_layer *l,
	const struct slip_unpack *opt, struct slip_err *err)
{
	return apply_fetch(slip_fetch_start(b, l), l, opt, err);
}

/* The base's layers, all of them transferred at once and applied in their order. */
static int apply_base(struct slip_rootfs *r, const struct slip_unpack *how, struct slip_err *err)
{
	const struct slip_layers *ls = &r->base->layers;
	slip_autofree struct slip_fetch **fetches =
		slip_xcalloc(ls->n + 1, sizeof(struct slip_fetch *));
	for (size_t i = 0; i < ls->n; i++)
		fetches[i] = slip_fetch_start(r->builder, &ls->v[i]);
	int rc = 0;
	for (size_t i = 0; i < ls->n; i++) {
		struct slip_unpack opt = *how;
		opt.origin = (uint32_t)i;
		if (rc < 0)
			(void)!slip_fetch_finish(fetches[i], NULL);
		else
			rc = apply_fetch(fetches[i], &ls->v[i], &opt, err);
	}
	return rc;
}

static bool load_index(struct slip_builder *b, const char *key, struct slip_tree **tree)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_GIB);
	if (slip_store_get_record(b->store, "index", key, &text, NULL, NULL) < 0)
		return false;
	return slip_tree_load(text.data, text.len, tree, NULL) == 0;
}

static void save_index(struct slip_builder *b, const char *key, const struct slip_tree *tree)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_GIB);
	slip_tree_save(tree, &text);
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_buf_check(&text, "index", &err) < 0 ||
		slip_store_put_record(b->store, "index", key, text.data, text.len, &err) < 0)
		slip_debug("the index of the base is not kept: %s", err.msg);
}

static int index_base(struct slip_rootfs *r, const char *chain, struct slip_err *err)
{
	if (load_index(r->builder, chain, &r->tree))
		return 0;
	r->tree = slip_tree_new();
	struct slip_unpack opt = {.rootfd = -1, .tree = r->tree, .pool = r->builder->cpu};
	if (apply_base(r, &opt, err) < 0)
		return -1;
	save_index(r->builder, chain, r->tree);
	return 0;
}

/* The whole base image in one directory, found in or added to the store. */
static int unpack_base(struct slip_rootfs *r, const char *chain, struct slip_err *err)
{
	struct slip_builder *b = r->builder;
	struct slip_rootfs_dir *d = &r->dirs[0];
	struct slip_err why = SLIP_ERR_INIT;
	slip_autofree char *key = tree_key(b, chain);
	if (slip_store_open_tree(b->store, key, &d->fd, &d->path, &why) == 0)
		return 0;
	if (!slip_err_is(&why, SLIP_E_NOTFOUND))
		return slip_err_copy(err, &why);
	if (slip_store_begin_tree(b->store, &d->fd, &d->path, err) < 0)
		return -1;
	slip_cleanup(slip_tree_cleanup) struct slip_tree *tree = r->tree ? NULL : slip_tree_new();
	struct slip_unpack opt = {.rootfd = d->fd,
		.form = SLIP_UNPACK_MERGE,
		.owners = slip_builder_keeps_owners(b),
		.tree = tree,
		.pool = b->cpu};
	if (apply_base(r, &opt, err) < 0)
		return -1;
	if (tree) {
		save_index(b, chain, tree);
		r->tree = slip_steal_ptr(&tree);
	}
	slip_cleanup_close(&d->fd);
	if (slip_store_commit_tree(b->store, key, &d->path, err) < 0)
		return -1;
	slip_cleanup_free(&d->path);
	return slip_store_open_tree(b->store, key, &d->fd, &d->path, err);
}

/* Index and, where a RUN is coming, directory: one pass over the layers makes both. */
static int open_base(struct slip_rootfs *r, struct slip_err *err)
{
	struct slip_digest chain;
	base_chain(r->base, &chain);
	const char *hex = slip_digest_hex(&chain);
	if (!r->base->wants_files)
		return index_base(r, hex, err);
	(void)load_index(r->builder, hex, &r->tree);
	if (unpack_base(r, hex, err) < 0)
		return -1;
	return r->tree ? 0 : index_base(r, hex, err);
}

int slip_rootfs_new(struct slip_builder *b, const struct slip_base *base, struct slip_rootfs **out,
	struct slip_err *err)
{
	struct slip_rootfs *r = slip_xcalloc(1, sizeof(*r));
	r->builder = b;
	r->base = base;
	add_dir(r, NULL);
	if (!base) {
		r->tree = slip_tree_new();
	} else if (slip_push_check_wait(b->rights, err) < 0 || open_base(r, err) < 0) {
		slip_rootfs_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

struct slip_rootfs *slip_rootfs_copy(const struct slip_rootfs *from)
{
	struct slip_rootfs *r = slip_xcalloc(1, sizeof(*r));
	r->builder = from->builder;
	r->base = from->base;
	r->tree = slip_tree_copy(from->tree);
	for (size_t i = 0; i < from->n_dirs; i++) {
		struct slip_rootfs_dir *d = add_dir(r, &from->dirs[i].layer);
		d->path = slip_xstrdup(from->dirs[i].path);
	}
	return r;
}

void slip_rootfs_free(struct slip_rootfs *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_dirs; i++) {
		slip_layer_release(&r->dirs[i].layer);
		slip_cleanup_close(&r->dirs[i].fd);
		free(r->dirs[i].path);
	}
	free(r->dirs);
	slip_tree_free(r->tree);
	free(r);
}

uint32_t slip_rootfs_next_origin(const struct slip_rootfs *r)
{
	return base_origins(r) + (uint32_t)r->n_dirs - 1;
}

int slip_rootfs_add_layer(struct slip_rootfs *r, const struct slip_layer *l, struct slip_err *err)
{
	struct slip_unpack opt = {.rootfd = -1,
		.tree = r->tree,
		.origin = slip_rootfs_next_origin(r),
		.pool = r->builder->cpu};
	if (apply_layer(r->builder, l, &opt, err) < 0)
		return -1;
	add_dir(r, l);
	return 0;
}

void slip_rootfs_add_made(struct slip_rootfs *r, const struct slip_layer *l, char *dir_path)
{
	struct slip_rootfs_dir *d = add_dir(r, l);
	d->path = dir_path;
}

/* --- directories --------------------------------------------------------------------------------
 */

static int open_dir(struct slip_rootfs_dir *d, struct slip_err *err)
{
	if (d->fd >= 0)
		return 0;
	d->fd = open(d->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return d->fd < 0 ? slip_err_set(err, SLIP_E_IO, errno, "open %s", d->path) : 0;
}

static int make_dir(struct slip_rootfs *r, size_t i, struct slip_err *err)
{
	struct slip_builder *b = r->builder;
	struct slip_rootfs_dir *d = &r->dirs[i];
	if (i == 0 && r->base) {
		struct slip_digest chain;
		base_chain(r->base, &chain);
		return unpack_base(r, slip_digest_hex(&chain), err);
	}
	if (slip_builder_make_dir(b, "layer-", &d->path, &d->fd, err) < 0)
		return -1;
	if (i == 0)
		return 0; /* scratch */
	struct slip_unpack opt = {
		.rootfd = d->fd,
		.form = SLIP_UNPACK_OVERLAY,
		.overlay_xattr = b->isolation.overlay_xattr,
		.owners = slip_builder_keeps_owners(b),
		.pool = b->cpu,
	};
	return apply_layer(b, &d->layer, &opt, err);
}

/* A directory that has a path is whole: one that could not be made has none. */
static int unpack_dir(struct slip_rootfs *r, size_t i, struct slip_err *err)
{
	struct slip_rootfs_dir *d = &r->dirs[i];
	if (d->path)
		return open_dir(d, err);
	if (make_dir(r, i, err) == 0)
		return 0;
	slip_cleanup_close(&d->fd);
	slip_cleanup_free(&d->path);
	return -1;
}

static int unpack_all(struct slip_rootfs *r, struct slip_err *err)
{
	for (size_t i = 0; i < r->n_dirs; i++) {
		if (unpack_dir(r, i, err) < 0)
			return -1;
	}
	return 0;
}

int slip_rootfs_mount(struct slip_rootfs *r, struct slip_overlay *overlay, struct slip_err *err)
{
	struct slip_builder *b = r->builder;
	slip_autostrv lowers = {0};
	slip_autofree char *dir = NULL;
	if (unpack_all(r, err) < 0)
		return -1;
	for (size_t i = r->n_dirs; i-- > 0;)
		slip_strv_add(&lowers, r->dirs[i].path);
	if (slip_make_temp_dir(slip_store_work_path(b->store), "run-", &dir, err) < 0)
		return -1;
	return slip_overlay_mount(&b->isolation, &lowers, dir, overlay, err);
}

int slip_rootfs_open(struct slip_rootfs *r, const char *path, const struct slip_inode *inode,
	int *fd, struct slip_err *err)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
	size_t i = dir_of_origin(r, inode->origin);
	if (unpack_dir(r, i, err) < 0)
		return -1;
	/* Of several names the base may since have lost the one that came with the bytes. */
	if (inode->first_path &&
		slip_open_in_root(r->dirs[i].fd, inode->first_path, flags, 0, fd, NULL) == 0)
		return 0;
	return slip_open_in_root(r->dirs[i].fd, path, flags, 0, fd, err);
}

int slip_rootfs_open_origin(struct slip_rootfs *r, uint32_t origin, const char *path)
{
	int fd;
	size_t i = dir_of_origin(r, origin);
	if (unpack_dir(r, i, NULL) < 0 ||
		slip_open_in_root(
			r->dirs[i].fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd, NULL) < 0)
		return -1;
	return fd;
}

int slip_rootfs_read(
	struct slip_rootfs *r, const char *path, struct slip_buf *out, struct slip_err *err)
{
	slip_autofree char *real = NULL;
	if (slip_tree_resolve(r->tree, path, true, &real, err) < 0)
		return -1;
	const struct slip_node *n = slip_tree_lookup(r->tree, real);
	if (!n)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "/%s does not exist", path);
	const struct slip_inode *inode = slip_node_inode(n);
	if (inode->type != SLIP_ENTRY_FILE)
		return slip_err_set(err, SLIP_E_IO, 0, "/%s is not a regular file", path);
	slip_autoclose int fd = -1;
	if (slip_rootfs_open(r, real, inode, &fd, err) < 0)
		return -1;
	return slip_read_rest(fd, path, out, err);
}
