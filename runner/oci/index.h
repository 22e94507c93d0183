/*
 * Image indexes (OCI image-spec image-index.md; Docker manifest lists): one manifest for each of
 * several platforms. Bounds and errors as in manifest.h; at most SLIP_MAX_INDEX_ENTRIES entries.
 */
#ifndef SLIP_OCI_INDEX_H
#define SLIP_OCI_INDEX_H

#include "runner/oci/manifest.h"

struct slip_index {
	enum slip_media_family family;
	struct slip_descriptor *manifests;
	size_t n_manifests;
	size_t cap_manifests;
	struct slip_map annotations; /* string to string */
};

/* out is initialised by the call, and untouched on failure. */
int slip_index_parse(const char *text, size_t len, const char *content_type, struct slip_index *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_index_init(struct slip_index *index, enum slip_media_family family);
void slip_index_release(struct slip_index *index); /* a zeroed one is fine */
void slip_index_add(struct slip_index *index, const struct slip_descriptor *manifest);
const char *slip_index_media_type(const struct slip_index *index);
/* As slip_manifest_print. */
char *slip_index_print(const struct slip_index *index, struct slip_digest *digest);

/*
 * The entry to use for a platform: the best of those that `want` accepts, the first of equals;
 * attestations are never chosen. Without a match the only entry that names no platform is taken:
 * the caller reads the platform from its config. *out is borrowed from the index. The entry may be
 * an index again (slip_media_of its media_type says so); follow at most SLIP_MAX_INDEX_DEPTH.
 * SLIP_E_NOTFOUND names the platforms that there are.
 */
int slip_index_choose(const struct slip_index *index, const struct slip_platform *want,
	const struct slip_descriptor **out, struct slip_err *err) SLIP_MUST_CHECK;
/* A statement about another entry (provenance, SBOM), not an image. */
bool slip_index_is_attestation(const struct slip_descriptor *entry);

#define slip_autoindex slip_cleanup(slip_index_release) struct slip_index

#endif
