#include "config.h"

#include "steps/build/copy.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/dockerfile/glob.h"
#include "runner/dockerfile/ignore.h"
#include "steps/build/add.h"
#include "steps/build/builder.h"

#define MAX_DEPTH (SLIP_MAX_PATH / 2)

/* One directory operand being walked. */
struct copy_walk {
	struct slip_copy_plan *plan;
	struct slip_ignore *excludes; /* NULL: none */
};

static char *join(const char *dir, const char *name)
{
	return *dir ? slip_xasprintf("%s/%s", dir, name) : slip_xstrdup(name);
}

static struct slip_copy_item *add_item(struct slip_copy_plan *plan, const char *rel)
{
	slip_grow(plan->items, plan->n_items, &plan->cap_items);
	struct slip_copy_item *item = &plan->items[plan->n_items++];
	memset(item, 0, sizeof(*item));
	item->rel = slip_xstrdup(rel);
	return item;
}

static void item_release(struct slip_copy_item *item)
{
	free(item->source);
	free(item->rel);
	slip_entry_release(&item->e);
}

static void drop_last(struct slip_copy_plan *plan)
{
	item_release(&plan->items[--plan->n_items]);
}

static struct slip_copy_group *begin_group(struct slip_copy_plan *plan, bool is_dir)
{
	slip_grow(plan->groups, plan->n_groups, &plan->cap_groups);
	struct slip_copy_group *g = &plan->groups[plan->n_groups++];
	*g = (struct slip_copy_group){.is_dir = is_dir, .first = plan->n_items};
	return g;
}

static void end_group(struct slip_copy_plan *plan)
{
	struct slip_copy_group *g = &plan->groups[plan->n_groups - 1];
	g->n = plan->n_items - g->first;
}

/* --- walking a directory operand
 * ------------------------------------------------------------------ */

static int walk_dir(
	struct copy_walk *w, const char *path, const char *rel, int depth, struct slip_err *err);

static int walk_child(
	struct copy_walk *w, const char *path, const char *rel, int depth, struct slip_err *err)
{
	struct slip_source_tree *t = w->plan->source;
	struct slip_entry e;
	bool optional = false;
	memset(&e, 0, sizeof(e));
	if (t->ops->stat(t, path, &e, &optional, err) < 0) {
		slip_entry_release(&e);
		return -1;
	}
	bool is_dir = e.type == SLIP_ENTRY_DIR;
	enum slip_ignore_verdict verdict = is_dir ? slip_ignore_dir(w->excludes, rel)
					   : slip_ignore_is_excluded(w->excludes, rel)
						   ? SLIP_IGNORE_EXCLUDED
						   : SLIP_IGNORE_INCLUDED;
	if (verdict == SLIP_IGNORE_EXCLUDED) {
		slip_entry_release(&e);
		return 0;
	}
	optional |= verdict == SLIP_IGNORE_DESCEND;
	struct slip_copy_item *item = add_item(w->plan, rel);
	item->source = slip_xstrdup(path);
	item->e = e;
	size_t before = w->plan->n_items;
	if (is_dir && walk_dir(w, path, rel, depth + 1, err) < 0)
		return -1;
	/* A directory that is excluded itself appears only as the parent of something. */
	if (optional && w->plan->n_items == before)
		drop_last(w->plan);
	return 0;
}

static int walk_dir(
	struct copy_walk *w, const char *path, const char *rel, int depth, struct slip_err *err)
{
	struct slip_source_tree *t = w->plan->source;
	if (depth > MAX_DEPTH)
		return slip_err_set(
			err, SLIP_E_LIMIT, 0, "/%s is deeper than %d directories", path, MAX_DEPTH);
	slip_autostrv names = {0};
	if (t->ops->list(t, path, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		slip_autofree char *child = join(path, names.v[i]);
		slip_autofree char *child_rel = join(rel, names.v[i]);
		if (walk_child(w, child, child_rel, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_dir(struct slip_copy_plan *plan, const struct slip_copy_step *c, const char *path,
	struct slip_entry *top, struct slip_err *err)
{
	slip_autoignore *excludes = NULL;
	if (c->excludes.n && slip_ignore_from_list(&c->excludes, &excludes, err) < 0)
		return -1;
	begin_group(plan, true);
	struct slip_copy_item *item = add_item(plan, "");
	item->source = slip_xstrdup(path);
	item->e = *top;
	memset(top, 0, sizeof(*top));
	struct copy_walk w = {.plan = plan, .excludes = excludes};
	int rc = walk_dir(&w, path, "", 0, err);
	end_group(plan);
	return rc;
}

/* --- operands -----------------------------------------------------------------------------------
 */

static int plan_operand(struct slip_copy_plan *plan, const struct slip_copy_step *c,
	const char *written, bool must_exist, struct slip_err *err)
{
	struct slip_source_tree *t = plan->source;
	slip_autofree char *clean = slip_path_clean_rooted(written);
	slip_autofree char *real = NULL;
	struct slip_entry e;
	memset(&e, 0, sizeof(e));
	bool found = false;
	if (t->ops->lookup(t, clean, &real, &e, &found, err) < 0)
		return -1;
	if (!found && !must_exist)
		return 0;
	if (!found)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "\"/%s\": not found in %s%s", clean,
			t->what,
			c->from == SLIP_FROM_CONTEXT ? "; check the path and the .dockerignore file"
						     : "");
	int rc = 0;
	if (e.type == SLIP_ENTRY_DIR) {
		rc = plan_dir(plan, c, real, &e, err);
	} else {
		begin_group(plan, false);
		struct slip_copy_item *item = add_item(plan, slip_path_base(clean));
		item->source = slip_xstrdup(real);
		item->e = e;
		memset(&e, 0, sizeof(e));
		end_group(plan);
		if (c->unpack && item->e.type == SLIP_ENTRY_FILE && item->e.size)
			rc = slip_add_sniff(t, item->source, &item->is_archive, err);
	}
	slip_entry_release(&e);
	return rc;
}

/* Match the rest of a pattern below dir; each match is an operand. */
static int match_below(struct slip_copy_plan *plan, const struct slip_copy_step *c, const char *dir,
	const char *pattern, struct slip_err *err)
{
	struct slip_source_tree *t = plan->source;
	const char *end = strchrnul(pattern, '/');
	slip_autofree char *real = NULL;
	struct slip_entry e;
	memset(&e, 0, sizeof(e));
	bool found = false;
	if (t->ops->lookup(t, dir, &real, &e, &found, err) < 0)
		return -1;
	bool is_dir = found && e.type == SLIP_ENTRY_DIR;
	slip_entry_release(&e);
	if (!is_dir)
		return 0;
	slip_autostrv names = {0};
	if (t->ops->list(t, real, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (!slip_glob_match_slice(
			    pattern, (size_t)(end - pattern), names.v[i], strlen(names.v[i])))
			continue;
		slip_autofree char *path = join(dir, names.v[i]);
		int rc = *end ? match_below(plan, c, path, end + 1, err)
			      : plan_operand(plan, c, path, false, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int plan_pattern(struct slip_copy_plan *plan, const struct slip_copy_step *c,
	const char *written, struct slip_err *err)
{
	if (slip_glob_check(written, err) < 0)
		return slip_err_wrap(err, "\"%s\"", written);
	slip_autofree char *clean = slip_path_clean_rooted(written);
	/* Everything before the first component with a wildcard is an ordinary path. */
	slip_autofree char *dir = slip_xstrdup("");
	const char *rest = clean;
	for (;;) {
		const char *end = strchrnul(rest, '/');
		slip_autofree char *part = slip_xstrndup(rest, (size_t)(end - rest));
		if (!*end || slip_glob_has_wildcard(part))
			break;
		char *longer = join(dir, part);
		free(dir);
		dir = longer;
		rest = end + 1;
	}
	return match_below(plan, c, dir, rest, err);
}

static void plan_inline(struct slip_copy_plan *plan, const struct slip_inline_file *f)
{
	begin_group(plan, false);
	struct slip_copy_item *item = add_item(plan, f->name);
	slip_entry_init(&item->e, SLIP_ENTRY_FILE, f->name);
	item->e.mode = 0644;
	item->e.size = strlen(f->body);
	item->body = f->body;
	end_group(plan);
}

int slip_copy_plan_make(const struct slip_copy_step *c, struct slip_source_tree *source,
	struct slip_copy_plan *plan, struct slip_err *err)
{
	memset(plan, 0, sizeof(*plan));
	plan->source = source;
	for (size_t i = 0; i < c->sources.n; i++) {
		const char *written = c->sources.v[i];
		int rc;
		if (!source)
			rc = slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"\"%s\": not found, scratch has no files", written);
		else if (slip_glob_has_wildcard(written))
			rc = plan_pattern(plan, c, written, err);
		else
			rc = plan_operand(plan, c, written, true, err);
		if (rc < 0) {
			slip_copy_plan_release(plan);
			return -1;
		}
	}
	for (size_t i = 0; i < c->n_files; i++)
		plan_inline(plan, &c->files[i]);
	return 0;
}

void slip_copy_plan_release(struct slip_copy_plan *plan)
{
	while (plan->n_items)
		drop_last(plan);
	free(plan->items);
	free(plan->groups);
	memset(plan, 0, sizeof(*plan));
}

/* --- the key ------------------------------------------------------------------------------------
 */

static void key_item(
	struct slip_key *k, const struct slip_copy_item *item, const struct slip_digest *content)
{
	slip_key_add_str(k, "path", item->rel);
	slip_key_add_int(k, "type", item->e.type);
	/* The top directory's own mode does not reach the image. */
	if (*item->rel || item->e.type != SLIP_ENTRY_DIR)
		slip_key_add_int(k, "mode", item->e.mode);
	slip_key_add_str(k, "link", item->e.type == SLIP_ENTRY_SYMLINK ? item->e.link : NULL);
	if (item->e.type == SLIP_ENTRY_CHAR || item->e.type == SLIP_ENTRY_BLOCK) {
		slip_key_add_int(k, "major", item->e.dev_major);
		slip_key_add_int(k, "minor", item->e.dev_minor);
	}
	if (slip_digest_is_set(content))
		slip_key_add_str(k, "content", content->s);
}

int slip_copy_key(struct slip_builder *b, const struct slip_copy_step *c, struct slip_key *k,
	struct slip_err *err)
{
	struct slip_copy_plan plan;
	if (slip_copy_plan_make(c, slip_context_source(b->context), &plan, err) < 0)
		return -1;
	slip_autofree struct slip_digest *digests =
		slip_xcalloc(plan.n_items + 1, sizeof(*digests));
	int rc = slip_digests_of(b->digests, &plan, digests, err);
	for (size_t g = 0; rc == 0 && g < plan.n_groups; g++) {
		slip_key_add_int(k, "operand", plan.groups[g].is_dir);
		for (size_t i = 0; i < plan.groups[g].n; i++) {
			size_t at = plan.groups[g].first + i;
			if (plan.items[at].source)
				key_item(k, &plan.items[at], &digests[at]);
		}
	}
	slip_copy_plan_release(&plan);
	return rc;
}
