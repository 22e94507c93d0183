#include "config.h"

#include "steps/push/tree.h"

#include "runner/base/limits.h"
#include "runner/base/proc.h"
#include "runner/oci/index.h"

struct reading {
	struct slip_push_tree *tree;
	struct slip_push_source *source;
	const struct slip_platform *platform;
};

void slip_push_tree_release(struct slip_push_tree *t)
{
	for (size_t i = 0; i < t->n_documents; i++) {
		free((char *)t->documents[i].media_type);
		free((char *)t->documents[i].bytes);
	}
	for (size_t i = 0; i < t->n_blobs; i++)
		slip_descriptor_release(&t->blobs[i]);
	free(t->documents);
	free(t->blobs);
	*t = (struct slip_push_tree){0};
}

static bool has_document(const struct slip_push_tree *t, const struct slip_digest *digest)
{
	for (size_t i = 0; i < t->n_documents; i++) {
		if (slip_digest_equal(&t->documents[i].digest, digest))
			return true;
	}
	return false;
}

/* Takes the text. */
static void add_document(struct slip_push_tree *t, const char *media_type,
	const struct slip_digest *digest, struct slip_buf *text)
{
	slip_grow(t->documents, t->n_documents, &t->cap_documents);
	struct slip_push_document *d = &t->documents[t->n_documents++];
	d->media_type = slip_xstrdup(media_type);
	d->len = text->len;
	d->bytes = slip_buf_take(text);
	d->digest = *digest;
}

/* A layer that is fetched from elsewhere by everybody is not pushed, and may not be. */
static void add_blob(struct slip_push_tree *t, const struct slip_descriptor *desc)
{
	if (slip_media_of(desc->media_type)->role == SLIP_MEDIA_FOREIGN)
		return;
	slip_grow(t->blobs, t->n_blobs, &t->cap_blobs);
	slip_descriptor_init(&t->blobs[t->n_blobs]);
	slip_descriptor_copy(&t->blobs[t->n_blobs++], desc);
}

static int read_tree(
	struct reading *r, const struct slip_descriptor *desc, int depth, struct slip_err *err);

static int read_manifest(struct reading *r, const struct slip_descriptor *desc,
	struct slip_buf *text, struct slip_err *err)
{
	slip_automanifest m = {0};
	if (slip_manifest_parse(text->data, text->len, desc->media_type, &m, err) < 0)
		return -1;
	for (size_t i = 0; i < m.n_layers; i++)
		add_blob(r->tree, &m.layers[i]);
	add_blob(r->tree, &m.config);
	add_document(r->tree, slip_manifest_media_type(&m), &desc->digest, text);
	return 0;
}

static int read_index(struct reading *r, const struct slip_descriptor *desc, int depth,
	struct slip_buf *text, struct slip_err *err)
{
	slip_autoindex index = {0};
	const struct slip_descriptor *entry;
	if (depth >= SLIP_MAX_INDEX_DEPTH)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"indexes are nested deeper than %d levels", SLIP_MAX_INDEX_DEPTH);
	if (slip_index_parse(text->data, text->len, desc->media_type, &index, err) < 0)
		return -1;
	if (r->platform) {
		if (slip_index_choose(&index, r->platform, &entry, err) < 0)
			return -1;
		return read_tree(r, entry, depth + 1, err);
	}
	for (size_t i = 0; i < index.n_manifests; i++) {
		if (read_tree(r, &index.manifests[i], depth + 1, err) < 0)
			return -1;
	}
	add_document(r->tree, slip_index_media_type(&index), &desc->digest, text);
	return 0;
}

static int read_tree(
	struct reading *r, const struct slip_descriptor *desc, int depth, struct slip_err *err)
{
	enum slip_manifest_kind kind;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	if (has_document(r->tree, &desc->digest))
		return 0;
	if (r->tree->n_documents >= SLIP_MAX_INDEX_ENTRIES)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "the image has more than %d manifests",
			SLIP_MAX_INDEX_ENTRIES);
	if (slip_cancel_check(err) < 0 || slip_push_source_read(r->source, desc, &text, err) < 0 ||
		slip_manifest_detect(text.data, text.len, desc->media_type, &kind, err) < 0)
		return -1;
	return kind == SLIP_MANIFEST_INDEX ? read_index(r, desc, depth, &text, err)
					   : read_manifest(r, desc, &text, err);
}

int slip_push_tree_read(struct slip_push_tree *t, struct slip_push_source *s,
	const struct slip_platform *platform, struct slip_err *err)
{
	struct slip_push_tree read = {0};
	struct reading r = {.tree = &read, .source = s, .platform = platform};
	if (read_tree(&r, &s->root, 0, err) < 0) {
		slip_push_tree_release(&read);
		return -1;
	}
	*t = read;
	return 0;
}
