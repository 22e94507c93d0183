/*
 * The layer cache: from a step's key to the layer it made before.
 *
 * The first level is the local store; behind it one repository in a registry (an entry is an image
 * of one layer under the tag <key>) or one OCI layout (under that name). Reading is concurrent. A
 * cache that fails is a warning, never a failed build; an entry that cannot be verified is a miss.
 * Whether a layer is really there shows when its bytes are wanted, which they seldom are: then the
 * entry is distrusted, and the build starts anew.
 */
#ifndef SLIP_BUILD_CACHE_H
#define SLIP_BUILD_CACHE_H

#include "runner/base/digest.h"
#include "steps/build/layer.h"

struct slip_cache;
struct slip_step;

/* Opens the repository that the request names, or derives from its first destination. */
int slip_cache_new(
	struct slip_builder *b, struct slip_cache **out, struct slip_err *err) SLIP_MUST_CHECK;
/* Waits for uploads under way. */
void slip_cache_free(struct slip_cache *c);
const char *slip_cache_name(const struct slip_cache *c);
/* The repository as push knows it, NULL when it is none: blobs there can be mounted. */
const struct slip_ref *slip_cache_repo(const struct slip_cache *c);

/* Look up all steps at once: those with an entry become SLIP_STEP_HIT. Failures are warnings. */
void slip_cache_probe(struct slip_cache *c, struct slip_step **steps, size_t n);
/* A layer that an entry promised is not there, or has other bytes: from now on it misses. */
void slip_cache_distrust(struct slip_cache *c, const struct slip_digest *layer);
/* How many layers were found so. */
size_t slip_cache_distrusted(struct slip_cache *c);
/* Keep a step's layer, whose blob is in the store; uploads go on in the background. */
void slip_cache_put(struct slip_cache *c, const struct slip_step *s);
/* Wait for the uploads: called before the image is pushed, so that blobs can be mounted. */
void slip_cache_finish(struct slip_cache *c);

#endif
