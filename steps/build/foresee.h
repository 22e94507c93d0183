/*
 * What a build would do, without doing any of it: for `slipway plan`.
 *
 * Without probing nothing is asked of the network. Probing asks for manifests and cache entries,
 * and which blobs are where; it uploads nothing, and what it reads goes to a store that ends with
 * the process.
 */
#ifndef SLIP_BUILD_FORESEE_H
#define SLIP_BUILD_FORESEE_H

#include "steps/build/builder.h"

/*
 * Add to `out`: platform, isolation {mode, why}, destinations, cache, registries [{host, login}],
 * and `note` where something cannot be said yet. A probe adds stages [{name, base, digest, steps
 * [{line, text, cache, source, bytes}]}], pull {blobs, bytes} and push {blobs, bytes, made}; a
 * step's cache is "hit", "miss" or "off".
 */
int slip_build_foresee(const struct slip_build_request *req, bool is_probe, struct slip_json *out,
	struct slip_err *err) SLIP_MUST_CHECK;

/* The member `isolation` of a plan. */
void slip_foresee_isolation(const struct slip_isolation *isolation, struct slip_json *out);

#endif
