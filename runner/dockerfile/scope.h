/*
 * Names with a meaning of their own, and references between stages.
 */
#ifndef SLIP_DOCKERFILE_SCOPE_H
#define SLIP_DOCKERFILE_SCOPE_H

#include "runner/dockerfile/ast.h"

/* TARGETPLATFORM ... BUILDOSVERSION, TARGETSTAGE, then NULL: need an ARG in a stage, none in FROM.
 */
extern const char *const slip_platform_args[];
/* HTTP_PROXY, http_proxy ... in both cases, then NULL: in RUN without an ARG, never in keys. */
extern const char *const slip_proxy_args[];
bool slip_is_platform_arg(const char *name);
bool slip_is_proxy_arg(const char *name);

#define SLIP_STAGE_NONE ((size_t)-1)
/*
 * The stage a FROM of stage `current` means: the latest earlier one with exactly this name (after
 * expansion), or SLIP_STAGE_NONE for an image. Case matters, numbers are no references.
 */
size_t slip_stage_find_base(const struct slip_dockerfile *df, size_t current, const char *base);
/*
 * The stage that COPY --from means in stage `current`: any case, also a number. SLIP_STAGE_NONE is
 * an image. Fails for a stage that is not defined before.
 */
int slip_stage_find_copy(const struct slip_dockerfile *df, size_t current, const char *from,
	size_t *out, struct slip_err *err) SLIP_MUST_CHECK;
/* The same for RUN --mount=from=; a number is an image here. target is for the message. */
int slip_stage_find_mount(const struct slip_dockerfile *df, size_t current, const char *from,
	const char *target, size_t *out, struct slip_err *err) SLIP_MUST_CHECK;
/* --target: by name, any case, the last of its name; NULL or "" is the last stage. */
int slip_stage_find_target(const struct slip_dockerfile *df, const char *target, size_t *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
