/*
 * junit/slipway.xml: a suite per stage, a case for the stage itself and one per instruction of a
 * build. GitLab refuses more than 250 000 XML objects, so the cases of one run are bounded: stages
 * come first, then what room there is for instructions.
 */
#include "config.h"

#include "runner/report/files.h"
#include "runner/report/markup.h"

#define MAX_CASES 5000

static void add_attribute(struct slip_buf *out, const char *name, const char *value)
{
	slip_buf_addf(out, " %s=\"", name);
	slip_markup_add(out, value);
	slip_buf_add_char(out, '"');
}

static void open_case(struct slip_buf *out, const struct slip_model_stage *s, const char *name,
	const char *file, double seconds)
{
	slip_buf_add_str(out, "  <testcase classname=\"slipway.");
	slip_markup_add(out, s->id);
	slip_buf_add_char(out, '"');
	add_attribute(out, "name", name);
	if (file)
		add_attribute(out, "file", file);
	slip_buf_addf(out, " time=\"%.3f\">", seconds);
}

static void add_outcome(struct slip_buf *out, const char *element, const char *message,
	const struct slip_strv *text)
{
	slip_buf_addf(out, "<%s", element);
	add_attribute(out, "message", message);
	slip_buf_add_char(out, '>');
	for (size_t i = 0; text && i < text->n; i++) {
		slip_markup_add(out, text->v[i]);
		slip_buf_add_char(out, '\n');
	}
	slip_buf_addf(out, "</%s>", element);
}

static void add_step(
	struct slip_buf *out, const struct slip_model_stage *s, const struct slip_model_step *step)
{
	slip_autofree char *name = slip_xasprintf("%s%s%lld %s", step->stage ? step->stage : "",
		step->stage ? " " : "", (long long)step->number, step->text);
	open_case(out, s, name, s->file, step->seconds);
	if (slip_streq(step->status, "failed"))
		add_outcome(out, "failure", s->error ? s->error : "failed", &s->tail);
	else if (slip_streq(step->status, "cached"))
		add_outcome(out, "skipped", "cached", NULL);
	else if (!slip_streq(step->status, "done"))
		add_outcome(out, "skipped", step->status, NULL);
	slip_buf_add_str(out, "</testcase>\n");
}

static void add_stage_case(struct slip_buf *out, const struct slip_model_stage *s)
{
	open_case(out, s, s->name, s->failure_file ? s->failure_file : s->file, s->seconds);
	if (slip_model_is_bad(s->status))
		add_outcome(out, "failure", s->error ? s->error : s->status, &s->tail);
	else if (!slip_streq(s->status, "success") && !slip_streq(s->status, "warned"))
		add_outcome(out, "skipped", s->error ? s->error : s->status, NULL);
	slip_buf_add_str(out, "</testcase>\n");
}

static size_t count_bad(const struct slip_model_stage *s, size_t steps)
{
	size_t n = slip_model_is_bad(s->status);
	for (size_t i = 0; i < steps; i++)
		n += slip_streq(s->steps[i].status, "failed");
	return n;
}

static void add_suite(struct slip_buf *out, const struct slip_model_stage *s, size_t steps)
{
	slip_autofree char *name = slip_xasprintf("slipway %s", s->id);
	slip_buf_add_str(out, " <testsuite");
	add_attribute(out, "name", name);
	slip_buf_addf(out, " tests=\"%zu\" failures=\"%zu\" time=\"%.3f\">\n", steps + 1,
		count_bad(s, steps), s->seconds);
	for (size_t i = 0; i < steps; i++)
		add_step(out, s, &s->steps[i]);
	add_stage_case(out, s);
	slip_buf_add_str(out, " </testsuite>\n");
}

static void add_truncated(struct slip_buf *out, size_t missing)
{
	slip_buf_addf(out,
		" <testsuite name=\"slipway\" tests=\"1\" failures=\"0\">\n  <testcase "
		"classname=\"slipway\" name=\"truncated\" time=\"0\"><skipped message=\"%zu more "
		"instructions are in report.json\"></skipped></testcase>\n </testsuite>\n",
		missing);
}

void slip_report_junit(const struct slip_model *m, struct slip_buf *out)
{
	size_t left = m->n + 1 < MAX_CASES ? MAX_CASES - m->n - 1 : 0, missing = 0;
	slip_buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	add_attribute(out, "name", m->name ? m->name : "slipway");
	slip_buf_add_str(out, ">\n");
	for (size_t i = 0; i < m->n; i++) {
		size_t steps = m->stages[i]->n_steps < left ? m->stages[i]->n_steps : left;
		add_suite(out, m->stages[i], steps);
		left -= steps;
		missing += m->stages[i]->n_steps - steps;
	}
	if (missing)
		add_truncated(out, missing);
	slip_buf_add_str(out, "</testsuites>\n");
}
