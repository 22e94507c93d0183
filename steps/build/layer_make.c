#include "config.h"

#include "steps/build/layer_make.h"

#include "runner/layer/unpack.h"
#include "steps/build/builder.h"

#include <errno.h>

/* The layer's files, unpacked on a worker from the tar as it is written. */
struct slip_layer_files {
	struct slip_builder *b;
	char *path;
	int dirfd;
	int tar_in; /* the worker reads here */
	int tar_out; /* the writer writes here */
	struct slip_task *task;
};

static int unpack_files(void *arg, struct slip_err *err)
{
	struct slip_layer_files *f = arg;
	struct slip_unpacked done;
	struct slip_unpack opt = {
		.rootfd = f->dirfd,
		.form = SLIP_UNPACK_OVERLAY,
		.overlay_xattr = f->b->isolation.overlay_xattr,
		.owners = slip_builder_keeps_owners(f->b),
		.own_tar = true,
	};
	int rc = slip_unpack_layer(slip_source_fd(&f->tar_in), &opt, &done, err);
	/* A writer that is still at work must not wait for a reader that is gone. */
	slip_cleanup_close(&f->tar_in);
	return rc;
}

static void files_free(struct slip_layer_files *f)
{
	slip_cleanup_close(&f->dirfd);
	slip_cleanup_close(&f->tar_in);
	slip_cleanup_close(&f->tar_out);
	free(f->path);
	free(f);
}

static int files_begin(struct slip_builder *b, struct slip_layer_files **out, struct slip_err *err)
{
	struct slip_layer_files *f = slip_xcalloc(1, sizeof(*f));
	int fds[2];
	f->b = b;
	f->dirfd = f->tar_in = f->tar_out = -1;
	int rc = slip_builder_make_dir(b, "layer-", &f->path, &f->dirfd, err);
	if (rc == 0 && pipe2(fds, O_CLOEXEC) < 0)
		rc = slip_err_set(err, SLIP_E_IO, errno, "pipe");
	if (rc < 0) {
		files_free(f);
		return -1;
	}
	f->tar_in = fds[0];
	f->tar_out = fds[1];
	(void)fcntl(f->tar_out, F_SETPIPE_SZ, 1 << 20); /* fewer turns between the two */
	f->task = slip_pool_submit(b->io, unpack_files, f);
	*out = f;
	return 0;
}

static int files_end(struct slip_layer_files *f, struct slip_err *err)
{
	slip_cleanup_close(&f->tar_out);
	struct slip_task *task = f->task;
	f->task = NULL;
	return task ? slip_task_wait(task, err) : 0;
}

int slip_layer_make_begin(struct slip_builder *b, enum slip_media_family family, bool with_files,
	struct slip_layer_make *m, struct slip_err *err)
{
	memset(m, 0, sizeof(*m));
	m->family = family;
	m->compression = b->req->compression ? SLIP_COMPRESSION_ZSTD : SLIP_COMPRESSION_GZIP;
	if (slip_spool_open(b->store, &m->spool, err) < 0)
		return -1;
	if (with_files && files_begin(b, &m->files, err) < 0)
		return -1;
	struct slip_layer_options opt = {
		.tee_fd = m->files ? m->files->tar_out : 0,
		.compression = m->compression,
		.level = (int)b->req->compression_level,
		.reproducible = b->req->reproducible,
		.clamp_mtime = b->has_epoch,
		.one_mtime = b->req->reproducible,
		.max_mtime = b->created,
	};
	m->writer = slip_layer_writer_new(&opt, b->cpu, m->spool.fd);
	return 0;
}

int slip_layer_make_end(
	struct slip_layer_make *m, struct slip_layer *out, char **dir, struct slip_err *err)
{
	struct slip_layer_result result;
	if (slip_layer_writer_finish(m->writer, &result, err) < 0 ||
		(m->files && files_end(m->files, err) < 0) ||
		slip_spool_commit(&m->spool, &result.digest, result.size, err) < 0)
		return -1;
	const char *type = slip_media_type(SLIP_MEDIA_LAYER, m->family,
		m->compression == SLIP_COMPRESSION_ZSTD ? SLIP_MEDIA_ZSTD : SLIP_MEDIA_GZIP);
	slip_descriptor_init(&out->desc);
	slip_descriptor_set(&out->desc, type, &result.digest, result.size);
	out->diff_id = result.diff_id;
	if (m->files)
		*dir = slip_steal_ptr(&m->files->path);
	return 0;
}

void slip_layer_make_abort(struct slip_layer_make *m, struct slip_err *err)
{
	slip_layer_writer_cleanup(&m->writer);
	if (m->spool.store)
		(void)slip_store_explain(m->spool.store, err);
	slip_spool_abort(&m->spool);
	if (!m->files)
		return;
	struct slip_err why = SLIP_ERR_INIT;
	if (files_end(m->files, &why) < 0 && err && err->sys == EPIPE)
		slip_err_copy(err, &why);
	files_free(m->files);
	m->files = NULL;
}
