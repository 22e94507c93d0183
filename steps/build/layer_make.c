#include "config.h"

#include "steps/build/layer_make.h"

#include "steps/build/builder.h"

int slip_layer_make_begin(struct slip_builder *b, enum slip_media_family family,
	struct slip_layer_make *m, struct slip_err *err)
{
	memset(m, 0, sizeof(*m));
	m->family = family;
	m->compression = b->req->compression ? SLIP_COMPRESSION_ZSTD : SLIP_COMPRESSION_GZIP;
	if (slip_spool_open(b->store, &m->spool, err) < 0)
		return -1;
	struct slip_layer_options opt = {
		.compression = m->compression,
		.level = (int)b->req->compression_level,
		.reproducible = b->req->reproducible,
		.clamp_mtime = b->req->reproducible || b->has_epoch,
		.max_mtime = b->created,
	};
	m->writer = slip_layer_writer_new(&opt, b->cpu, m->spool.fd);
	return 0;
}

int slip_layer_make_end(struct slip_layer_make *m, struct slip_layer *out, struct slip_err *err)
{
	struct slip_layer_result result;
	if (slip_layer_writer_finish(m->writer, &result, err) < 0 ||
		slip_spool_commit(&m->spool, &result.digest, result.size, err) < 0)
		return -1;
	const char *type = slip_media_type(SLIP_MEDIA_LAYER, m->family,
		m->compression == SLIP_COMPRESSION_ZSTD ? SLIP_MEDIA_ZSTD : SLIP_MEDIA_GZIP);
	slip_descriptor_init(&out->desc);
	slip_descriptor_set(&out->desc, type, &result.digest, result.size);
	out->diff_id = result.diff_id;
	return 0;
}

void slip_layer_make_abort(struct slip_layer_make *m)
{
	slip_layer_writer_cleanup(&m->writer);
	slip_spool_abort(&m->spool);
}
