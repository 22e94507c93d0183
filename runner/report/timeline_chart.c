/*
 * Bars upon a time axis. Each row has an SVG of its own whose horizontal measures are percentages,
 * so that it fits every width without a script; the grid is defined once and used in every row.
 */
#include "config.h"

#include "runner/report/events.h"
#include "runner/report/timeline_internal.h"

#define MAX_TICKS 7
#define BAR_HEIGHT 12
#define WIDTH 98.0 /* per cent of a row for the whole time: labels at its end stay inside */
#define LEAST_WIDTH 0.3

struct chart {
	const struct slip_model *m;
	struct slip_buf *out;
	double whole; /* seconds */
};

double slip_timeline_end(
	const struct slip_model *m, const char *status, double start, double seconds)
{
	return slip_streq(status, "running") ? m->now : start + seconds;
}

/* Until when the axis goes: the last end of anything. */
static double whole_time(const struct slip_model *m)
{
	double whole = 0.001;
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_model_stage *s = m->stages[i];
		double end = slip_timeline_end(m, s->status, s->start, s->seconds);
		whole = end > whole ? end : whole;
		for (size_t k = 0; k < s->n_steps; k++) {
			const struct slip_model_step *t = &s->steps[k];
			end = slip_timeline_end(m, t->status, t->start, t->seconds);
			whole = end > whole ? end : whole;
		}
	}
	return whole;
}

/* --- the axis --------------------------------------------------------------------------------- */

static double tick_distance(double whole)
{
	static const double nice[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600};
	double unit = 0.001;
	if (whole >= MAX_TICKS) {
		for (size_t i = 0; i < SLIP_ARRAY_LEN(nice); i++) {
			if (whole / nice[i] < MAX_TICKS)
				return nice[i];
		}
		unit = 7200;
	}
	while (whole / (5 * unit) >= MAX_TICKS)
		unit *= 10;
	for (size_t i = 0; i < 2; i++) {
		if (whole / (nice[i] * unit) < MAX_TICKS)
			return nice[i] * unit;
	}
	return 5 * unit;
}

static void add_tick_label(struct slip_buf *out, double t, double distance)
{
	unsigned long long whole = (unsigned long long)(t + 0.5);
	if (distance < 1)
		slip_buf_addf(out, "%.*fs", distance < 0.01 ? 3 : distance < 0.1 ? 2 : 1, t);
	else if (distance < 60 && whole < 60)
		slip_buf_addf(out, "%llus", whole);
	else if (whole < 3600)
		slip_buf_addf(out, "%llu:%02llu", whole / 60, whole % 60);
	else
		slip_buf_addf(out, "%lluh%02llu", whole / 3600, whole / 60 % 60);
}

static double at(const struct chart *c, double t)
{
	double x = t / c->whole * WIDTH;
	return x < 0 ? 0 : x > WIDTH ? WIDTH : x;
}

static void add_axis(const struct chart *c)
{
	double distance = tick_distance(c->whole);
	slip_buf_add_str(c->out, "<thead><tr><td class=\"name\"></td><td class=\"b\"><svg "
				 "width=\"100%\" height=\"16\" aria-hidden=\"true\"><defs><g "
				 "id=\"grid\">");
	for (double t = 0; t <= c->whole; t += distance)
		slip_buf_addf(c->out,
			"<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"-99\" y2=\"199\" "
			"stroke=\"#ccc\"/>",
			at(c, t), at(c, t));
	slip_buf_add_str(c->out, "</g></defs>");
	for (double t = 0; t <= c->whole; t += distance) {
		slip_buf_addf(c->out, "<text x=\"%.2f%%\" y=\"11\" font-size=\"11\"%s>", at(c, t),
			t > 0 ? " text-anchor=\"middle\"" : "");
		add_tick_label(c->out, t, distance);
		slip_buf_add_str(c->out, "</text>");
	}
	slip_buf_add_str(c->out, "</svg></td><td class=\"n\"></td></tr></thead>\n<tbody>\n");
}

/* --- rows ------------------------------------------------------------------------------------- */

static void begin_bars(const struct chart *c, const char *label)
{
	slip_buf_addf(c->out,
		"</span></th><td class=\"b\"><svg width=\"100%%\" height=\"20\" role=\"img\" "
		"aria-label=\"");
	slip_timeline_text(c->out, label);
	slip_buf_add_str(c->out, "\"><use href=\"#grid\"/>");
}

static void add_bar(
	const struct chart *c, const char *class, double start, double seconds, const char *title)
{
	double x = at(c, start), width = at(c, start + seconds) - x;
	slip_buf_addf(c->out,
		"<rect class=\"f-%s\" x=\"%.2f%%\" y=\"4\" width=\"%.2f%%\" height=\"%d\" "
		"rx=\"2\"><title>",
		class, x, width < LEAST_WIDTH ? LEAST_WIDTH : width, BAR_HEIGHT);
	slip_timeline_text(c->out, title);
	slip_buf_add_char(c->out, ' ');
	slip_add_seconds(c->out, seconds);
	slip_buf_add_str(c->out, "</title></rect>");
}

static void end_row(const struct chart *c, double seconds)
{
	slip_buf_add_str(c->out, "</svg></td><td class=\"n\">");
	if (seconds > 0)
		slip_add_seconds(c->out, seconds);
	slip_buf_add_str(c->out, "</td></tr>\n");
}

static void add_note(const struct chart *c, const char *before, const char *text)
{
	if (!text || !*text)
		return;
	slip_buf_addf(c->out, "<small>%s", before);
	slip_timeline_text(c->out, text);
	slip_buf_add_str(c->out, "</small>");
}

static void begin_row(const struct chart *c, const char *kind, const char *status)
{
	slip_buf_addf(c->out, "<tr class=\"%s ", kind);
	slip_timeline_text(c->out, status);
	slip_buf_add_str(c->out, "\"><th scope=\"row\" class=\"name\"><span title=\"");
}

/* After begin_row: the name with its status, as the title too. */
static void add_name(const struct chart *c, const char *name, const char *status)
{
	slip_timeline_text(c->out, name);
	slip_buf_add_str(c->out, "\">");
	slip_timeline_state(c->out, status);
	slip_buf_add_str(c->out, " <b>");
	slip_timeline_text(c->out, name);
	slip_buf_add_str(c->out, "</b>");
}

static void add_stage(const struct chart *c, const struct slip_model_stage *s)
{
	double end = slip_timeline_end(c->m, s->status, s->start, s->seconds);
	begin_row(c, "stage", s->status);
	add_name(c, s->name, s->status);
	add_note(c, "", s->text);
	if (slip_streq(s->status, "skipped"))
		add_note(c, "", s->error);
	begin_bars(c, s->status);
	if (s->attempts)
		add_bar(c, "stage", s->start, end - s->start, s->status);
	end_row(c, s->attempts ? end - s->start : 0);
}

/* What was done for a step, one after the other. */
static void add_phases(const struct chart *c, const struct slip_model_step *s)
{
	double layer = s->seconds - s->prepare - s->command;
	if (s->prepare > 0.005)
		add_bar(c, "prepare", s->start, s->prepare, "root filesystem");
	if (s->command > 0)
		add_bar(c, "command", s->start + s->prepare, s->command, "command");
	add_bar(c, "layer", s->start + s->prepare + s->command, layer > 0 ? layer : 0, "layer");
}

static void add_step(const struct chart *c, const struct slip_model_step *s)
{
	const char *class = slip_timeline_class(s);
	double end = slip_timeline_end(c->m, s->status, s->start, s->seconds);
	slip_autofree char *name = slip_xasprintf("%s%s%lld %s", s->stage ? s->stage : "",
		s->stage ? " " : "", (long long)s->number, s->text);
	begin_row(c, "step", class);
	add_name(c, name, class);
	if (!slip_streq(class, "cached"))
		add_note(c, "not cached: ", s->reason);
	begin_bars(c, class);
	if (slip_streq(s->status, "done"))
		add_phases(c, s);
	else
		add_bar(c,
			slip_streq(class, "cached")   ? "cached"
			: slip_streq(class, "failed") ? "failed"
						      : "running",
			s->start, end - s->start, class);
	end_row(c, end - s->start);
}

static bool is_pull(const struct slip_model_transfer *t)
{
	return slip_streq(t->what, "pulled");
}

static void add_lane(const struct chart *c, const struct slip_model_stage *s, bool pulls)
{
	double from = 0, until = 0; /* they overlap */
	size_t n = 0;
	for (size_t i = 0; i < s->n_transfers; i++) {
		const struct slip_model_transfer *t = &s->transfers[i];
		if (is_pull(t) != pulls)
			continue;
		from = n && from < t->start ? from : t->start;
		until = until > t->start + t->seconds ? until : t->start + t->seconds;
		n++;
	}
	if (!n)
		return;
	slip_buf_addf(c->out,
		"<tr class=\"lane\"><th scope=\"row\" class=\"name\"><span>%s %zu blob%s, ",
		pulls ? "&#8595; pull" : "&#8593; push", n, n == 1 ? "" : "s");
	slip_add_bytes(c->out, (double)(pulls ? s->pulled : s->pushed));
	begin_bars(c, pulls ? "pull" : "push");
	for (size_t i = 0; i < s->n_transfers && i < SLIP_TIMELINE_MAX_STEPS; i++) {
		const struct slip_model_transfer *t = &s->transfers[i];
		if (is_pull(t) != pulls)
			continue;
		slip_autobuf title;
		slip_buf_init(&title, 256);
		slip_buf_addf(&title, "%.12s %.19s ", t->what, t->digest ? t->digest : "");
		slip_add_bytes(&title, (double)t->bytes);
		add_bar(c, pulls ? "pull" : "push", t->start, t->seconds, title.data);
	}
	end_row(c, until - from);
}

static void add_legend(struct slip_buf *out)
{
	static const struct {
		const char *class;
		const char *colour; /* where styles are forbidden */
		const char *name;
	} items[] = {
		{"cached", "#2563eb", "hit: from the cache"},
		{"prepare", "#94a3b8", "root filesystem made ready"},
		{"command", "#d97706", "command"},
		{"layer", "#8b5cf6", "layer written"},
		{"failed", "#c62828", "failed"},
		{"pull", "#0891b2", "pull"},
		{"push", "#7c3aed", "push"},
	};
	slip_buf_add_str(out, "<p class=\"legend\">");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(items); i++)
		slip_buf_addf(out,
			"<span><svg width=\"12\" height=\"10\" aria-hidden=\"true\"><rect "
			"class=\"f-%s\" fill=\"%s\" width=\"12\" height=\"10\" "
			"rx=\"2\"/></svg>%s</span> ",
			items[i].class, items[i].colour, items[i].name);
	slip_buf_add_str(out, "</p>\n");
}

void slip_timeline_chart(struct slip_buf *out, const struct slip_model *m)
{
	struct chart c = {.m = m, .out = out, .whole = whole_time(m)};
	size_t left = SLIP_TIMELINE_MAX_STEPS, missing = 0;
	slip_buf_add_str(out, "<section aria-labelledby=\"time\"><h2 id=\"time\">Timeline</h2>\n");
	add_legend(out);
	slip_buf_add_str(out, "<table class=\"chart\">\n");
	add_axis(&c);
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_model_stage *s = m->stages[i];
		add_stage(&c, s);
		add_lane(&c, s, true);
		size_t n = s->n_steps < left ? s->n_steps : left;
		for (size_t k = 0; k < n; k++)
			add_step(&c, &s->steps[k]);
		add_lane(&c, s, false);
		left -= n;
		missing += s->n_steps - n;
	}
	slip_buf_add_str(out, "</tbody></table>\n");
	if (missing)
		slip_buf_addf(out, "<p>%zu more instructions are in report.json.</p>\n", missing);
	slip_buf_add_str(out, "</section>\n");
}
