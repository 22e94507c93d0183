/* What holds between the parts of a spec: unique names, needs, declared secrets, matrix sizes. */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/map.h"
#include "runner/spec/spec_internal.h"

struct slip_pipeline_stage *slip_pipeline_find_stage(
	const struct slip_pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->stages.n; i++) {
		const char *s = p->stages.v[i].name.text;
		if (s && slip_streq(s, name))
			return &p->stages.v[i];
	}
	return NULL;
}

/* --- names ------------------------------------------------------------------------------------ */

static void check_unique(
	struct slip_checker *c, const struct slip_pipeline_stages *stages, struct slip_map *seen)
{
	for (size_t i = 0; i < stages->n; i++) {
		const struct slip_value *name = &stages->v[i].name;
		if (!name->text)
			continue;
		const struct slip_value *first = slip_map_get(seen, name->text);
		if (!first) {
			slip_map_set(seen, name->text, (void *)name);
			continue;
		}
		slip_diags_add(
			c->diags, name->pos, "there are two stages named \"%s\"", name->text);
		slip_diags_hint(
			c->diags, "the first is in %s line %u", first->pos.file, first->pos.line);
	}
}

static bool has_secret(const struct slip_pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->secrets.n; i++) {
		if (slip_streq(p->secrets.v[i].name.text, name))
			return true;
	}
	return false;
}

static void check_secret(struct slip_checker *c, const struct slip_value *v)
{
	const struct slip_pipeline *p = c->pipeline;
	if (has_secret(p, v->text))
		return;
	slip_diags_add(c->diags, v->pos, "the secret \"%s\" is not declared", v->text);
	slip_autofree const char **names = slip_xcalloc(p->secrets.n + 1, sizeof(*names));
	for (size_t i = 0; i < p->secrets.n; i++)
		names[i] = p->secrets.v[i].name.text;
	if (!slip_diags_suggest(c->diags, v->text, names, p->secrets.n))
		slip_diags_hint(c->diags, "add it to the map \"secrets\" of the spec");
}

static void check_secrets(struct slip_checker *c, const struct slip_pipeline_stage *stage)
{
	for (size_t i = 0; i < stage->secrets.n; i++) {
		const struct slip_value *v = &stage->secrets.v[i];
		check_secret(c, v);
		bool is_env =
			stage->kind == SLIP_STAGE_RUN || stage->kind == SLIP_STAGE_DOTNET_PUBLISH;
		if (is_env && (strchr(v->text, '-') || slip_starts_with(v->text, "LD_") ||
				      slip_starts_with(v->text, "SLIPWAY_"))) {
			slip_diags_add(c->diags, v->pos,
				"the secret \"%s\" cannot be an environment variable of the "
				"command",
				v->text);
			slip_diags_hint(c->diags,
				"use letters, digits and _, and neither LD_ nor SLIPWAY_ first");
		}
	}
	for (size_t i = 0; i < stage->build.secrets.n; i++)
		check_secret(c, &stage->build.secrets.v[i]);
	if (slip_value_is_set(&stage->deploy.kubeconfig.secret))
		check_secret(c, &stage->deploy.kubeconfig.secret);
	if (stage->kind == SLIP_STAGE_DEPLOY && slip_value_is_set(&stage->container)) {
		slip_diags_add(c->diags, stage->container.pos,
			"a deploy stage uses the kubectl that is here, and takes no container");
		slip_diags_hint(c->diags, "run slipway in an image that has kubectl");
	}
}

/* --- needs ------------------------------------------------------------------------------------ */

static void unknown_need(struct slip_checker *c, const struct slip_value *name)
{
	const struct slip_pipeline_stages *stages = &c->pipeline->stages;
	slip_autofree const char **names = slip_xcalloc(stages->n + 1, sizeof(*names));
	for (size_t i = 0; i < stages->n; i++)
		names[i] = stages->v[i].name.text;
	slip_diags_add(c->diags, name->pos, "there is no stage \"%s\" to need", name->text);
	slip_diags_suggest(c->diags, name->text, names, stages->n);
}

#define NO_STAGE SIZE_MAX

static void check_needs(struct slip_checker *c, size_t index)
{
	struct slip_pipeline_stages *stages = &c->pipeline->stages;
	struct slip_pipeline_stage *stage = &stages->v[index];
	for (size_t i = 0; i < stage->needs.n; i++) {
		struct slip_need *need = &stage->needs.v[i];
		need->index = NO_STAGE;
		if (!need->stage.text)
			continue;
		struct slip_pipeline_stage *target =
			slip_pipeline_find_stage(c->pipeline, need->stage.text);
		if (!target)
			unknown_need(c, &need->stage);
		else
			need->index = (size_t)(target - stages->v);
		for (size_t k = 0; k < i; k++) {
			const char *other = stage->needs.v[k].stage.text;
			if (other && slip_streq(other, need->stage.text))
				slip_diags_add(c->diags, need->stage.pos, "\"%s\" is needed twice",
					need->stage.text);
		}
	}
}

static void imply_need(struct slip_pipeline_stages *stages, size_t index)
{
	struct slip_pipeline_stage *stage = &stages->v[index];
	if (stage->has_needs || index == 0 || !stages->v[index - 1].name.text)
		return;
	struct slip_raw_array a = slip_raw_load(&stage->needs);
	struct slip_need *need = slip_raw_add(&a, sizeof(*need));
	need->stage.text = slip_xstrdup(stages->v[index - 1].name.text);
	need->stage.pos = stage->pos;
	need->index = index - 1;
	slip_raw_store(&stage->needs, a);
}

bool slip_stage_is_after(const struct slip_pipeline *p, size_t from, size_t to)
{
	slip_autofree bool *seen = slip_xcalloc(p->stages.n, sizeof(*seen));
	slip_autofree size_t *stack = slip_xcalloc(p->stages.n + 1, sizeof(*stack));
	size_t depth = 0;
	stack[depth++] = from;
	while (depth > 0) {
		const struct slip_pipeline_stage *stage = &p->stages.v[stack[--depth]];
		for (size_t i = 0; i < stage->needs.n; i++) {
			size_t next = stage->needs.v[i].index;
			if (next == to)
				return true;
			if (next == NO_STAGE || seen[next])
				continue;
			seen[next] = true;
			stack[depth++] = next;
		}
	}
	return false;
}

enum color {
	WHITE, /* not visited */
	GREY, /* on the path */
	BLACK, /* done, in no cycle that is not reported */
};

struct walk {
	size_t stage;
	size_t next_need;
};

static void report_cycle(struct slip_checker *c, const struct walk *path, size_t depth, size_t back)
{
	const struct slip_pipeline_stage *stages = c->pipeline->stages.v;
	const struct slip_pipeline_stage *last = &stages[path[depth - 1].stage];
	size_t start = 0;
	while (path[start].stage != back)
		start++;
	slip_autobuf text;
	slip_buf_init(&text, 4 * SLIP_KIB);
	for (size_t i = start; i < depth && text.len < SLIP_KIB; i++)
		slip_buf_addf(&text, "%s -> ", stages[path[i].stage].name.text);
	slip_buf_add_str(&text, stages[back].name.text);
	struct slip_pos pos = last->needs.v[path[depth - 1].next_need - 1].stage.pos;
	slip_diags_add(c->diags, pos, "stages need each other: %s", text.data);
}

/* Depth first without recursion; an edge to a grey stage closes a cycle. */
static void find_cycles_from(
	struct slip_checker *c, size_t start, enum color *colors, struct walk *path)
{
	size_t depth = 0;
	path[depth++] = (struct walk){.stage = start};
	colors[start] = GREY;
	while (depth > 0) {
		struct walk *top = &path[depth - 1];
		const struct slip_pipeline_stage *stage = &c->pipeline->stages.v[top->stage];
		if (top->next_need == stage->needs.n) {
			colors[top->stage] = BLACK;
			depth--;
			continue;
		}
		size_t next = stage->needs.v[top->next_need++].index;
		if (next == NO_STAGE || colors[next] == BLACK)
			continue;
		if (colors[next] == GREY) {
			report_cycle(c, path, depth, next);
			continue;
		}
		colors[next] = GREY;
		path[depth++] = (struct walk){.stage = next};
	}
}

static void check_cycles(struct slip_checker *c)
{
	size_t n = c->pipeline->stages.n;
	slip_autofree enum color *colors = slip_xcalloc(n + 1, sizeof(*colors));
	slip_autofree struct walk *path = slip_xcalloc(n + 1, sizeof(*path));
	for (size_t i = 0; i < n; i++) {
		if (colors[i] == WHITE)
			find_cycles_from(c, i, colors, path);
	}
}

/* --- matrix and kinds ------------------------------------------------------------------------- */

static void check_matrix(struct slip_checker *c, const struct slip_pipeline_stage *stage)
{
	const struct slip_matrix *m = &stage->matrix;
	size_t cells = m->axes.n ? 1 : 0;
	for (size_t i = 0; i < m->axes.n && cells <= SLIP_MAX_MATRIX_CELLS; i++)
		cells *= m->axes.v[i].values.n;
	if (cells + m->include.n > SLIP_MAX_MATRIX_CELLS)
		slip_diags_add(c->diags, stage->pos, "the matrix has more than %d cells",
			SLIP_MAX_MATRIX_CELLS);
	for (size_t i = 0; i < m->exclude.n; i++) {
		const struct slip_value_map *cell = &m->exclude.v[i].values;
		for (size_t k = 0; k < cell->n; k++) {
			bool is_axis = false;
			for (size_t a = 0; a < m->axes.n; a++)
				is_axis |= slip_streq(m->axes.v[a].name.text, cell->v[k].name.text);
			if (!is_axis)
				slip_diags_add(c->diags, cell->v[k].name.pos,
					"the matrix has no axis \"%s\" to exclude from",
					cell->v[k].name.text);
		}
	}
}

static void check_build(struct slip_checker *c, const struct slip_pipeline_stage *stage)
{
	const struct slip_build_spec *b = &stage->build;
	bool goes_nowhere = b->destinations.n == 0 && !b->oci_layout_path.text && !b->tar_path.text;
	if (goes_nowhere && !b->no_push.text && !c->is_incomplete) {
		slip_diags_add(
			c->diags, stage->pos, "the image goes nowhere: build has no destinations");
		slip_diags_hint(c->diags,
			"add destinations, oci-layout-path or tar-path, or no-push: true");
	}
}

static void check_stage(struct slip_checker *c, const struct slip_pipeline_stage *stage)
{
	check_secrets(c, stage);
	check_matrix(c, stage);
	if (stage->kind == SLIP_STAGE_BUILD)
		check_build(c, stage);
	for (size_t i = 0; i < stage->outputs.n; i++) {
		const struct slip_value_entry *e = &stage->outputs.v[i];
		if (!e->value.text && stage->kind != SLIP_STAGE_RUN)
			slip_diags_add(c->diags, e->name.pos,
				"the output \"%s\" needs a value: only run stages set outputs "
				"themselves",
				e->name.text);
	}
}

static void check_finally(struct slip_checker *c, const struct slip_pipeline_stage *stage)
{
	if (stage->has_needs) {
		slip_diags_add(c->diags, stage->pos, "a stage in finally takes no \"needs\"");
		slip_diags_hint(c->diags, "these stages run in order, after all others");
	}
	check_stage(c, stage);
}

/* --- registries ------------------------------------------------------------------------------- */

static bool is_given(const struct slip_source_value *s)
{
	return s->literal.text || s->env.text || s->file.text;
}

/* What comes in pairs, and what excludes each other: half of it would do nothing. */
static void check_registry(struct slip_checker *c, const struct slip_spec_registry *r)
{
	const char *host = r->name.text;
	if (is_given(&r->user) != is_given(&r->password))
		slip_diags_add(c->diags, r->name.pos, "%s has a %s, but no %s", host,
			is_given(&r->user) ? "user" : "password",
			is_given(&r->user) ? "password" : "user");
	if (is_given(&r->token) && (is_given(&r->user) || is_given(&r->password)))
		slip_diags_add(c->diags, r->name.pos,
			"%s has a token and a user: one of them is enough", host);
	if (slip_value_is_set(&r->client_cert) != slip_value_is_set(&r->client_key))
		slip_diags_add(c->diags, r->name.pos,
			"%s needs both of \"client-cert\" and \"client-key\"", host);
}

void slip_spec_check(struct slip_checker *c)
{
	struct slip_pipeline *p = c->pipeline;
	if (p->stages.n > SLIP_MAX_STAGES || p->finally.n > SLIP_MAX_STAGES) {
		slip_diags_add(c->diags, p->version.pos, "the spec has more than %d stages",
			SLIP_MAX_STAGES);
		return;
	}
	slip_automap seen;
	slip_map_init(&seen, NULL);
	check_unique(c, &p->stages, &seen);
	check_unique(c, &p->finally, &seen);
	for (size_t i = 0; i < p->stages.n; i++) {
		check_needs(c, i);
		imply_need(&p->stages, i);
		check_stage(c, &p->stages.v[i]);
	}
	for (size_t i = 0; i < p->finally.n; i++)
		check_finally(c, &p->finally.v[i]);
	for (size_t i = 0; i < p->registries.n && !c->is_incomplete; i++)
		check_registry(c, &p->registries.v[i]);
	check_cycles(c);
}
