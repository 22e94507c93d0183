/*
 * A docker-archive is read twice: manifest.json, which often comes last, says what the other files
 * are; then configuration and layers go into the store as they come by.
 */
#include "config.h"

#include "runner/oci/archive.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/layer/inflate.h"
#include "runner/layer/tar_read.h"
#include "runner/oci/image.h"
#include "runner/oci/manifest.h"
#include "steps/push/pack.h"
#include "steps/push/source.h"

#include <errno.h>

struct archive {
	const char *path;
	struct slip_store *store;
	struct slip_archive list; /* manifest.json */
	const struct slip_archive_image *image; /* the one to push */
	struct slip_map links; /* path to path: docker save writes a layer once */
	struct slip_map layers; /* path to struct slip_packed */
	struct slip_buf config;
};

typedef int visit_fn(struct archive *a, struct slip_tar_reader *r, const struct slip_entry *e,
	struct slip_err *err);

/* The archive itself may be compressed. */
static int walk(struct archive *a, visit_fn *visit, struct slip_err *err)
{
	slip_autoclose int fd = open(a->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	if (fd < 0)
		return slip_err_set(
			err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno, "open");
	if (slip_inflate_new(slip_source_fd(&fd), false, 0, &z, err) < 0)
		return -1;
	slip_cleanup(slip_tar_reader_cleanup) struct slip_tar_reader *r =
		slip_tar_reader_new(slip_inflate_source(z), false);
	for (;;) {
		const struct slip_entry *e;
		bool more;
		if (slip_tar_reader_next(r, &e, &more, err) < 0)
			return -1;
		if (!more)
			return 0;
		if (visit(a, r, e, err) < 0)
			return -1;
	}
}

static int read_text(
	struct slip_tar_reader *r, const char *what, struct slip_buf *out, struct slip_err *err)
{
	char chunk[16384];
	slip_buf_clear(out);
	for (size_t got = 1; got;) {
		if (slip_tar_reader_data(r, chunk, sizeof(chunk), &got, err) < 0)
			return -1;
		slip_buf_add(out, chunk, got);
		if (slip_buf_check(out, what, err) < 0)
			return -1;
	}
	return 0;
}

/* --- first: manifest.json and links -------------------------------------------------------------
 */

static int add_link(struct archive *a, const struct slip_entry *e, struct slip_err *err)
{
	slip_autofree char *dir = slip_path_dir(e->path);
	slip_autofree char *target = e->type == SLIP_ENTRY_HARDLINK ? slip_xstrdup(e->link)
								    : slip_path_join(dir, e->link);
	if (a->links.n >= SLIP_MAX_LAYERS)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "more than %d links", SLIP_MAX_LAYERS);
	slip_smap_set(&a->links, e->path, target);
	return 0;
}

static int visit_list(struct archive *a, struct slip_tar_reader *r, const struct slip_entry *e,
	struct slip_err *err)
{
	slip_autobuf text = {0};
	if (e->type == SLIP_ENTRY_SYMLINK || e->type == SLIP_ENTRY_HARDLINK)
		return add_link(a, e, err);
	if (e->type != SLIP_ENTRY_FILE || !slip_streq(e->path, SLIP_ARCHIVE_MANIFEST))
		return 0;
	if (a->list.n_images)
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "holds %s twice", SLIP_ARCHIVE_MANIFEST);
	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	if (read_text(r, SLIP_ARCHIVE_MANIFEST, &text, err) < 0)
		return -1;
	return slip_archive_parse(text.data, text.len, &a->list, err);
}

static bool is_tagged(const struct slip_archive_image *image, const struct slip_ref *wanted)
{
	for (size_t i = 0; i < image->repo_tags.n; i++) {
		slip_autoref ref = {0};
		if (slip_ref_parse(image->repo_tags.v[i], SLIP_REF_TAG_DEFAULT, &ref, NULL) == 0 &&
			slip_ref_same_repo(&ref, wanted) && ref.tag && wanted->tag &&
			slip_streq(ref.tag, wanted->tag))
			return true;
	}
	return false;
}

static int list_tags(const struct archive *a, const char *wanted, struct slip_err *err)
{
	slip_autostrv tags = {0};
	for (size_t i = 0; i < a->list.n_images; i++) {
		for (size_t k = 0; k < a->list.images[i].repo_tags.n; k++)
			slip_strv_add(&tags, a->list.images[i].repo_tags.v[k]);
	}
	slip_autofree char *all = slip_strv_join(&tags, ", ");
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "%s%s; its tags: %s",
		wanted ? "there is no image " : "holds several images, name one of them",
		wanted ? wanted : "", *all ? all : "none");
}

static int choose(struct archive *a, const char *wanted, struct slip_err *err)
{
	slip_autoref ref = {0};
	if (!a->list.n_images)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0,
			"is no docker-archive: there is no %s with an image in it",
			SLIP_ARCHIVE_MANIFEST);
	if (!wanted && a->list.n_images > 1)
		return list_tags(a, NULL, err);
	if (wanted && slip_ref_parse(wanted, SLIP_REF_TAG_DEFAULT, &ref, err) < 0)
		return -1;
	for (size_t i = 0; i < a->list.n_images && !a->image; i++) {
		if (!wanted || is_tagged(&a->list.images[i], &ref))
			a->image = &a->list.images[i];
	}
	return a->image ? 0 : list_tags(a, wanted, err);
}

/* --- then: configuration and layers -------------------------------------------------------------
 */

/* The file that a path stands for. */
static const char *followed(const struct archive *a, const char *path)
{
	for (int i = 0; i < 8; i++) {
		const char *target = slip_smap_get(&a->links, path);
		if (!target)
			break;
		path = target;
	}
	return path;
}

static bool is_layer(const struct archive *a, const char *path)
{
	for (size_t i = 0; i < a->image->layers.n; i++) {
		if (slip_streq(followed(a, a->image->layers.v[i]), path))
			return true;
	}
	return false;
}

static int read_entry(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	return slip_tar_reader_data(ctx, buf, n, got, err);
}

static int visit_content(struct archive *a, struct slip_tar_reader *r, const struct slip_entry *e,
	struct slip_err *err)
{
	if (e->type != SLIP_ENTRY_FILE)
		return 0;
	if (slip_streq(e->path, followed(a, a->image->config)))
		return read_text(r, "the image configuration", &a->config, err);
	if (!is_layer(a, e->path) || slip_map_has(&a->layers, e->path))
		return 0;
	slip_autofree char *path = slip_xstrdup(e->path);
	slip_autofree struct slip_packed *packed = slip_xcalloc(1, sizeof(*packed));
	struct slip_source in = {read_entry, r};
	if (slip_pack_layer(in, a->store, packed, err) < 0)
		return slip_err_wrap(err, "%s", path);
	slip_map_set(&a->layers, path, slip_steal_ptr(&packed));
	return 0;
}

/* --- the manifest -------------------------------------------------------------------------------
 */

static int add_layer(struct archive *a, struct slip_manifest *m, const char *path,
	const struct slip_digest *expected, struct slip_err *err)
{
	const struct slip_packed *packed = slip_map_get(&a->layers, followed(a, path));
	if (!packed)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "holds no layer %s", path);
	if (!slip_digest_equal(&packed->diff_id, expected))
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"layer %s has content %s, the configuration says %s", path,
			packed->diff_id.s, expected->s);
	slip_autodescriptor desc = {0};
	slip_descriptor_init(&desc);
	slip_descriptor_set(&desc,
		slip_media_type(SLIP_MEDIA_LAYER, SLIP_MEDIA_DOCKER, packed->compression),
		&packed->digest, packed->size);
	slip_manifest_add_layer(m, &desc);
	return 0;
}

static int make_manifest(struct archive *a, struct slip_descriptor *root, struct slip_err *err)
{
	slip_autoimage image = {0};
	slip_automanifest m = {0};
	struct slip_digest config, digest, stored;
	if (!a->config.len)
		return slip_err_set(
			err, SLIP_E_NOTFOUND, 0, "holds no configuration %s", a->image->config);
	if (slip_image_parse(a->config.data, a->config.len, &image, err) < 0 ||
		slip_image_check_layers(&image, a->image->layers.n, err) < 0 ||
		slip_store_put_blob(a->store, a->config.data, a->config.len, &config, err) < 0)
		return -1;
	slip_manifest_init(&m, SLIP_MEDIA_DOCKER);
	slip_descriptor_set(&m.config, SLIP_MEDIA_DOCKER_CONFIG, &config, a->config.len);
	for (size_t i = 0; i < a->image->layers.n; i++) {
		if (add_layer(a, &m, a->image->layers.v[i], &image.diff_ids[i], err) < 0)
			return -1;
	}
	slip_autofree char *text = slip_manifest_print(&m, &digest);
	slip_descriptor_set(root, slip_manifest_media_type(&m), &digest, strlen(text));
	return slip_store_put_blob(a->store, text, strlen(text), &stored, err);
}

int slip_push_archive_load(const char *path, const char *image, struct slip_store *store,
	struct slip_descriptor *root, struct slip_err *err)
{
	struct archive a = {.path = path, .store = store};
	slip_smap_init(&a.links);
	slip_map_init(&a.layers, free);
	slip_buf_init(&a.config, SLIP_MAX_CONFIG);
	int rc = walk(&a, visit_list, err);
	if (rc == 0)
		rc = choose(&a, image, err);
	if (rc == 0)
		rc = walk(&a, visit_content, err);
	if (rc == 0)
		rc = make_manifest(&a, root, err);
	slip_archive_release(&a.list);
	slip_map_release(&a.links);
	slip_map_release(&a.layers);
	slip_buf_release(&a.config);
	return rc;
}
