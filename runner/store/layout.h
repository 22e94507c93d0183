/*
 * An OCI image layout directory (image-spec, image-layout.md), for reading and writing.
 * Blobs come in from descriptors and are checked against their digest on the way; they are shared
 * with the store by reflink or hard link where the file system allows. index.json is replaced by
 * rename.
 */
#ifndef SLIP_STORE_LAYOUT_H
#define SLIP_STORE_LAYOUT_H

#include "runner/base/digest.h"
#include "runner/base/io.h"
#include "runner/oci/descriptor.h"

struct slip_layout;
/* create: make directory and oci-layout file when missing. Reading a missing one: NOTFOUND. */
int slip_layout_open(const char *path, bool create, struct slip_layout **out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_layout_close(struct slip_layout *l);
void slip_layout_cleanup(struct slip_layout **l);
/* A file of another size is what a power cut left; it counts as absent and is replaced. */
bool slip_layout_has_blob(struct slip_layout *l, const struct slip_digest *digest, uint64_t size);
int slip_layout_put_blob_fd(struct slip_layout *l, const struct slip_digest *digest, uint64_t size,
	int fd, struct slip_err *err) SLIP_MUST_CHECK;
int slip_layout_put_blob(struct slip_layout *l, const struct slip_digest *digest, const void *p,
	size_t n, struct slip_err *err) SLIP_MUST_CHECK;
int slip_layout_open_blob(struct slip_layout *l, const struct slip_digest *digest, int *fd,
	uint64_t *size, struct slip_err *err) SLIP_MUST_CHECK;
/* Add a manifest to index.json; an entry of the same ref_name (may be NULL) is replaced. */
int slip_layout_add_manifest(struct slip_layout *l, const struct slip_descriptor *desc,
	const char *ref_name, struct slip_err *err) SLIP_MUST_CHECK;
/* By ref name; NULL: the only image. NOTFOUND lists the names that exist. */
int slip_layout_find(struct slip_layout *l, const char *ref_name, struct slip_descriptor *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
