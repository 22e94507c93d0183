/*
 * timeline.html: what happened when, for people, in one file. It holds no script and loads nothing,
 * and says so to the browser (Content-Security-Policy), so that text from outside could not do harm
 * even if it were not escaped; artifact stores that forbid scripts and styles show it all the same.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/report/events.h"
#include "runner/report/files.h"
#include "runner/report/links.h"
#include "runner/report/markup.h"
#include "runner/report/text.h"
#include "runner/report/timeline_internal.h"

void slip_timeline_text(struct slip_buf *out, const char *text)
{
	slip_autobuf line;
	slip_buf_init(&line, 8 * SLIP_MAX_LOG_LINE);
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");
		slip_buf_clear(&line);
		slip_text_add_line(&line, p, n, false);
		slip_markup_add(out, line.data);
		p += n;
		if (*p == '\n') {
			slip_buf_add_char(out, '\n');
			p++;
		}
	}
}

const char *slip_timeline_class(const struct slip_model_step *s)
{
	if (!slip_streq(s->status, "done"))
		return s->status;
	return s->reason ? "miss" : "executed";
}

void slip_timeline_state(struct slip_buf *out, const char *status)
{
	static const struct {
		const char *status;
		const char *sign;
		const char *word;
	} rows[] = {
		{"success", "&#10003;", "success"},
		{"executed", "&#9654;", "built"},
		{"miss", "&#9671;", "miss"},
		{"cached", "&#9670;", "hit"},
		{"failed", "&#10005;", "failed"},
		{"timeout", "&#10005;", "over time"},
		{"warned", "&#9650;", "failed, as allowed"},
		{"skipped", "&#8212;", "skipped"},
		{"cancelled", "&#9632;", "cancelled"},
		{"running", "&#8230;", "running"},
		{"pending", "&#9675;", "pending"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		if (slip_streq(rows[i].status, status)) {
			slip_buf_addf(out,
				"<i class=\"icon\"><span aria-hidden=\"true\">%s</span> %s</i>",
				rows[i].sign, rows[i].word);
			return;
		}
	}
}

/* --- the top ---------------------------------------------------------------------------------- */

static void add_head(struct slip_buf *out, const struct slip_model *m)
{
	slip_buf_add_str(out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	slip_timeline_text(out, m->name ? m->name : "slipway");
	slip_buf_add_str(out, ": ");
	slip_timeline_text(out, m->status);
	slip_buf_add_str(out, "</title>\n<style>\n");
	slip_buf_add_str(out, slip_timeline_style);
	slip_buf_add_str(out, "</style></head><body>\n");
}

static void begin_fact(struct slip_buf *out, const char *name)
{
	slip_buf_addf(out, "<div><dt>%s</dt><dd>", name);
}

static void end_fact(struct slip_buf *out)
{
	slip_buf_add_str(out, "</dd></div>");
}

static void add_fact(struct slip_buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	begin_fact(out, name);
	slip_timeline_text(out, text);
	end_fact(out);
}

/* Links only where the address is one of the web: it comes from outside, too. */
static void add_link_fact(struct slip_buf *out, const char *name, const char *text, const char *url)
{
	if (!text || !slip_link_is_web(url)) {
		add_fact(out, name, text);
		return;
	}
	begin_fact(out, name);
	slip_buf_add_str(out, "<a rel=\"noreferrer\" href=\"");
	slip_timeline_text(out, url);
	slip_buf_add_str(out, "\">");
	slip_timeline_text(out, text);
	slip_buf_add_str(out, "</a>");
	end_fact(out);
}

static void add_totals(struct slip_buf *out, const struct slip_model *m)
{
	long long hits = 0, misses = 0;
	double pulled = 0, pushed = 0;
	for (size_t i = 0; i < m->n; i++) {
		hits += m->stages[i]->hits;
		misses += m->stages[i]->misses;
		pulled += (double)m->stages[i]->pulled;
		pushed += (double)m->stages[i]->pushed;
	}
	if (hits + misses) {
		begin_fact(out, "Instructions");
		slip_buf_addf(out, "%lld hit%s, %lld run", hits, hits == 1 ? "" : "s", misses);
		end_fact(out);
	}
	if (pulled + pushed > 0) {
		begin_fact(out, "Pulled, pushed");
		slip_add_bytes(out, pulled);
		slip_buf_add_str(out, ", ");
		slip_add_bytes(out, pushed);
		end_fact(out);
	}
}

static void add_header(struct slip_buf *out, const struct slip_model *m)
{
	char began[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(m->began, began);
	slip_buf_add_str(out, "<header class=\"");
	slip_timeline_text(out, m->status);
	slip_buf_add_str(out, "\"><h1>");
	slip_timeline_text(out, m->name ? m->name : "slipway");
	slip_buf_add_str(out, " <span class=\"badge\">");
	slip_timeline_text(out, m->status);
	slip_buf_add_str(out, "</span></h1>\n<dl class=\"facts\">");
	begin_fact(out, "Duration");
	slip_add_seconds(out, slip_streq(m->status, "running") ? m->now : m->seconds);
	end_fact(out);
	add_fact(out, "Began", began);
	slip_autofree char *commit = slip_link_is_web(m->project) && m->sha
					     ? slip_xasprintf("%s/-/commit/%s", m->project, m->sha)
					     : NULL;
	bool is_gitlab = m->provider && slip_streq(m->provider, "gitlab");
	add_link_fact(out, "Commit", m->commit, is_gitlab ? commit : NULL);
	add_link_fact(out, "On", m->provider, m->job);
	add_totals(out, m);
	slip_buf_add_str(out, "</dl></header>\n<main>\n");
}

/* --- failures --------------------------------------------------------------------------------- */

static void add_failure(struct slip_buf *out, const struct slip_model_stage *s)
{
	if (!s->error || slip_streq(s->status, "skipped"))
		return;
	slip_buf_add_str(out, "<section class=\"failure ");
	slip_timeline_text(out, s->status);
	slip_buf_add_str(out, "\"><h2>");
	slip_timeline_text(out, s->name);
	slip_buf_add_str(out, ": ");
	slip_timeline_state(out, s->status);
	if (s->failure_file) {
		slip_buf_add_str(out, " at ");
		slip_timeline_text(out, s->failure_file);
		slip_buf_addf(out, ":%lld", (long long)s->failure_line);
	}
	slip_buf_add_str(out, "</h2><p>");
	slip_timeline_text(out, s->error);
	slip_buf_add_str(out, "</p>");
	if (s->tail.n) {
		slip_buf_add_str(out, "<pre tabindex=\"0\" aria-label=\"the end of its output\">");
		for (size_t i = 0; i < s->tail.n; i++) {
			slip_timeline_text(out, s->tail.v[i]);
			slip_buf_add_char(out, '\n');
		}
		slip_buf_add_str(out, "</pre>");
	}
	slip_buf_add_str(out, "</section>\n");
}

static void add_failures(struct slip_buf *out, const struct slip_model *m)
{
	if (m->error) {
		slip_buf_add_str(
			out, "<section class=\"failure failed\"><h2>nothing was run</h2><p>");
		slip_timeline_text(out, m->error);
		slip_buf_add_str(out, "</p></section>\n");
	}
	for (size_t i = 0; i < m->n; i++)
		add_failure(out, m->stages[i]);
}

/* --- images, layers, findings ----------------------------------------------------------------- */

static void add_images(struct slip_buf *out, const struct slip_model *m)
{
	bool is_open = false;
	for (size_t i = 0; i < m->n; i++) {
		for (size_t k = 0; k < m->stages[i]->n_images; k++) {
			const struct slip_model_image *image = &m->stages[i]->images[k];
			if (!is_open)
				slip_buf_add_str(out, "<section><h2>Images</h2><ul>\n");
			is_open = true;
			slip_buf_add_str(out, "<li>");
			slip_timeline_text(out, image->ref ? image->ref : m->stages[i]->name);
			slip_buf_add_str(out, image->ref ? " &#8212; pushed" : " &#8212; built");
			slip_buf_add_str(out, "<br><code>");
			slip_timeline_text(out, image->digest ? image->digest : "");
			slip_buf_add_str(out, "</code></li>\n");
		}
	}
	if (is_open)
		slip_buf_add_str(out, "</ul></section>\n");
}

static int64_t largest_layer(const struct slip_model_stage *s)
{
	int64_t largest = 0;
	for (size_t i = 0; i < s->n_steps; i++) {
		if (s->steps[i].bytes > largest)
			largest = s->steps[i].bytes;
	}
	return largest;
}

static void add_layers(struct slip_buf *out, const struct slip_model_stage *s)
{
	int64_t largest = largest_layer(s);
	if (!largest)
		return;
	slip_buf_add_str(out, "<section><h2>Layers of ");
	slip_timeline_text(out, s->name);
	slip_buf_add_str(out, "</h2><table class=\"grid layers\"><tbody>\n");
	for (size_t i = 0; i < s->n_steps && i < SLIP_TIMELINE_MAX_STEPS; i++) {
		const struct slip_model_step *step = &s->steps[i];
		if (!step->digest)
			continue;
		slip_buf_add_str(out, "<tr><td class=\"text\"><code>");
		slip_timeline_text(out, step->text);
		slip_buf_add_str(out, "</code></td><td class=\"n\">");
		slip_add_bytes(out, (double)step->bytes);
		slip_buf_addf(out,
			"</td><td class=\"bar\"><svg width=\"100%%\" height=\"20\" "
			"aria-hidden=\"true\"><rect class=\"f-%s\" y=\"4\" width=\"%.2f%%\" "
			"height=\"12\" rx=\"2\"/></svg></td></tr>\n",
			slip_streq(step->status, "cached") ? "cached" : "layer",
			0.3 + (double)step->bytes / (double)largest * 99.7);
	}
	slip_buf_add_str(out, "</tbody></table></section>\n");
}

static void add_findings(struct slip_buf *out, const struct slip_model *m)
{
	if (!m->n_findings)
		return;
	slip_buf_add_str(out, "<section><h2>Findings</h2><ul>\n");
	for (size_t i = 0; i < m->n_findings; i++) {
		const struct slip_model_finding *f = &m->findings[i];
		slip_buf_addf(out, "<li class=\"%s\">", f->is_error ? "failed" : "warned");
		slip_buf_add_str(out, "<i class=\"icon\" aria-hidden=\"true\">&#9650;</i> <code>");
		slip_timeline_text(out, f->file);
		slip_buf_addf(out, ":%lld</code> ", (long long)f->line);
		slip_timeline_text(out, f->message);
		slip_buf_add_str(out, " <code>");
		slip_timeline_text(out, f->rule);
		slip_buf_add_str(out, "</code></li>\n");
	}
	slip_buf_add_str(out, "</ul></section>\n");
}

/* --- everything as a table -------------------------------------------------------------------- */

static void add_cells(struct slip_buf *out, const char *status, double start, double seconds)
{
	slip_buf_add_str(out, "</td><td class=\"state ");
	slip_timeline_text(out, status);
	slip_buf_add_str(out, "\">");
	slip_timeline_state(out, status);
	slip_buf_addf(out, "</td><td class=\"n\">%.1f</td><td class=\"n\">", start);
	slip_add_seconds(out, seconds);
	slip_buf_add_str(out, "</td><td class=\"n\">");
}

static void add_step_row(
	struct slip_buf *out, const struct slip_model *m, const struct slip_model_step *s)
{
	double end = slip_timeline_end(m, s->status, s->start, s->seconds);
	slip_buf_add_str(out, "<tr><td class=\"text\"><code>");
	slip_timeline_text(out, s->text);
	slip_buf_add_str(out, "</code>");
	add_cells(out, slip_timeline_class(s), s->start, end - s->start);
	if (s->bytes > 0)
		slip_add_bytes(out, (double)s->bytes);
	slip_buf_add_str(out, "</td><td><code>");
	if (s->digest)
		slip_timeline_text(out, s->digest);
	slip_buf_add_str(out, "</code></td><td class=\"text\">");
	if (s->reason)
		slip_timeline_text(out, s->reason);
	slip_buf_add_str(out, "</td></tr>\n");
}

static void add_table(struct slip_buf *out, const struct slip_model *m)
{
	slip_buf_add_str(out,
		"<section><details><summary>All of it as a table</summary><div class=\"scroll\">"
		"<table class=\"grid\"><thead><tr><th>Stage, instruction</th><th>State</th>"
		"<th class=\"n\">Start, s</th><th class=\"n\">Time</th><th class=\"n\">Size</th>"
		"<th>Layer</th><th>Why</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_model_stage *s = m->stages[i];
		double end = slip_timeline_end(m, s->status, s->start, s->seconds);
		slip_buf_add_str(out, "<tr><td class=\"text\"><b>");
		slip_timeline_text(out, s->name);
		slip_buf_add_str(out, "</b>");
		add_cells(out, s->status, s->start, s->attempts ? end - s->start : 0);
		slip_buf_add_str(out, "</td><td></td><td class=\"text\">");
		if (s->error)
			slip_timeline_text(out, s->error);
		slip_buf_add_str(out, "</td></tr>\n");
		for (size_t k = 0; k < s->n_steps && k < SLIP_TIMELINE_MAX_STEPS; k++)
			add_step_row(out, m, &s->steps[k]);
	}
	slip_buf_add_str(out, "</tbody></table></div></details></section>\n");
}

void slip_report_timeline(const struct slip_model *m, struct slip_buf *out)
{
	add_head(out, m);
	add_header(out, m);
	add_failures(out, m);
	slip_timeline_chart(out, m);
	add_images(out, m);
	for (size_t i = 0; i < m->n; i++)
		add_layers(out, m->stages[i]);
	add_findings(out, m);
	add_table(out, m);
	slip_buf_add_str(out, "</main><footer>");
	if (slip_streq(m->status, "running"))
		slip_buf_add_str(out,
			"As far as is known: the pipeline was still running when this "
			"was written. ");
	slip_buf_add_str(out, "Times count from the start. Made by slipway " PACKAGE_VERSION
			      ".</footer></body></html>\n");
}
