/*
 * The finished image and where it goes: registries, an OCI layout, an archive, digest files.
 */
#ifndef SLIP_BUILD_OUTPUT_H
#define SLIP_BUILD_OUTPUT_H

#include "runner/oci/manifest.h"
#include "steps/build/builder.h"

struct slip_output {
	struct slip_builder *b;
	struct slip_layers layers;
	struct slip_manifest manifest;
	char *manifest_text;
	struct slip_digest digest; /* of it */
	char *config_text;
	struct slip_digest config;
};

/* Config and manifest of the target stage, whose steps are done; both are put into the store. */
int slip_output_make(
	struct slip_builder *b, struct slip_output *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_output_release(struct slip_output *o);

/* output_push.c: blobs first, manifests after all of them, tags last. */
int slip_output_push(struct slip_output *o, struct slip_err *err) SLIP_MUST_CHECK;
/* Ask for the right to push to every destination, in the background. */
struct slip_push_check *slip_push_check_start(struct slip_builder *b);
/* Wait for the answers; may be called again, from the same thread. NULL: nothing was asked. */
int slip_push_check_wait(struct slip_push_check *c, struct slip_err *err) SLIP_MUST_CHECK;
void slip_push_check_free(struct slip_push_check *c); /* waits as well; NULL is fine */

/* output_files.c */
int slip_output_layout(
	struct slip_output *o, const char *dir, struct slip_err *err) SLIP_MUST_CHECK;
int slip_output_archive(
	struct slip_output *o, const char *file, struct slip_err *err) SLIP_MUST_CHECK;
int slip_output_digest_files(struct slip_output *o, struct slip_err *err) SLIP_MUST_CHECK;

#endif
