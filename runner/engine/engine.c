#include "config.h"

#include "runner/engine/engine.h"

#include "runner/base/clock.h"
#include "runner/base/finding.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/engine/ci.h"
#include "runner/engine/ci_env.h"
#include "runner/engine/exec.h"
#include "runner/engine/git.h"

#include <errno.h>

/* --- reading specs ---------------------------------------------------------------------------- */

struct include_dir {
	int fd;
};

static int read_include(void *arg, const char *path, struct slip_buf *out, struct slip_err *err)
{
	struct include_dir *dir = arg;
	slip_autoclose int fd = -1;
	if (slip_open_in_root(dir->fd, path, O_RDONLY, 0, &fd, err) < 0)
		return -1;
	return slip_read_rest(fd, path, out, err);
}

static int read_spec(const char *path, struct slip_pipeline **out, struct slip_diags *diags,
	struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_SPEC);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0) {
		if (err && err->code == SLIP_E_NOTFOUND)
			err->code = SLIP_E_SPEC;
		return -1;
	}
	slip_autofree char *dir = slip_path_dir(path);
	slip_autoclose int fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", dir);
	struct include_dir includes = {fd};
	struct slip_spec_input in = {
		.file = path,
		.text = text.data,
		.len = text.len,
		.include = read_include,
		.include_arg = &includes,
	};
	return slip_pipeline_parse(&in, out, diags, err);
}

/* The format knows more kinds of stages than this program. */
static void check_kinds(const struct slip_kind *const *kinds,
	const struct slip_pipeline_stages *list, struct slip_diags *diags)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct slip_pipeline_stage *s = &list->v[i];
		if (!slip_kind_find(kinds, s->kind))
			slip_diags_add(diags, s->pos,
				"\"%s\" stages are not supported in this version",
				slip_stage_kind_name(s->kind));
	}
}

int slip_engine_validate(const struct slip_kind *const *kinds, const char *spec,
	struct slip_diags *diags, struct slip_err *err)
{
	slip_autopipeline *p = NULL;
	if (read_spec(spec, &p, diags, err) < 0)
		return -1;
	check_kinds(kinds, &p->stages, diags);
	check_kinds(kinds, &p->finally, diags);
	return slip_diags_check(diags, err);
}

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

static void tell_findings(const struct slip_diags *diags)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct slip_diag *d = &diags->v[i];
		struct slip_finding f = {
			.rule = "invalid-spec",
			.severity = SLIP_SEVERITY_ERROR,
			.file = d->file,
			.line = d->line,
			.col = d->col,
		};
		slip_finding_tell(&f, "%s", d->message);
	}
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

static int load(const char *path, struct slip_pipeline **out, struct slip_err *err)
{
	slip_autodiags diags = {0};
	if (read_spec(path, out, &diags, err) == 0)
		return 0;
	if (!diags.n && err->sys == ENOENT && access(path, F_OK) < 0) {
		slip_err_clear(err);
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"there is no spec %s%s; -f FILE names another one", path,
			*path == '/' ? "" : " in this directory");
	}
	tell_findings(&diags);
	/* The error says a single finding by itself. */
	if (diags.n == 1 && !diags.v[0].hint)
		return -1;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MIB);
	slip_diags_print(&diags, &text);
	if (text.len) {
		slip_buf_truncate(&text, text.len - 1);
		slip_error("%s", text.data);
	}
	return -1;
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
	if (slip_plan_make(s->run.pipeline, &opt->stages, &ctx, &s->plan, err) < 0)
		return -1;
	/* Before the first stage: not after half an hour of others. */
	slip_autodiags diags = {0};
	for (size_t i = 0; i < s->plan.n; i++) {
		struct slip_pipeline_stages one = {
			(struct slip_pipeline_stage *)s->plan.nodes[i].stage, 1};
		check_kinds(opt->kinds, &one, &diags);
	}
	tell_findings(&diags);
	return slip_diags_check(&diags, err);
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
