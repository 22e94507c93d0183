#include "config.h"

#include "runner/layer/tree_internal.h"

/* A full block splits; larger ones cost more per insertion, smaller ones more per directory. */
#define BLOCK_MAX 256

/* Order of the n bytes at s against a name. */
static int compare(const char *s, size_t n, const char *name)
{
	int c = strncmp(s, name, n);

	return c ? c : name[n] ? -1 : 0;
}

/* The last block that starts at or before the name, or the first. */
static uint32_t find_block(const struct slip_dir *d, const char *s, size_t n)
{
	uint32_t low = 0, high = d->n_blocks;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		if (compare(s, n, slip_node_name(d->blocks[mid].v[0])) < 0)
			high = mid;
		else
			low = mid;
	}
	return low;
}

/* The first child of the block that is not before the name. */
static uint32_t find_child(const struct slip_kids *b, const char *s, size_t n, bool *found)
{
	uint32_t low = 0, high = b->n;

	*found = false;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = compare(s, n, slip_node_name(b->v[mid]));
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

struct slip_node *slip_dir_find(const struct slip_dir *d, const char *name, size_t n)
{
	bool found;

	if (d->n_blocks == 0)
		return NULL;
	const struct slip_kids *b = &d->blocks[find_block(d, name, n)];
	uint32_t i = find_child(b, name, n, &found);
	return found ? b->v[i] : NULL;
}

static struct slip_kids *add_block(struct slip_dir *d, uint32_t at)
{
	if (d->n_blocks == d->cap_blocks) {
		d->cap_blocks = d->cap_blocks ? d->cap_blocks * 2 : 1;
		d->blocks = slip_xreallocarray(d->blocks, d->cap_blocks, sizeof(*d->blocks));
	}
	memmove(&d->blocks[at + 1], &d->blocks[at], (d->n_blocks - at) * sizeof(*d->blocks));
	d->n_blocks++;
	d->blocks[at] = (struct slip_kids){0};
	return &d->blocks[at];
}

static void reserve(struct slip_kids *b, uint32_t n)
{
	if (n <= b->cap)
		return;
	while (b->cap < n)
		b->cap = b->cap ? b->cap * 2 : 4;
	b->v = slip_xreallocarray(b->v, b->cap, sizeof(struct slip_node *));
}

/* Make room in a full block. At the very end a new one is begun: names mostly come sorted. */
static void split(struct slip_dir *d, uint32_t at, bool append)
{
	struct slip_kids *new = add_block(d, at + 1), *old = &d->blocks[at];
	uint32_t keep = append ? old->n : old->n / 2, n = old->n - keep;

	reserve(new, append ? BLOCK_MAX : n);
	memcpy(new->v, old->v + keep, n * sizeof(struct slip_node *));
	new->n = n;
	old->n = keep;
}

void slip_dir_insert(struct slip_dir *d, struct slip_node *n)
{
	const char *name = slip_node_name(n);
	size_t len = strlen(name);
	bool found;

	if (d->n_blocks == 0)
		add_block(d, 0);
	uint32_t at = find_block(d, name, len);
	uint32_t i = find_child(&d->blocks[at], name, len, &found);
	if (d->blocks[at].n == BLOCK_MAX) {
		split(d, at, at + 1 == d->n_blocks && i == BLOCK_MAX);
		if (i > d->blocks[at].n || i == BLOCK_MAX) {
			i -= d->blocks[at].n;
			at++;
		}
	}
	struct slip_kids *b = &d->blocks[at];
	reserve(b, b->n + 1);
	memmove(&b->v[i + 1], &b->v[i], (b->n - i) * sizeof(struct slip_node *));
	b->v[i] = n;
	b->n++;
}

void slip_dir_remove(struct slip_dir *d, struct slip_node *n)
{
	const char *name = slip_node_name(n);
	uint32_t at = find_block(d, name, strlen(name));
	struct slip_kids *b = &d->blocks[at];
	bool found;
	uint32_t i = find_child(b, name, strlen(name), &found);

	if (!found)
		slip_bug("no child \"%s\"", name);
	b->n--;
	memmove(&b->v[i], &b->v[i + 1], (b->n - i) * sizeof(struct slip_node *));
	if (b->n > 0)
		return;
	free(b->v);
	d->n_blocks--;
	memmove(b, b + 1, (d->n_blocks - at) * sizeof(*b));
}

void slip_dir_release(struct slip_dir *d)
{
	for (uint32_t i = 0; i < d->n_blocks; i++)
		free(d->blocks[i].v);
	free(d->blocks);
	d->blocks = NULL;
	d->n_blocks = 0;
	d->cap_blocks = 0;
}

const struct slip_node *slip_node_next_child(
	const struct slip_node *dir, const struct slip_node *prev)
{
	const struct slip_dir *d = slip_node_dir(dir);
	bool found;

	if (!slip_node_is_dir(dir) || d->n_blocks == 0)
		return NULL;
	if (!prev)
		return d->blocks[0].v[0];
	const char *name = slip_node_name(prev);
	uint32_t at = find_block(d, name, strlen(name));
	uint32_t i = find_child(&d->blocks[at], name, strlen(name), &found) + found;
	if (i < d->blocks[at].n)
		return d->blocks[at].v[i];
	return at + 1 < d->n_blocks ? d->blocks[at + 1].v[0] : NULL;
}
