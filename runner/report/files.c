#include "config.h"

#include "runner/report/files.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"

/* Instructions come fast; the files follow them at this pace. */
#define SECONDS_BETWEEN 1.0

struct files {
	int dir;
	struct slip_model model;
	double written; /* when, on the monotonic clock */
	bool has_warned;
};

static const struct {
	const char *path;
	slip_report_writer *write;
} table[] = {
	{"report.json", slip_report_json},
	{"outputs.json", slip_report_outputs_json},
	{"outputs.env", slip_report_outputs_env},
	{"junit/slipway.xml", slip_report_junit},
	{"timeline.html", slip_report_timeline},
	{"metrics.txt", slip_report_metrics},
};

/* Not through slip_log, which is what called us. */
static void complain(struct files *f, const struct slip_err *err)
{
	if (!f->has_warned)
		fprintf(stderr, "warning: the reports cannot be written: %s\n", err->msg);
	f->has_warned = true;
}

static void write_all(struct files *f)
{
	f->written = slip_clock_monotonic();
	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autobuf text;
		slip_buf_init(&text, SLIP_MAX_REPORT);
		table[i].write(&f->model, &text);
		if (slip_buf_check(&text, table[i].path, &err) < 0 ||
			slip_write_file(
				f->dir, table[i].path, text.data, text.len, 0666, false, &err) < 0)
			complain(f, &err);
	}
}

static void record(void *ctx, const struct slip_record *r)
{
	struct files *f = ctx;
	bool now = slip_model_take(&f->model, r);
	if (now || (r->kind == SLIP_RECORD_EVENT &&
			   slip_clock_monotonic() - f->written > SECONDS_BETWEEN))
		write_all(f);
}

static void close_files(void *ctx)
{
	struct files *f = ctx;
	write_all(f);
	slip_model_release(&f->model);
	close(f->dir);
	free(f);
}

struct slip_sink slip_files_sink(int dir)
{
	struct files *f = slip_xcalloc(1, sizeof(*f));
	f->dir = dir;
	slip_model_init(&f->model);
	write_all(f);
	return (struct slip_sink){record, close_files, f};
}
