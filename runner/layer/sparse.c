#include "config.h"

#include "runner/layer/sparse.h"

#include "runner/base/limits.h"

#define MAX_EXTENTS (SLIP_MAX_PAX / sizeof(struct slip_extent))

void slip_sparse_release(struct slip_sparse *s)
{
	free(s->v);
	*s = (struct slip_sparse){0};
}

int slip_sparse_add(struct slip_sparse *s, uint64_t offset, uint64_t len, struct slip_err *err)
{
	uint64_t end;

	if (__builtin_add_overflow(offset, len, &end) || end > INT64_MAX || offset < s->end)
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "sparse map is out of order or overflows");
	s->end = end;
	if (len == 0)
		return 0;
	if (s->n >= MAX_EXTENTS)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "sparse map has more than %zu extents",
			(size_t)MAX_EXTENTS);
	slip_grow(s->v, s->n, &s->cap);
	s->v[s->n++] = (struct slip_extent){.offset = offset, .len = len};
	s->stored += len; /* extents do not overlap, so the sum is at most `end` */
	return 0;
}

int slip_sparse_check(
	const struct slip_sparse *s, uint64_t size, uint64_t stored, struct slip_err *err)
{
	if (s->end > size)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "sparse map goes beyond the file's end");
	if (s->stored != stored)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"sparse map wants %llu bytes, but %llu are stored",
			(unsigned long long)s->stored, (unsigned long long)stored);
	return 0;
}
