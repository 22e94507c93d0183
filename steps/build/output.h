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

/* Can the files that the request asks for be written? Found out before the build, not after it. */
int slip_output_check(const struct slip_build_request *req, struct slip_err *err) SLIP_MUST_CHECK;

/* Config and manifest of the target stage, whose steps are done; both are put into the store. */
int slip_output_make(
	struct slip_builder *b, struct slip_output *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_output_release(struct slip_output *o);

/* output_push.c */
int slip_output_push(struct slip_output *o, struct slip_err *err) SLIP_MUST_CHECK;

/* output_files.c */
int slip_output_layout(
	struct slip_output *o, const char *dir, struct slip_err *err) SLIP_MUST_CHECK;
int slip_output_archive(
	struct slip_output *o, const char *file, struct slip_err *err) SLIP_MUST_CHECK;
int slip_output_digest_files(struct slip_output *o, struct slip_err *err) SLIP_MUST_CHECK;

#endif
