#include "config.h"

#include "runner/base/mem.h"

#include <errno.h>

static void out_of_memory(size_t size) SLIP_NORETURN;
static void out_of_memory(size_t size)
{
	fprintf(stderr, "slipway: out of memory (%zu bytes)\n", size);
	abort();
}

void slip_bug_(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "slipway: bug at %s:%d: ", file, line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *slip_xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

void *slip_xmalloc_io(size_t size)
{
	void *p = NULL;
	if (posix_memalign(&p, 64, size ? size : 1) != 0)
		out_of_memory(size);
	return p;
}

void *slip_xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

void *slip_xreallocarray(void *ptr, size_t count, size_t size)
{
	void *p = reallocarray(ptr, count ? count : 1, size ? size : 1);
	if (!p)
		out_of_memory(size);
	return p;
}

void *slip_xmemdup(const void *p, size_t n)
{
	char *copy = slip_xmalloc(n + 1);
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *slip_xstrdup(const char *s)
{
	return s ? slip_xmemdup(s, strlen(s)) : NULL;
}

char *slip_xstrndup(const char *s, size_t n)
{
	return slip_xmemdup(s, strnlen(s, n));
}

char *slip_xvasprintf(const char *fmt, va_list ap)
{
	char *s = NULL;
	if (vasprintf(&s, fmt, ap) < 0)
		out_of_memory(0);
	return s;
}

char *slip_xasprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = slip_xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

bool slip_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool slip_ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);
	return n >= k && memcmp(s + n - k, suffix, k) == 0;
}

void slip_cleanup_free(void *pp)
{
	void **p = pp;
	free(*p);
	*p = NULL;
}

void slip_cleanup_close(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;
	close(*fd);
	*fd = -1;
	errno = saved;
}

int slip_steal_fd(int *fd)
{
	int v = *fd;
	*fd = -1;
	return v;
}
