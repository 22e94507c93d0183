#include "config.h"

#include "runner/layer/arena.h"

#define FIRST_CHUNK (8 * SLIP_KIB)
#define LAST_CHUNK (512 * SLIP_KIB)

struct slip_arena_chunk {
	struct slip_arena_chunk *next;
};

static size_t round_up(size_t size)
{
	size_t n = (size + SLIP_ARENA_GRAIN - 1) & ~(size_t)(SLIP_ARENA_GRAIN - 1);

	if (n > SLIP_ARENA_MAX)
		slip_bug("an object of %zu bytes is too large for an arena", size);
	return n ? n : SLIP_ARENA_GRAIN;
}

static void add_chunk(struct slip_arena *a)
{
	if (a->chunk_size < LAST_CHUNK)
		a->chunk_size = a->chunk_size ? a->chunk_size * 2 : FIRST_CHUNK;
	struct slip_arena_chunk *c = slip_xmalloc(a->chunk_size);
	c->next = a->chunks;
	a->chunks = c;
	a->at = (char *)(c + 1);
	a->left = a->chunk_size - sizeof(*c);
}

void *slip_arena_alloc(struct slip_arena *a, size_t size)
{
	size_t n = round_up(size);
	void *p = a->unused[n / SLIP_ARENA_GRAIN];

	if (p) {
		memcpy(&a->unused[n / SLIP_ARENA_GRAIN], p, sizeof(p));
	} else {
		if (a->left < n)
			add_chunk(a);
		p = a->at;
		a->at += n;
		a->left -= n;
	}
	return memset(p, 0, n);
}

void slip_arena_free(struct slip_arena *a, void *p, size_t size)
{
	void **list = &a->unused[round_up(size) / SLIP_ARENA_GRAIN];

	if (!p)
		return;
	memcpy(p, list, sizeof(*list));
	*list = p;
}

char *slip_arena_strdup(struct slip_arena *a, const char *s)
{
	return s ? memcpy(slip_arena_alloc(a, strlen(s) + 1), s, strlen(s) + 1) : NULL;
}

void slip_arena_strfree(struct slip_arena *a, const char *s)
{
	if (s)
		slip_arena_free(a, (void *)(uintptr_t)s, strlen(s) + 1);
}

void slip_arena_release(struct slip_arena *a)
{
	while (a->chunks) {
		struct slip_arena_chunk *next = a->chunks->next;
		free(a->chunks);
		a->chunks = next;
	}
	*a = (struct slip_arena){0};
}
