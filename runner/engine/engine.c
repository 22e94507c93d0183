#include "config.h"

#include "runner/engine/engine.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/engine/exec.h"
#include "runner/engine/validate.h"

#include <errno.h>

/* --- a run's set-up --------------------------------------------------------------------------- */

struct setup {
	struct slip_pipeline *written;
	struct slip_run run;
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

/* All findings as text; the error says a single one by itself. */
static int tell_findings(struct slip_diags *diags, struct slip_err *err)
{
	slip_diags_sort(diags);
	if (slip_diags_check(diags, err) == 0)
		return 0;
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
	return diags.n ? tell_findings(&diags, err) : slip_err_copy(err, &why);
}

static int set_up(
	struct setup *s, const struct slip_engine_options *opt, bool is_plan, struct slip_err *err)
{
	s->run.opt = opt;
	s->run.workspace = realpath(".", NULL);
	if (!s->run.workspace)
		return slip_err_set(err, SLIP_E_IO, errno, "find the working directory");
	if (load(opt->spec, &s->written, err) < 0)
		return -1;
	slip_facts_init(&s->run.facts, s->run.workspace);
	s->run.facts.is_plan = is_plan;
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

int slip_engine_run(const struct slip_engine_options *opt, int *status, struct slip_err *err)
{
	slip_cleanup(release_setup) struct setup s = {0};
	if (set_up(&s, opt, false, err) < 0)
		return -1;
	const char *tmp = getenv("TMPDIR");
	if (slip_make_temp_dir(tmp && *tmp ? tmp : "/tmp", "slipway-", &s.run.temp_dir, err) < 0)
		return -1;
	*status = slip_exec(&s.run, &s.plan);
	return 0;
}

/* --- plan ------------------------------------------------------------------------------------- */

static void print_params(const struct slip_json *params, struct slip_buf *out)
{
	for (const char *name = NULL; (name = slip_json_next_key(params, name));) {
		slip_autofree char *value = slip_expr_text(slip_json_get(params, name));
		slip_buf_addf(out, "param %s = %s\n", name, value);
	}
}

static void print_needs(
	const struct slip_plan *plan, const struct slip_plan_node *node, struct slip_buf *out)
{
	for (size_t i = 0; i < node->n_needs; i++)
		slip_buf_addf(out, "%s%s", i ? ", " : "    needs ",
			plan->nodes[node->needs[i].node].name);
	if (node->n_needs)
		slip_buf_add_char(out, '\n');
}

static int print_node(const struct setup *s, const struct slip_plan_node *node,
	struct slip_buf *out, struct slip_err *err)
{
	struct slip_view view = {.facts = (struct slip_facts *)&s->run.facts, .is_success = true};
	struct slip_stage_run run;
	slip_stage_run_init(&run, &s->run, node, &view);
	bool is_true = true;
	const char *condition = NULL;
	int rc = slip_stage_run_condition(&run, &is_true, &condition, err);
	if (rc == 0) {
		slip_buf_addf(out, "%s%s\n    ", node->is_final ? "finally " : "", node->name);
		rc = slip_stage_run_resolve(&run, err);
	}
	if (rc == 0) {
		slip_buf_addf(out, "%s: ", slip_stage_kind_name(node->stage->kind));
		slip_stage_run_describe(&run, out);
		slip_buf_add_char(out, '\n');
		print_needs(&s->plan, node, out);
		if (condition)
			slip_buf_addf(out, "    if %s: %s\n", condition,
				is_true ? "true" : "false, so it is skipped");
		if (slip_stage_run_timeout(&run) > 0)
			slip_buf_addf(out, "    timeout %llds\n",
				(long long)(slip_stage_run_timeout(&run) / 1000000000));
	}
	slip_stage_run_release(&run);
	return rc;
}

int slip_engine_plan(
	const struct slip_engine_options *opt, struct slip_buf *out, struct slip_err *err)
{
	slip_cleanup(release_setup) struct setup s = {0};
	if (set_up(&s, opt, true, err) < 0)
		return -1;
	const struct slip_json *ci = s.run.facts.ci;
	slip_buf_addf(out, "pipeline %s, %zu stages, on %s\n",
		slip_value_text(&s.run.pipeline->name, opt->spec), s.plan.n,
		slip_json_get_str(ci, "provider", ""));
	const char *commit = slip_json_get_str(slip_json_get(ci, "commit"), "sha", NULL);
	const char *ref = slip_json_get_str(slip_json_get(ci, "ref"), "name", NULL);
	if (commit)
		slip_buf_addf(out, "commit %s%s%s\n", commit, ref ? " of " : "", ref ? ref : "");
	print_params(s.run.facts.params, out);
	for (size_t i = 0; i < s.plan.n; i++) {
		if (print_node(&s, &s.plan.nodes[i], out, err) < 0)
			return slip_err_wrap(err, "stage %s", s.plan.nodes[i].name);
	}
	return slip_buf_check(out, "the plan", err);
}
