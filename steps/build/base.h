/*
 * A base image: a reference resolved, once a build, to one manifest for one platform. Its bytes are
 * checked; its layers stay where they are until somebody needs them.
 */
#ifndef SLIP_BUILD_BASE_H
#define SLIP_BUILD_BASE_H

#include "runner/oci/image.h"
#include "runner/oci/manifest.h"
#include "runner/oci/ref.h"
#include "steps/build/layer.h"

struct slip_base {
	struct slip_ref ref;
	struct slip_digest digest; /* of the platform's manifest */
	char *host; /* that answered: behind a map or mirror not the reference's */
	enum slip_media_family family;
	struct slip_image image;
	struct slip_layers layers;
	struct slip_platform platform; /* asked for */
	bool wants_files; /* a RUN upon it is coming: unpack it when it is read anyway */
	struct slip_rootfs *files; /* execute.c makes it when COPY --from reads it */
};

/* name is a reference after expansion. The result belongs to the builder, which keeps one a name.
 */
int slip_base_resolve(struct slip_builder *b, const char *name,
	const struct slip_platform *platform, struct slip_base **out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_base_free(struct slip_base *base);

#endif
