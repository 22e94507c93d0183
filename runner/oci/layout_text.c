#include "config.h"

#include "runner/oci/layout_text.h"

#include "runner/base/limits.h"
#include "runner/oci/oci_internal.h"

int slip_layout_text_check(const char *text, size_t len, struct slip_err *err)
{
	slip_autojson *doc = NULL;
	slip_autofree char *version = NULL;

	if (slip_oci_read_document(text, len, SLIP_LAYOUT_FILE, SLIP_MAX_MANIFEST, &doc, err) < 0 ||
		slip_oci_read_str(doc, "imageLayoutVersion", SLIP_LAYOUT_FILE, &version, err) < 0)
		return -1;
	if (!version || !slip_starts_with(version, "1."))
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			SLIP_LAYOUT_FILE ": version \"%s\" is not 1.x",
			slip_oci_quote(version ? version : "").s);
	return 0;
}

char *slip_layout_text_blob_path(const struct slip_digest *digest)
{
	return slip_xasprintf("blobs/sha256/%s", slip_digest_hex(digest));
}

static const char *name_of(const struct slip_json *entry)
{
	return slip_json_get_str(
		slip_json_get(entry, "annotations"), SLIP_ANNOTATION_REF_NAME, NULL);
}

/* Whether the new entry takes the place of this one. */
static bool is_replaced(
	const struct slip_json *old, const struct slip_descriptor *entry, const char *name)
{
	const char *old_name = name_of(old);

	if (name)
		return old_name && slip_streq(old_name, name);
	return !old_name && slip_streq(slip_json_get_str(old, "digest", ""), entry->digest.s);
}

static struct slip_json *named_entry(const struct slip_descriptor *entry, const char *name)
{
	slip_autodescriptor d = {0};

	slip_descriptor_copy(&d, entry);
	if (name)
		slip_smap_set(&d.annotations, SLIP_ANNOTATION_REF_NAME, name);
	else
		slip_map_remove(&d.annotations, SLIP_ANNOTATION_REF_NAME);
	return slip_descriptor_to_json(&d);
}

static int read_index(const char *text, size_t len, struct slip_json **out, struct slip_err *err)
{
	struct slip_oci_manifest read;

	if (!text) {
		*out = slip_json_object();
		slip_json_set_int(*out, "schemaVersion", 2);
		slip_json_set_str(*out, "mediaType", SLIP_MEDIA_OCI_INDEX);
		return 0;
	}
	if (slip_oci_read_manifest(text, len, SLIP_MEDIA_OCI_INDEX, &read, err) < 0)
		return slip_err_wrap(err, SLIP_LAYOUT_INDEX);
	*out = read.doc;
	return 0;
}

int slip_layout_text_put(const char *text, size_t len, const struct slip_descriptor *entry,
	const char *name, char **out, struct slip_err *err)
{
	slip_autojson *doc = NULL;
	struct slip_json *old, *list = NULL;
	bool placed = false;

	if (read_index(text, len, &doc, err) < 0 ||
		slip_oci_read(doc, "manifests", SLIP_LAYOUT_INDEX, SLIP_JSON_ARRAY, &old, err) < 0)
		return -1;
	list = slip_json_array();
	for (size_t i = 0; i < slip_json_len(old); i++) {
		struct slip_json *item = slip_json_at(old, i);
		if (!is_replaced(item, entry, name)) {
			slip_json_append(list, slip_json_ref(item));
		} else if (!placed) {
			slip_json_append(list, named_entry(entry, name));
			placed = true;
		}
	}
	if (!placed)
		slip_json_append(list, named_entry(entry, name));
	slip_json_set(doc, "manifests", list);
	*out = slip_oci_print(slip_steal_ptr(&doc), NULL);
	return 0;
}

static bool matches(const struct slip_descriptor *d, const char *name)
{
	const char *ref = slip_smap_get(&d->annotations, SLIP_ANNOTATION_REF_NAME);
	const char *full = slip_smap_get(&d->annotations, SLIP_ANNOTATION_CONTAINERD_NAME);

	return (ref && slip_streq(ref, name)) || (full && slip_streq(full, name)) ||
	       slip_streq(d->digest.s, name);
}

static char *list_names(const struct slip_index *index)
{
	slip_autostrv names = {0};

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct slip_descriptor *d = &index->manifests[i];
		const char *name = slip_smap_get(&d->annotations, SLIP_ANNOTATION_REF_NAME);
		if (!slip_index_is_attestation(d))
			slip_strv_add(&names, slip_oci_quote(name ? name : d->digest.s).s);
	}
	return slip_strv_join(&names, ", ");
}

static const struct slip_descriptor *find(
	const struct slip_index *index, const char *name, size_t *count)
{
	const struct slip_descriptor *found = NULL;

	*count = 0;
	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct slip_descriptor *d = &index->manifests[i];
		if (name ? !matches(d, name) : slip_index_is_attestation(d))
			continue;
		if (!found)
			found = d;
		++*count;
	}
	return found;
}

int slip_layout_text_find(const struct slip_index *index, const char *name,
	const struct slip_descriptor **out, struct slip_err *err)
{
	size_t count;
	const struct slip_descriptor *found = find(index, name, &count);

	if (found && (name || count == 1)) {
		*out = found;
		return 0;
	}
	slip_autofree char *names = list_names(index);
	if (!names[0])
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "the layout holds no image");
	if (!name)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0,
			"the layout holds %zu images, name one of: %s", count, names);
	return slip_err_set(err, SLIP_E_NOTFOUND, 0,
		"the layout holds no image \"%s\"; there are: %s", slip_oci_quote(name).s, names);
}
