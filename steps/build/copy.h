/*
 * COPY and ADD: which files, where to, with what metadata (Dockerfile reference "COPY"; BuildKit's
 * file backend where the reference is silent).
 *
 * A plan is what the sources amount to, with paths relative to the destination; it needs no root
 * file system and is what a cache key covers. Placing it upon a root's index gives the layer's
 * entries.
 */
#ifndef SLIP_BUILD_COPY_H
#define SLIP_BUILD_COPY_H

#include "runner/layer/write.h"
#include "steps/build/key.h"
#include "steps/build/source.h"
#include "steps/build/step.h"

struct slip_copy_item {
	char *source; /* path in the source tree; NULL for an inline file */
	const char *body; /* an inline file's bytes, borrowed */
	char *rel; /* below the destination; "" is the destination itself */
	bool is_archive; /* ADD: unpacked there */
	struct slip_entry e; /* metadata; its path is filled by placing */
};

/* One source operand: a directory's contents, a file, or an inline file. */
struct slip_copy_group {
	bool is_dir;
	size_t first; /* items[first .. first + n) */
	size_t n;
};

struct slip_copy_plan {
	struct slip_source_tree *source; /* NULL when only inline files are copied */
	struct slip_copy_item *items;
	size_t n_items;
	size_t cap_items;
	struct slip_copy_group *groups;
	size_t n_groups;
	size_t cap_groups;
};

/* source: the context, or what --from names; may be NULL for --from=scratch. */
int slip_copy_plan_make(const struct slip_copy_step *c, struct slip_source_tree *source,
	struct slip_copy_plan *plan, struct slip_err *err) SLIP_MUST_CHECK;
void slip_copy_plan_release(struct slip_copy_plan *plan);

/* Add what the context's files amount to: names, types, modes, links and bytes. */
int slip_copy_key(struct slip_builder *b, const struct slip_copy_step *c, struct slip_key *k,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
