/*
 * The texts of an OCI image layout (image-spec image-layout.md): oci-layout and index.json. Blobs
 * are at "blobs/sha256/<hex>". The directory itself is store/layout.h.
 */
#ifndef SLIP_OCI_LAYOUT_TEXT_H
#define SLIP_OCI_LAYOUT_TEXT_H

#include "runner/oci/index.h"

#define SLIP_LAYOUT_FILE "oci-layout"
#define SLIP_LAYOUT_INDEX "index.json"
#define SLIP_LAYOUT_MARKER "{\"imageLayoutVersion\":\"1.0.0\"}"

/* -1 unless the text of a layout's oci-layout file is of a version that can be read. */
int slip_layout_text_check(const char *text, size_t len, struct slip_err *err) SLIP_MUST_CHECK;
/* "blobs/sha256/<hex>"; the text is the caller's. */
char *slip_layout_text_blob_path(const struct slip_digest *digest);

/*
 * A new index.json: the old one (text NULL: none yet) with the entry added. An entry of the same
 * name is replaced in its place; with name NULL the entry has no name and replaces an unnamed
 * entry of the same digest. Fields of the old text that are not known here survive.
 */
int slip_layout_text_put(const char *text, size_t len, const struct slip_descriptor *entry,
	const char *name, char **out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Find an image by its name (ref.name, or containerd's full name), or by digest ("sha256:...").
 * With name NULL the layout must hold exactly one image. *out is borrowed from the index.
 * SLIP_E_NOTFOUND lists the names that there are.
 */
int slip_layout_text_find(const struct slip_index *index, const char *name,
	const struct slip_descriptor **out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
