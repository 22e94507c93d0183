#include "config.h"

#include "runner/report/files.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"

/* Instructions come fast; the files follow them at this pace. */
#define SECONDS_BETWEEN 1.0

struct files {
	int dir;
	struct slip_model *model;
	double written; /* when, on the monotonic clock */
	bool has_warned;
};

/* Every file, who writes it, and the rule of those who read it. */
static const struct {
	const char *path;
	slip_report_writer *write;
} table[] = {
	/* GitLab artifacts:reports:annotations: {section: [{external_link}]}, 1000 at most */
	{"annotations.json", slip_report_annotations},
	/* GitLab artifacts:reports:codequality: an array; reading stops at the first bad entry */
	{"codequality.json", slip_report_codequality},
	/* GitLab artifacts:reports:junit, Jenkins junit: XML 1.0, not too many nodes */
	{"junit/slipway.xml", slip_report_junit},
	/* GitLab artifacts:reports:sarif, Jenkins recordIssues: SARIF 2.1.0 (OASIS) */
	{"lint.sarif", slip_report_sarif},
	/* GitLab artifacts:reports:metrics: OpenMetrics text */
	{"metrics.txt", slip_report_metrics},
	/* GitLab artifacts:reports:dotenv: 20 variables, less than 5 KiB, or the job fails */
	{"outputs.env", slip_report_outputs_env},
	/* programs: docs/formats/outputs.schema.json */
	{"outputs.json", slip_report_outputs_json},
	/* programs: docs/formats/report.schema.json */
	{"report.json", slip_report_json},
	/* people, with any browser, from a file or an artifact store that forbids scripts */
	{"timeline.html", slip_report_timeline},
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
		table[i].write(f->model, &text);
		if (slip_buf_check(&text, table[i].path, &err) < 0 ||
			slip_write_file(
				f->dir, table[i].path, text.data, text.len, 0666, false, &err) < 0)
			complain(f, &err);
	}
}

static void record(void *ctx, const struct slip_record *r)
{
	struct files *f = ctx;
	bool now = slip_model_take(f->model, r);
	if (now || (r->kind == SLIP_RECORD_EVENT &&
			   slip_clock_monotonic() - f->written > SECONDS_BETWEEN))
		write_all(f);
}

/* At the end, when no listener is left that must not log. */
static void warn_left_out(const struct slip_model *m)
{
	slip_autostrv names = {0};
	slip_report_left_out(m, &names);
	if (!names.n)
		return;
	slip_autofree char *list = slip_strv_join(&names, ", ");
	slip_warn("outputs.env has no place for %zu output%s: GitLab takes 20 variables, 5 KiB, "
		  "and no \"$\", line break or outer blank in a value; outputs.json has all: "
		  "%.500s%s",
		names.n, names.n == 1 ? "" : "s", list, strlen(list) > 500 ? " ..." : "");
}

static void close_files(void *ctx)
{
	struct files *f = ctx;
	write_all(f);
	warn_left_out(f->model);
	close(f->dir);
	free(f);
}

struct slip_sink slip_files_sink(int dir, struct slip_model *model)
{
	struct files *f = slip_xcalloc(1, sizeof(*f));
	f->dir = dir;
	f->model = model;
	write_all(f);
	return (struct slip_sink){record, close_files, f};
}
