#include "config.h"

#include "steps/build/output.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "runner/oci/media.h"

/* NAME=VALUE, as the request's check has seen. */
static void add_pairs(struct slip_map *map, const struct slip_strv *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const char *equals = strchr(pairs->v[i], '=');
		slip_autofree char *name =
			slip_xstrndup(pairs->v[i], (size_t)(equals - pairs->v[i]));
		slip_smap_set(map, name, equals + 1);
	}
}

/* Entries of this build have no time yet; those of the base keep theirs. */
static void date_history(struct slip_image *image, size_t inherited, const char *created)
{
	for (size_t i = inherited; i < image->n_history; i++) {
		free(image->history[i].created);
		image->history[i].created = slip_xstrdup(created);
	}
}

static size_t inherited_history(const struct slip_build_stage *s)
{
	while (s->parent)
		s = s->parent;
	return s->base ? s->base->image.n_history : 0;
}

static void make_config(struct slip_output *o)
{
	struct slip_builder *b = o->b;
	const struct slip_build_stage *s = b->target;
	char created[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(b->created, created);
	slip_autoimage image = {0};
	slip_image_init(&image);
	slip_image_copy(&image, &s->image);
	for (size_t i = 0; i < o->layers.n; i++)
		slip_image_add_diff_id(&image, &o->layers.v[i].diff_id);
	add_pairs(&image.labels, &b->req->labels);
	date_history(&image, inherited_history(s), created);
	free(image.created);
	image.created = slip_xstrdup(created);
	o->config_text = slip_image_print(&image, &o->config);
}

static enum slip_media_family family_of(const struct slip_builder *b)
{
	if (b->req->image_format == SLIP_FORMAT_DOCKER)
		return SLIP_MEDIA_DOCKER;
	if (b->req->image_format == SLIP_FORMAT_OCI || b->req->annotations.n)
		return SLIP_MEDIA_OCI;
	return b->target->family;
}

static int make_manifest(struct slip_output *o, struct slip_err *err)
{
	enum slip_media_family family = family_of(o->b);
	slip_manifest_init(&o->manifest, family);
	slip_descriptor_set(&o->manifest.config, slip_media_type(SLIP_MEDIA_CONFIG, family, 0),
		&o->config, strlen(o->config_text));
	for (size_t i = 0; i < o->layers.n; i++)
		slip_manifest_add_layer(&o->manifest, &o->layers.v[i].desc);
	if (slip_manifest_convert(&o->manifest, family, err) < 0)
		return -1;
	add_pairs(&o->manifest.annotations, &o->b->req->annotations);
	o->manifest_text = slip_manifest_print(&o->manifest, &o->digest);
	return 0;
}

int slip_output_make(struct slip_builder *b, struct slip_output *o, struct slip_err *err)
{
	memset(o, 0, sizeof(*o));
	o->b = b;
	slip_build_stage_layers(b->target, &o->layers);
	make_config(o);
	struct slip_digest stored;
	if (make_manifest(o, err) < 0 ||
		slip_store_put_blob(
			b->store, o->config_text, strlen(o->config_text), &stored, err) < 0 ||
		slip_store_put_blob(
			b->store, o->manifest_text, strlen(o->manifest_text), &stored, err) < 0)
		return -1;
	return 0;
}

void slip_output_release(struct slip_output *o)
{
	slip_layers_release(&o->layers);
	slip_manifest_release(&o->manifest);
	free(o->manifest_text);
	free(o->config_text);
	memset(o, 0, sizeof(*o));
}
