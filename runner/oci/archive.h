/*
 * manifest.json of a docker-archive, the tar that `docker load` reads and `docker save` writes:
 * one entry for each image, with the paths of config and layers inside the tar. Text only.
 */
#ifndef SLIP_OCI_ARCHIVE_H
#define SLIP_OCI_ARCHIVE_H

#include "runner/base/json.h"
#include "runner/base/strv.h"

#define SLIP_ARCHIVE_MANIFEST "manifest.json"

struct slip_archive_image {
	char *config; /* path in the tar */
	struct slip_strv repo_tags; /* familiar references; empty for an untagged image */
	struct slip_strv layers; /* paths in the tar, base first */
};

struct slip_archive {
	struct slip_archive_image *images;
	size_t n_images;
	size_t cap_images;
};

/*
 * Paths are cleaned ("./" goes) and must stay inside the archive. At most SLIP_MAX_MANIFEST bytes.
 * The error is SLIP_E_REGISTRY, as for every image of a wrong shape, or SLIP_E_LIMIT. out is
 * untouched on failure.
 */
int slip_archive_parse(const char *text, size_t len, struct slip_archive *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_archive_release(struct slip_archive *archive); /* a zeroed one is fine */
/* The image is copied. */
void slip_archive_add(struct slip_archive *archive, const struct slip_archive_image *image);
char *slip_archive_print(const struct slip_archive *archive); /* the text is the caller's */

#define slip_autoarchive slip_cleanup(slip_archive_release) struct slip_archive

#endif
