#include "config.h"

#include "steps/build/add.h"

#include "runner/base/proc.h"
#include "runner/layer/inflate.h"
#include "runner/layer/tar_read.h"

/* What does not inflate is no archive, and copied as the file it is; what cannot be read fails. */
static int not_inflated(const char *path, const struct slip_err *why, struct slip_err *err)
{
	if (!slip_err_is(why, SLIP_E_IO))
		return 0;
	slip_err_copy(err, why);
	return slip_err_wrap(err, "/%s", path);
}

int slip_add_sniff(
	struct slip_source_tree *t, const char *path, bool *is_archive, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	*is_archive = false;
	if (t->ops->open(t, path, &fd, err) < 0)
		return -1;
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_inflate_new(slip_source_fd(&fd), true, 0, &z, &why) < 0)
		return not_inflated(path, &why, err);
	struct slip_source in = slip_inflate_source(z);
	uint8_t block[512];
	size_t have = 0, got = 1;
	while (have < sizeof(block) && got) {
		if (slip_source_read(&in, block + have, sizeof(block) - have, &got, &why) < 0)
			return not_inflated(path, &why, err);
		have += got;
	}
	*is_archive = have == sizeof(block) && slip_tar_is_header(block);
	return 0;
}

static int copy_data(struct slip_place *p, struct slip_tar_reader *r, struct slip_err *err)
{
	const size_t size = 256 * 1024;
	slip_autofree void *buf = slip_xmalloc_io(size);
	for (;;) {
		size_t got;
		if (slip_tar_reader_data(r, buf, size, &got, err) < 0)
			return -1;
		if (!got)
			return 0;
		if (slip_layer_writer_data(p->writer, buf, got, err) < 0)
			return -1;
	}
}

/* Links on an entry's way are followed with dest as their root. What is there is replaced. */
static int add_entry(struct slip_place *p, struct slip_tar_reader *r, const struct slip_entry *from,
	const char *dest, struct slip_err *err)
{
	const struct slip_tree *tree = p->root->tree;
	slip_autofree char *path = NULL;
	if (slip_tree_resolve_below(tree, dest, from->path, &path, err) < 0)
		return -1;
	if (slip_streq(path, dest))
		return 0; /* the archive's own root directory */
	if (slip_place_parents(p, path, err) < 0 || slip_place_flush(p, err) < 0)
		return -1;
	struct slip_entry e;
	slip_entry_copy(&e, from);
	free(e.path);
	e.path = slip_steal_ptr(&path);
	if (e.type == SLIP_ENTRY_SYMLINK)
		e.mode = 0777; /* as every link has it that was made on a disk */
	if (p->set_owner) {
		e.uid = p->uid;
		e.gid = p->gid;
	}
	int rc = 0;
	if (e.type == SLIP_ENTRY_HARDLINK) {
		char *target = NULL;
		rc = slip_tree_resolve_below(tree, dest, from->link, &target, err);
		free(e.link);
		e.link = target;
	}
	if (rc == 0)
		rc = slip_layer_writer_entry(p->writer, &e, err);
	if (rc == 0 && e.type == SLIP_ENTRY_FILE)
		rc = copy_data(p, r, err);
	if (rc == 0)
		rc = slip_place_note(p, &e, err);
	slip_entry_release(&e);
	return rc;
}

static int unpack(struct slip_place *p, const struct slip_copy_item *item, const char *dest,
	struct slip_err *err)
{
	slip_autoclose int fd = -1;
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	if (slip_place_dir(p, dest, err) < 0 || slip_place_flush(p, err) < 0)
		return -1;
	if (p->source->ops->open(p->source, item->source, &fd, err) < 0 ||
		slip_inflate_new(slip_source_fd(&fd), true, 0, &z, err) < 0)
		return -1;
	slip_cleanup(slip_tar_reader_cleanup) struct slip_tar_reader *r =
		slip_tar_reader_new(slip_inflate_source(z), false);
	for (;;) {
		const struct slip_entry *e;
		bool more;
		if (slip_tar_reader_next(r, &e, &more, err) < 0)
			return slip_err_wrap(err, "archive %s", item->source);
		if (!more)
			return 0;
		if (slip_cancel_check(err) < 0 || add_entry(p, r, e, dest, err) < 0)
			return slip_err_wrap(err, "archive %s, entry %s", item->source, e->path);
	}
}

int slip_add_archive(struct slip_place *p, const struct slip_copy_item *item, const char *dest,
	struct slip_err *err)
{
	uint32_t dir_mode = p->dir_mode;
	p->dir_mode = 0755; /* --chmod is about files that are copied */
	int rc = unpack(p, item, dest, err);
	p->dir_mode = dir_mode;
	return rc;
}
