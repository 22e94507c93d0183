#include "config.h"

#include "runner/engine/facts.h"

#include "runner/base/limits.h"
#include "runner/base/suggest.h"
#include "runner/engine/changed.h"
#include "runner/engine/ci.h"

#include <ctype.h>

void slip_facts_init(struct slip_facts *f, const char *workspace)
{
	*f = (struct slip_facts){
		.workspace = workspace,
		.ci = slip_ci_read(workspace),
		.params = slip_json_object(),
		.pipeline = slip_json_object(),
		.stages = slip_json_object(),
		.secrets = slip_json_object(),
	};
	slip_json_set_str(f->pipeline, "status", "running");
}

void slip_facts_release(struct slip_facts *f)
{
	slip_json_free(f->ci);
	slip_json_free(f->params);
	slip_json_free(f->pipeline);
	slip_json_free(f->stages);
	slip_json_free(f->secrets);
	*f = (struct slip_facts){0};
}

/* --- the context of expressions --------------------------------------------------------------- */

static struct slip_json *walk(const struct slip_json *root, const struct slip_strv *path)
{
	struct slip_json *v = root ? slip_expr_walk((struct slip_json *)root, path, 1) : NULL;
	enum slip_json_kind kind = slip_json_kind(v);
	/* Scalars never change; objects and lists of ours do. */
	if (kind == SLIP_JSON_OBJECT || kind == SLIP_JSON_ARRAY)
		return slip_json_copy(v);
	return v ? slip_json_ref(v) : NULL;
}

/* Stage over pipeline over process. */
static struct slip_json *lookup_env(const struct slip_view *v, const struct slip_strv *path)
{
	if (path->n != 2)
		return NULL;
	const struct slip_value_map *maps[] = {v->env, v->facts->env};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(maps); i++) {
		const struct slip_value *value =
			maps[i] ? slip_value_map_get(maps[i], path->v[1]) : NULL;
		if (value && value->text)
			return slip_json_str(value->text);
	}
	const char *value = getenv(path->v[1]);
	return value ? slip_json_str(value) : NULL;
}

static int lookup(
	void *arg, const struct slip_strv *path, struct slip_json **out, struct slip_err *err)
{
	(void)err;
	const struct slip_view *v = arg;
	const struct {
		const char *name;
		const struct slip_json *root;
	} roots[] = {
		{"ci", v->facts->ci},
		{"params", v->facts->params},
		{"secrets", v->facts->secrets},
		{"matrix", v->matrix},
		{"stages", v->facts->stages},
		{"pipeline", v->facts->pipeline},
		{"result", v->result},
	};
	*out = NULL;
	if (slip_streq(path->v[0], "env"))
		*out = lookup_env(v, path);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(roots); i++) {
		if (slip_streq(path->v[0], roots[i].name))
			*out = walk(roots[i].root, path);
	}
	bool is_late = slip_streq(path->v[0], "stages") || slip_streq(path->v[0], "result");
	if (!*out && is_late && v->facts->is_plan) {
		slip_autofree char *name = slip_strv_join(path, ".");
		slip_autofree char *text = slip_xasprintf("<%s>", name);
		*out = slip_json_str(text);
	}
	return 0;
}

static int call(void *arg, const char *function, const struct slip_json *args,
	struct slip_json **out, struct slip_err *err)
{
	const struct slip_view *v = arg;
	if (slip_streq(function, "changed"))
		return slip_changed_call(v->facts, args, out, err);
	bool is_true = slip_streq(function, "always") ||
		       (slip_streq(function, "success") && v->is_success) ||
		       (slip_streq(function, "failure") && v->is_failure) ||
		       (slip_streq(function, "cancelled") && v->is_cancelled);
	*out = slip_json_bool(is_true);
	return 0;
}

struct slip_expr_context slip_view_context(struct slip_view *v)
{
	return (struct slip_expr_context){.arg = v, .lookup = lookup, .call = call};
}

/* --- parameters ------------------------------------------------------------------------------- */

/* NAME of "SLIPWAY_PARAM_NAME": upper case, anything else as '_'. */
static const char *from_environment(const char *param)
{
	slip_autofree char *name = slip_xasprintf("SLIPWAY_PARAM_%s", param);
	for (char *p = name; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	return getenv(name);
}

/* The last --set of a name wins. */
static const char *from_set(const struct slip_strv *set, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = set->n; i-- > 0;) {
		if (strncmp(set->v[i], name, n) == 0 && set->v[i][n] == '=')
			return set->v[i] + n + 1;
	}
	return NULL;
}

static int check_set(
	const struct slip_pipeline *p, const struct slip_strv *set, struct slip_err *err)
{
	slip_autofree const char **names = slip_xcalloc(p->params.n + 1, sizeof(*names));
	for (size_t i = 0; i < p->params.n; i++)
		names[i] = p->params.v[i].name.text;
	for (size_t i = 0; i < set->n; i++) {
		size_t n = strcspn(set->v[i], "="), k = 0;
		if (!set->v[i][n] || n == 0)
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"--set takes NAME=VALUE, not \"%s\"", set->v[i]);
		while (k < p->params.n &&
			(strlen(names[k]) != n || strncmp(names[k], set->v[i], n) != 0))
			k++;
		if (k < p->params.n)
			continue;
		slip_autofree char *name = slip_xstrndup(set->v[i], n);
		const char *near = slip_suggest(name, names, p->params.n, 0);
		return slip_err_set(err, SLIP_E_USAGE, 0, "there is no parameter \"%s\"%s%s%s",
			name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	return 0;
}

/* The text of a value from outside, as the type that the default has. */
static int typed(
	const struct slip_param *p, const char *text, struct slip_json **out, struct slip_err *err)
{
	int64_t n;
	if (!slip_value_is_set(&p->dflt) || p->dflt.is_expr ||
		(p->dflt.type != SLIP_YAML_BOOL && p->dflt.type != SLIP_YAML_INT)) {
		*out = slip_json_str(text);
	} else if (p->dflt.type == SLIP_YAML_INT) {
		if (slip_yaml_int(text, &n, NULL) < 0)
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"the parameter \"%s\" is a whole number, not \"%s\"", p->name.text,
				text);
		*out = slip_json_int(n);
	} else if (slip_streq(text, "true") || slip_streq(text, "false")) {
		*out = slip_json_bool(slip_streq(text, "true"));
	} else {
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"the parameter \"%s\" is true or false, not \"%s\"", p->name.text, text);
	}
	return 0;
}

static int check_options(
	const struct slip_param *p, const struct slip_json *value, struct slip_err *err)
{
	slip_autofree char *text = slip_expr_text(value);
	slip_autostrv all = {0};
	for (size_t i = 0; i < p->options.n; i++) {
		if (slip_streq(p->options.v[i].text, text))
			return 0;
		slip_strv_add(&all, p->options.v[i].text);
	}
	if (!p->options.n)
		return 0;
	slip_autofree char *list = slip_strv_join(&all, ", ");
	return slip_err_set(err, SLIP_E_USAGE, 0, "the parameter \"%s\" is one of %s, not \"%s\"",
		p->name.text, list, text);
}

static int param_value(struct slip_facts *f, const struct slip_param *p,
	const struct slip_strv *set, struct slip_json **out, struct slip_err *err)
{
	const char *text = from_set(set, p->name.text);
	if (!text)
		text = from_environment(p->name.text);
	if (text)
		return typed(p, text, out, err);
	if (!slip_value_is_set(&p->dflt))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"the parameter \"%s\" has no default: give --set %s=VALUE", p->name.text,
			p->name.text);
	struct slip_view view = {.facts = f};
	struct slip_expr_context ctx = slip_view_context(&view);
	return slip_value_eval(&p->dflt, &ctx, out, err);
}

int slip_facts_set_params(struct slip_facts *f, const struct slip_pipeline *p,
	const struct slip_strv *set, struct slip_err *err)
{
	if (slip_value_is_set(&p->name))
		slip_json_set_str(f->pipeline, "name", p->name.text);
	if (check_set(p, set, err) < 0)
		return -1;
	size_t bytes = 0;
	for (size_t i = 0; i < p->params.n; i++) {
		struct slip_json *value = NULL;
		if (param_value(f, &p->params.v[i], set, &value, err) < 0)
			return -1;
		slip_autofree char *text = slip_expr_text(value);
		bytes += strlen(text);
		/* A default may use the parameters before it, so each is stored at once. */
		slip_json_set(f->params, p->params.v[i].name.text, value);
		if (bytes > SLIP_MAX_EXPANDED_ALL)
			return slip_err_set(err, SLIP_E_SPEC, 0,
				"%s:%u:%u: the values of all parameters are larger than %llu bytes",
				p->params.v[i].name.pos.file, p->params.v[i].name.pos.line,
				p->params.v[i].name.pos.col, SLIP_MAX_EXPANDED_ALL);
		if (check_options(&p->params.v[i], value, err) < 0)
			return -1;
	}
	return 0;
}

/* --- secrets and stages ----------------------------------------------------------------------- */

void slip_facts_set_secrets(struct slip_facts *f, const struct slip_pipeline *p)
{
	for (size_t i = 0; i < p->secrets.n; i++) {
		const struct slip_secret *s = &p->secrets.v[i];
		bool is_there = slip_value_is_set(&s->env)
					? getenv(s->env.text) != NULL
					: s->file.text && access(s->file.text, R_OK) == 0;
		slip_json_set(f->secrets, s->name.text, slip_json_bool(is_there));
	}
}

static struct slip_json *stage_object(struct slip_facts *f, const char *stage)
{
	struct slip_json *obj = slip_json_get(f->stages, stage);
	if (!obj) {
		obj = slip_json_object();
		slip_json_set(obj, "outputs", slip_json_object());
		slip_json_set(f->stages, stage, obj);
	}
	return obj;
}

void slip_facts_set_status(struct slip_facts *f, const char *stage, const char *status)
{
	slip_json_set_str(stage_object(f, stage), "status", status);
}

void slip_facts_set_output(
	struct slip_facts *f, const char *stage, const char *name, const char *value)
{
	slip_json_set_str(slip_json_get(stage_object(f, stage), "outputs"), name, value);
}
