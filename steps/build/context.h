/*
 * The build context: a directory, less what .dockerignore excludes.
 *
 * A directory of the user's may hold a Dockerfile and a .dockerignore that are links to elsewhere;
 * one that was brought here (steps/context/) may not: there all is read below its root.
 */
#ifndef SLIP_BUILD_CONTEXT_H
#define SLIP_BUILD_CONTEXT_H

#include "runner/base/buf.h"
#include "runner/dockerfile/ignore.h"
#include "steps/build/request.h"
#include "steps/build/source.h"

struct slip_context;

struct slip_context_options {
	const char *dir;
	const char *sub_path; /* NULL, or the directory below it that is the context */
	bool is_foreign; /* brought here: no link leads out of it */
};

int slip_context_open(const struct slip_context_options *opt, struct slip_context **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Find the Dockerfile, from the working directory first, then from the context, as kaniko looks for
 * it, and read the ignore file that belongs to it: <dockerfile>.dockerignore beside it, else
 * .dockerignore in the context. *path is for messages.
 */
int slip_context_read_dockerfile(struct slip_context *c, const char *name, char **path,
	struct slip_buf *text, struct slip_err *err) SLIP_MUST_CHECK;
/* Where it is looked for in that way, in order, from the working directory. */
void slip_context_dockerfile_places(
	const struct slip_context_options *opt, const char *name, struct slip_strv *out);
/* From now on, modes are as asked for; GIT is SLIP_E_USAGE where no index can be had. */
int slip_context_set_modes(struct slip_context *c, enum slip_context_modes modes,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_context_free(struct slip_context *c);
struct slip_source_tree *slip_context_source(struct slip_context *c);

#endif
