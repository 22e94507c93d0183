#include "config.h"

#include "runner/engine/engine.h"

#include "runner/base/clock.h"
#include "runner/base/finding.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/pool.h"
#include "runner/engine/ci.h"
#include "runner/engine/ci_env.h"
#include "runner/engine/exec.h"
#include "runner/engine/git.h"
#include "runner/engine/validate.h"

#include <errno.h>

/* --- a run's set-up --------------------------------------------------------------------------- */

struct setup {
	struct slip_pipeline *written;
	struct slip_pipeline_run run;
	struct slip_plan plan;
};

static void release_setup(struct setup *s)
{
	slip_plan_release(&s->plan);
	slip_pipeline_free(s->run.pipeline);
	slip_facts_release(&s->run.facts);
	if (s->run.temp_dir)
		(void)!slip_remove_tree(AT_FDCWD, s->run.temp_dir, NULL);
	free(s->run.temp_dir);
	free(s->run.workspace);
	slip_pipeline_free(s->written);
}

static void tell_finding(const struct slip_diag *d)
{
	struct slip_finding f = {
		.rule = "invalid-spec",
		.severity = SLIP_SEVERITY_ERROR,
		.file = d->file,
		.line = d->line,
		.col = d->col,
	};
	slip_finding_tell(&f, "%s", d->message);
}

/* What reports need to point at things: where the files are, and where they can be seen. */
static void announce_source(const struct slip_json *ci, const char *workspace)
{
	slip_cleanup(slip_git_release) struct slip_git git;
	slip_git_read(workspace, &git);
	slip_autofree char *root = slip_path_clean(git.root ? git.root : workspace);
	const struct slip_json *project = slip_json_get(ci, "project");
	const struct slip_json *job = slip_json_get(ci, "job");
	const struct slip_json *commit = slip_json_get(ci, "commit");
	const struct slip_json *registry = slip_json_get(ci, "registry");
	slip_event("pipeline.source", "provider", slip_json_get_str(ci, "provider", NULL), "root",
		root, "project", slip_json_get_str(project, "url", NULL), "job",
		slip_json_get_str(job, "url", NULL), "sha", slip_json_get_str(commit, "sha", NULL),
		"registry", slip_json_get_str(registry, "host", NULL), NULL);
}

/* All findings, for reports and as text; the error says a single one by itself. */
static int tell_findings(struct slip_diags *diags, struct slip_err *err)
{
	slip_diags_sort(diags);
	if (slip_diags_check(diags, err) == 0)
		return 0;
	for (size_t i = 0; i < diags->n; i++)
		tell_finding(&diags->v[i]);
	if (diags->n == 1 && !diags->v[0].hint)
		return -1;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MIB);
	slip_diags_print(diags, &text);
	if (text.len) {
		slip_buf_truncate(&text, text.len - 1);
		slip_error("%s", text.data);
	}
	return -1;
}

static int load(const char *path, struct slip_pipeline **out, struct slip_err *err)
{
	slip_autodiags diags = {0};
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_validate_read(path, out, &diags, &why) == 0)
		return 0;
	if (diags.n)
		return tell_findings(&diags, err);
	if (why.sys == ENOENT && access(path, F_OK) < 0)
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"there is no spec %s%s; -f FILE names another one", path,
			*path == '/' ? "" : " in this directory");
	return slip_err_copy(err, &why);
}

static int set_up(
	struct setup *s, const struct slip_engine_options *opt, bool is_plan, struct slip_err *err)
{
	s->run.opt = opt;
	s->run.workspace = realpath(".", NULL);
	if (!s->run.workspace)
		return slip_err_set(err, SLIP_E_IO, errno, "find the working directory");
	s->run.is_ci = !opt->ci_env && !slip_streq(slip_ci_provider(), "local");
	if (opt->ci_env && slip_ci_env_replay(opt->ci_env, err) < 0)
		return -1;
	slip_facts_init(&s->run.facts, s->run.workspace);
	s->run.facts.is_plan = is_plan;
	if (!is_plan)
		announce_source(s->run.facts.ci, s->run.workspace);
	if (load(opt->spec, &s->written, err) < 0)
		return -1;
	if (slip_facts_set_params(&s->run.facts, s->written, &opt->set, err) < 0)
		return -1;
	slip_facts_set_secrets(&s->run.facts, s->written);
	struct slip_view view = {.facts = &s->run.facts, .is_success = true};
	struct slip_expr_context ctx = slip_view_context(&view);
	if (slip_pipeline_resolve(s->written, &ctx, &s->run.pipeline, err) < 0)
		return -1;
	s->run.facts.env = &s->run.pipeline->env;
	if (slip_plan_make(s->run.pipeline, &opt->selection, &ctx, &s->plan, err) < 0)
		return -1;
	/* Before the first stage: not after half an hour of others. */
	slip_autodiags diags = {0};
	for (size_t i = 0; i < s->plan.n; i++) {
		if (i == 0 || s->plan.nodes[i].stage != s->plan.nodes[i - 1].stage)
			slip_validate_stage(opt->kinds, s->plan.nodes[i].stage, NULL, &diags);
	}
	return tell_findings(&diags, err);
}

int64_t slip_engine_jobs(const struct slip_engine_options *opt)
{
	return opt->jobs > 0 ? opt->jobs : (int64_t)slip_pool_processors();
}

int slip_engine_with_pipeline(const struct slip_engine_options *opt, slip_engine_pipeline_fn *fn,
	void *arg, struct slip_err *err)
{
	slip_cleanup(release_setup) struct setup s = {0};
	if (set_up(&s, opt, true, err) < 0)
		return -1;
	return fn(arg, s.run.pipeline, err);
}

static int fail_to_start(struct slip_err *err)
{
	char seconds[32], status[16];
	snprintf(seconds, sizeof(seconds), "%.3f", slip_clock_elapsed());
	snprintf(status, sizeof(status), "%d", slip_err_exit_status(err));
	slip_event("pipeline.done", "status", "failed", "exit", status, "summary",
		"nothing was run", "seconds", seconds, "error", err->msg, NULL);
	return -1;
}

int slip_engine_run(const struct slip_engine_options *opt, int *status, struct slip_err *err)
{
	slip_cleanup(release_setup) struct setup s = {0};
	if (set_up(&s, opt, false, err) < 0)
		return fail_to_start(err);
	const char *tmp = getenv("TMPDIR");
	if (slip_make_temp_dir(tmp && *tmp ? tmp : "/tmp", "slipway-", &s.run.temp_dir, err) < 0)
		return fail_to_start(err);
	*status = slip_exec(&s.run, &s.plan);
	return 0;
}

/* --- plan ------------------------------------------------------------------------------------- */

static struct slip_json *needs_of(const struct slip_plan *plan, const struct slip_plan_node *node)
{
	struct slip_json *needs = slip_json_array();
	for (size_t i = 0; i < node->n_needs; i++)
		slip_json_append(needs, slip_json_str(plan->nodes[node->needs[i].node].name));
	return needs;
}

/* What the kind has to say; what cannot be foreseen is no failure of the plan. */
static void add_foreseen(struct slip_stage_run *run, bool is_probe, struct slip_json *out)
{
	struct slip_err why = SLIP_ERR_INIT;
	struct slip_json *foreseen = NULL;
	if (slip_stage_run_foresee(run, is_probe, &foreseen, &why) < 0)
		slip_json_set_str(out, "problem", why.msg);
	if (foreseen)
		slip_json_set(out, "foreseen", foreseen);
}

static int plan_resolved(const struct setup *s, struct slip_stage_run *run, struct slip_json *out,
	struct slip_err *err)
{
	const struct slip_plan_node *node = run->node;
	bool is_true = true;
	const char *condition = NULL;
	if (slip_stage_run_condition(run, &is_true, &condition, err) < 0 ||
		slip_stage_run_resolve(run, err) < 0)
		return -1;
	slip_autobuf does;
	slip_buf_init(&does, 64 * SLIP_KIB);
	slip_stage_run_describe(run, &does);
	slip_json_set_str(out, "does", does.data);
	slip_json_set(out, "needs", needs_of(&s->plan, node));
	slip_json_set_str(out, "if", condition);
	slip_json_set(out, "runs", slip_json_bool(is_true));
	if (slip_stage_run_timeout(run) > 0)
		slip_json_set_int(out, "timeout", slip_stage_run_timeout(run) / 1000000000);
	if (is_true)
		add_foreseen(run, s->run.opt->is_probe, out);
	return 0;
}

static int plan_node(const struct setup *s, const struct slip_plan_node *node,
	struct slip_json *stages, struct slip_err *err)
{
	struct slip_view view = {.facts = (struct slip_facts *)&s->run.facts, .is_success = true};
	struct slip_stage_run run;
	struct slip_json *out = slip_json_object();
	slip_json_set_str(out, "name", node->name);
	slip_json_set_str(out, "id", node->id);
	slip_json_set_str(out, "kind", slip_stage_kind_name(node->stage->kind));
	slip_json_set(out, "finally", slip_json_bool(node->is_final));
	if (node->matrix)
		slip_json_set(out, "matrix", slip_json_ref(node->matrix));
	slip_json_append(stages, out);
	slip_stage_run_init(&run, &s->run, node, &view);
	int rc = plan_resolved(s, &run, out, err);
	slip_stage_run_release(&run);
	return rc < 0 ? slip_err_wrap(err, "stage %s", node->name) : 0;
}

int slip_engine_plan(
	const struct slip_engine_options *opt, struct slip_json **out, struct slip_err *err)
{
	slip_cleanup(release_setup) struct setup s = {0};
	if (set_up(&s, opt, true, err) < 0)
		return -1;
	slip_autojson *plan = slip_json_object();
	const struct slip_json *ci = s.run.facts.ci;
	struct slip_json *stages = slip_json_array();
	slip_json_set_str(plan, "pipeline", slip_value_text(&s.run.pipeline->name, opt->spec));
	slip_json_set_str(plan, "provider", slip_json_get_str(ci, "provider", ""));
	slip_json_set_str(
		plan, "commit", slip_json_get_str(slip_json_get(ci, "commit"), "sha", NULL));
	slip_json_set_str(plan, "ref", slip_json_get_str(slip_json_get(ci, "ref"), "name", NULL));
	slip_json_set_int(plan, "jobs", slip_engine_jobs(opt));
	slip_json_set(plan, "params", slip_json_ref(s.run.facts.params));
	slip_json_set(plan, "stages", stages);
	for (size_t i = 0; i < s.plan.n; i++) {
		if (slip_cancel_check(err) < 0 || plan_node(&s, &s.plan.nodes[i], stages, err) < 0)
			return -1;
	}
	*out = slip_steal_ptr(&plan);
	return 0;
}
