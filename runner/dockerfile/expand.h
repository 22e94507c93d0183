/*
 * Expansion of $name, ${name...}, quotes and escapes in one word of a Dockerfile.
 *
 * One pass from left to right: what a variable's value holds is never looked at again. Words inside
 * ${...} nest to SLIP_MAX_EXPAND_DEPTH levels, a result is at most SLIP_MAX_EXPANDED bytes, and
 * the work is bounded by input times output. An unset name gives the empty string.
 */
#ifndef SLIP_DOCKERFILE_EXPAND_H
#define SLIP_DOCKERFILE_EXPAND_H

#include "runner/base/err.h"
#include "runner/base/strv.h"

struct slip_expand {
	/* The value of a name, NULL when unset; valid until the next call. NULL: all is unset. */
	const char *(*lookup)(void *ctx, const char *name);
	/* Called for each use of an unset name that no modifier caters for. May be NULL (lint). */
	void (*unset)(void *ctx, const char *name);
	void *ctx;
	char escape; /* '\\' or '`' */
};

/* The word with its quotes and escapes removed and its variables replaced. */
int slip_expand_word(const struct slip_expand *x, const char *word, char **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * The same, then split at unquoted blanks, also those that came from a value: EXPOSE. Words are
 * appended to out; empty ones are dropped.
 */
int slip_expand_words(const struct slip_expand *x, const char *text, struct slip_strv *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * The body of a heredoc of COPY or ADD: quotes are ordinary, \ is the escape character whatever
 * the directive says and is always dropped, the byte after it stays.
 */
int slip_expand_heredoc(const struct slip_expand *x, const char *body, char **out,
	struct slip_err *err) SLIP_MUST_CHECK;

/*
 * Split at unquoted blanks, quotes and escapes kept, nothing expanded: the way the language cuts
 * ENV, LABEL and ARG into words.
 */
void slip_dockerfile_shell_words(const char *text, char escape, struct slip_strv *out);

#endif
