/*
 * Content descriptors (OCI image-spec descriptor.md): type, digest and size of a blob.
 *
 * Digests are sha256 only. Sizes are bytes, at most INT64_MAX. The struct owns what it points to.
 */
#ifndef SLIP_OCI_DESCRIPTOR_H
#define SLIP_OCI_DESCRIPTOR_H

#include "runner/base/digest.h"
#include "runner/base/json.h"
#include "runner/base/map.h"
#include "runner/base/strv.h"
#include "runner/oci/platform.h"

struct slip_descriptor {
	char *media_type;
	struct slip_digest digest;
	uint64_t size;
	struct slip_strv urls;
	struct slip_map annotations; /* string to string */
	bool has_platform; /* only entries of an index have one */
	struct slip_platform platform;
	char *artifact_type; /* NULL when there is none */
};

void slip_descriptor_init(struct slip_descriptor *d);
void slip_descriptor_release(struct slip_descriptor *d); /* a zeroed one is fine */
void slip_descriptor_copy(struct slip_descriptor *dst, const struct slip_descriptor *src);
/* Replace type, digest and size; everything else stays. */
void slip_descriptor_set(struct slip_descriptor *d, const char *media_type,
	const struct slip_digest *digest, uint64_t size);

/*
 * Read a descriptor; `what` names it in errors ("layer 3"). The error is SLIP_E_REGISTRY. out is
 * initialised by the call, and untouched on failure.
 */
int slip_descriptor_from_json(const struct slip_json *v, const char *what,
	struct slip_descriptor *out, struct slip_err *err) SLIP_MUST_CHECK;
/* mediaType, digest, size, urls, annotations (sorted), platform, artifactType. */
struct slip_json *slip_descriptor_to_json(const struct slip_descriptor *d);

#define slip_autodescriptor slip_cleanup(slip_descriptor_release) struct slip_descriptor

#endif
