/*
 * What others get to know of an image: its blobs on their way, and when it is ready digest files
 * and a stage's outputs.
 */
#ifndef SLIP_IMAGE_RESULT_H
#define SLIP_IMAGE_RESULT_H

#include "runner/base/digest.h"
#include "runner/base/strv.h"
#include "runner/registry/registry.h"

/* Paths as of kaniko's flags; NULL: not wanted. */
struct slip_digest_files {
	const char *digest; /* "sha256:...", without a newline */
	const char *names; /* repository@digest, one line a destination */
	const char *tagged_names; /* repository:tag@digest */
};

int slip_digest_files_write(const struct slip_digest_files *f, const struct slip_strv *destinations,
	const struct slip_digest *digest, struct slip_err *err) SLIP_MUST_CHECK;

/* The outputs ref, digest and image of a stage; a digest that is not set is left out. */
void slip_tell_result(const struct slip_strv *destinations, const struct slip_digest *digest);

/* A layer came from a registry; a blob went into one, or was there, or was mounted there. */
void slip_tell_pull(const struct slip_descriptor *desc, double seconds);
void slip_tell_push(enum slip_push_how how, const struct slip_descriptor *desc, double seconds);

#endif
