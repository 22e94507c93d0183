/*
 * The stage's `images`: each becomes a reference with a digest, so that what runs is what was
 * built, whatever happens to its tag. A reference without one is asked for in its registry.
 */
#ifndef SLIP_DEPLOY_PIN_H
#define SLIP_DEPLOY_PIN_H

#include "runner/base/json.h"
#include "steps/deploy/manifest.h"
#include "steps/image/registries.h"

struct slip_pins {
	struct slip_kube_image *images; /* names borrowed from the map, refs owned */
	size_t n;
};

/* may_be_unknown: an image that no registry has yet keeps its tag; it will not be deployed. */
int slip_pins_make(struct slip_pins *p, const struct slip_json *images,
	const struct slip_registry_flags *registries, bool may_be_unknown,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_pins_release(struct slip_pins *p);
/* After the edit: a name that no container has is a mistake. refs: what they have. */
int slip_pins_check(const struct slip_pins *p, const struct slip_strv *refs,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
