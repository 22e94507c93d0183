/*
 * "Did you mean": the known name that a mistyped one is nearest to.
 *
 * Distance counts insertions, deletions, replacements and swaps of neighbours; case does not
 * count. Names of one byte or more than 64 are no typing mistake of anything.
 */
#ifndef SLIP_BASE_SUGGEST_H
#define SLIP_BASE_SUGGEST_H

#include "runner/base/mem.h"

/*
 * The nearest of n candidates within `reach` edits (0: a third of the name's length, at least one),
 * or NULL; also NULL when the name is one of them. NULL candidates are passed over, as is all after
 * the first thousand. Of equally near ones the first wins. The result is the candidate itself.
 */
const char *slip_suggest(const char *name, const char *const *candidates, size_t n, size_t reach);

#endif
