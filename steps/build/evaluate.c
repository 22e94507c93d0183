#include "config.h"

#include "steps/build/evaluate.h"

#include "runner/base/log.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/print.h"
#include "runner/dockerfile/scope.h"
#include "runner/sandbox/run.h"
#include "steps/build/key.h"

/* The format of history entries that image tools know how to read. */
#define HISTORY_COMMENT "buildkit.dockerfile.v0"

/* --- variables ----------------------------------------------------------------------------------
 */

static const char *lookup_stage(void *ctx, const char *name)
{
	const struct slip_build_stage *s = ctx;
	return slip_smap_get(&s->vars, name);
}

/* FROM sees the global ARGs and the platform's. */
static const char *lookup_global(void *ctx, const char *name)
{
	struct slip_builder *b = ctx;
	return slip_smap_get(&b->globals, name);
}

static struct slip_expand global_expand(struct slip_builder *b)
{
	return (struct slip_expand){
		.lookup = lookup_global, .ctx = b, .escape = b->dockerfile->escape};
}

char *slip_evaluate_platform_arg(const struct slip_builder *b, const char *name)
{
	struct slip_platform p = b->platform;
	const char *part;
	if (slip_starts_with(name, "TARGET")) {
		part = name + strlen("TARGET");
	} else if (slip_starts_with(name, "BUILD")) {
		slip_platform_host(&p);
		part = name + strlen("BUILD");
	} else {
		return NULL;
	}
	if (slip_streq(part, "PLATFORM"))
		return slip_platform_print(&p);
	if (slip_streq(part, "OS"))
		return slip_xstrdup(p.os);
	if (slip_streq(part, "ARCH"))
		return slip_xstrdup(p.arch);
	if (slip_streq(part, "VARIANT"))
		return slip_xstrdup(p.variant);
	if (slip_streq(part, "OSVERSION"))
		return slip_xstrdup(p.os_version);
	if (slip_streq(name, "TARGETSTAGE"))
		return slip_xstrdup(b->req->target && *b->req->target ? b->req->target : "default");
	return NULL;
}

int slip_evaluate_globals(struct slip_builder *b, struct slip_err *err)
{
	slip_map_clear(&b->globals);
	for (size_t i = 0; slip_platform_args[i]; i++) {
		const char *name = slip_platform_args[i];
		const char *given = slip_smap_get(&b->build_args, name);
		slip_autofree char *own = slip_evaluate_platform_arg(b, name);
		if (given || own)
			slip_smap_set(&b->globals, name, given ? given : own);
	}
	struct slip_expand x = global_expand(b);
	for (size_t i = 0; i < b->dockerfile->args.n; i++) {
		const struct slip_instr *instr = &b->dockerfile->args.v[i];
		for (size_t k = 0; k < instr->args.n; k++) {
			const struct slip_arg *arg = &instr->args.v[k];
			const char *given = slip_smap_get(&b->build_args, arg->name);
			slip_autofree char *value = NULL;
			if (!given && arg->value &&
				slip_expand_word(&x, arg->value, &value, err) < 0)
				return slip_dockerfile_locate(
					b->dockerfile, instr->start_line, instr->end_line, err);
			if (given || value)
				slip_smap_set(&b->globals, arg->name, given ? given : value);
		}
	}
	return 0;
}

/* --- the base -----------------------------------------------------------------------------------
 */

static void take_over_image(struct slip_build_stage *s, const struct slip_image *image)
{
	slip_image_copy(&s->image, image);
	s->image.n_diff_ids = 0;
	for (size_t i = 0; i < s->image.env.n; i++) {
		const char *pair = s->image.env.v[i];
		const char *equals = strchr(pair, '=');
		slip_autofree char *name = slip_xstrndup(pair, (size_t)(equals - pair));
		slip_smap_set(&s->vars, name, equals + 1);
	}
}

static void start_from_scratch(struct slip_build_stage *s)
{
	s->family = SLIP_MEDIA_OCI;
	slip_image_init(&s->image);
	s->image.platform = s->platform;
	s->image.working_dir = slip_xstrdup("/");
}

static int start_from_stage(struct slip_build_stage *s, size_t index, struct slip_err *err)
{
	if (slip_builder_stage(s->builder, index, &s->parent, err) < 0)
		return -1;
	s->family = s->parent->family;
	take_over_image(s, &s->parent->image);
	slip_smap_copy(&s->vars, &s->parent->vars);
	slip_smap_copy(&s->args, &s->parent->args);
	s->chain = s->parent->chain;
	return 0;
}

static int start_from_image(struct slip_build_stage *s, const char *name, struct slip_err *err)
{
	struct slip_builder *b = s->builder;
	if (slip_base_resolve(b, name, &s->platform, &s->base, err) < 0)
		return -1;
	s->family = s->base->family;
	take_over_image(s, &s->base->image);
	/* A base of one platform serves every request; the image says what was asked for. */
	if (slip_platform_rank(&s->platform, &s->image.platform) < 0)
		s->image.platform = s->platform;
	return 0;
}

static int resolve_platform(struct slip_build_stage *s, struct slip_err *err)
{
	struct slip_builder *b = s->builder;
	s->platform = b->platform;
	if (!s->ast->platform)
		return 0;
	struct slip_expand x = global_expand(b);
	slip_autofree char *text = NULL;
	if (slip_expand_word(&x, s->ast->platform, &text, err) < 0)
		return -1;
	if (!*text)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"empty platform value from expression %s", s->ast->platform);
	return slip_platform_parse(text, NULL, &s->platform, err);
}

int slip_evaluate_from(
	struct slip_builder *b, const struct slip_stage *stage, char **name, struct slip_err *err)
{
	struct slip_expand x = global_expand(b);
	if (slip_expand_word(&x, stage->base, name, err) < 0)
		return -1;
	if (**name)
		return 0;
	slip_cleanup_free(name);
	return slip_err_set(
		err, SLIP_E_DOCKERFILE, 0, "base name (%s) should not be blank", stage->base);
}

static int start(struct slip_build_stage *s, struct slip_err *err)
{
	struct slip_builder *b = s->builder;
	slip_autofree char *name = NULL;
	if (resolve_platform(s, err) < 0 || slip_evaluate_from(b, s->ast, &name, err) < 0)
		return -1;
	size_t index = slip_stage_find_base(b->dockerfile, s->ast->index, name);
	if (index != SLIP_STAGE_NONE)
		return start_from_stage(s, index, err);
	if (slip_streq(name, "scratch"))
		start_from_scratch(s);
	else if (start_from_image(s, name, err) < 0)
		return -1;
	if (!slip_image_env_get(&s->image, "PATH")) {
		slip_image_env_set(&s->image, "PATH", SLIP_SANDBOX_PATH);
		slip_smap_set(&s->vars, "PATH", SLIP_SANDBOX_PATH);
	}
	slip_key_of_base(s, &s->chain);
	return 0;
}

/* --- instructions --------------------------------------------------------------------------------
 */

size_t slip_eval_history(struct slip_eval *ev, char *text, bool empty_layer)
{
	struct slip_history h = {
		.created_by = text, .comment = (char *)HISTORY_COMMENT, .empty_layer = empty_layer};
	slip_image_add_history(&ev->stage->image, &h);
	free(text);
	return ev->stage->image.n_history - 1;
}

struct slip_step *slip_eval_step(struct slip_eval *ev, enum slip_step_kind kind)
{
	struct slip_step *step = slip_build_stage_add_step(ev->stage, kind);
	slip_autobuf label;
	slip_buf_init(&label, 4096);
	if (!ev->file)
		slip_buf_add_str(&label, "ONBUILD ");
	slip_print_label(&label, ev->instr);
	step->label = slip_buf_take(&label);
	step->file = ev->builder->dockerfile;
	step->is_trigger = !ev->file;
	step->start_line = ev->file ? ev->instr->start_line : ev->stage->ast->start_line;
	step->end_line = ev->file ? ev->instr->end_line : ev->stage->ast->end_line;
	step->cacheable = slip_builder_caches(ev->builder, kind);
	return step;
}

void slip_eval_command(
	const struct slip_eval *ev, const struct slip_command *cmd, struct slip_strv *argv)
{
	if (cmd->form == SLIP_FORM_EXEC) {
		slip_strv_copy(argv, &cmd->argv);
		return;
	}
	slip_strv_clear(argv);
	const struct slip_strv *shell = &ev->stage->image.shell;
	for (size_t i = 0; i < shell->n; i++)
		slip_strv_add(argv, shell->v[i]);
	if (!shell->n) {
		slip_strv_add(argv, "/bin/sh");
		slip_strv_add(argv, "-c");
	}
	if (cmd->form == SLIP_FORM_SHELL)
		slip_strv_add(argv, cmd->text);
}

static int evaluate_one(struct slip_eval *ev, struct slip_err *err)
{
	struct slip_build_stage *s = ev->stage;
	size_t before = s->n_steps;
	int rc;
	switch (ev->instr->kind) {
	case SLIP_I_RUN:
		rc = slip_eval_run(ev, err);
		break;
	case SLIP_I_COPY:
	case SLIP_I_ADD:
		rc = slip_eval_copy(ev, err);
		break;
	case SLIP_I_WORKDIR:
		rc = slip_eval_workdir(ev, err);
		break;
	case SLIP_I_ARG:
	case SLIP_I_CMD:
	case SLIP_I_ENTRYPOINT:
	case SLIP_I_ENV:
	case SLIP_I_EXPOSE:
	case SLIP_I_FROM:
	case SLIP_I_HEALTHCHECK:
	case SLIP_I_LABEL:
	case SLIP_I_MAINTAINER:
	case SLIP_I_ONBUILD:
	case SLIP_I_SHELL:
	case SLIP_I_STOPSIGNAL:
	case SLIP_I_USER:
	case SLIP_I_VOLUME:
	case SLIP_I_COUNT:
	default:
		rc = slip_eval_config(ev, err);
		break;
	}
	if (rc < 0 || s->n_steps == before || !ev->builder->cache)
		return rc;
	struct slip_step *step = s->steps[s->n_steps - 1];
	if (slip_key_of_step(s, &s->chain, step, err) < 0)
		return -1;
	s->chain = step->key;
	return 0;
}

static int evaluate_instr(struct slip_build_stage *s, const struct slip_instr *instr,
	const struct slip_dockerfile *file, struct slip_err *err)
{
	struct slip_eval ev = {
		.stage = s,
		.builder = s->builder,
		.instr = instr,
		.file = file,
		.expand = {.lookup = lookup_stage, .ctx = s, .escape = file ? file->escape : '\\'},
	};
	if (evaluate_one(&ev, err) == 0)
		return 0;
	if (file)
		return slip_dockerfile_locate(file, instr->start_line, instr->end_line, err);
	return slip_err_wrap(err, "ONBUILD trigger of %s, \"%s\"", s->ast->base, instr->text);
}

/* The base's triggers run as the stage's first instructions, and are not inherited further. */
static int evaluate_triggers(struct slip_build_stage *s, struct slip_err *err)
{
	slip_autostrv triggers = {0};
	slip_strv_copy(&triggers, &s->image.onbuild);
	slip_strv_clear(&s->image.onbuild);
	for (size_t i = 0; i < triggers.n; i++) {
		struct slip_instr *instr = NULL;
		if (slip_dockerfile_parse_trigger(triggers.v[i], &instr, err) < 0)
			return slip_err_wrap(err, "ONBUILD trigger of %s", s->ast->base);
		/* Steps point into the instruction: it lives as long as the stage. */
		slip_build_stage_keep_trigger(s, instr);
		if (evaluate_instr(s, instr, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int slip_build_stage_evaluate(struct slip_build_stage *s, struct slip_err *err)
{
	const struct slip_dockerfile *df = s->builder->dockerfile;
	if (s->builder->digests)
		slip_digests_begin(s->builder->digests, s->ast);
	if (start(s, err) < 0)
		return slip_dockerfile_locate(df, s->ast->start_line, s->ast->end_line, err);
	if (evaluate_triggers(s, err) < 0)
		return slip_dockerfile_locate(df, s->ast->start_line, s->ast->end_line, err);
	for (size_t i = 0; i < s->ast->instrs.n; i++) {
		if (evaluate_instr(s, &s->ast->instrs.v[i], df, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->n_steps; i++)
		s->steps[i]->number = i + 2; /* FROM is the first */
	return 0;
}

int slip_builder_stage(
	struct slip_builder *b, size_t index, struct slip_build_stage **out, struct slip_err *err)
{
	struct slip_build_stage *s = b->stages[index];
	if (!s->needed) {
		s->needed = true;
		if (slip_build_stage_evaluate(s, err) < 0)
			return -1;
	}
	*out = s;
	return 0;
}
