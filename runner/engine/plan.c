#include "config.h"

#include "runner/engine/plan.h"

#include "runner/base/limits.h"
#include "runner/base/suggest.h"

#include <ctype.h>

#define MAX_ID 80
#define MAX_NODES 5000

/* --- selection and order of stages ------------------------------------------------------------ */

/* Mark the stage and all it needs. Needs form no cycle (checked with the spec). */
static void select_stage(const struct slip_pipeline *p, size_t first, bool *is_selected)
{
	slip_autofree size_t *todo = slip_xcalloc(p->stages.n + 1, sizeof(*todo));
	size_t n = 0;
	if (!is_selected[first])
		todo[n++] = first;
	is_selected[first] = true;
	while (n) {
		const struct slip_pipeline_stage *s = &p->stages.v[todo[--n]];
		for (size_t i = 0; i < s->needs.n; i++) {
			size_t need = s->needs.v[i].index;
			if (!is_selected[need])
				todo[n++] = need;
			is_selected[need] = true;
		}
	}
}

static int select_named(const struct slip_pipeline *p, const struct slip_strv *names,
	bool *is_selected, struct slip_err *err)
{
	for (size_t i = 0; i < p->stages.n && !names->n; i++)
		is_selected[i] = true;
	for (size_t i = 0; i < names->n; i++) {
		const struct slip_pipeline_stage *s = slip_pipeline_find_stage(p, names->v[i]);
		if (s && s >= p->stages.v && s < p->stages.v + p->stages.n) {
			select_stage(p, (size_t)(s - p->stages.v), is_selected);
			continue;
		}
		slip_autofree const char **all = slip_xcalloc(p->stages.n + 1, sizeof(*all));
		for (size_t k = 0; k < p->stages.n; k++)
			all[k] = p->stages.v[k].name.text;
		const char *near = slip_suggest(names->v[i], all, p->stages.n, 0);
		return slip_err_set(err, SLIP_E_USAGE, 0, "there is no stage \"%s\"%s%s%s",
			names->v[i], near ? "; did you mean \"" : "", near ? near : "",
			near ? "\"?" : "");
	}
	return 0;
}

static bool is_ready(const struct slip_pipeline_stage *s, const bool *is_placed)
{
	for (size_t i = 0; i < s->needs.n; i++) {
		if (!is_placed[s->needs.v[i].index])
			return false;
	}
	return true;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void name_node(struct slip_plan_node *node)
{
	const char *stage = node->stage->name.text;
	slip_autobuf name, id;
	slip_buf_init(&name, SLIP_MAX_EXPANDED);
	slip_buf_init(&id, SLIP_MAX_EXPANDED);
	slip_buf_add_str(&name, stage);
	slip_buf_add_str(&id, stage);
	const char *separator = " (";
	for (const char *key = NULL;
		node->matrix && (key = slip_json_next_key(node->matrix, key));) {
		slip_autofree char *value = slip_expr_text(slip_json_get(node->matrix, key));
		slip_buf_addf(&name, "%s%s", separator, value);
		slip_buf_add_char(&id, '-');
		for (const char *p = value; *p; p++)
			slip_buf_add_char(&id, isalnum((unsigned char)*p) ? *p : '-');
		separator = ", ";
	}
	if (node->matrix)
		slip_buf_add_char(&name, ')');
	slip_buf_truncate(&id, id.len > MAX_ID ? MAX_ID : id.len);
	node->name = slip_buf_take(&name);
	node->id = slip_buf_take(&id);
}

static void make_id_unique(struct slip_plan *plan, struct slip_plan_node *node)
{
	slip_autofree char *base = slip_xstrdup(node->id);
	for (size_t i = 0, suffix = 2; i < plan->n; i++) {
		if (!slip_streq(plan->nodes[i].id, node->id))
			continue;
		free(node->id);
		node->id = slip_xasprintf("%s-%zu", base, suffix++);
		i = (size_t)-1; /* look again from the first */
	}
}

static void add_need(struct slip_plan_node *node, size_t need, bool is_required)
{
	node->needs = slip_xreallocarray(node->needs, node->n_needs + 1, sizeof(*node->needs));
	node->needs[node->n_needs++] = (struct slip_plan_need){need, is_required};
}

/* A need of a stage is a need of all its cells. */
static void link_needs(
	struct slip_plan *plan, const struct slip_pipeline *p, struct slip_plan_node *node)
{
	for (size_t i = 0; i < node->stage->needs.n && !node->is_final; i++) {
		const struct slip_need *need = &node->stage->needs.v[i];
		for (size_t k = 0; k < plan->n; k++) {
			if (plan->nodes[k].stage == &p->stages.v[need->index])
				add_need(node, k, slip_value_bool(&need->required, false));
		}
	}
}

static int add_node(struct slip_plan *plan, const struct slip_pipeline *p,
	struct slip_plan_node node, struct slip_err *err)
{
	name_node(&node);
	make_id_unique(plan, &node);
	link_needs(plan, p, &node);
	slip_grow(plan->nodes, plan->n, &plan->cap);
	plan->nodes[plan->n++] = node;
	if (plan->n > MAX_NODES)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"the matrixes of all stages have more than %d cells together", MAX_NODES);
	return 0;
}

static int add_stage(struct slip_plan *plan, const struct slip_pipeline *p,
	struct slip_plan_node node, const struct slip_expr_context *ctx, struct slip_err *err)
{
	slip_autojson *cells = NULL;
	if (slip_matrix_cells(&node.stage->matrix, ctx, &cells, err) < 0)
		return slip_err_wrap(err, "stage %s", node.stage->name.text);
	size_t n = slip_json_len(cells);
	if (n == 0 && !node.stage->matrix.axes.n)
		return add_node(plan, p, node, err);
	if (n == 0)
		return slip_err_set(err, SLIP_E_SPEC, 0, "stage %s: its matrix has no cells",
			node.stage->name.text);
	for (size_t i = 0; i < n; i++) {
		node.matrix = slip_json_ref(slip_json_at(cells, i));
		if (add_node(plan, p, node, err) < 0)
			return -1;
	}
	return 0;
}

static int add_all(struct slip_plan *plan, const struct slip_pipeline *p, const bool *is_selected,
	const struct slip_expr_context *ctx, struct slip_err *err)
{
	slip_autofree bool *is_placed = slip_xcalloc(p->stages.n + 1, sizeof(bool));
	for (size_t i = 0; i < p->stages.n;) {
		struct slip_plan_node node = {.stage = &p->stages.v[i]};
		if (!is_selected[i] || is_placed[i] || !is_ready(node.stage, is_placed)) {
			i++;
			continue;
		}
		is_placed[i] = true;
		if (add_stage(plan, p, node, ctx, err) < 0)
			return -1;
		i = 0; /* the first that is ready now */
	}
	for (size_t i = 0; i < p->finally.n; i++) {
		struct slip_plan_node node = {.stage = &p->finally.v[i], .is_final = true};
		if (add_stage(plan, p, node, ctx, err) < 0)
			return -1;
	}
	return 0;
}

int slip_plan_make(const struct slip_pipeline *p, const struct slip_strv *names,
	const struct slip_expr_context *ctx, struct slip_plan *out, struct slip_err *err)
{
	slip_autofree bool *is_selected = slip_xcalloc(p->stages.n + 1, sizeof(bool));
	slip_cleanup(slip_plan_release) struct slip_plan plan = {0};
	if (select_named(p, names, is_selected, err) < 0 ||
		add_all(&plan, p, is_selected, ctx, err) < 0)
		return -1;
	*out = plan;
	plan = (struct slip_plan){0};
	return 0;
}

void slip_plan_release(struct slip_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->nodes[i].name);
		free(plan->nodes[i].id);
		free(plan->nodes[i].needs);
		slip_json_free(plan->nodes[i].matrix);
	}
	free(plan->nodes);
	*plan = (struct slip_plan){0};
}
