/*
 * Everything that listens, set up together: console, trace file ($SLIPWAY_TRACE), and below an
 * output directory the stage logs and report files. The program's composition root opens it once;
 * until close every record goes there.
 */
#ifndef SLIP_REPORT_REPORT_H
#define SLIP_REPORT_REPORT_H

#include "runner/report/hub.h"
#include "runner/report/log_options.h"
#include "runner/report/model.h"

struct slip_report_options {
	const struct slip_log_flags *log;
	const char *out_dir; /* NULL: no files */
};

struct slip_report {
	struct slip_hub hub;
	struct slip_model model; /* of what happened so far; valid with files only */
	bool has_files;
};

int slip_report_open(struct slip_report *r, const struct slip_report_options *opt,
	struct slip_err *err) SLIP_MUST_CHECK;
/* The value of STAGE.OUTPUT (report/values.h), the caller's. After the run, before close. */
int slip_report_value(const struct slip_report *r, const char *name, char **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Writes the reports for the last time. Fine twice, and after a failed open. */
void slip_report_close(struct slip_report *r);
/*
 * Make the output directory with its folders and add its sinks: for a command that learns later
 * where it is. The directory ignores itself for git and for image builds.
 */
int slip_report_add_files(
	struct slip_report *r, const char *out_dir, struct slip_err *err) SLIP_MUST_CHECK;

#endif
