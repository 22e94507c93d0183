/*
 * Pipelines: read a spec, plan it, run it. docs/pipeline.md says how it looks from outside.
 *
 * The engine runs in one thread: a poll loop over the processes of its stages. What happens is told
 * by events (docs/events.md); reports listen to those.
 */
#ifndef SLIP_ENGINE_ENGINE_H
#define SLIP_ENGINE_ENGINE_H

#include "runner/base/strv.h"
#include "runner/engine/kind.h"
#include "runner/engine/plan.h"

struct slip_engine_options {
	const struct slip_kind *const *kinds; /* ends with NULL */
	const char *spec; /* path of slipway.yaml */
	struct slip_plan_selection selection;
	struct slip_strv set; /* NAME=VALUE */
	const char *out_dir; /* for what stages write for people; NULL: .slipway/out */
	const char *ci_env; /* --ci-env, replayed (ci_env.h); NULL: none */
	int64_t jobs; /* at once; 0: one for each processor (base/pool.h) */
	bool is_push_wanted; /* --push */
	bool is_push_refused; /* --no-push */
	bool is_in_place; /* --in-place */
	bool is_probe; /* a plan asks registries what they have: --probe */
	bool is_soft_exit; /* --soft-exit: 10 when allowed failures happened */
};

/*
 * Run it. -1 when nothing could be run: spec, parameters, stage names (findings of the spec were
 * told as errors). Otherwise *status is the program's exit status.
 */
int slip_engine_run(
	const struct slip_engine_options *opt, int *status, struct slip_err *err) SLIP_MUST_CHECK;
/* How many stages may run at once. */
int64_t slip_engine_jobs(const struct slip_engine_options *opt);
/* Call fn with the spec's pipeline, resolved, which lives for the call only. */
typedef int slip_engine_pipeline_fn(void *arg, const struct slip_pipeline *p, struct slip_err *err);
int slip_engine_with_pipeline(const struct slip_engine_options *opt, slip_engine_pipeline_fn *fn,
	void *arg, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * What a run would do: docs/pipeline.md has the object. Executes no stage and changes nothing; with
 * is_probe registries are asked what they have. The caller's.
 */
int slip_engine_plan(const struct slip_engine_options *opt, struct slip_json **out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
