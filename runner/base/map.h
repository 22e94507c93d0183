/*
 * A hash map from byte strings to pointers that keeps insertion order.
 *
 * Keys are copied. Values belong to the map when free_value is given. Iterate with the index:
 *	for (size_t i = 0; i < m.n; i++) use(m.entries[i].key, m.entries[i].value);
 * Setting an existing key replaces its value and keeps its place. Entry pointers are valid until
 * the next set or remove. Remove keeps the order and costs O(n).
 */
#ifndef SLIP_BASE_MAP_H
#define SLIP_BASE_MAP_H

#include "runner/base/mem.h"

struct slip_map_entry {
	char *key; /* followed by a NUL that is not counted */
	size_t key_len;
	void *value;
	uint64_t hash;
};

struct slip_map {
	struct slip_map_entry *entries;
	size_t n;
	size_t cap;
	uint32_t *index; /* open addressing; 0 is free, otherwise entry number + 1 */
	size_t index_size;
	void (*free_value)(void *value);
};

void slip_map_init(struct slip_map *m, void (*free_value)(void *value));
void slip_map_release(struct slip_map *m);
void slip_map_clear(struct slip_map *m);
void slip_map_set(struct slip_map *m, const char *key, void *value);
void *slip_map_get(const struct slip_map *m, const char *key); /* NULL when absent */
bool slip_map_has(const struct slip_map *m, const char *key);
bool slip_map_remove(struct slip_map *m, const char *key);
/* The same for keys with any bytes. */
void slip_map_set_bytes(struct slip_map *m, const void *key, size_t len, void *value);
void *slip_map_get_bytes(const struct slip_map *m, const void *key, size_t len);
struct slip_map_entry *slip_map_find_bytes(const struct slip_map *m, const void *key, size_t len);

/* String to string: values are copied and freed by the map. */
void slip_smap_init(struct slip_map *m);
void slip_smap_set(struct slip_map *m, const char *key, const char *value);
static inline const char *slip_smap_get(const struct slip_map *m, const char *key)
{
	return slip_map_get(m, key);
}
void slip_smap_copy(struct slip_map *dst, const struct slip_map *src); /* replaces dst */

#define slip_automap slip_cleanup(slip_map_release) struct slip_map

#endif
