#include "config.h"

#include "runner/cli/command.h"
#include "runner/engine/engine.h"
#include "runner/report/report.h"

struct run_flags {
	struct slip_engine_options engine;
	char *file;
	char *out;
	bool dry_run;
	char *verbosity;
	char *log_format;
	bool log_timestamp;
};

#define AT(member) offsetof(struct run_flags, member)

const struct slip_opt slip_run_options[] = {
	{"file", 'f', SLIP_OPT_STRING, AT(file), "FILE", "The stage spec.", "slipway.yaml"},
	{"set", 0, SLIP_OPT_LIST, AT(engine.set), "NAME=VALUE",
		"A value for a parameter. May be given often."},
	{"jobs", 'j', SLIP_OPT_INT, AT(engine.jobs), "N", "How many stages may run at once.", "1"},
	{"push", 0, SLIP_OPT_BOOL, AT(engine.is_push_wanted), NULL,
		"Push and deploy, also outside CI."},
	{"in-place", 0, SLIP_OPT_BOOL, AT(engine.is_in_place), NULL,
		"Run every command here, whatever `container` says."},
	{"soft-exit", 0, SLIP_OPT_BOOL, AT(engine.is_soft_exit), NULL,
		"Exit with 10 when only allowed failures happened."},
	{"dry-run", 0, SLIP_OPT_BOOL, AT(dry_run), NULL, "Print what would run, run nothing."},
	{"out", 0, SLIP_OPT_STRING, AT(out), "DIR", "Where reports and logs go.", ".slipway/out"},
	{"verbosity", 'v', SLIP_OPT_STRING, AT(verbosity), "LEVEL",
		"trace, debug, info, warn, error, fatal or panic.", "info"},
	{"log-format", 0, SLIP_OPT_STRING, AT(log_format), "text|color|json", "Format of the log.",
		"color"},
	{"log-timestamp", 0, SLIP_OPT_BOOL, AT(log_timestamp), NULL,
		"Times of day in the log instead of elapsed seconds."},
	{NULL},
};

static int print_plan(const struct run_flags *f, int *status, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, 1 << 24);
	if (slip_engine_plan(&f->engine, &text, err) < 0)
		return -1;
	fputs(text.data, stdout);
	*status = 0;
	return 0;
}

static int run_pipeline(const struct run_flags *f, int *status, struct slip_err *err)
{
	struct slip_report report = {0};
	struct slip_report_options opt = {
		.verbosity = f->verbosity,
		.log_format = f->log_format,
		.log_timestamp = f->log_timestamp,
		.out_dir = f->dry_run ? NULL : f->out,
	};
	int rc = slip_report_open(&report, &opt, err);
	if (rc == 0 && f->dry_run)
		rc = print_plan(f, status, err);
	else if (rc == 0)
		rc = slip_engine_run(&f->engine, status, err);
	slip_report_close(&report);
	return rc;
}

static int run_with(
	const struct slip_cli_command *self, bool dry_run, char *const *argv, struct slip_err *err)
{
	struct run_flags f = {0};
	int status = 0;
	slip_opt_defaults(slip_run_options, &f);
	int rc = slip_opt_parse(slip_run_options, &f, argv, &f.engine.stages, err);
	if (rc == 0) {
		f.dry_run |= dry_run;
		f.engine.kinds = self->arg;
		f.engine.spec = f.file;
		rc = run_pipeline(&f, &status, err);
	}
	slip_opt_release(slip_run_options, &f);
	slip_strv_release(&f.engine.stages);
	return rc < 0 ? -1 : status;
}

int slip_cmd_run_main(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	return run_with(self, false, argv, err);
}

int slip_cmd_plan_main(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	return run_with(self, true, argv, err);
}
