#include "config.h"

#include "runner/base/strv.h"

#include "runner/base/buf.h"

void slip_strv_clear(struct slip_strv *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	sv->n = 0;
	if (sv->v)
		sv->v[0] = NULL;
}

void slip_strv_release(struct slip_strv *sv)
{
	slip_strv_clear(sv);
	free(sv->v);
	memset(sv, 0, sizeof(*sv));
}

void slip_strv_take(struct slip_strv *sv, char *s)
{
	slip_grow(sv->v, sv->n + 1, &sv->cap);
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
}

void slip_strv_add(struct slip_strv *sv, const char *s)
{
	slip_strv_take(sv, slip_xstrdup(s));
}

void slip_strv_addn(struct slip_strv *sv, const char *s, size_t n)
{
	slip_strv_take(sv, slip_xmemdup(s, n));
}

void slip_strv_addf(struct slip_strv *sv, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_strv_take(sv, slip_xvasprintf(fmt, ap));
	va_end(ap);
}

void slip_strv_remove(struct slip_strv *sv, size_t i)
{
	free(sv->v[i]);
	memmove(sv->v + i, sv->v + i + 1, (sv->n - i) * sizeof(*sv->v));
	sv->n--;
}

void slip_strv_copy(struct slip_strv *dst, const struct slip_strv *src)
{
	slip_strv_clear(dst);
	for (size_t i = 0; i < src->n; i++)
		slip_strv_add(dst, src->v[i]);
}

bool slip_strv_has(const struct slip_strv *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++) {
		if (slip_streq(sv->v[i], s))
			return true;
	}
	return false;
}

bool slip_strv_equal(const struct slip_strv *a, const struct slip_strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!slip_streq(a->v[i], b->v[i]))
			return false;
	}
	return true;
}

char *slip_strv_join(const struct slip_strv *sv, const char *sep)
{
	struct slip_buf b;
	slip_buf_init(&b, SIZE_MAX / 2);
	for (size_t i = 0; i < sv->n; i++) {
		if (i)
			slip_buf_add_str(&b, sep);
		slip_buf_add_str(&b, sv->v[i]);
	}
	return slip_buf_take(&b);
}

void slip_strv_split(struct slip_strv *sv, const char *s, char sep)
{
	for (;;) {
		const char *end = strchrnul(s, sep);
		slip_strv_addn(sv, s, (size_t)(end - s));
		if (!*end)
			return;
		s = end + 1;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void slip_strv_sort(struct slip_strv *sv)
{
	if (sv->n > 1)
		qsort(sv->v, sv->n, sizeof(*sv->v), compare);
}
