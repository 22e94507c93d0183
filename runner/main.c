/*
 * The composition root: the only file that knows every part.
 */
#include "config.h"

#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/cli/command.h"
#include "runner/engine/kind.h"
#include "runner/report/report.h"
#include "runner/sandbox/run.h"
#include "steps/build/builder.h"
#include "steps/steps.h"

static int build(const struct slip_build_request *req, struct slip_err *err)
{
	struct slip_report report = {0};
	struct slip_report_options log = {
		.verbosity = req->verbosity,
		.log_format = req->log_format,
		.log_timestamp = req->log_timestamp,
	};
	struct slip_build_result result;
	int rc = slip_report_open(&report, &log, err);
	if (rc == 0)
		rc = slip_build_image(req, &result, err);
	/* Told through the report, so that it comes in the format that was asked for. */
	if (rc < 0)
		slip_error("%s", err->msg);
	slip_report_close(&report);
	return rc < 0 ? slip_err_exit_status(err) : 0;
}

static int run_build(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	struct slip_build_request req;
	(void)self;
	slip_build_request_init(&req);
	int status = slip_opt_parse(slip_build_options, &req, argv, NULL, err);
	if (status == 0)
		status = build(&req, err);
	slip_build_request_release(&req);
	return status;
}

static const struct slip_cli_command cmd_build = {
	.name = "build",
	.summary = "Build one image from a Dockerfile, push it; takes kaniko's flags.",
	.options = slip_build_options,
	.run = run_build,
};

static const struct slip_cli_command cmd_run = {
	.name = "run",
	.operands = "[STAGE...]",
	.summary = "Run the pipeline, or the named stages with what they need.",
	.options = slip_run_options,
	.run = slip_cmd_run_main,
	.arg = slip_kinds,
};

static const struct slip_cli_command cmd_plan = {
	.name = "plan",
	.operands = "[STAGE...]",
	.summary = "Print what `run` would do; change nothing.",
	.options = slip_run_options,
	.run = slip_cmd_plan_main,
	.arg = slip_kinds,
};

static const struct slip_cli_command *const commands[] = {
	&cmd_run,
	&cmd_plan,
	&cmd_build,
	&slip_cmd_validate,
	&slip_cmd_schema,
	&slip_cmd_cache,
	&slip_cmd_version,
	NULL,
};

/* This program, executed anew for one task (base/proc.h); returns when argv names none. */
static void run_role(int argc, char **argv)
{
	if (argc < 2 || !slip_starts_with(argv[1], "role:"))
		return;
	if (slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc - 2, argv + 2);
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_streq(argv[1], "role:" SLIP_KIND_ROLE) && slip_proc_init(&err) == 0 &&
		slip_cancel_init(&err) == 0)
		exit(slip_kind_main(slip_kinds, argv + 2));
}

int main(int argc, char **argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	run_role(argc, argv);
	if (slip_proc_init(&err) < 0 || slip_cancel_init(&err) < 0) {
		slip_error("%s", err.msg);
		return slip_err_exit_status(&err);
	}
	return slip_cli_main(commands, argc, argv);
}
