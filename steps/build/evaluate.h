/*
 * Evaluation: from a stage's instructions to its configuration and its steps. Nothing is executed
 * and nothing is written; what is read is the base image's manifest and config and, for keys, the
 * context.
 */
#ifndef SLIP_BUILD_EVALUATE_H
#define SLIP_BUILD_EVALUATE_H

#include "runner/dockerfile/expand.h"
#include "steps/build/builder.h"

/* One instruction in evaluation. */
struct slip_eval {
	struct slip_build_stage *stage;
	struct slip_builder *builder;
	const struct slip_instr *instr;
	const struct slip_dockerfile *file; /* NULL: a trigger stored in the base image */
	struct slip_expand expand;
};

/* The stage with this number, evaluated. */
int slip_builder_stage(struct slip_builder *b, size_t index, struct slip_build_stage **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Variables of the ARGs above the first FROM, from none: a build may evaluate again. */
int slip_evaluate_globals(struct slip_builder *b, struct slip_err *err) SLIP_MUST_CHECK;
/* What the stage's FROM line names, an image or a stage, with those; the caller's. */
int slip_evaluate_from(struct slip_builder *b, const struct slip_stage *stage, char **name,
	struct slip_err *err) SLIP_MUST_CHECK;
/* The value the platform gives a name such as TARGETARCH; NULL when it is none. The caller's. */
char *slip_evaluate_platform_arg(const struct slip_builder *b, const char *name);

/* Add the instruction's history entry. text is taken over. */
size_t slip_eval_history(struct slip_eval *ev, char *text, bool empty_layer);
struct slip_step *slip_eval_step(struct slip_eval *ev, enum slip_step_kind kind);

/* evaluate_config.c: instructions that change the configuration only */
int slip_eval_config(struct slip_eval *ev, struct slip_err *err) SLIP_MUST_CHECK;
/* evaluate_step.c: RUN, COPY, ADD, WORKDIR */
int slip_eval_run(struct slip_eval *ev, struct slip_err *err) SLIP_MUST_CHECK;
int slip_eval_copy(struct slip_eval *ev, struct slip_err *err) SLIP_MUST_CHECK;
int slip_eval_workdir(struct slip_eval *ev, struct slip_err *err) SLIP_MUST_CHECK;
/* argv of a command: its own words, or the shell's and the text. */
void slip_eval_command(
	const struct slip_eval *ev, const struct slip_command *cmd, struct slip_strv *argv);

#endif
