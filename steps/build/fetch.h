/*
 * Getting a layer's bytes: from the store, or from where the layer says, into the store.
 *
 * A fetch can be read while it arrives, so that inflating and unpacking overlap the transfer. What
 * is read then is not verified yet: whoever uses it waits for finish before anybody else may see
 * it.
 */
#ifndef SLIP_BUILD_FETCH_H
#define SLIP_BUILD_FETCH_H

#include "runner/layer/source.h"
#include "steps/build/layer.h"

struct slip_fetch;

/* Starts the transfer on a worker, unless the store has the blob. */
struct slip_fetch *slip_fetch_start(struct slip_builder *b, const struct slip_layer *l);
/* The bytes from the start, as they come. One source a fetch; not valid after finish. */
struct slip_source slip_fetch_source(struct slip_fetch *f);
/* Wait until the verified blob is in the store; releases f. */
int slip_fetch_finish(struct slip_fetch *f, struct slip_err *err) SLIP_MUST_CHECK;

/* Make sure that the store has one layer's blob, or several, at once. Thread-safe. */
int slip_layer_fetch(
	struct slip_builder *b, const struct slip_layer *l, struct slip_err *err) SLIP_MUST_CHECK;
int slip_layers_fetch(struct slip_builder *b, const struct slip_layer *v, size_t n,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
