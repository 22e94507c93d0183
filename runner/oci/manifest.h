/*
 * Image manifests (OCI image-spec manifest.md; Docker image manifest v2, schema 2).
 *
 * Bytes from a registry are hostile: at most SLIP_MAX_MANIFEST of them, at most SLIP_MAX_LAYERS
 * layers, and no document that could be read as two things (a manifest and an index, or one type in
 * the HTTP header and another in the body: CVE-2021-41190). The caller has compared the bytes with
 * their digest. Errors are SLIP_E_REGISTRY, or SLIP_E_LIMIT for sizes.
 */
#ifndef SLIP_OCI_MANIFEST_H
#define SLIP_OCI_MANIFEST_H

#include "runner/oci/descriptor.h"
#include "runner/oci/media.h"

/* Annotation keys that the program itself reads or writes. */
#define SLIP_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define SLIP_ANNOTATION_BASE_NAME "org.opencontainers.image.base.name"
#define SLIP_ANNOTATION_BASE_DIGEST "org.opencontainers.image.base.digest"
#define SLIP_ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

struct slip_manifest {
	enum slip_media_family family; /* OCI or Docker: decides mediaType when printed */
	struct slip_descriptor config;
	struct slip_descriptor *layers; /* base first */
	size_t n_layers;
	size_t cap_layers;
	struct slip_map annotations; /* OCI only; string to string */
	char *artifact_type; /* OCI only; NULL when there is none */
	bool has_subject; /* OCI only */
	struct slip_descriptor subject;
};

enum slip_manifest_kind {
	SLIP_MANIFEST_IMAGE, /* for slip_manifest_parse */
	SLIP_MANIFEST_INDEX, /* for slip_index_parse */
};

/*
 * What the bytes are. content_type is the HTTP header's value, or the mediaType of the descriptor
 * that led here; NULL, "" or a general one (application/json) when nothing is known.
 */
int slip_manifest_detect(const char *text, size_t len, const char *content_type,
	enum slip_manifest_kind *kind, struct slip_err *err) SLIP_MUST_CHECK;
/* out is initialised by the call, and untouched on failure. */
int slip_manifest_parse(const char *text, size_t len, const char *content_type,
	struct slip_manifest *out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * -1 unless this is an image whose layers can be read: artifacts (another config type), encrypted
 * layers and layers that are no tar are refused by name.
 */
int slip_manifest_check_image(const struct slip_manifest *m, struct slip_err *err) SLIP_MUST_CHECK;

void slip_manifest_init(struct slip_manifest *m, enum slip_media_family family);
void slip_manifest_release(struct slip_manifest *m); /* a zeroed one is fine */
void slip_manifest_copy(struct slip_manifest *dst, const struct slip_manifest *src);
void slip_manifest_add_layer(struct slip_manifest *m, const struct slip_descriptor *layer);
/*
 * Relabel the manifest, its config and its layers for one family; the blobs stay as they are. -1
 * when a layer has no type there.
 */
int slip_manifest_convert(struct slip_manifest *m, enum slip_media_family family,
	struct slip_err *err) SLIP_MUST_CHECK;
const char *slip_manifest_media_type(const struct slip_manifest *m);
/*
 * Compact JSON, keys in the order of the specification, annotations sorted by key; equal structs
 * give equal bytes. What Docker's format does not know (annotations, subject, artifactType) is left
 * out there. The text is the caller's; digest may be NULL.
 */
char *slip_manifest_print(const struct slip_manifest *m, struct slip_digest *digest);

#define slip_automanifest slip_cleanup(slip_manifest_release) struct slip_manifest

#endif
