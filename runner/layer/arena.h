/*
 * Memory for very many small objects that know their size: no header per object, freed objects are
 * used again for others of their size, everything goes at once at the end.
 */
#ifndef SLIP_LAYER_ARENA_H
#define SLIP_LAYER_ARENA_H

#include "runner/base/limits.h"
#include "runner/base/mem.h"

#define SLIP_ARENA_GRAIN 8
#define SLIP_ARENA_MAX (SLIP_MAX_PATH + 256) /* bytes of one object */

struct slip_arena_chunk;

/* A zeroed struct is an empty arena. */
struct slip_arena {
	struct slip_arena_chunk *chunks;
	char *at;
	size_t left;
	size_t chunk_size;
	void *unused[SLIP_ARENA_MAX / SLIP_ARENA_GRAIN + 1]; /* lists by size */
};

void *slip_arena_alloc(struct slip_arena *a, size_t size); /* zeroed */
void slip_arena_free(struct slip_arena *a, void *p, size_t size); /* NULL is fine */
char *slip_arena_strdup(struct slip_arena *a, const char *s); /* NULL gives NULL */
void slip_arena_strfree(struct slip_arena *a, const char *s);
void slip_arena_release(struct slip_arena *a);

#endif
