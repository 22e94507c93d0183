/* Every expression of a spec: its syntax, and whether the names it uses exist where it stands. */
#include "config.h"

#include "runner/spec/spec_internal.h"

/* What is being looked at. */
struct scope {
	struct slip_checker *c;
	const struct slip_pipeline_stage *stage; /* NULL: the pipeline itself */
	size_t index; /* in pipeline->stages, if it is one of them */
	bool is_final; /* in `finally` */
	const struct slip_param *param; /* the parameter whose default this is */
	/* of the expression at hand */
	const struct slip_field *field;
	const struct slip_value *value;
};

static const char *const contexts[] = {
	"ci", "params", "env", "secrets", "matrix", "stages", "pipeline", "result"};

static const char *const ci_paths[] = {
	"ci.build",
	"ci.build.id",
	"ci.build.number",
	"ci.build.url",
	"ci.change",
	"ci.change.id",
	"ci.change.source",
	"ci.change.target",
	"ci.commit",
	"ci.commit.author",
	"ci.commit.sha",
	"ci.commit.short",
	"ci.commit.time",
	"ci.commit.title",
	"ci.job",
	"ci.job.name",
	"ci.job.url",
	"ci.nodeIndex",
	"ci.nodeTotal",
	"ci.project",
	"ci.project.name",
	"ci.project.path",
	"ci.project.url",
	"ci.provider",
	"ci.ref",
	"ci.ref.isDefault",
	"ci.ref.name",
	"ci.ref.protected",
	"ci.ref.slug",
	"ci.ref.type",
	"ci.registry",
	"ci.registry.host",
	"ci.registry.image",
	"ci.registry.user",
	"ci.tag",
	"ci.version",
	"ci.workspace",
};

static const char *const pipeline_paths[] = {"pipeline.name", "pipeline.status"};

static struct slip_pos locate(const struct scope *s, size_t offset)
{
	const struct slip_value *v = s->value;
	struct slip_yaml_node node = {.text = v->text, .style = v->style, .pos = v->pos};
	const struct slip_strv *files = &s->c->pipeline->files;
	for (size_t i = 0; i < files->n; i++) {
		if (files->v[i] == v->pos.file)
			return slip_yaml_locate(&s->c->docs[i], &node, offset);
	}
	return v->pos;
}

static void add(const struct scope *s, const struct slip_expr_ref *ref, const char *fmt, ...)
	SLIP_PRINTF(3, 4);
static void add(const struct scope *s, const struct slip_expr_ref *ref, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *message = slip_xvasprintf(fmt, ap);
	va_end(ap);
	slip_diags_add(s->c->diags, locate(s, ref->offset), "%s", message);
}

/* The names of an array whose elements start with a slip_value; free the result. */
static const char **names_of(const void *v, size_t n, size_t size)
{
	const char **names = slip_xcalloc(n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = ((const struct slip_value *)(const void *)((const char *)v + i * size))
				   ->text;
	return names;
}

static bool has_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] && slip_streq(names[i], name))
			return true;
	}
	return false;
}

/* The second name of a path must be one of the n names of `what`. */
static bool check_declared(const struct scope *s, const struct slip_expr_ref *ref, const char *what,
	const char *const *names, size_t n)
{
	if (ref->path.n < 2 || has_name(names, n, ref->path.v[1]))
		return true;
	add(s, ref, "there is no %s \"%s\"", what, ref->path.v[1]);
	slip_diags_suggest(s->c->diags, ref->path.v[1], names, n);
	return false;
}

/* --- one function per context ----------------------------------------------------------------- */

static void check_known_path(
	const struct scope *s, const struct slip_expr_ref *ref, const char *const *paths, size_t n)
{
	slip_autofree char *path = slip_strv_join(&ref->path, ".");
	size_t len = strlen(path);
	for (size_t i = 0; i < n; i++) {
		if (strncmp(paths[i], path, len) == 0 && (!paths[i][len] || paths[i][len] == '.'))
			return;
	}
	add(s, ref, "there is no value \"%s\"", path);
	slip_diags_suggest(s->c->diags, path, paths, n);
}

static void check_params(const struct scope *s, const struct slip_expr_ref *ref)
{
	const struct slip_pipeline *p = s->c->pipeline;
	slip_autofree const char **names = names_of(p->params.v, p->params.n, sizeof(*p->params.v));
	if (!check_declared(s, ref, "parameter", names, p->params.n) || !s->param)
		return;
	size_t before = (size_t)(s->param - p->params.v);
	if (ref->path.n < 2 || !has_name(names, before, ref->path.v[1])) {
		add(s, ref, "a default can use only the parameters declared before it");
		slip_diags_hint(s->c->diags, "move the other parameter up");
	}
}

static void check_secrets(const struct scope *s, const struct slip_expr_ref *ref)
{
	const struct slip_pipeline *p = s->c->pipeline;
	if (s->field->type != FIELD_CONDITION) {
		add(s, ref, "a secret never becomes part of a value");
		slip_diags_hint(s->c->diags,
			"list it under \"secrets\": a command gets it as a variable, a build as a "
			"secret mount; ${{ secrets.x }} is for `if` and tells whether it is there");
		return;
	}
	slip_autofree const char **names =
		names_of(p->secrets.v, p->secrets.n, sizeof(*p->secrets.v));
	check_declared(s, ref, "secret", names, p->secrets.n);
}

static void check_matrix(const struct scope *s, const struct slip_expr_ref *ref)
{
	if (!s->stage) {
		add(s, ref, "\"matrix\" has a value inside a stage only");
		return;
	}
	const struct slip_matrix *m = &s->stage->matrix;
	for (size_t i = 0; ref->path.n > 1 && i < m->include.n; i++) {
		const struct slip_value_map *cell = &m->include.v[i].values;
		if (slip_value_map_get(cell, ref->path.v[1]))
			return;
	}
	slip_autofree const char **names = names_of(m->axes.v, m->axes.n, sizeof(*m->axes.v));
	check_declared(s, ref, "matrix axis", names, m->axes.n);
}

static void check_output(const struct scope *s, const struct slip_expr_ref *ref,
	const struct slip_pipeline_stage *target)
{
	const char *const *builtin = slip_stage_kind_outputs(target->kind);
	size_t n = 0;
	while (builtin[n])
		n++;
	slip_autofree const char **names = slip_xcalloc(n + target->outputs.n + 1, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = builtin[i];
	for (size_t i = 0; i < target->outputs.n; i++)
		names[n++] = target->outputs.v[i].name.text;
	if (has_name(names, n, ref->path.v[3]))
		return;
	add(s, ref, "the stage \"%s\" has no output \"%s\"", target->name.text, ref->path.v[3]);
	if (!slip_diags_suggest(s->c->diags, ref->path.v[3], names, n))
		slip_diags_hint(s->c->diags, "declare it under \"outputs\" of that stage");
}

static void check_stages(const struct scope *s, const struct slip_expr_ref *ref)
{
	const struct slip_pipeline *p = s->c->pipeline;
	if (!s->stage) {
		add(s, ref, "\"stages\" has a value inside a stage only");
		return;
	}
	slip_autofree const char **names = names_of(p->stages.v, p->stages.n, sizeof(*p->stages.v));
	if (!check_declared(s, ref, "stage", names, p->stages.n) || ref->path.n < 2)
		return;
	const struct slip_pipeline_stage *target = slip_pipeline_find_stage(p, ref->path.v[1]);
	size_t to = (size_t)(target - p->stages.v);
	if (!s->is_final && !slip_stage_is_after(p, s->index, to)) {
		add(s, ref, "the stage \"%s\" does not come before this one", ref->path.v[1]);
		slip_diags_hint(s->c->diags, "add it to \"needs\"");
		return;
	}
	if (ref->path.n < 3)
		return;
	static const char *const members[] = {"outputs", "status"};
	if (!has_name(members, 2, ref->path.v[2])) {
		add(s, ref, "a stage has \"outputs\" and \"status\", not \"%s\"", ref->path.v[2]);
		slip_diags_suggest(s->c->diags, ref->path.v[2], members, 2);
	} else if (ref->path.n > 3 && slip_streq(ref->path.v[2], "outputs")) {
		check_output(s, ref, target);
	}
}

static void check_path(const struct scope *s, const struct slip_expr_ref *ref)
{
	const char *root = ref->path.v[0];
	if (slip_streq(root, "ci")) {
		check_known_path(s, ref, ci_paths, SLIP_ARRAY_LEN(ci_paths));
	} else if (slip_streq(root, "pipeline")) {
		check_known_path(s, ref, pipeline_paths, SLIP_ARRAY_LEN(pipeline_paths));
	} else if (slip_streq(root, "params")) {
		check_params(s, ref);
	} else if (slip_streq(root, "secrets")) {
		check_secrets(s, ref);
	} else if (slip_streq(root, "matrix")) {
		check_matrix(s, ref);
	} else if (slip_streq(root, "stages")) {
		check_stages(s, ref);
	} else if (slip_streq(root, "result")) {
		if (!(s->field->flags & FIELD_RESULT))
			add(s, ref, "\"result\" has a value in \"outputs\" only");
	} else if (!slip_streq(root, "env")) {
		add(s, ref, "unknown name \"%s\"", root);
		slip_autofree const char **params = names_of(s->c->pipeline->params.v,
			s->c->pipeline->params.n, sizeof(*s->c->pipeline->params.v));
		if (has_name(params, s->c->pipeline->params.n, root))
			slip_diags_hint(s->c->diags, "did you mean \"params.%s\"?", root);
		else if (!slip_diags_suggest(s->c->diags, root, contexts, SLIP_ARRAY_LEN(contexts)))
			slip_diags_hint(s->c->diags,
				"names start with ci, params, env, secrets, matrix, stages, "
				"pipeline or result; text is quoted: '%s'",
				root);
	}
}

/* --- walking ---------------------------------------------------------------------------------- */

static void check_value(void *arg, const struct slip_field *field, struct slip_value *v)
{
	struct scope *s = arg;
	bool is_condition = field->type == FIELD_CONDITION;
	if (!is_condition && (!v->is_expr || (field->flags & FIELD_LITERAL)))
		return;
	s->field = field;
	s->value = v;
	slip_autoexpr *e = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	size_t offset = 0;
	int rc = is_condition ? slip_expr_parse_condition(v->text, &e, &offset, &err)
			      : slip_expr_parse(v->text, &e, &offset, &err);
	if (rc < 0) {
		slip_diags_add(s->c->diags, locate(s, offset), "%s", err.msg);
		return;
	}
	size_t n;
	const struct slip_expr_ref *refs = slip_expr_refs(e, &n);
	for (size_t i = 0; i < n; i++) {
		if (!refs[i].is_call)
			check_path(s, &refs[i]);
		else if (!is_condition)
			add(s, &refs[i], "%s() has a value in `if` only", refs[i].path.v[0]);
	}
}

static void check_pipeline(struct slip_checker *c)
{
	/* All but the stages, and the params one by one, as their order counts. */
	const struct slip_object *obj = &slip_object_pipeline;
	struct slip_pipeline *p = c->pipeline;
	for (size_t i = 0; i < obj->n; i++) {
		const struct slip_field *field = &obj->fields[i];
		struct slip_object single = {.fields = field, .n = 1};
		struct scope s = {.c = c};
		if (field->object == &slip_object_stage)
			continue;
		if (!slip_streq(field->key, "params")) {
			slip_object_each(&single, p, check_value, &s);
			continue;
		}
		for (size_t k = 0; k < p->params.n; k++) {
			s.param = &p->params.v[k];
			slip_object_each(field->object, &p->params.v[k], check_value, &s);
		}
	}
}

void slip_spec_check_refs(struct slip_checker *c)
{
	struct slip_pipeline *p = c->pipeline;
	check_pipeline(c);
	for (size_t i = 0; i < p->stages.n; i++) {
		struct scope s = {.c = c, .stage = &p->stages.v[i], .index = i};
		slip_object_each(&slip_object_stage, &p->stages.v[i], check_value, &s);
	}
	for (size_t i = 0; i < p->finally.n; i++) {
		struct scope s = {.c = c, .stage = &p->finally.v[i], .is_final = true};
		slip_object_each(&slip_object_stage, &p->finally.v[i], check_value, &s);
	}
}
