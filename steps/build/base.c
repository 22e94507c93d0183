#include "config.h"

#include "steps/build/base.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/oci/index.h"
#include "steps/build/builder.h"

void slip_base_free(struct slip_base *base)
{
	if (!base)
		return;
	slip_ref_release(&base->ref);
	free(base->host);
	slip_image_release(&base->image);
	slip_layers_release(&base->layers);
	slip_rootfs_free(base->files);
	free(base);
}

/*
 * A manifest by what the reference says. One that is pinned by digest and known here costs no
 * request; its bytes are checked by the store.
 */
static int get_manifest(struct slip_builder *b, const struct slip_ref *ref,
	struct slip_manifest_bytes *m, struct slip_err *err)
{
	memset(m, 0, sizeof(*m));
	if (slip_digest_is_set(&ref->digest)) {
		slip_autobuf bytes;
		slip_buf_init(&bytes, SLIP_MAX_MANIFEST);
		if (slip_store_read_blob(b->store, &ref->digest, &bytes, NULL) == 0) {
			m->len = bytes.len;
			m->bytes = slip_buf_take(&bytes);
			m->digest = ref->digest;
			return 0;
		}
	}
	if (slip_registry_get_manifest(b->registry, ref, m, err) < 0)
		return -1;
	struct slip_digest digest;
	if (slip_store_put_blob(b->store, m->bytes, m->len, &digest, err) < 0) {
		slip_manifest_bytes_release(m);
		return -1;
	}
	return 0;
}

/* Follow indexes down to the manifest of the platform; ref's digest becomes the manifest's. */
static int find_manifest(struct slip_builder *b, struct slip_base *base,
	struct slip_manifest *manifest, struct slip_err *err)
{
	slip_autofree char *expected = NULL; /* media type promised by an index */
	for (int depth = 0; depth <= SLIP_MAX_INDEX_DEPTH; depth++) {
		slip_cleanup(slip_manifest_bytes_release) struct slip_manifest_bytes m;
		enum slip_manifest_kind kind;
		memset(&m, 0, sizeof(m));
		if (get_manifest(b, &base->ref, &m, err) < 0)
			return -1;
		if (m.host) {
			free(base->host);
			base->host = slip_xstrdup(m.host);
		}
		const char *type = m.media_type ? m.media_type : expected;
		if (slip_manifest_detect(m.bytes, m.len, type, &kind, err) < 0)
			return -1;
		if (kind == SLIP_MANIFEST_IMAGE) {
			base->digest = m.digest;
			return slip_manifest_parse(m.bytes, m.len, type, manifest, err);
		}
		slip_autoindex index = {0};
		const struct slip_descriptor *entry;
		if (slip_index_parse(m.bytes, m.len, type, &index, err) < 0 ||
			slip_index_choose(&index, &base->platform, &entry, err) < 0)
			return -1;
		slip_ref_set_digest(&base->ref, &entry->digest);
		free(expected);
		expected = slip_xstrdup(entry->media_type);
	}
	return slip_err_set(err, SLIP_E_REGISTRY, 0, "indexes are nested deeper than %d levels",
		SLIP_MAX_INDEX_DEPTH);
}

static int to_buffer(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	struct slip_buf *buf = ctx;
	slip_buf_add(buf, p, n);
	return slip_buf_check(buf, "the image configuration", err);
}

static int get_config(struct slip_builder *b, struct slip_base *base,
	const struct slip_descriptor *desc, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_CONFIG);
	if (slip_store_read_blob(b->store, &desc->digest, &text, NULL) < 0) {
		struct slip_digest digest;
		slip_buf_clear(&text);
		if (slip_registry_get_blob(b->registry, &base->ref, desc, to_buffer, &text, err) <
				0 ||
			slip_store_put_blob(b->store, text.data, text.len, &digest, err) < 0)
			return -1;
	}
	return slip_image_parse(text.data, text.len, &base->image, err);
}

static int load(struct slip_builder *b, struct slip_base *base, struct slip_err *err)
{
	slip_automanifest manifest = {0};
	if (find_manifest(b, base, &manifest, err) < 0 ||
		slip_manifest_check_image(&manifest, err) < 0 ||
		get_config(b, base, &manifest.config, err) < 0 ||
		slip_image_check_layers(&base->image, manifest.n_layers, err) < 0)
		return -1;
	base->family = manifest.family;
	slip_autofree char *repo = slip_ref_print_repo(&base->ref);
	for (size_t i = 0; i < manifest.n_layers; i++) {
		struct slip_layer l = {.desc = manifest.layers[i],
			.diff_id = base->image.diff_ids[i],
			.where = repo,
			.host = base->host};
		slip_layers_add(&base->layers, &l);
	}
	if (slip_platform_rank(&base->platform, &base->image.platform) < 0) {
		slip_autofree char *want = slip_platform_print(&base->platform);
		slip_autofree char *have = slip_platform_print(&base->image.platform);
		slip_warn("the base image is for %s, not for %s", have, want);
	}
	return 0;
}

int slip_base_resolve(struct slip_builder *b, const char *name,
	const struct slip_platform *platform, struct slip_base **out, struct slip_err *err)
{
	slip_autofree char *platform_name = slip_platform_print(platform);
	slip_autofree char *key = slip_xasprintf("%s %s", platform_name, name);
	struct slip_base *base = slip_map_get(&b->bases, key);
	if (base) {
		*out = base;
		return 0;
	}
	base = slip_xcalloc(1, sizeof(*base));
	base->platform = *platform;
	if (slip_ref_parse(name, SLIP_REF_TAG_DEFAULT, &base->ref, err) < 0 ||
		load(b, base, err) < 0) {
		slip_base_free(base);
		return slip_err_wrap(err, "%s", name);
	}
	slip_map_set(&b->bases, key, base);
	slip_autofree char *without_digest = slip_xstrndup(name, strcspn(name, "@"));
	slip_event("base.resolved", "name", without_digest, "digest", base->digest.s, NULL);
	*out = base;
	return 0;
}
