/*
 * junit/slipway.xml: a suite per stage, a case for the stage itself and one per instruction of a
 * build. GitLab refuses more than 250 000 XML objects, so the cases of one run are bounded.
 */
#include "config.h"

#include "runner/report/files.h"
#include "runner/report/markup.h"

#define MAX_CASES 5000

static bool is_bad(const char *status)
{
	return slip_streq(status, "failed") || slip_streq(status, "timeout") ||
	       slip_streq(status, "cancelled");
}

static bool is_skipped(const char *status)
{
	return slip_streq(status, "skipped") || slip_streq(status, "pending");
}

static void add_failure(struct slip_buf *out, const struct slip_model_stage *s)
{
	slip_buf_add_str(out, "<failure message=\"");
	slip_markup_add(out, s->error ? s->error : s->status);
	slip_buf_add_str(out, "\">");
	for (size_t i = 0; i < s->tail.n; i++) {
		slip_markup_add(out, s->tail.v[i]);
		slip_buf_add_char(out, '\n');
	}
	slip_buf_add_str(out, "</failure>");
}

static void add_case(
	struct slip_buf *out, const struct slip_model_stage *s, const char *name, double seconds)
{
	slip_buf_add_str(out, "  <testcase classname=\"slipway.");
	slip_markup_add(out, s->id);
	slip_buf_add_str(out, "\" name=\"");
	slip_markup_add(out, name);
	slip_buf_addf(out, "\" time=\"%.3f\">", seconds);
}

static void add_suite(struct slip_buf *out, const struct slip_model_stage *s, size_t *left)
{
	slip_buf_add_str(out, " <testsuite name=\"slipway ");
	slip_markup_add(out, s->id);
	slip_buf_addf(out, "\" time=\"%.3f\">\n", s->seconds);
	for (size_t i = 0; i < s->n_steps && *left; i++, --*left) {
		const struct slip_model_step *step = &s->steps[i];
		slip_autofree char *name =
			slip_xasprintf("%s%s%lld %s", step->stage ? step->stage : "",
				step->stage ? " " : "", (long long)step->number, step->text);
		add_case(out, s, name, step->seconds);
		if (slip_streq(step->status, "failed"))
			slip_buf_add_str(out, "<failure message=\"this instruction failed\"/>");
		else if (slip_streq(step->status, "cached"))
			slip_buf_add_str(out, "<skipped message=\"cached\"/>");
		slip_buf_add_str(out, "</testcase>\n");
	}
	if (s->n_steps && !*left)
		slip_buf_add_str(out,
			"  <testcase classname=\"slipway\" name=\"truncated\"><skipped "
			"message=\"more instructions than this report holds\"/></testcase>\n");
	add_case(out, s, s->name, s->seconds);
	if (is_bad(s->status))
		add_failure(out, s);
	else if (is_skipped(s->status))
		slip_buf_add_str(out, "<skipped/>");
	slip_buf_add_str(out, "</testcase>\n </testsuite>\n");
}

void slip_report_junit(const struct slip_model *m, struct slip_buf *out)
{
	size_t left = MAX_CASES;
	slip_buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"");
	slip_markup_add(out, m->name ? m->name : "slipway");
	slip_buf_add_str(out, "\">\n");
	for (size_t i = 0; i < m->n; i++)
		add_suite(out, m->stages[i], &left);
	slip_buf_add_str(out, "</testsuites>\n");
}
