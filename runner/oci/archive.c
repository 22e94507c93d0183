#include "config.h"

#include "runner/oci/archive.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/oci/oci_internal.h"

static void release_image(struct slip_archive_image *image)
{
	free(image->config);
	slip_strv_release(&image->repo_tags);
	slip_strv_release(&image->layers);
	*image = (struct slip_archive_image){0};
}

void slip_archive_release(struct slip_archive *archive)
{
	for (size_t i = 0; i < archive->n_images; i++)
		release_image(&archive->images[i]);
	free(archive->images);
	*archive = (struct slip_archive){0};
}

static struct slip_archive_image *add_image(struct slip_archive *archive)
{
	slip_grow(archive->images, archive->n_images, &archive->cap_images);
	struct slip_archive_image *image = &archive->images[archive->n_images++];
	*image = (struct slip_archive_image){0};
	return image;
}

void slip_archive_add(struct slip_archive *archive, const struct slip_archive_image *image)
{
	struct slip_archive_image *copy = add_image(archive);

	copy->config = slip_xstrdup(image->config);
	slip_strv_copy(&copy->repo_tags, &image->repo_tags);
	slip_strv_copy(&copy->layers, &image->layers);
}

/* Replace *path by its clean form; an error when it leads out of the archive. */
static int clean(char **path, const char *what, struct slip_err *err)
{
	char *cleaned = slip_path_clean(*path);

	if (cleaned[0] == '/' || slip_streq(cleaned, ".") || slip_streq(cleaned, "..") ||
		slip_starts_with(cleaned, "../")) {
		free(cleaned);
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"%s: \"%s\" is not a path inside the archive", what,
			slip_oci_quote(*path).s);
	}
	free(*path);
	*path = cleaned;
	return 0;
}

static int read_image(const struct slip_json *v, const char *what, struct slip_archive_image *image,
	struct slip_err *err)
{
	if (slip_json_kind(v) != SLIP_JSON_OBJECT)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s is not an object", what);
	if (slip_oci_read_str(v, "Config", what, &image->config, err) < 0 ||
		slip_oci_read_strings(
			v, "RepoTags", what, SLIP_MAX_CONFIG_ITEMS, &image->repo_tags, err) < 0 ||
		slip_oci_read_strings(v, "Layers", what, SLIP_MAX_LAYERS, &image->layers, err) < 0)
		return -1;
	if (!image->config)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "%s: Config is missing", what);
	if (clean(&image->config, what, err) < 0)
		return -1;
	for (size_t i = 0; i < image->layers.n; i++)
		if (clean(&image->layers.v[i], what, err) < 0)
			return -1;
	return 0;
}

int slip_archive_parse(const char *text, size_t len, struct slip_archive *out, struct slip_err *err)
{
	slip_autojson *doc = NULL;
	slip_autoarchive archive = {0};

	if (len > SLIP_MAX_MANIFEST)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			SLIP_ARCHIVE_MANIFEST " is larger than %llu bytes", SLIP_MAX_MANIFEST);
	if (slip_json_parse(text, len, SLIP_ARCHIVE_MANIFEST, SLIP_E_REGISTRY, &doc, err) < 0)
		return -1;
	if (slip_json_kind(doc) != SLIP_JSON_ARRAY)
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, SLIP_ARCHIVE_MANIFEST " is not a list of images");
	size_t n = slip_json_len(doc);
	if (n > SLIP_MAX_INDEX_ENTRIES)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			SLIP_ARCHIVE_MANIFEST " has %zu images, more than %d", n,
			SLIP_MAX_INDEX_ENTRIES);
	for (size_t i = 0; i < n; i++) {
		char what[64];
		snprintf(what, sizeof(what), SLIP_ARCHIVE_MANIFEST ": image %zu", i + 1);
		if (read_image(slip_json_at(doc, i), what, add_image(&archive), err) < 0)
			return -1;
	}
	*out = archive;
	archive = (struct slip_archive){0};
	return 0;
}

char *slip_archive_print(const struct slip_archive *archive)
{
	struct slip_json *list = slip_json_array();

	for (size_t i = 0; i < archive->n_images; i++) {
		const struct slip_archive_image *image = &archive->images[i];
		struct slip_json *obj = slip_json_object();
		slip_json_set_str(obj, "Config", image->config);
		slip_json_set(obj, "RepoTags", slip_json_strings(&image->repo_tags));
		slip_json_set(obj, "Layers", slip_json_strings(&image->layers));
		slip_json_append(list, obj);
	}
	return slip_oci_print(list, NULL);
}
