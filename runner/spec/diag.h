/*
 * Findings about a text: where, what is wrong, and what to do.
 *
 * A reader collects all findings of one pass in a list instead of stopping at the first. Lines and
 * columns count from 1; a column is a Unicode character, as editors show it.
 */
#ifndef SLIP_SPEC_DIAG_H
#define SLIP_SPEC_DIAG_H

#include "runner/base/buf.h"

/* `file` is borrowed: it lives as long as the struct that was read from it. */
struct slip_pos {
	const char *file;
	unsigned line;
	unsigned col;
};

struct slip_diag {
	char *file;
	unsigned file_rank; /* order of first appearance */
	unsigned line;
	unsigned col;
	char *message;
	char *hint; /* NULL when there is nothing to add */
};

/* At most SLIP_MAX_SPEC_DIAGS are kept; the rest is only counted. Zeroed is empty. */
struct slip_diags {
	struct slip_diag *v;
	size_t n;
	size_t cap;
	size_t dropped;
};

void slip_diags_add(struct slip_diags *d, struct slip_pos pos, const char *fmt, ...)
	SLIP_PRINTF(3, 4);
/* Give the finding added last a hint (unless it has one, or was dropped). */
void slip_diags_hint(struct slip_diags *d, const char *fmt, ...) SLIP_PRINTF(2, 3);
void slip_diags_release(struct slip_diags *d);
/* By file (in order of first appearance), line and column; findings of one place keep order. */
void slip_diags_sort(struct slip_diags *d);
/* Append "file:line:col: message\n" and, where there is a hint, "    hint: ...\n" for each. */
void slip_diags_print(const struct slip_diags *d, struct slip_buf *out);
/* -1 with SLIP_E_SPEC, the first finding and the number of others; 0 when there is none. */
int slip_diags_check(const struct slip_diags *d, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * Hint to the finding added last at the candidate nearest to a mistyped name (base/suggest.h).
 * Gives false, and adds nothing, when none is near.
 */
bool slip_diags_suggest(
	struct slip_diags *d, const char *name, const char *const *candidates, size_t n);

#define slip_autodiags slip_cleanup(slip_diags_release) struct slip_diags

#endif
