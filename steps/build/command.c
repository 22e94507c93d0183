#include "config.h"

#include "steps/build/command.h"

#include "steps/build/builder.h"

static int build(struct slip_cli *cli, const struct slip_build_request *req, struct slip_err *err)
{
	struct slip_report_options report = {
		.verbosity = req->verbosity,
		.log_format = req->log_format,
		.log_timestamp = req->log_timestamp,
	};
	struct slip_build_result result;
	if (slip_cli_report(cli, &report, err) < 0)
		return -1;
	return slip_build_image(req, &result, err);
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct slip_build_request req;
	(void)status;
	slip_build_request_init(&req);
	int rc = slip_opt_parse(slip_build_options, &req, argv, NULL, err);
	if (rc == 0)
		rc = build(cli, &req, err);
	slip_build_request_release(&req);
	return rc;
}

const struct slip_cli_command slip_command_build = {
	.name = "build",
	.summary = "Build one image from a Dockerfile and push it; takes kaniko's flags.",
	.opts = slip_build_options,
	.run = run,
};
