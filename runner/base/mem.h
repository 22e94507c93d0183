/*
 * Memory: allocation that cannot fail, scope-bound clean-up, and the attributes every header uses.
 *
 * Out of memory aborts the program. The price of that rule is that no size that comes from outside
 * is unbounded: readers take a maximum (see buf.h, limits.h).
 *
 * Ownership: parameters are borrowed for the call. An out-parameter (char **out) transfers
 * ownership to the caller and is untouched on failure.
 */
#ifndef SLIP_BASE_MEM_H
#define SLIP_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLIP_MUST_CHECK __attribute__((warn_unused_result))
#define SLIP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SLIP_SENTINEL __attribute__((sentinel))
#define SLIP_NORETURN __attribute__((noreturn))
#define SLIP_UNUSED __attribute__((unused))
#define SLIP_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Run fn(&variable) when the variable leaves its scope. Initialise such variables at once. */
#define slip_cleanup(fn) __attribute__((cleanup(fn)))
#define slip_autofree __attribute__((cleanup(slip_cleanup_free)))
#define slip_autoclose __attribute__((cleanup(slip_cleanup_close)))

/* Take the value out of a clean-up variable: returns it and leaves NULL (or -1) behind. */
#define slip_steal_ptr(pp) ((__typeof__(*(pp)))slip_steal_ptr_(pp))
int slip_steal_fd(int *fd);

void *slip_xmalloc(size_t size);
/* For file contents: on a cache line, where the kernel copies up to four times as fast. */
void *slip_xmalloc_io(size_t size);
void *slip_xcalloc(size_t count, size_t size);
/* Resize to count elements of size bytes; aborts when the product overflows. */
void *slip_xreallocarray(void *ptr, size_t count, size_t size);
char *slip_xstrdup(const char *s); /* NULL gives NULL */
char *slip_xstrndup(const char *s, size_t n);
char *slip_xasprintf(const char *fmt, ...) SLIP_PRINTF(1, 2);
char *slip_xvasprintf(const char *fmt, va_list ap) SLIP_PRINTF(1, 0);
void *slip_xmemdup(const void *p, size_t n); /* with a NUL byte after it, not counted */

/* Grow an array so that it has room for one more element: doubles *cap when n reaches it. */
#define slip_grow(arr, n, cap)                                                                     \
	do {                                                                                       \
		if ((n) >= *(cap)) {                                                               \
			*(cap) = *(cap) ? *(cap)*2 : 8;                                            \
			(arr) = slip_xreallocarray((arr), *(cap), sizeof(*(arr)));                 \
		}                                                                                  \
	} while (0)

static inline bool slip_streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
bool slip_starts_with(const char *s, const char *prefix);
bool slip_ends_with(const char *s, const char *suffix);

/* A state that cannot be: prints file, line and message, aborts (docs/exit-status.md). */
#define slip_bug(...) slip_bug_(__FILE__, __LINE__, __VA_ARGS__)

/* Behind the macros above. */
void slip_bug_(const char *file, int line, const char *fmt, ...) SLIP_NORETURN SLIP_PRINTF(3, 4);
void slip_cleanup_free(void *pp);
void slip_cleanup_close(int *fd); /* keeps errno */
static inline void *slip_steal_ptr_(void *pp)
{
	void **p = pp;
	void *v = *p;
	*p = NULL;
	return v;
}

#include "runner/base/banned.h"

#endif
