/* A vector of owned strings, NULL-terminated like argv. A zeroed struct is an empty vector. */
#ifndef SLIP_BASE_STRV_H
#define SLIP_BASE_STRV_H

#include "runner/base/mem.h"

struct slip_strv {
	char **v; /* NULL, or n strings and a NULL */
	size_t n;
	size_t cap;
};

void slip_strv_release(struct slip_strv *sv);
void slip_strv_clear(struct slip_strv *sv);
void slip_strv_add(struct slip_strv *sv, const char *s);
void slip_strv_addn(struct slip_strv *sv, const char *s, size_t n);
void slip_strv_addf(struct slip_strv *sv, const char *fmt, ...) SLIP_PRINTF(2, 3);
void slip_strv_take(struct slip_strv *sv, char *s); /* owns s from now on */
void slip_strv_remove(struct slip_strv *sv, size_t i);
void slip_strv_copy(struct slip_strv *dst, const struct slip_strv *src); /* replaces dst */
bool slip_strv_has(const struct slip_strv *sv, const char *s);
bool slip_strv_equal(const struct slip_strv *a, const struct slip_strv *b);
char *slip_strv_join(const struct slip_strv *sv, const char *sep);
/* Split at every sep; empty pieces are kept ("" gives one empty piece). */
void slip_strv_split(struct slip_strv *sv, const char *s, char sep);
void slip_strv_sort(struct slip_strv *sv); /* byte order */

#define slip_autostrv slip_cleanup(slip_strv_release) struct slip_strv

#endif
