#include "config.h"

#include "steps/build/stage.h"

#include "steps/build/builder.h"

struct slip_build_stage *slip_build_stage_new(struct slip_builder *b, const struct slip_stage *ast)
{
	struct slip_build_stage *s = slip_xcalloc(1, sizeof(*s));
	s->builder = b;
	s->ast = ast;
	s->name = ast->name ? slip_xstrdup(ast->name) : slip_xasprintf("stage-%zu", ast->index);
	slip_image_init(&s->image);
	slip_smap_init(&s->vars);
	slip_smap_init(&s->args);
	return s;
}

void slip_build_stage_free(struct slip_build_stage *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_steps; i++) {
		slip_step_release(s->steps[i]);
		free(s->steps[i]);
	}
	free(s->steps);
	for (size_t i = 0; i < s->n_triggers; i++)
		slip_instr_free(s->triggers[i]);
	free(s->triggers);
	slip_rootfs_free(s->rootfs);
	slip_image_release(&s->image);
	slip_map_release(&s->vars);
	slip_map_release(&s->args);
	free(s->name);
	free(s);
}

struct slip_step *slip_build_stage_add_step(struct slip_build_stage *s, enum slip_step_kind kind)
{
	slip_grow(s->steps, s->n_steps, &s->cap_steps);
	struct slip_step *step = slip_xcalloc(1, sizeof(*step));
	step->kind = kind;
	s->steps[s->n_steps++] = step;
	return step;
}

void slip_build_stage_keep_trigger(struct slip_build_stage *s, struct slip_instr *instr)
{
	slip_grow(s->triggers, s->n_triggers, &s->cap_triggers);
	s->triggers[s->n_triggers++] = instr;
}

void slip_build_stage_layers(const struct slip_build_stage *s, struct slip_layers *out)
{
	if (s->parent)
		slip_build_stage_layers(s->parent, out);
	for (size_t i = 0; s->base && i < s->base->layers.n; i++)
		slip_layers_add(out, &s->base->layers.v[i]);
	for (size_t i = 0; i < s->n_steps; i++) {
		if (s->steps[i]->result == SLIP_STEP_PENDING)
			slip_bug("step %zu of %s has no layer", i, s->name);
		slip_layers_add(out, &s->steps[i]->layer);
	}
}
