#include "config.h"

#include "runner/base/map.h"

#include "runner/base/digest.h"

/*
 * SipHash-1-3 (Aumasson and Bernstein) under a key that only this process knows: whoever chooses
 * the names in an image or a spec cannot make them collide.
 */
static uint64_t secret[2];

__attribute__((constructor)) static void choose_secret(void)
{
	slip_random(secret, sizeof(secret));
}

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t hash_bytes(const void *key, size_t len)
{
	uint64_t v[4] = {
		secret[0] ^ 0x736f6d6570736575ULL,
		secret[1] ^ 0x646f72616e646f6dULL,
		secret[0] ^ 0x6c7967656e657261ULL,
		secret[1] ^ 0x7465646279746573ULL,
	};
	const char *p = key;
	for (size_t left = len;; left -= 8, p += 8) {
		uint64_t word = left < 8 ? (uint64_t)len << 56 : 0;
		if (left)
			memcpy(&word, p, left < 8 ? left : 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		if (left < 8)
			break;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void slip_map_init(struct slip_map *m, void (*free_value)(void *value))
{
	memset(m, 0, sizeof(*m));
	m->free_value = free_value;
}

static void free_entry(struct slip_map *m, struct slip_map_entry *e)
{
	if (m->free_value)
		m->free_value(e->value);
	free(e->key);
}

void slip_map_clear(struct slip_map *m)
{
	for (size_t i = 0; i < m->n; i++)
		free_entry(m, &m->entries[i]);
	m->n = 0;
	if (m->index)
		memset(m->index, 0, m->index_size * sizeof(*m->index));
}

void slip_map_release(struct slip_map *m)
{
	slip_map_clear(m);
	free(m->entries);
	free(m->index);
	slip_map_init(m, m->free_value);
}

static size_t free_slot(const struct slip_map *m, uint64_t hash)
{
	size_t slot = hash & (m->index_size - 1);
	while (m->index[slot])
		slot = (slot + 1) & (m->index_size - 1);
	return slot;
}

static void rebuild_index(struct slip_map *m, size_t size)
{
	free(m->index);
	m->index = slip_xcalloc(size, sizeof(*m->index));
	m->index_size = size;
	for (size_t i = 0; i < m->n; i++)
		m->index[free_slot(m, m->entries[i].hash)] = (uint32_t)(i + 1);
}

struct slip_map_entry *slip_map_find_bytes(const struct slip_map *m, const void *key, size_t len)
{
	if (!m->n)
		return NULL;
	uint64_t hash = hash_bytes(key, len);
	size_t slot = hash & (m->index_size - 1);
	for (; m->index[slot]; slot = (slot + 1) & (m->index_size - 1)) {
		struct slip_map_entry *e = &m->entries[m->index[slot] - 1];
		if (e->hash == hash && e->key_len == len && memcmp(e->key, key, len) == 0)
			return e;
	}
	return NULL;
}

void slip_map_set_bytes(struct slip_map *m, const void *key, size_t len, void *value)
{
	struct slip_map_entry *e = slip_map_find_bytes(m, key, len);
	if (e) {
		if (m->free_value)
			m->free_value(e->value);
		e->value = value;
		return;
	}
	if (m->n >= UINT32_MAX / 2)
		slip_bug("a map with %zu entries", m->n);
	slip_grow(m->entries, m->n, &m->cap);
	e = &m->entries[m->n++];
	e->key = slip_xmemdup(key, len);
	e->key_len = len;
	e->value = value;
	e->hash = hash_bytes(key, len);
	if (m->n * 2 > m->index_size)
		rebuild_index(m, m->index_size ? m->index_size * 2 : 16);
	else
		m->index[free_slot(m, e->hash)] = (uint32_t)m->n;
}

void *slip_map_get_bytes(const struct slip_map *m, const void *key, size_t len)
{
	struct slip_map_entry *e = slip_map_find_bytes(m, key, len);
	return e ? e->value : NULL;
}

void slip_map_set(struct slip_map *m, const char *key, void *value)
{
	slip_map_set_bytes(m, key, strlen(key), value);
}

void *slip_map_get(const struct slip_map *m, const char *key)
{
	return slip_map_get_bytes(m, key, strlen(key));
}

bool slip_map_has(const struct slip_map *m, const char *key)
{
	return slip_map_find_bytes(m, key, strlen(key)) != NULL;
}

bool slip_map_remove(struct slip_map *m, const char *key)
{
	struct slip_map_entry *e = slip_map_find_bytes(m, key, strlen(key));
	if (!e)
		return false;
	free_entry(m, e);
	size_t i = (size_t)(e - m->entries);
	memmove(e, e + 1, (m->n - i - 1) * sizeof(*e));
	m->n--;
	rebuild_index(m, m->index_size);
	return true;
}

void slip_smap_init(struct slip_map *m)
{
	slip_map_init(m, free);
}

void slip_smap_set(struct slip_map *m, const char *key, const char *value)
{
	slip_map_set(m, key, slip_xstrdup(value));
}

void slip_smap_copy(struct slip_map *dst, const struct slip_map *src)
{
	slip_map_release(dst);
	slip_smap_init(dst);
	for (size_t i = 0; i < src->n; i++)
		slip_smap_set(dst, src->entries[i].key, src->entries[i].value);
}
