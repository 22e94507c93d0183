/*
 * What expressions can ask for: the contexts ci, params, env, secrets, matrix, stages, pipeline and
 * result, and the functions success, failure, cancelled, always and changed.
 *
 * One struct for the whole run; a view of it (slip_facts_view) is what one stage sees.
 */
#ifndef SLIP_ENGINE_FACTS_H
#define SLIP_ENGINE_FACTS_H

#include "runner/base/json.h"
#include "runner/base/map.h"
#include "runner/spec/spec.h"

struct slip_facts {
	const char *workspace; /* absolute, borrowed */
	struct slip_json *ci;
	struct slip_json *params;
	struct slip_json *pipeline; /* name, status */
	struct slip_json *stages; /* name to {status, outputs} */
	struct slip_json *secrets; /* name to whether it is there */
	const struct slip_value_map *env; /* the pipeline's, once resolved; borrowed */
	/* Nothing runs: a value that only a run can tell stands as its own name, "<stages.a...>".
	 */
	bool is_plan;
};

/* Where the stage that asks stands. */
struct slip_view {
	struct slip_facts *facts;
	const struct slip_json *matrix; /* NULL outside a matrix */
	const struct slip_json *result; /* NULL before the stage's end */
	const struct slip_value_map *env; /* the stage's, once resolved; may be NULL */
	bool is_success; /* nothing it depends on failed */
	bool is_failure;
	bool is_cancelled;
};

void slip_facts_init(struct slip_facts *f, const char *workspace);
void slip_facts_release(struct slip_facts *f);
/* For slip_expr_eval and the resolving functions of spec.h; valid as long as the view. */
struct slip_expr_context slip_view_context(struct slip_view *v);
/*
 * Values of the pipeline's parameters: `set` (items NAME=VALUE), else $SLIPWAY_PARAM_NAME, else the
 * default. SLIP_E_USAGE for unknown names, values that are no option or of another type.
 */
int slip_facts_set_params(struct slip_facts *f, const struct slip_pipeline *p,
	const struct slip_strv *set, struct slip_err *err) SLIP_MUST_CHECK;
/* Which secrets can be had (`${{ secrets.x }}` tells), without reading them. */
void slip_facts_set_secrets(struct slip_facts *f, const struct slip_pipeline *p);
/* What a stage that ended left: its status, and an output (added to those it has). */
void slip_facts_set_status(struct slip_facts *f, const char *stage, const char *status);
void slip_facts_set_output(
	struct slip_facts *f, const char *stage, const char *name, const char *value);

#endif
