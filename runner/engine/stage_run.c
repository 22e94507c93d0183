#include "config.h"

#include "runner/engine/stage_run.h"

#include "runner/base/io.h"
#include "runner/base/path.h"
#include "runner/engine/output_file.h"
#include "runner/engine/secret.h"

#include <poll.h>

void slip_stage_run_init(struct slip_stage_run *s, const struct slip_pipeline_run *run,
	const struct slip_plan_node *node, const struct slip_view *view)
{
	*s = (struct slip_stage_run){.run = run, .node = node, .view = *view};
	s->view.matrix = node->matrix;
	slip_smap_init(&s->env);
	slip_smap_init(&s->secrets);
	s->child = (struct slip_child){.output = -1, .records = -1, .proc = {.pidfd = -1}};
}

void slip_stage_run_release(struct slip_stage_run *s)
{
	if (s->is_started)
		slip_child_release(&s->child);
	if (s->output_path)
		unlink(s->output_path);
	if (s->is_resolved)
		slip_pipeline_stage_release(&s->stage);
	slip_map_release(&s->env);
	slip_map_release(&s->secrets);
	slip_kind_launch_release(&s->launch);
	free(s->cwd);
	free(s->output_path);
	*s = (struct slip_stage_run){0};
}

/* --- the condition ---------------------------------------------------------------------------- */

/* success() is implied unless the condition asks for a status itself. */
static bool asks_for_status(const struct slip_expr *e)
{
	static const char *const functions[] = {"success", "failure", "cancelled", "always"};
	size_t n;
	const struct slip_expr_ref *refs = slip_expr_refs(e, &n);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < SLIP_ARRAY_LEN(functions); k++) {
			if (refs[i].is_call && slip_streq(refs[i].path.v[0], functions[k]))
				return true;
		}
	}
	return false;
}

int slip_stage_run_condition(
	struct slip_stage_run *s, bool *is_true, const char **text, struct slip_err *err)
{
	const struct slip_value *condition = &s->node->stage->condition;
	*text = condition->text;
	if (!condition->text) {
		*is_true = s->node->is_final || s->view.is_success;
		return 0;
	}
	slip_autoexpr *e = NULL;
	struct slip_expr_context ctx = slip_view_context(&s->view);
	if (slip_expr_parse_condition(condition->text, &e, NULL, err) < 0 ||
		slip_expr_eval_bool(e, &ctx, is_true, err) < 0)
		return slip_err_wrap(err, "%s:%u:%u: the condition", condition->pos.file,
			condition->pos.line, condition->pos.col);
	if (!s->node->is_final && !asks_for_status(e))
		*is_true &= s->view.is_success;
	return 0;
}

/* --- resolving -------------------------------------------------------------------------------- */

static void add_env(struct slip_map *env, const struct slip_value_map *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (from->v[i].value.text)
			slip_smap_set(env, from->v[i].name.text, from->v[i].value.text);
	}
}

int slip_stage_run_resolve(struct slip_stage_run *s, struct slip_err *err)
{
	struct slip_expr_context ctx = slip_view_context(&s->view);
	if (slip_pipeline_stage_resolve(s->node->stage, &ctx, &s->stage, err) < 0)
		return -1;
	s->is_resolved = true;
	add_env(&s->env, &s->run->pipeline->env);
	add_env(&s->env, &s->stage.env);
	s->cwd = slip_path_join(
		s->run->workspace, slip_value_text(&s->stage.working_dir, s->run->workspace));
	const struct slip_kind *kind = slip_kind_find(s->run->opt->kinds, s->stage.kind);
	if (!slip_value_is_set(&s->stage.container) && kind && kind->runs_command &&
		slip_value_is_set(&s->run->pipeline->defaults.container)) {
		s->stage.container = s->run->pipeline->defaults.container;
		s->stage.container.text = slip_xstrdup(s->stage.container.text);
	}
	return 0;
}

int64_t slip_stage_run_timeout(const struct slip_stage_run *s)
{
	return slip_value_int(
		&s->stage.timeout, slip_value_int(&s->run->pipeline->defaults.timeout, 0));
}

/* Why nothing is pushed or deployed; NULL when it is. */
static const char *push_refusal(const struct slip_pipeline_run *run)
{
	if (run->opt->is_push_refused)
		return "--no-push";
	if (run->opt->is_push_wanted || run->is_ci)
		return NULL;
	return "outside of CI only with --push";
}

static struct slip_kind_input kind_input(const struct slip_stage_run *s)
{
	const struct slip_engine_options *opt = s->run->opt;
	const char *refusal = push_refusal(s->run);
	return (struct slip_kind_input){
		.pipeline = s->run->pipeline,
		.stage = &s->stage,
		.ci = s->run->facts.ci,
		.name = s->node->name,
		.id = s->node->id,
		.out_dir = opt->out_dir ? opt->out_dir : ".slipway/out",
		.workspace = s->run->workspace,
		.cwd = s->cwd,
		.env = &s->env,
		.secrets = &s->secrets,
		.is_push_allowed = !refusal,
		.push_refusal = refusal,
		.is_in_place = opt->is_in_place,
	};
}

void slip_stage_run_describe(const struct slip_stage_run *s, struct slip_buf *out)
{
	const struct slip_kind *kind = slip_kind_find(s->run->opt->kinds, s->stage.kind);
	struct slip_kind_input in = kind_input(s);
	if (kind && kind->describe)
		kind->describe(&in, out);
}

/* --- start ------------------------------------------------------------------------------------ */

/* The command's variables: process, spec, kind, secrets, ours. */
static void command_env(const struct slip_stage_run *s, struct slip_strv *out)
{
	slip_automap all;
	slip_smap_init(&all);
	for (char **e = environ; *e; e++) {
		const char *equals = strchr(*e, '=');
		/* Jenkins ends whatever carries its cookie: stopping our children is our work. */
		if (!equals || slip_starts_with(*e, "JENKINS_SERVER_COOKIE="))
			continue;
		slip_autofree char *name = slip_xstrndup(*e, (size_t)(equals - *e));
		slip_smap_set(&all, name, equals + 1);
	}
	const struct slip_map *maps[] = {&s->env, &s->secrets};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(maps); i++) {
		for (size_t k = 0; k < maps[i]->n; k++)
			slip_smap_set(&all, maps[i]->entries[k].key, maps[i]->entries[k].value);
	}
	slip_smap_set(&all, "SLIPWAY_OUTPUT", s->output_path);
	slip_smap_set(&all, "SLIPWAY_STAGE", s->node->name);
	for (size_t i = 0; i < all.n; i++)
		slip_strv_addf(out, "%s=%s", all.entries[i].key, (char *)all.entries[i].value);
	for (size_t i = 0; i < s->launch.env.n; i++)
		slip_strv_add(out, s->launch.env.v[i]);
}

static int make_output_file(struct slip_stage_run *s, struct slip_err *err)
{
	s->output_path = slip_xasprintf("%s/%s.out", s->run->temp_dir, s->node->id);
	return slip_write_file(AT_FDCWD, s->output_path, "", 0, 0600, false, err);
}

int slip_stage_run_start(struct slip_stage_run *s, struct slip_err *err)
{
	const struct slip_kind *kind = slip_kind_find(s->run->opt->kinds, s->node->stage->kind);
	if (!kind)
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"%s:%u:%u: \"%s\" stages are not supported in this version",
			s->node->stage->pos.file, s->node->stage->pos.line, s->node->stage->pos.col,
			slip_stage_kind_name(s->node->stage->kind));
	if (!s->is_resolved && slip_stage_run_resolve(s, err) < 0)
		return -1;
	if (slip_secrets_read(s->run->pipeline, &s->stage, s->run->workspace, &s->secrets, err) < 0)
		return -1;
	struct slip_kind_input in = kind_input(s);
	if (kind->launch(&in, &s->launch, err) < 0 || make_output_file(s, err) < 0)
		return -1;
	slip_autostrv env = {0};
	command_env(s, &env);
	struct slip_child_spec spec = {
		.scope = s->node->id,
		.launch = &s->launch,
		.kind = s->stage.kind,
		.mode = SLIP_KIND_PERFORM,
		.env = (const char *const *)env.v,
		.cwd = s->cwd,
	};
	s->is_started = true;
	return slip_child_start(&s->child, &spec, err);
}

/* How the process ended. */
static int check_status(const struct slip_stage_run *s, struct slip_err *err)
{
	const struct slip_child *c = &s->child;
	if (c->status == 0)
		return 0;
	if (c->wire.has_error)
		return slip_err_copy(err, &c->wire.error);
	enum slip_err_code code = s->launch.request ? SLIP_E_BUG : SLIP_E_COMMAND;
	slip_autobuf starved;
	slip_buf_init(&starved, SLIP_ERR_MSG_MAX);
	slip_cgroup_explain_oom(&c->before, &starved);
	if (c->status > 128 && c->status < 128 + 65)
		slip_err_set(err, code, 0, "ended by signal %d (%s)%s", c->status - 128,
			strsignal(c->status - 128), starved.data);
	else
		slip_err_set(err, code, 0, "exit status %d%s", c->status, starved.data);
	if (err)
		err->status = c->status;
	return -1;
}

/* --- foreseeing ------------------------------------------------------------------------------- */

static void await_child(struct slip_child *c)
{
	while (!slip_child_take(c)) {
		struct pollfd p[4] = {{.fd = slip_cancel_fd(), .events = POLLIN}};
		size_t n = 1 + slip_child_poll_fds(c, p + 1);
		bool is_stopped = slip_cancel_requested();
		if (is_stopped)
			slip_child_stop(c, 1);
		/* Without pidfd_open the end is noticed so; a stopped child is killed in time. */
		(void)poll(
			p + is_stopped, n - is_stopped, is_stopped || c->proc.pidfd < 0 ? 20 : -1);
	}
}

int slip_stage_run_foresee(
	struct slip_stage_run *s, bool is_probe, struct slip_json **out, struct slip_err *err)
{
	const struct slip_kind *kind = slip_kind_find(s->run->opt->kinds, s->stage.kind);
	struct slip_kind_input in = kind_input(s);
	*out = NULL;
	if (!kind || !kind->foresee)
		return 0;
	if (kind->launch(&in, &s->launch, err) < 0)
		return -1;
	if (!s->launch.request)
		return 0;
	struct slip_child_spec spec = {
		.scope = s->node->id,
		.launch = &s->launch,
		.kind = s->stage.kind,
		.mode = is_probe ? SLIP_KIND_PROBE : SLIP_KIND_FORESEE,
		.cwd = s->cwd,
	};
	s->is_started = true;
	if (slip_child_start(&s->child, &spec, err) < 0)
		return -1;
	await_child(&s->child);
	const char *text = slip_smap_get(&s->child.wire.results, "plan");
	if (text && slip_json_parse(text, strlen(text), "the plan", SLIP_E_BUG, out, err) < 0)
		return -1;
	return check_status(s, err);
}

/* --- the end ---------------------------------------------------------------------------------- */

static int read_results(const struct slip_stage_run *s, struct slip_map *out, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_OUTPUT_FILE);
	slip_smap_copy(out, &s->child.wire.results);
	if (s->launch.request)
		return 0;
	if (slip_read_file(AT_FDCWD, s->output_path, &text, err) < 0)
		return slip_err_wrap(err, "$SLIPWAY_OUTPUT");
	return slip_output_file_parse(text.data, text.len, out, err);
}

static void set_output(const struct slip_stage_run *s, struct slip_facts *facts, const char *name,
	const char *value)
{
	slip_facts_set_output(facts, s->node->stage->name.text, name, value);
	slip_event("stage.output", "name", name, "value", value, NULL);
}

/* Only what the kind always has and what the stage declares is seen by others. */
static int set_outputs(struct slip_stage_run *s, struct slip_facts *facts,
	const struct slip_map *results, struct slip_err *err)
{
	slip_autojson *result = slip_json_object();
	for (size_t i = 0; i < results->n; i++)
		slip_json_set_str(result, results->entries[i].key, results->entries[i].value);
	const char *const *builtin = slip_stage_kind_outputs(s->stage.kind);
	for (; *builtin; builtin++) {
		const char *value = slip_smap_get(results, *builtin);
		if (value)
			set_output(s, facts, *builtin, value);
	}
	struct slip_view view = s->view;
	view.result = result;
	struct slip_expr_context ctx = slip_view_context(&view);
	const struct slip_value_map *declared = &s->node->stage->outputs;
	for (size_t i = 0; i < declared->n; i++) {
		const char *name = declared->v[i].name.text;
		const char *value = slip_smap_get(results, name);
		slip_autojson *v = NULL;
		slip_autofree char *text = NULL;
		if (declared->v[i].value.text) {
			if (slip_value_eval(&declared->v[i].value, &ctx, &v, err) < 0)
				return slip_err_wrap(err, "output %s", name);
			value = text = slip_expr_text(v);
		}
		if (!value)
			return slip_err_set(err, SLIP_E_COMMAND, 0,
				"the stage did not set its output \"%s\": write %s=value to the "
				"file $SLIPWAY_OUTPUT",
				name, name);
		set_output(s, facts, name, value);
	}
	return 0;
}

int slip_stage_run_finish(struct slip_stage_run *s, struct slip_facts *facts, struct slip_err *err)
{
	if (s->child.wire.malformed)
		slip_debug("%zu lines of the stage's process were no records",
			s->child.wire.malformed);
	slip_automap results;
	slip_smap_init(&results);
	if (check_status(s, err) < 0)
		return -1;
	s->view.env = &s->stage.env;
	if (read_results(s, &results, err) < 0)
		return -1;
	return set_outputs(s, facts, &results, err);
}
