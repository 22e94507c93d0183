#include "config.h"

#include "runner/base/suggest.h"

#include <ctype.h>

#define MAX_NAME 64
#define MAX_CANDIDATES 1000

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: three rows of the table are enough to see swaps. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][MAX_NAME + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t k = 0; k <= nb; k++)
		last[k] = k;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t k = 1; k <= nb; k++) {
			row[k] = last[k - 1] + (is_same(a[i - 1], b[k - 1]) ? 0 : 1);
			row[k] = least(row[k], least(last[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && is_same(a[i - 1], b[k - 2]) &&
				is_same(a[i - 2], b[k - 1]))
				row[k] = least(row[k], before[k - 2] + 1);
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[nb];
}

const char *slip_suggest(const char *name, const char *const *candidates, size_t n, size_t reach)
{
	size_t len = strlen(name);
	if (len < 2 || len > MAX_NAME)
		return NULL;
	size_t best = (reach ? reach : len / 3 > 1 ? len / 3 : 1) + 1;
	const char *found = NULL;
	for (size_t i = 0; i < n && i < MAX_CANDIDATES; i++) {
		size_t clen = candidates[i] ? strlen(candidates[i]) : 0;
		if (clen == 0 || clen > MAX_NAME)
			continue;
		if (slip_streq(candidates[i], name))
			return NULL;
		size_t d = distance(name, len, candidates[i], clen);
		if (d < best) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}
