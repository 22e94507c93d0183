/*
 * One attempt at one stage: from its spec as written to its end.
 *
 *	start	resolve templates, read secrets, ask the kind what to do, start the process
 *	take	move what it says; true at the end
 *	finish	why it failed, or its outputs
 */
#ifndef SLIP_ENGINE_STAGE_RUN_H
#define SLIP_ENGINE_STAGE_RUN_H

#include "runner/engine/child.h"
#include "runner/engine/engine.h"
#include "runner/engine/facts.h"
#include "runner/engine/plan.h"

/* What all stages of a run share. */
struct slip_pipeline_run {
	const struct slip_engine_options *opt;
	struct slip_pipeline *pipeline; /* resolved */
	struct slip_facts facts;
	char *workspace; /* absolute */
	bool is_ci; /* really there, not replayed */
	char *temp_dir; /* for $SLIPWAY_OUTPUT files; NULL in plans */
};

struct slip_stage_run {
	const struct slip_pipeline_run *run;
	const struct slip_plan_node *node;
	struct slip_view view;
	struct slip_pipeline_stage stage; /* resolved */
	bool is_resolved;
	struct slip_map env; /* of the spec: pipeline, then stage */
	struct slip_map secrets;
	char *cwd;
	char *output_path;
	struct slip_kind_launch launch;
	struct slip_child child;
	bool is_started;
};

void slip_stage_run_init(struct slip_stage_run *s, const struct slip_pipeline_run *run,
	const struct slip_plan_node *node, const struct slip_view *view);
void slip_stage_run_release(struct slip_stage_run *s);
/* Is its condition true? *text is what the condition says (NULL: none), borrowed. */
int slip_stage_run_condition(struct slip_stage_run *s, bool *is_true, const char **text,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Only the first half of start: for plans. */
int slip_stage_run_resolve(struct slip_stage_run *s, struct slip_err *err) SLIP_MUST_CHECK;
/* What it does, in one line. After resolve. */
void slip_stage_run_describe(const struct slip_stage_run *s, struct slip_buf *out);
int slip_stage_run_start(struct slip_stage_run *s, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * What starting it would do, as its kind says it; NULL when that has nothing to say. After resolve,
 * instead of start. On failure *out holds what could be said before. The caller's.
 */
int slip_stage_run_foresee(struct slip_stage_run *s, bool is_probe, struct slip_json **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* After the end of the process. On success the outputs are in the facts. */
int slip_stage_run_finish(
	struct slip_stage_run *s, struct slip_facts *facts, struct slip_err *err) SLIP_MUST_CHECK;
/* Nanoseconds; 0: no limit. After resolve. */
int64_t slip_stage_run_timeout(const struct slip_stage_run *s);

#endif
