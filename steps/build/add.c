#include "config.h"

#include "steps/build/add.h"

#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/layer/inflate.h"
#include "runner/layer/tar_read.h"

int slip_add_sniff(
	struct slip_source_tree *t, const char *path, bool *is_archive, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	*is_archive = false;
	if (t->ops->open(t, path, &fd, err) < 0)
		return -1;
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	/* What does not inflate is no archive: it is copied as the file it is. */
	if (slip_inflate_new(slip_source_fd(&fd), true, 0, &z, NULL) < 0)
		return 0;
	struct slip_source in = slip_inflate_source(z);
	uint8_t block[512];
	size_t have = 0, got = 1;
	while (have < sizeof(block) && got) {
		if (slip_source_read(&in, block + have, sizeof(block) - have, &got, NULL) < 0)
			return 0;
		have += got;
	}
	*is_archive = have == sizeof(block) && slip_tar_is_header(block);
	return 0;
}

/* Where an entry goes: links on its way are followed, but never out of dest. */
static int destination(
	struct slip_place *p, const char *dest, const char *name, char **path, struct slip_err *err)
{
	slip_autofree char *joined =
		*dest ? slip_xasprintf("%s/%s", dest, name) : slip_xstrdup(name);
	slip_autofree char *real = NULL;
	if (slip_tree_resolve(p->root->tree, joined, false, &real, err) < 0)
		return -1;
	if (*dest && !slip_path_is_below(real, dest))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"a link leads the archive's entry out of /%s", dest);
	*path = slip_steal_ptr(&real);
	return 0;
}

static int copy_data(struct slip_place *p, struct slip_tar_reader *r, struct slip_err *err)
{
	const size_t size = 256 * 1024;
	slip_autofree void *buf = slip_xmalloc(size);
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

static int add_entry(struct slip_place *p, struct slip_tar_reader *r, const struct slip_entry *from,
	const char *dest, struct slip_err *err)
{
	if (!*from->path)
		return 0; /* the archive's own root directory */
	slip_autofree char *path = NULL;
	if (destination(p, dest, from->path, &path, err) < 0)
		return -1;
	bool is_dir = from->type == SLIP_ENTRY_DIR;
	/* Directories merge; everything else replaces, and is replaced. */
	if (slip_place_parents(p, path, err) < 0 || slip_place_flush(p, err) < 0)
		return -1;
	struct slip_entry e;
	slip_entry_copy(&e, from);
	free(e.path);
	e.path = slip_steal_ptr(&path);
	if (p->set_owner) {
		e.uid = p->uid;
		e.gid = p->gid;
	}
	int rc = 0;
	if (e.type == SLIP_ENTRY_HARDLINK) {
		char *target = NULL;
		rc = destination(p, dest, from->link, &target, err);
		free(e.link);
		e.link = target;
	}
	if (rc == 0 && is_dir && !slip_place_is_dir(p, e.path))
		rc = slip_place_check(p, e.path, true, err);
	if (rc == 0)
		rc = slip_layer_writer_entry(p->writer, &e, err);
	if (rc == 0 && e.type == SLIP_ENTRY_FILE)
		rc = copy_data(p, r, err);
	if (rc == 0)
		rc = slip_place_note(p, &e, err);
	slip_entry_release(&e);
	return rc;
}

int slip_add_archive(struct slip_place *p, const struct slip_copy_item *item, const char *dest,
	struct slip_err *err)
{
	slip_autoclose int fd = -1;
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
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
