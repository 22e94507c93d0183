#include "config.h"

#include "runner/base/path.h"
#include "runner/layer/write.h"
#include "runner/oci/archive.h"
#include "runner/store/layout.h"
#include "steps/build/fetch.h"
#include "steps/build/output.h"
#include "steps/image/result.h"

#include <errno.h>

/* --- ahead of the build -------------------------------------------------------------------------
 */

/* A path that may be written, or of which the nearest directory that exists may be. */
static int check_path(const char *option, const char *path, struct slip_err *err)
{
	if (!path || strstr(path, "://"))
		return 0;
	slip_autofree char *at = slip_path_clean(path);
	while (access(at, W_OK) < 0) {
		if (errno != ENOENT)
			return slip_err_set(err, SLIP_E_USAGE, errno,
				"--%s %s: %s cannot be written", option, path, at);
		char *parent = slip_path_dir(at);
		free(at);
		at = parent;
	}
	return 0;
}

int slip_output_check(const struct slip_build_request *req, struct slip_err *err)
{
	const struct {
		const char *option;
		const char *path;
	} files[] = {
		{"oci-layout-path", req->oci_layout_path},
		{"tar-path", req->tar_path},
		{"digest-file", req->digest_file},
		{"image-name-with-digest-file", req->image_name_with_digest_file},
		{"image-name-tag-with-digest-file", req->image_name_tag_with_digest_file},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(files); i++) {
		if (check_path(files[i].option, files[i].path, err) < 0)
			return -1;
	}
	return 0;
}

static int fetch_all(struct slip_output *o, struct slip_err *err)
{
	return slip_layers_fetch(o->b, o->layers.v, o->layers.n, err);
}

/* --- OCI layout ---------------------------------------------------------------------------------
 */

static int layout_blob(struct slip_output *o, struct slip_layout *layout,
	const struct slip_descriptor *desc, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	if (slip_layout_has_blob(layout, &desc->digest, desc->size))
		return 0;
	if (slip_store_open_blob(o->b->store, &desc->digest, &fd, NULL, err) < 0)
		return -1;
	return slip_layout_put_blob_fd(layout, &desc->digest, desc->size, fd, err);
}

/* The tag names the image in the layout, as skopeo and umoci look it up. */
static const char *layout_name(const struct slip_builder *b, struct slip_ref *ref)
{
	if (!b->req->destinations.n ||
		slip_ref_parse(b->req->destinations.v[0], SLIP_REF_TAG_DEFAULT, ref, NULL) < 0)
		return SLIP_REF_DEFAULT_TAG;
	return ref->tag ? ref->tag : SLIP_REF_DEFAULT_TAG;
}

int slip_output_layout(struct slip_output *o, const char *dir, struct slip_err *err)
{
	slip_cleanup(slip_layout_cleanup) struct slip_layout *layout = NULL;
	slip_autoref ref = {0};
	slip_autodescriptor desc = {0};
	if (fetch_all(o, err) < 0 || slip_layout_open(dir, true, &layout, err) < 0)
		return -1;
	for (size_t i = 0; i < o->manifest.n_layers; i++) {
		if (layout_blob(o, layout, &o->manifest.layers[i], err) < 0)
			return -1;
	}
	if (layout_blob(o, layout, &o->manifest.config, err) < 0 ||
		slip_layout_put_blob(
			layout, &o->digest, o->manifest_text, strlen(o->manifest_text), err) < 0)
		return -1;
	slip_descriptor_init(&desc);
	slip_descriptor_set(&desc, slip_manifest_media_type(&o->manifest), &o->digest,
		strlen(o->manifest_text));
	return slip_layout_add_manifest(layout, &desc, layout_name(o->b, &ref), err);
}

/* --- docker-archive -----------------------------------------------------------------------------
 */

static int archive_text(
	struct slip_layer_writer *w, const char *name, const char *text, struct slip_err *err)
{
	struct slip_entry e;
	slip_entry_init(&e, SLIP_ENTRY_FILE, name);
	e.mode = 0644;
	e.size = strlen(text);
	int rc = slip_layer_writer_entry(w, &e, err);
	if (rc == 0)
		rc = slip_layer_writer_data(w, text, e.size, err);
	slip_entry_release(&e);
	return rc;
}

static int archive_layer(struct slip_output *o, struct slip_layer_writer *w, const char *name,
	const struct slip_descriptor *desc, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	struct slip_entry e;
	slip_entry_init(&e, SLIP_ENTRY_FILE, name);
	e.mode = 0644;
	int rc = slip_store_open_blob(o->b->store, &desc->digest, &fd, &e.size, err);
	if (rc == 0)
		rc = slip_layer_writer_file(w, &e, fd, err);
	slip_entry_release(&e);
	return rc;
}

static void add_tags(const struct slip_builder *b, struct slip_strv *tags)
{
	for (size_t i = 0; i < b->req->destinations.n; i++) {
		slip_autoref ref = {0};
		if (slip_ref_parse(b->req->destinations.v[i], SLIP_REF_TAG_DEFAULT, &ref, NULL) < 0)
			continue;
		char *name = slip_ref_print_familiar(&ref);
		slip_strv_take(tags, name);
	}
}

static int write_archive(struct slip_output *o, struct slip_layer_writer *w, struct slip_err *err)
{
	struct slip_archive_image image = {0};
	slip_autoarchive archive = {0};
	image.config = slip_xasprintf("%s.json", slip_digest_hex(&o->config));
	add_tags(o->b, &image.repo_tags);
	int rc = archive_text(w, image.config, o->config_text, err);
	for (size_t i = 0; rc == 0 && i < o->manifest.n_layers; i++) {
		const struct slip_descriptor *desc = &o->manifest.layers[i];
		slip_autofree char *name =
			slip_xasprintf("%s.tar.gz", slip_digest_hex(&desc->digest));
		if (!slip_strv_has(&image.layers, name))
			rc = archive_layer(o, w, name, desc, err);
		slip_strv_add(&image.layers, name);
	}
	slip_archive_add(&archive, &image);
	slip_autofree char *manifest = slip_archive_print(&archive);
	if (rc == 0)
		rc = archive_text(w, SLIP_ARCHIVE_MANIFEST, manifest, err);
	free(image.config);
	slip_strv_release(&image.repo_tags);
	slip_strv_release(&image.layers);
	return rc;
}

int slip_output_archive(struct slip_output *o, const char *file, struct slip_err *err)
{
	if (fetch_all(o, err) < 0)
		return -1;
	slip_autofree char *temp = slip_xasprintf("%s.part", file);
	slip_autoclose int fd =
		open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "create %s", temp);
	struct slip_layer_options opt = {.compression = SLIP_COMPRESSION_NONE, .level = -1};
	slip_cleanup(slip_layer_writer_cleanup) struct slip_layer_writer *w =
		slip_layer_writer_new(&opt, o->b->cpu, fd);
	struct slip_layer_result result;
	int rc = write_archive(o, w, err);
	if (rc == 0)
		rc = slip_layer_writer_finish(w, &result, err);
	if (rc == 0 && rename(temp, file) < 0)
		rc = slip_err_set(err, SLIP_E_IO, errno, "rename");
	if (rc < 0) {
		unlink(temp);
		return slip_err_wrap(err, "%s", file);
	}
	return 0;
}

/* --- digest files -------------------------------------------------------------------------------
 */

int slip_output_digest_files(struct slip_output *o, struct slip_err *err)
{
	const struct slip_build_request *req = o->b->req;
	struct slip_digest_files files = {
		.digest = req->digest_file,
		.names = req->image_name_with_digest_file,
		.tagged_names = req->image_name_tag_with_digest_file,
	};
	return slip_digest_files_write(&files, &req->destinations, &o->digest, err);
}
