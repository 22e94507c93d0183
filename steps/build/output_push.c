#include "config.h"

#include "steps/build/fetch.h"
#include "steps/build/output.h"
#include "steps/image/push.h"

/* What opening a blob needs. */
struct origin {
	struct slip_builder *b;
	const struct slip_layer *layer; /* NULL: the config */
};

/* Asked for only when the registry can neither find nor mount the blob. */
static int open_blob(void *ctx, const struct slip_descriptor *desc, int *fd, struct slip_err *err)
{
	const struct origin *o = ctx;
	if (o->layer && slip_layer_fetch(o->b, o->layer, err) < 0)
		return -1;
	return slip_store_open_blob(o->b->store, &desc->digest, fd, NULL, err);
}

/* What was made here is in the cache's repository by now, if there is one. */
static char *cache_name(const struct slip_builder *b)
{
	const struct slip_ref *cache = b->cache ? slip_cache_repo(b->cache) : NULL;
	return cache ? slip_ref_print_repo(cache) : NULL;
}

static const char *where_is(const struct slip_layer *l, const char *cache)
{
	if (!l->where)
		return cache;
	return slip_starts_with(l->where, "oci:") ? NULL : l->where;
}

int slip_output_push(struct slip_output *o, struct slip_err *err)
{
	const struct slip_manifest *m = &o->manifest;
	slip_autofree char *cache = cache_name(o->b);
	slip_autofree struct origin *origins = slip_xcalloc(m->n_layers + 1, sizeof(*origins));
	slip_autofree struct slip_push_blob *blobs = slip_xcalloc(m->n_layers + 1, sizeof(*blobs));
	for (size_t i = 0; i <= m->n_layers; i++) {
		origins[i].b = o->b;
		blobs[i].desc = &m->config;
		blobs[i].ctx = &origins[i];
		blobs[i].is_small = i == m->n_layers;
		if (i == m->n_layers)
			break;
		const struct slip_layer *l = &o->layers.v[i];
		origins[i].layer = l;
		blobs[i].desc = &m->layers[i];
		blobs[i].where = where_is(l, cache);
		blobs[i].host = l->where ? l->host : NULL;
	}
	struct slip_push_document document = {
		.media_type = slip_manifest_media_type(m),
		.bytes = o->manifest_text,
		.len = strlen(o->manifest_text),
		.digest = o->digest,
	};
	struct slip_push push = {
		.registry = o->b->registry,
		.io = o->b->io,
		.open = open_blob,
		.blobs = blobs,
		.n_blobs = m->n_layers + 1,
		.documents = &document,
		.n_documents = 1,
	};
	return slip_push_image(&push, &o->b->req->destinations, err);
}
