/*
 * The composition root: the only file that knows every part.
 */
#include "config.h"

#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/engine/kind.h"
#include "runner/report/report.h"
#include "runner/sandbox/run.h"
#include "steps/build/builder.h"
#include "steps/steps.h"

static int build(char **argv, struct slip_err *err)
{
	struct slip_build_request req;
	struct slip_build_result result;
	struct slip_report report = {0};
	slip_build_request_init(&req);
	int rc = slip_opt_parse(slip_build_options, &req, argv, NULL, err);
	struct slip_report_options log = {
		.verbosity = req.verbosity,
		.log_format = req.log_format,
		.log_timestamp = req.log_timestamp,
	};
	if (rc == 0)
		rc = slip_report_open(&report, &log, err);
	if (rc == 0)
		rc = slip_build_image(&req, &result, err);
	if (rc < 0)
		slip_error("%s", err->msg);
	slip_report_close(&report);
	slip_build_request_release(&req);
	return rc;
}

int main(int argc, char **argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (argc > 1 && slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc - 2, argv + 2);
	if (slip_proc_init(&err) < 0 || slip_cancel_init(&err) < 0)
		return slip_err_exit_status(&err);
	if (argc > 1 && slip_streq(argv[1], "role:" SLIP_KIND_ROLE))
		return slip_kind_main(slip_kinds, argv + 2);
	if (argc < 2 || build(argv + 2, &err) < 0)
		return slip_err_exit_status(&err);
	return 0;
}
