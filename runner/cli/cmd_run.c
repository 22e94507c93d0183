#include "config.h"

#include "runner/base/limits.h"
#include "runner/cli/command.h"
#include "runner/cli/pipeline_options.h"
#include "runner/report/log_options.h"

struct options {
	struct slip_pipeline_options pipeline;
	bool dry_run;
	bool soft_exit;
	char *out;
	struct slip_log_flags log;
	struct slip_strv print;
};

static const struct slip_opt table[] = {
	SLIP_CLI_PIPELINE_OPTIONS(struct options),
	{"dry-run", 0, SLIP_OPT_BOOL, offsetof(struct options, dry_run), NULL,
		"Resolve everything, run nothing: the same as `slipway plan`."},
	{"soft-exit", 0, SLIP_OPT_BOOL, offsetof(struct options, soft_exit), NULL,
		"Exit status 10 when only allowed failures happened."},
	{"out", 0, SLIP_OPT_STRING, offsetof(struct options, out), "DIR",
		"Where logs and reports go.", ".slipway/out"},
	{"print", 0, SLIP_OPT_LIST, offsetof(struct options, print), "STAGE.OUTPUT",
		"After success, this value as a line on standard output: image.digest. May be "
		"given often."},
	SLIP_LOG_OPTIONS(struct options),
	{NULL},
};

static int print_values(
	const struct slip_cli *cli, const struct slip_strv *names, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, 16 * SLIP_MIB);
	for (size_t i = 0; i < names->n; i++) {
		slip_autofree char *value = NULL;
		if (slip_report_value(&cli->report, names->v[i], &value, err) < 0)
			return slip_err_wrap(err, "--print");
		slip_buf_addf(&text, "%s\n", value);
	}
	return slip_cli_print(text.data, text.len, err);
}

static int run_with(struct slip_cli *cli, const struct options *o, const struct slip_strv *stages,
	int *status, struct slip_err *err)
{
	struct slip_report_options report = {
		.log = &o->log,
		.out_dir = o->dry_run ? NULL : o->out,
	};
	struct slip_engine_options engine;
	if (o->dry_run && o->print.n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--print needs a run: with --dry-run no stage leaves a value");
	if (slip_engine_options_of(&o->pipeline, stages, cli->kinds, &engine, err) < 0 ||
		slip_cli_report(cli, &report, err) < 0)
		return -1;
	engine.out_dir = o->out;
	engine.is_soft_exit = o->soft_exit;
	if (o->dry_run)
		return slip_cli_plan(&engine, SLIP_PLAN_TEXT, err);
	if (slip_engine_run(&engine, status, err) < 0)
		return -1;
	return *status == 0 ? print_values(cli, &o->print, err) : 0;
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct options o = {0};
	slip_autostrv stages = {0};
	slip_opt_defaults(table, &o);
	int rc = slip_opt_parse(table, &o, argv, &stages, err);
	if (rc == 0)
		rc = run_with(cli, &o, &stages, status, err);
	slip_opt_release(table, &o);
	return rc;
}

const struct slip_cli_command slip_command_run = {
	.name = "run",
	.arguments = "[STAGE...]",
	.summary = "Run the pipeline, or the named stages with what they need.",
	.opts = table,
	.run = run,
};
