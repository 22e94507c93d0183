/*
 * timeline.html: stages and instructions on a time axis, in one file without scripts or outside
 * references, so that it opens from any artifact store.
 */
#include "config.h"

#include "runner/report/events.h"
#include "runner/report/files.h"
#include "runner/report/markup.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n<title>slipway timeline</title>\n"
	"<style>\n"
	"body{font:14px/1.5 system-ui,sans-serif;margin:2em;color:#222;background:#fff}\n"
	"table{border-collapse:collapse;width:100%}td{padding:1px 6px;vertical-align:middle}\n"
	"td.n{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;max-width:26em}\n"
	"td.t{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
	"td.b{width:60%}tr.stage td{font-weight:600;border-top:1px solid #ddd}\n"
	"tr.step td.n{padding-left:2em;font-family:monospace;font-size:12px}\n"
	".bar{height:12px;min-width:2px;border-radius:2px;background:#888}\n"
	".success,.done{background:#2a8f45}.failed,.timeout{background:#c0392b}\n"
	".cached{background:#3b7dd8}.warned{background:#d9912b}\n"
	".skipped,.pending,.cancelled{background:#bbb}\n"
	"@media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}"
	"tr.stage td{border-color:#333}}\n"
	"</style></head><body>\n";

struct bar {
	const char *class;
	const char *name;
	const char *status;
	double start;
	double seconds;
	double bytes;
};

static void add_row(struct slip_buf *out, const struct bar *b, double whole)
{
	double left = b->start / whole * 100, width = b->seconds / whole * 100;
	slip_buf_addf(out, "<tr class=\"%s\"><td class=\"n\" title=\"", b->class);
	slip_markup_add(out, b->name);
	slip_buf_add_str(out, "\">");
	slip_markup_add(out, b->name);
	slip_buf_add_str(out, "</td><td>");
	slip_markup_add(out, b->status);
	slip_buf_add_str(out, "</td><td class=\"t\">");
	slip_add_seconds(out, b->seconds);
	slip_buf_add_str(out, "</td><td class=\"t\">");
	if (b->bytes > 0)
		slip_add_bytes(out, b->bytes);
	slip_buf_addf(out,
		"</td><td class=\"b\"><div class=\"bar %s\" style=\"margin-left:%.2f%%;"
		"width:%.2f%%\"></div></td></tr>\n",
		b->status, left > 99 ? 99 : left, width > 100 - left ? 100 - left : width);
}

/* Until when the axis goes: the last end of anything. */
static double whole_time(const struct slip_model *m)
{
	double whole = 0.001;
	for (size_t i = 0; i < m->n; i++) {
		double end = m->stages[i]->start + m->stages[i]->seconds;
		whole = end > whole ? end : whole;
		for (size_t k = 0; k < m->stages[i]->n_steps; k++) {
			end = m->stages[i]->steps[k].start + m->stages[i]->steps[k].seconds;
			whole = end > whole ? end : whole;
		}
	}
	return whole;
}

void slip_report_timeline(const struct slip_model *m, struct slip_buf *out)
{
	double whole = whole_time(m);
	slip_buf_add_str(out, head);
	slip_buf_add_str(out, "<h1>");
	slip_markup_add(out, m->name ? m->name : "slipway");
	slip_buf_add_str(out, "</h1>\n<p>");
	slip_markup_add(out, m->status);
	slip_buf_add_str(out, ", ");
	slip_add_seconds(out, m->seconds);
	if (m->commit) {
		slip_buf_add_str(out, ", commit ");
		slip_markup_add(out, m->commit);
	}
	slip_buf_add_str(out, "</p>\n<table>\n");
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_model_stage *s = m->stages[i];
		add_row(out, &(struct bar){"stage", s->name, s->status, s->start, s->seconds, 0},
			whole);
		for (size_t k = 0; k < s->n_steps; k++) {
			const struct slip_model_step *t = &s->steps[k];
			add_row(out,
				&(struct bar){"step", t->text, t->status, t->start, t->seconds,
					(double)t->bytes},
				whole);
		}
	}
	slip_buf_add_str(out, "</table>\n</body></html>\n");
}
