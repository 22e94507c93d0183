#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/oci/media.h"
#include "steps/build/builder.h"
#include "steps/build/copy.h"
#include "steps/build/findings.h"
#include "steps/build/layer_make.h"
#include "steps/build/place.h"
#include "steps/build/run.h"
#include "steps/build/source_root.h"
#include "steps/build/user.h"

/* --- the root so far ----------------------------------------------------------------------------
 */

static int start_rootfs(struct slip_build_stage *s, struct slip_err *err)
{
	if (s->rootfs)
		return 0;
	if (!s->parent)
		return slip_rootfs_new(s->builder, s->base, &s->rootfs, err);
	struct slip_rootfs *below;
	if (slip_build_stage_rootfs(s->parent, &below, err) < 0)
		return -1;
	s->rootfs = slip_rootfs_copy(below);
	return 0;
}

/* Make the root hold the first n steps, all of which have their layers. */
static int rootfs_with(struct slip_build_stage *s, size_t n, struct slip_err *err)
{
	if (start_rootfs(s, err) < 0)
		return -1;
	for (; s->rootfs_steps < n; s->rootfs_steps++) {
		const struct slip_layer *l = &s->steps[s->rootfs_steps]->layer;
		if (slip_rootfs_add_layer(s->rootfs, l, err) < 0)
			return -1;
	}
	return 0;
}

int slip_build_stage_rootfs(
	struct slip_build_stage *s, struct slip_rootfs **out, struct slip_err *err)
{
	if (slip_build_stage_execute(s, err) < 0 || rootfs_with(s, s->n_steps, err) < 0)
		return -1;
	*out = s->rootfs;
	return 0;
}

/* --- COPY and ADD -------------------------------------------------------------------------------
 */

static int base_files(struct slip_builder *b, struct slip_base *base, struct slip_rootfs **out,
	struct slip_err *err)
{
	if (!base->files && slip_rootfs_new(b, base, &base->files, err) < 0)
		return -1;
	*out = base->files;
	return 0;
}

/* What the step reads from; *tree stays NULL for --from=scratch. */
static int open_source(struct slip_build_stage *s, const struct slip_copy_step *c,
	struct slip_source_root *root, struct slip_source_tree **tree, struct slip_err *err)
{
	struct slip_rootfs *files = NULL;
	*tree = NULL;
	switch (c->from) {
	case SLIP_FROM_NOTHING:
		return 0;
	case SLIP_FROM_CONTEXT:
		*tree = slip_context_source(s->builder->context);
		return 0;
	case SLIP_FROM_STAGE:
		if (slip_build_stage_rootfs(c->from_stage, &files, err) < 0)
			return -1;
		slip_source_root_init(root, files, "that stage");
		break;
	case SLIP_FROM_IMAGE:
		if (base_files(s->builder, c->from_base, &files, err) < 0)
			return -1;
		slip_source_root_init(root, files, "that image");
		break;
	}
	*tree = &root->tree;
	return 0;
}

static int set_owner(struct slip_place *p, struct slip_build_stage *s,
	const struct slip_copy_step *c, struct slip_err *err)
{
	p->chmod = c->chmod_text ? &c->chmod : NULL;
	if (p->chmod && c->chmod.octal)
		p->dir_mode = c->chmod.bits;
	if (!c->chown)
		return 0;
	p->set_owner = true;
	return slip_user_for_chown(s->rootfs, c->chown, &p->uid, &p->gid, err);
}

static int write_copy(struct slip_build_stage *s, const struct slip_step *step,
	struct slip_layer_writer *w, struct slip_err *err)
{
	const struct slip_copy_step *c = &step->copy;
	struct slip_source_root from;
	struct slip_source_tree *source;
	struct slip_copy_plan plan;
	if (open_source(s, c, &from, &source, err) < 0 ||
		slip_copy_plan_make(c, source, &plan, err) < 0)
		return -1;
	struct slip_place p;
	slip_place_init(&p, s->rootfs, w);
	p.source = source;
	p.now = s->builder->created;
	slip_autofree char *dest = NULL;
	int rc = set_owner(&p, s, c, err);
	if (rc == 0)
		rc = slip_tree_resolve(s->rootfs->tree, c->dest, true, &dest, err);
	for (size_t i = 0; rc == 0 && i < plan.n_groups; i++)
		rc = slip_place_group(&p, &plan, &plan.groups[i], dest, c->dest_is_dir, err);
	if (rc == 0)
		rc = slip_place_flush(&p, err);
	slip_place_release(&p);
	slip_copy_plan_release(&plan);
	return rc;
}

/* --- WORKDIR ------------------------------------------------------------------------------------
 */

static int write_workdir(struct slip_build_stage *s, const struct slip_step *step,
	struct slip_layer_writer *w, struct slip_err *err)
{
	slip_autofree char *path = NULL;
	struct slip_place p;
	if (slip_tree_resolve(s->rootfs->tree, step->workdir.path, true, &path, err) < 0)
		return -1;
	const struct slip_node *there = slip_tree_lookup(s->rootfs->tree, path);
	if (there && slip_node_inode(there)->type == SLIP_ENTRY_DIR)
		return 0; /* an empty layer */
	slip_place_init(&p, s->rootfs, w);
	p.now = s->builder->created;
	slip_autofree char *doubt = NULL;
	int rc = slip_user_for_workdir(s->rootfs, step->workdir.user, &p.uid, &p.gid, &doubt, err);
	if (doubt)
		slip_step_tell(step, "unknown-user", doubt);
	if (rc == 0)
		rc = slip_place_dir(&p, path, err);
	if (rc == 0)
		rc = slip_place_flush(&p, err);
	slip_place_release(&p);
	return rc;
}

/* --- steps --------------------------------------------------------------------------------------
 */

static int make_layer(struct slip_build_stage *s, size_t i, struct slip_err *err)
{
	struct slip_step *step = s->steps[i];
	struct slip_layer_make make;
	/* What a RUN changes is a directory already. */
	bool with_files = step->kind != SLIP_STEP_RUN && i < s->files_until;
	if (slip_layer_make_begin(s->builder, s->family, with_files, &make, err) < 0) {
		slip_layer_make_abort(&make, err);
		return -1;
	}
	char *dir = NULL; /* where its files are already unpacked */
	int rc;
	switch (step->kind) {
	case SLIP_STEP_RUN:
		rc = slip_run_write(s, step, make.writer, &dir, err);
		break;
	case SLIP_STEP_COPY:
		rc = write_copy(s, step, make.writer, err);
		break;
	case SLIP_STEP_WORKDIR:
	default:
		rc = write_workdir(s, step, make.writer, err);
		break;
	}
	if (rc == 0)
		rc = slip_layer_make_end(&make, &step->layer, &dir, err);
	slip_layer_make_abort(&make, rc < 0 ? err : NULL);
	if (rc < 0) {
		free(dir);
		return -1;
	}
	slip_rootfs_add_made(s->rootfs, &step->layer, dir);
	s->rootfs_steps++;
	return 0;
}

static void announce(const struct slip_build_stage *s, const struct slip_step *step,
	const char *event, double seconds)
{
	char number[24], total[24], line[16], time[24], prepare[24], command[24], bytes[24];
	static const char *const kinds[] = {[SLIP_STEP_RUN] = "run",
		[SLIP_STEP_COPY] = "copy",
		[SLIP_STEP_WORKDIR] = "workdir"};
	bool done = step->result != SLIP_STEP_PENDING;
	slip_autofree char *where = slip_xasprintf("%s:%d", step->file->name, step->start_line);
	snprintf(number, sizeof(number), "%zu", step->number);
	snprintf(total, sizeof(total), "%zu", s->n_steps + 1);
	snprintf(line, sizeof(line), "%d", step->start_line);
	snprintf(time, sizeof(time), "%.2f", seconds);
	snprintf(prepare, sizeof(prepare), "%.2f", step->prepare_seconds);
	snprintf(command, sizeof(command), "%.2f", step->command_seconds);
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)step->layer.desc.size);
	slip_event(event, "stage", s->ast->name ? s->name : NULL, "step", number, "steps", total,
		"kind", kinds[step->kind], "text", step->label, "where", where, "line", line,
		"source", step->hit_source, "seconds", seconds >= 0 ? time : NULL, "prepare",
		seconds >= 0 ? prepare : NULL, "command", seconds >= 0 ? command : NULL, "bytes",
		done ? bytes : NULL, "digest", done ? step->layer.desc.digest.s : NULL, NULL);
}

/* Why a step is executed although there is a cache. */
static void announce_miss(const struct slip_build_stage *s, const struct slip_step *step)
{
	char number[24], total[24];
	if (!s->builder->cache)
		return;
	snprintf(number, sizeof(number), "%zu", step->number);
	snprintf(total, sizeof(total), "%zu", s->n_steps + 1);
	slip_autofree char *reason =
		step->cacheable
			? slip_xasprintf("%s has no layer for this key",
				  slip_cache_name(s->builder->cache))
			: slip_xstrdup(step->kind == SLIP_STEP_COPY ? "--cache-copy-layers is off"
								    : "--cache-run-layers is off");
	slip_event("step.miss", "stage", s->ast->name ? s->name : NULL, "step", number, "steps",
		total, "reason", reason, "key", slip_digest_is_set(&step->key) ? step->key.s : NULL,
		NULL);
}

static int build_step(struct slip_build_stage *s, size_t i, struct slip_err *err)
{
	struct slip_step *step = s->steps[i];
	double start = slip_clock_monotonic();
	if (slip_cancel_check(err) < 0)
		return -1;
	slip_tell_step(s->builder->tell, step->label);
	announce_miss(s, step);
	announce(s, step, "step.start", -1);
	int rc = rootfs_with(s, i, err);
	step->prepare_seconds = slip_clock_monotonic() - start;
	if (rc < 0 || make_layer(s, i, err) < 0)
		return slip_step_locate(step, err);
	step->result = SLIP_STEP_BUILT;
	announce(s, step, "step.done", slip_clock_monotonic() - start);
	if (s->builder->cache && step->cacheable)
		slip_cache_put(s->builder->cache, step);
	return 0;
}

int slip_build_stage_execute(struct slip_build_stage *s, struct slip_err *err)
{
	if (s->executed)
		return 0;
	if (s->parent && slip_build_stage_execute(s->parent, err) < 0)
		return -1;
	for (size_t i = 0; i < s->n_steps; i++) {
		if (s->steps[i]->result == SLIP_STEP_HIT)
			announce(s, s->steps[i], "step.cached", -1);
		else if (s->steps[i]->result == SLIP_STEP_PENDING && build_step(s, i, err) < 0)
			return -1;
	}
	s->executed = true;
	return 0;
}
