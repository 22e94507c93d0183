/*
 * A stage of the Dockerfile under construction. Its state is this struct, and the files of this
 * folder are the only code that changes it: evaluate.c makes image and steps, cache.c finds layers
 * that were made before, execute.c makes the missing ones.
 */
#ifndef SLIP_BUILD_STAGE_H
#define SLIP_BUILD_STAGE_H

#include "runner/base/map.h"
#include "steps/build/rootfs.h"
#include "steps/build/step.h"

struct slip_build_stage {
	struct slip_builder *builder;
	const struct slip_stage *ast;
	char *name; /* for people: its name, or its number */
	bool needed;

	/* What FROM names; both NULL: scratch. */
	struct slip_build_stage *parent;
	struct slip_base *base;
	struct slip_platform platform;
	enum slip_media_family family;

	/* Made by evaluation. */
	struct slip_image image; /* without diff ids; history has an entry a step */
	struct slip_map vars; /* every variable in scope, name to value, newest definition */
	struct slip_map args; /* names of all ARGs, with no values: for history */
	struct slip_digest chain; /* key of the state after the last step */
	struct slip_step **steps;
	size_t n_steps;
	size_t cap_steps;
	bool has_cmd; /* CMD was written in this stage */
	struct slip_instr **triggers; /* parsed from the base image; steps point into them */
	size_t n_triggers;
	size_t cap_triggers;

	/* Made by probing: layers of the steps before this one will be needed as files, by a RUN.
	 */
	size_t files_until;

	/* Made by execution. */
	bool executed;
	struct slip_rootfs *rootfs; /* NULL until a step or a COPY --from needs it */
	size_t rootfs_steps; /* how many steps of this stage it holds */
};

struct slip_build_stage *slip_build_stage_new(struct slip_builder *b, const struct slip_stage *ast);
void slip_build_stage_free(struct slip_build_stage *s);
struct slip_step *slip_build_stage_add_step(struct slip_build_stage *s, enum slip_step_kind kind);
void slip_build_stage_keep_trigger(struct slip_build_stage *s, struct slip_instr *instr);
/* All layers of the stage: its base's, then those of its steps, which must be done. */
void slip_build_stage_layers(const struct slip_build_stage *s, struct slip_layers *out);

/* evaluate.c: base image, instructions, keys. Stages it builds upon are evaluated already. */
int slip_build_stage_evaluate(struct slip_build_stage *s, struct slip_err *err) SLIP_MUST_CHECK;
/* execute.c: give every step its layer; stages it copies from are executed when needed. */
int slip_build_stage_execute(struct slip_build_stage *s, struct slip_err *err) SLIP_MUST_CHECK;
/* The root file system after all steps (steps are executed when they have no layer yet). */
int slip_build_stage_rootfs(
	struct slip_build_stage *s, struct slip_rootfs **out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
