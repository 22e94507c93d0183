/*
 * The report files, each written from the model: `--out`, default .slipway/out.
 *
 * All exist and are valid from the start and are replaced by rename, so that a killed job leaves
 * usable reports. The directory is reached through a descriptor opened at the start: a command that
 * puts a link in its place does not redirect them. The table in files.c says who reads which.
 */
#ifndef SLIP_REPORT_FILES_H
#define SLIP_REPORT_FILES_H

#include "runner/base/buf.h"
#include "runner/report/model.h"

#define SLIP_MAX_REPORT ((size_t)64 << 20)

/* Append the document to out. */
typedef void slip_report_writer(const struct slip_model *m, struct slip_buf *out);
slip_report_writer slip_report_annotations;
slip_report_writer slip_report_codequality;
slip_report_writer slip_report_json;
slip_report_writer slip_report_junit;
slip_report_writer slip_report_metrics;
slip_report_writer slip_report_outputs_env;
slip_report_writer slip_report_outputs_json;
slip_report_writer slip_report_sarif;
slip_report_writer slip_report_timeline;
/* What outputs.env has no place for, as STAGE.OUTPUT. */
void slip_report_left_out(const struct slip_model *m, struct slip_strv *names);

/*
 * A sink that fills the model, which stays the caller's, and writes the files; `dir` is the sink's
 * from now on.
 */
struct slip_sink slip_files_sink(int dir, struct slip_model *model);

#endif
