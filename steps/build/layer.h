/*
 * A layer of an image under construction: what it is and where its bytes can be had.
 */
#ifndef SLIP_BUILD_LAYER_H
#define SLIP_BUILD_LAYER_H

#include "runner/oci/descriptor.h"

struct slip_builder;

struct slip_layer {
	struct slip_descriptor desc;
	struct slip_digest diff_id;
	/*
	 * Where the blob is when the local store has it not: "registry/repository" or "oci:DIR";
	 * NULL when it was made here.
	 */
	char *where;
	bool from_cache; /* a cache entry said so: bytes that are not there are no error of the
			    build */
	char *host; /* the registry host that really has it, where maps lead elsewhere; or NULL */
};

void slip_layer_release(struct slip_layer *l);
void slip_layer_copy(struct slip_layer *dst, const struct slip_layer *src); /* dst uninitialised */

struct slip_layers {
	struct slip_layer *v;
	size_t n;
	size_t cap;
};

void slip_layers_add(struct slip_layers *ls, const struct slip_layer *l); /* copied */
void slip_layers_release(struct slip_layers *ls);

#endif
