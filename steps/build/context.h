/*
 * The build context: a directory of the user's, less what .dockerignore excludes.
 */
#ifndef SLIP_BUILD_CONTEXT_H
#define SLIP_BUILD_CONTEXT_H

#include "runner/dockerfile/ignore.h"
#include "steps/build/request.h"
#include "steps/build/source.h"

struct slip_context;

/*
 * Open the directory. The ignore file is <dockerfile>.dockerignore beside the Dockerfile, else
 * .dockerignore in the context.
 */
int slip_context_open(const char *dir, const char *dockerfile, struct slip_context **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* From now on, modes are as asked for; GIT is SLIP_E_USAGE where no index can be had. */
int slip_context_set_modes(struct slip_context *c, enum slip_context_modes modes,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_context_free(struct slip_context *c);
const char *slip_context_path(const struct slip_context *c);
int slip_context_fd(const struct slip_context *c);
struct slip_source_tree *slip_context_source(struct slip_context *c);

#endif
