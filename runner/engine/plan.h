/*
 * What will run, and in which order: the nodes of a directed graph, one per stage or matrix cell.
 *
 * Nodes stand in an order in which every need comes before what needs it; `finally` stages are
 * last. Selected are all stages, or the named ones with what they need, or some of them alone.
 */
#ifndef SLIP_ENGINE_PLAN_H
#define SLIP_ENGINE_PLAN_H

#include "runner/base/json.h"
#include "runner/base/strv.h"
#include "runner/spec/spec.h"

struct slip_plan_need {
	size_t node;
	bool is_required; /* a skipped one does not satisfy it */
};

struct slip_plan_node {
	const struct slip_pipeline_stage *stage; /* as written */
	char *name; /* "publish", "publish (linux-x64)" */
	char *id; /* "publish-linux-x64": names files */
	struct slip_json *matrix; /* the cell's values, or NULL */
	struct slip_plan_need *needs;
	size_t n_needs;
	bool is_final;
};

struct slip_plan {
	struct slip_plan_node *nodes;
	size_t n;
	size_t cap;
};

struct slip_plan_selection {
	struct slip_strv stages; /* these with what they need; empty: all */
	/* NAME or NAME[axis=value,...]: these stages or cells alone, without what they need. */
	struct slip_strv only;
};

/* ctx evaluates the values of matrix axes. An unknown name is SLIP_E_USAGE. */
int slip_plan_make(const struct slip_pipeline *p, const struct slip_plan_selection *selection,
	const struct slip_expr_context *ctx, struct slip_plan *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_plan_release(struct slip_plan *plan);
/* The cells of a matrix, objects of axis to value, in order (an array; empty without axes). */
int slip_matrix_cells(const struct slip_matrix *m, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
