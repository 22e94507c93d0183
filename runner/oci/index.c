#include "config.h"

#include "runner/oci/index.h"

#include "runner/base/limits.h"
#include "runner/oci/oci_internal.h"

#define ATTESTATION_KEY "vnd.docker.reference.type"

void slip_index_init(struct slip_index *index, enum slip_media_family family)
{
	*index = (struct slip_index){.family = family};
	slip_smap_init(&index->annotations);
}

void slip_index_release(struct slip_index *index)
{
	for (size_t i = 0; i < index->n_manifests; i++)
		slip_descriptor_release(&index->manifests[i]);
	free(index->manifests);
	slip_map_release(&index->annotations);
	*index = (struct slip_index){0};
}

void slip_index_add(struct slip_index *index, const struct slip_descriptor *manifest)
{
	slip_grow(index->manifests, index->n_manifests, &index->cap_manifests);
	struct slip_descriptor *d = &index->manifests[index->n_manifests++];
	slip_descriptor_init(d);
	slip_descriptor_copy(d, manifest);
}

const char *slip_index_media_type(const struct slip_index *index)
{
	return slip_media_type(SLIP_MEDIA_INDEX, index->family, SLIP_MEDIA_PLAIN);
}

static int read_entries(const struct slip_json *doc, struct slip_index *index, struct slip_err *err)
{
	struct slip_json *list;

	if (slip_oci_read(doc, "manifests", "index", SLIP_JSON_ARRAY, &list, err) < 0)
		return -1;
	size_t n = slip_json_len(list);
	if (n > SLIP_MAX_INDEX_ENTRIES)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "index has %zu entries, more than %d", n,
			SLIP_MAX_INDEX_ENTRIES);
	for (size_t i = 0; i < n; i++) {
		char what[64];
		snprintf(what, sizeof(what), "index: entry %zu", i + 1);
		slip_grow(index->manifests, index->n_manifests, &index->cap_manifests);
		if (slip_descriptor_from_json(slip_json_at(list, i), what,
			    &index->manifests[index->n_manifests], err) < 0)
			return -1;
		index->n_manifests++;
	}
	return 0;
}

int slip_index_parse(const char *text, size_t len, const char *content_type, struct slip_index *out,
	struct slip_err *err)
{
	struct slip_oci_manifest read;
	slip_autoindex index = {0};

	if (slip_oci_read_manifest(text, len, content_type, &read, err) < 0)
		return -1;
	slip_autojson *doc = read.doc;
	if (read.kind != SLIP_MANIFEST_INDEX)
		return slip_err_set(err, SLIP_E_REGISTRY, 0,
			"one image's manifest stands where an index is expected");
	slip_index_init(&index, read.family);
	if (read_entries(doc, &index, err) < 0 ||
		slip_oci_read_map(doc, "annotations", "index", SLIP_MAX_ANNOTATIONS,
			&index.annotations, err) < 0)
		return -1;
	*out = index;
	index = (struct slip_index){0};
	return 0;
}

char *slip_index_print(const struct slip_index *index, struct slip_digest *digest)
{
	struct slip_json *doc = slip_json_object(), *list = slip_json_array();
	bool oci = index->family == SLIP_MEDIA_OCI;

	for (size_t i = 0; i < index->n_manifests; i++) {
		struct slip_json *entry = slip_descriptor_to_json(&index->manifests[i]);
		if (!oci) {
			slip_json_remove(entry, "annotations");
			slip_json_remove(entry, "artifactType");
		}
		slip_json_append(list, entry);
	}
	slip_json_set_int(doc, "schemaVersion", 2);
	slip_json_set_str(doc, "mediaType", slip_index_media_type(index));
	slip_json_set(doc, "manifests", list);
	if (oci && index->annotations.n)
		slip_json_set(doc, "annotations", slip_oci_map_to_json(&index->annotations));
	return slip_oci_print(doc, digest);
}

bool slip_index_is_attestation(const struct slip_descriptor *entry)
{
	static const struct slip_platform unknown = {.os = "unknown", .arch = "unknown"};

	return slip_smap_get(&entry->annotations, ATTESTATION_KEY) ||
	       (entry->has_platform && slip_platform_equal(&entry->platform, &unknown));
}

/* SLIP_E_NOTFOUND with the platforms that there are, each once. */
static int no_match(
	const struct slip_index *index, const struct slip_platform *want, struct slip_err *err)
{
	slip_autofree char *wanted = slip_platform_print(want);
	slip_autostrv names = {0};

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct slip_descriptor *d = &index->manifests[i];
		if (slip_index_is_attestation(d))
			continue;
		slip_autofree char *name = d->has_platform ? slip_platform_print(&d->platform)
							   : slip_xstrdup("(none named)");
		if (!slip_strv_has(&names, name))
			slip_strv_add(&names, name);
	}
	if (names.n == 0)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "the index holds no image");
	slip_autofree char *all = slip_strv_join(&names, ", ");
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "no image for %s; there are: %s", wanted, all);
}

int slip_index_choose(const struct slip_index *index, const struct slip_platform *want,
	const struct slip_descriptor **out, struct slip_err *err)
{
	const struct slip_descriptor *best = NULL, *unnamed = NULL;
	size_t n_unnamed = 0;
	int best_rank = -1;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct slip_descriptor *d = &index->manifests[i];
		if (slip_index_is_attestation(d))
			continue;
		if (!d->has_platform) {
			unnamed = d;
			n_unnamed++;
			continue;
		}
		int rank = slip_platform_rank(want, &d->platform);
		if (rank >= 0 && (!best || rank < best_rank)) {
			best = d;
			best_rank = rank;
		}
	}
	if (!best && n_unnamed == 1)
		best = unnamed;
	if (!best)
		return no_match(index, want, err);
	*out = best;
	return 0;
}
