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

/* The stage's place in the pipeline. */
static int find_stage(
	const struct slip_pipeline *p, const char *name, size_t *index, struct slip_err *err)
{
	const struct slip_pipeline_stage *s = slip_pipeline_find_stage(p, name);
	if (s) {
		*index = (size_t)(s - p->stages.v);
		return 0;
	}
	slip_autofree const char **all = slip_xcalloc(p->stages.n + 1, sizeof(*all));
	for (size_t k = 0; k < p->stages.n; k++)
		all[k] = p->stages.v[k].name.text;
	const char *near = slip_suggest(name, all, p->stages.n, 0);
	return slip_err_set(err, SLIP_E_USAGE, 0, "there is no stage \"%s\"%s%s%s", name,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int select_stages(const struct slip_pipeline *p, const struct slip_plan_selection *selection,
	bool *is_selected, struct slip_err *err)
{
	size_t index = 0;
	bool is_all = !selection->stages.n && !selection->only.n;
	for (size_t i = 0; i < p->stages.n && is_all; i++)
		is_selected[i] = true;
	for (size_t i = 0; i < selection->stages.n; i++) {
		if (find_stage(p, selection->stages.v[i], &index, err) < 0)
			return -1;
		select_stage(p, index, is_selected);
	}
	for (size_t i = 0; i < selection->only.n; i++) {
		const char *text = selection->only.v[i];
		slip_autofree char *name = slip_xstrndup(text, strcspn(text, "["));
		if (find_stage(p, name, &index, err) < 0)
			return slip_err_wrap(err, "--only %s", text);
		is_selected[index] = true;
	}
	return 0;
}

/* Does the cell have the values of "[axis=value,...]"? Without brackets every cell matches. */
static int match_cell(
	const char *only, const struct slip_json *cell, bool *matches, struct slip_err *err)
{
	const char *open = strchr(only, '[');
	*matches = true;
	if (!open)
		return 0;
	size_t len = strlen(open);
	if (open[len - 1] != ']')
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--only takes STAGE or STAGE[axis=value,...], not \"%s\"", only);
	slip_autofree char *inside = slip_xstrndup(open + 1, len - 2);
	slip_autostrv pairs = {0};
	slip_strv_split(&pairs, inside, ',');
	for (size_t i = 0; i < pairs.n; i++) {
		char *equals = strchr(pairs.v[i], '=');
		if (equals)
			*equals = '\0';
		const struct slip_json *value = equals ? slip_json_get(cell, pairs.v[i]) : NULL;
		if (!value)
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"--only %s: the stage's matrix has no axis \"%s\"", only,
				pairs.v[i]);
		slip_autofree char *text = slip_expr_text(value);
		*matches &= slip_streq(text, equals + 1);
	}
	return 0;
}

/* Is the node in the selection, given that its stage is? */
static int is_wanted(const struct slip_plan_selection *selection, const struct slip_plan_node *node,
	bool *wanted, struct slip_err *err)
{
	const char *name = node->stage->name.text;
	size_t len = strlen(name);
	bool is_named = false;
	*wanted = false;
	for (size_t i = 0; i < selection->only.n; i++) {
		const char *only = selection->only.v[i];
		bool matches;
		if (strncmp(only, name, len) != 0 || (only[len] && only[len] != '['))
			continue;
		is_named = true;
		if (match_cell(only, node->matrix, &matches, err) < 0)
			return -1;
		*wanted |= matches;
	}
	*wanted |= !is_named || node->is_final;
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

/* What is being put together. */
struct making {
	const struct slip_pipeline *pipeline;
	const struct slip_plan_selection *selection;
	const struct slip_expr_context *ctx;
	struct slip_plan plan;
};

static int add_node(struct making *m, struct slip_plan_node node, struct slip_err *err)
{
	bool wanted;
	if (is_wanted(m->selection, &node, &wanted, err) < 0)
		return -1;
	if (!wanted)
		return 0;
	slip_json_ref(node.matrix);
	name_node(&node);
	make_id_unique(&m->plan, &node);
	link_needs(&m->plan, m->pipeline, &node);
	slip_grow(m->plan.nodes, m->plan.n, &m->plan.cap);
	m->plan.nodes[m->plan.n++] = node;
	if (m->plan.n > MAX_NODES)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"the matrixes of all stages have more than %d cells together", MAX_NODES);
	return 0;
}

static int add_stage(struct making *m, struct slip_plan_node node, struct slip_err *err)
{
	slip_autojson *cells = NULL;
	if (slip_matrix_cells(&node.stage->matrix, m->ctx, &cells, err) < 0)
		return slip_err_wrap(err, "stage %s", node.stage->name.text);
	size_t n = slip_json_len(cells), before = m->plan.n;
	if (n == 0 && node.stage->matrix.axes.n)
		return slip_err_set(err, SLIP_E_SPEC, 0, "stage %s: its matrix has no cells",
			node.stage->name.text);
	if (n == 0 && add_node(m, node, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		node.matrix = slip_json_at(cells, i);
		if (add_node(m, node, err) < 0)
			return -1;
	}
	if (m->plan.n == before)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--only: the matrix of %s has no such cell", node.stage->name.text);
	return 0;
}

static int add_all(struct making *m, const bool *is_selected, struct slip_err *err)
{
	const struct slip_pipeline *p = m->pipeline;
	bool is_alone = m->selection->only.n > 0;
	slip_autofree bool *is_placed = slip_xcalloc(p->stages.n + 1, sizeof(bool));
	/* What is not in the plan keeps nothing waiting. */
	for (size_t i = 0; i < p->stages.n; i++)
		is_placed[i] = is_alone && !is_selected[i];
	for (size_t i = 0; i < p->stages.n;) {
		struct slip_plan_node node = {.stage = &p->stages.v[i]};
		if (!is_selected[i] || is_placed[i] || !is_ready(node.stage, is_placed)) {
			i++;
			continue;
		}
		is_placed[i] = true;
		if (add_stage(m, node, err) < 0)
			return -1;
		i = 0; /* the first that is ready now */
	}
	for (size_t i = 0; i < p->finally.n; i++) {
		struct slip_plan_node node = {.stage = &p->finally.v[i], .is_final = true};
		if (add_stage(m, node, err) < 0)
			return -1;
	}
	return 0;
}

int slip_plan_make(const struct slip_pipeline *p, const struct slip_plan_selection *selection,
	const struct slip_expr_context *ctx, struct slip_plan *out, struct slip_err *err)
{
	slip_autofree bool *is_selected = slip_xcalloc(p->stages.n + 1, sizeof(bool));
	struct making m = {.pipeline = p, .selection = selection, .ctx = ctx};
	if (select_stages(p, selection, is_selected, err) < 0 ||
		add_all(&m, is_selected, err) < 0) {
		slip_plan_release(&m.plan);
		return -1;
	}
	*out = m.plan;
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
