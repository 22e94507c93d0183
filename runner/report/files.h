/*
 * The report files, each written from the model: `--out`, default .slipway/out.
 *
 * All exist and are valid from the start and are replaced by rename, so that a killed job leaves
 * usable reports. The directory is reached through a descriptor opened at the start: a command that
 * puts a link in its place does not redirect them.
 */
#ifndef SLIP_REPORT_FILES_H
#define SLIP_REPORT_FILES_H

#include "runner/base/buf.h"
#include "runner/report/model.h"

#define SLIP_MAX_REPORT ((size_t)64 << 20)

/* Append the document to out. */
typedef void slip_report_writer(const struct slip_model *m, struct slip_buf *out);
slip_report_writer slip_report_json; /* report.json, docs/pipeline.md */
slip_report_writer slip_report_outputs_json; /* outputs.json: {stage: {name: value}} */
slip_report_writer slip_report_outputs_env; /* outputs.env: GitLab's dotenv, within its limits */
slip_report_writer slip_report_junit; /* junit/slipway.xml: a case per stage and instruction */
slip_report_writer slip_report_timeline; /* timeline.html: one self-contained file */
slip_report_writer slip_report_metrics; /* metrics.txt: OpenMetrics */

/* A sink that keeps a model and writes the files; `dir` is the sink's from now on. */
struct slip_sink slip_files_sink(int dir);

#endif
