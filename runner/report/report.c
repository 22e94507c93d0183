#include "config.h"

#include "runner/report/report.h"

#include "runner/base/io.h"
#include "runner/base/size.h"
#include "runner/base/wire.h"
#include "runner/report/console.h"
#include "runner/report/files.h"
#include "runner/report/stagelog.h"
#include "runner/report/trace.h"
#include "runner/report/values.h"

#include <errno.h>

/* GitLab cuts a job's log at 4 MiB; of what is ours there is little. */
#define JOB_OUTPUT ((size_t)1536 << 10)

static int find_console(
	const struct slip_log_flags *log, struct slip_console_options *out, struct slip_err *err)
{
	const char *format = log->format ? log->format : "color", *name = log->ui;
	if (!name || !*name)
		name = getenv("SLIPWAY_UI");
	if (slip_streq(format, "text"))
		out->is_plain_wanted = true;
	else if (slip_streq(format, "json"))
		name = "json";
	else if (!slip_streq(format, "color"))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"there is no log format \"%s\": text, color or json", format);
	return slip_console_find(name, out->fd, &out->style, err);
}

static int find_limit(const struct slip_report_options *opt, struct slip_console_options *out,
	struct slip_err *err)
{
	uint64_t max = 0;
	if (opt->log->limit) {
		if (slip_size_parse(opt->log->limit, "--log-limit", &max, err) < 0)
			return -1;
	} else if (slip_console_is_job_log(out->style) || (opt->out_dir && !isatty(out->fd))) {
		max = JOB_OUTPUT;
	}
	out->max_output = (size_t)max;
	return 0;
}

static int add_console(
	struct slip_report *r, const struct slip_report_options *opt, struct slip_err *err)
{
	struct slip_console_options console = {
		.fd = STDERR_FILENO,
		.level = SLIP_LOG_INFO,
		.timestamps = opt->log->timestamp,
		.out_dir = opt->out_dir,
	};
	if (opt->log->verbosity && slip_level_parse(opt->log->verbosity, &console.level, err) < 0)
		return -1;
	if (find_console(opt->log, &console, err) < 0 || find_limit(opt, &console, err) < 0)
		return -1;
	/* The files are written at level info, whatever the console shows. */
	slip_log_set_level(console.level < SLIP_LOG_INFO ? console.level : SLIP_LOG_INFO);
	slip_hub_add(&r->hub, slip_console_sink(&console));
	return 0;
}

int slip_report_open(
	struct slip_report *r, const struct slip_report_options *opt, struct slip_err *err)
{
	*r = (struct slip_report){0};
	const char *trace = getenv("SLIPWAY_TRACE");
	struct slip_sink sink;
	int rc = add_console(r, opt, err);
	if (rc == 0 && trace && *trace) {
		rc = slip_trace_sink(trace, &sink, err);
		if (rc == 0)
			slip_hub_add(&r->hub, sink);
	}
	if (rc == 0 && opt->out_dir)
		rc = slip_report_add_files(r, opt->out_dir, err);
	if (rc < 0) {
		slip_report_close(r);
		return -1;
	}
	slip_hub_listen(&r->hub);
	return 0;
}

void slip_report_close(struct slip_report *r)
{
	slip_hub_close(&r->hub);
	if (r->has_files)
		slip_model_release(&r->model);
	r->has_files = false;
}

int slip_report_value(
	const struct slip_report *r, const char *name, char **out, struct slip_err *err)
{
	if (!r->has_files)
		slip_bug("values are asked for without reports");
	return slip_values_find(&r->model, name, out, err);
}

static int open_below(int dir, const char *name, int *fd, struct slip_err *err)
{
	if (mkdirat(dir, name, 0777) < 0 && errno != EEXIST)
		return slip_err_set(err, SLIP_E_IO, errno, "make the directory %s", name);
	*fd = openat(dir, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open the directory %s", name);
	return 0;
}

int slip_report_add_files(struct slip_report *r, const char *out_dir, struct slip_err *err)
{
	static const char ignore[] = "# Made by slipway: reports of the last run.\n*\n";
	if (slip_mkdir_p(out_dir, 0777, err) < 0)
		return -1;
	slip_autoclose int dir = open(out_dir, O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", out_dir);
	slip_autoclose int logs = -1, junit = -1;
	if (open_below(dir, "logs", &logs, err) < 0 || open_below(dir, "junit", &junit, err) < 0 ||
		slip_write_file(dir, ".gitignore", ignore, sizeof(ignore) - 1, 0666, false, err) <
			0)
		return slip_err_wrap(err, "%s", out_dir);
	slip_hub_add(&r->hub, slip_stagelog_sink(slip_steal_fd(&logs)));
	slip_model_init(&r->model, out_dir);
	r->has_files = true;
	slip_hub_add(&r->hub, slip_files_sink(slip_steal_fd(&dir), &r->model));
	return 0;
}
