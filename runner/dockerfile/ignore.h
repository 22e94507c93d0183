/*
 * .dockerignore files and --exclude lists.
 *
 * Patterns are anchored at the root; `**` stands for any number of components. The last rule that
 * matches a path or one of its parent directories decides; `!` rules take out what earlier ones put
 * in. Paths are relative, cleaned, without a leading slash. The time of a
 * match is bounded by pattern length times path length; nothing is compiled to a regular
 * expression.
 *
 * A tree walker asks slip_ignore_dir for each directory: an excluded one may hold re-included
 * files, and then the directory itself is needed as their parent although it is excluded.
 */
#ifndef SLIP_DOCKERFILE_IGNORE_H
#define SLIP_DOCKERFILE_IGNORE_H

#include "runner/base/err.h"
#include "runner/base/strv.h"

struct slip_ignore; /* immutable: may be used from several threads */

enum slip_ignore_verdict {
	SLIP_IGNORE_INCLUDED,
	SLIP_IGNORE_EXCLUDED, /* with all that is below */
	SLIP_IGNORE_DESCEND, /* excluded, but something below may be included again */
};

/* The text of a file. Errors are "<name>:<line>: ...". */
int slip_ignore_parse(const char *text, size_t len, const char *name, struct slip_ignore **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Patterns from a list (COPY --exclude): no comments, otherwise the same. */
int slip_ignore_from_list(const struct slip_strv *patterns, struct slip_ignore **out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_ignore_free(struct slip_ignore *ig); /* NULL is fine */
void slip_ignore_cleanup(struct slip_ignore **ig);
#define slip_autoignore slip_cleanup(slip_ignore_cleanup) struct slip_ignore

/* ig may be NULL for all of these: nothing is excluded. */
bool slip_ignore_is_empty(const struct slip_ignore *ig);
bool slip_ignore_is_excluded(const struct slip_ignore *ig, const char *path);
enum slip_ignore_verdict slip_ignore_dir(const struct slip_ignore *ig, const char *path);
/* The rule as written that decides about path, with its line (0 in a list); NULL: none matches. */
const char *slip_ignore_rule(const struct slip_ignore *ig, const char *path, int *line);

#endif
