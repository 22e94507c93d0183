#include "config.h"

#include "runner/cli/command.h"
#include "runner/cli/pipeline_options.h"
#include "runner/report/log_options.h"

struct options {
	struct slip_pipeline_options pipeline;
	bool dry_run;
	bool soft_exit;
	char *out;
	char *verbosity;
	char *log_format;
	bool log_timestamp;
};

static const struct slip_opt table[] = {
	SLIP_CLI_PIPELINE_OPTIONS(struct options),
	{"dry-run", 0, SLIP_OPT_BOOL, offsetof(struct options, dry_run), NULL,
		"Resolve everything, run nothing: the same as `slipway plan`."},
	{"soft-exit", 0, SLIP_OPT_BOOL, offsetof(struct options, soft_exit), NULL,
		"Exit status 10 when only allowed failures happened."},
	{"out", 0, SLIP_OPT_STRING, offsetof(struct options, out), "DIR",
		"Where logs and reports go.", ".slipway/out"},
	SLIP_LOG_OPTIONS(struct options),
	{NULL},
};

static int run_with(struct slip_cli *cli, const struct options *o, const struct slip_strv *stages,
	int *status, struct slip_err *err)
{
	struct slip_report_options report = {
		.verbosity = o->verbosity,
		.log_format = o->log_format,
		.log_timestamp = o->log_timestamp,
		.out_dir = o->dry_run ? NULL : o->out,
	};
	struct slip_engine_options engine;
	if (slip_engine_options_of(&o->pipeline, stages, cli->kinds, &engine, err) < 0 ||
		slip_cli_report(cli, &report, err) < 0)
		return -1;
	engine.is_soft_exit = o->soft_exit;
	return o->dry_run ? slip_cli_plan(&engine, SLIP_PLAN_TEXT, err)
			  : slip_engine_run(&engine, status, err);
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
