#include "config.h"

#include "runner/report/line.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/report/text.h"

bool slip_line_is_shown(const struct slip_line_options *o, const struct slip_record *r)
{
	if (r->kind == SLIP_RECORD_MESSAGE)
		return r->level >= o->level;
	return o->level != SLIP_LOG_SILENT;
}

static const char *colour_of(enum slip_tone tone)
{
	static const char *const colours[] = {
		[SLIP_TONE_AUTO] = "",
		[SLIP_TONE_PLAIN] = "",
		[SLIP_TONE_HEAD] = "\x1b[1m",
		[SLIP_TONE_GOOD] = "\x1b[32m",
		[SLIP_TONE_QUIET] = "\x1b[2m",
		[SLIP_TONE_WARN] = "\x1b[33m",
		[SLIP_TONE_BAD] = "\x1b[31m",
	};
	return colours[tone];
}

static enum slip_tone tone_of_level(enum slip_log_level level)
{
	if (level >= SLIP_LOG_ERROR)
		return SLIP_TONE_BAD;
	if (level == SLIP_LOG_WARN)
		return SLIP_TONE_WARN;
	return level < SLIP_LOG_INFO ? SLIP_TONE_QUIET : SLIP_TONE_PLAIN;
}

/* The words of the record, with LFs between its lines; NULL when it has none for people. */
static const char *words(const struct slip_line_options *o, const struct slip_record *r,
	struct slip_buf *buf, enum slip_tone *tone)
{
	*tone = SLIP_TONE_PLAIN;
	if (r->kind == SLIP_RECORD_OUTPUT)
		return r->text;
	if (r->kind == SLIP_RECORD_EVENT)
		return slip_event_render(r, o->level, buf, tone) ? buf->data : NULL;
	*tone = tone_of_level(r->level);
	if (r->level < SLIP_LOG_WARN)
		return r->text;
	slip_buf_addf(buf, "%s: %s", r->level == SLIP_LOG_WARN ? "warning" : "error", r->text);
	return buf->data;
}

static void add_prefix(
	const struct slip_line_options *o, const struct slip_record *r, struct slip_buf *out)
{
	char time[SLIP_RFC3339_SIZE];
	if (o->timestamps) {
		slip_clock_rfc3339(slip_clock_now(), time);
		slip_buf_add_str(out, time);
	} else {
		slip_buf_addf(out, "%7.1fs", r->elapsed);
	}
	slip_buf_add_char(out, ' ');
	slip_text_add_line(out, r->scope, strlen(r->scope), false);
	if (r->kind == SLIP_RECORD_OUTPUT)
		slip_buf_add_str(out, *r->scope ? " | " : "| ");
	else if (*r->scope)
		slip_buf_add_str(out, ": ");
}

/* One line of the record, which may become several of the log. */
static void add_wrapped(const struct slip_line_options *o, const struct slip_record *r,
	const char *colour, const char *text, size_t len, struct slip_buf *out)
{
	bool keep_colour = o->has_colour && r->kind == SLIP_RECORD_OUTPUT;
	size_t left = len < SLIP_MAX_LOG_LINE ? len : SLIP_MAX_LOG_LINE;
	bool is_cut = left < len;
	do {
		add_prefix(o, r, out);
		slip_buf_add_str(out, colour);
		size_t n = slip_text_add_piece(out, text, left, o->max, keep_colour);
		text += n;
		left -= n;
		if (!left && is_cut)
			slip_buf_add_str(out, SLIP_TEXT_CUT);
		slip_buf_add_str(out, *colour ? "\x1b[0m\n" : "\n");
	} while (left);
}

void slip_line_add(const struct slip_line_options *o, const struct slip_record *r,
	enum slip_tone tone, struct slip_buf *out)
{
	slip_autobuf buf;
	enum slip_tone own;
	slip_buf_init(&buf, SLIP_MAX_LINES);
	const char *text = words(o, r, &buf, &own);
	if (!text)
		return;
	const char *colour = o->has_colour ? colour_of(tone == SLIP_TONE_AUTO ? own : tone) : "";
	for (bool is_last = false; !is_last;) {
		size_t n = strcspn(text, "\n");
		is_last = !text[n];
		add_wrapped(o, r, colour, text, n, out);
		text += n + 1;
	}
}

void slip_line_add_bare(
	const struct slip_line_options *o, const struct slip_record *r, struct slip_buf *out)
{
	slip_autobuf buf;
	enum slip_tone tone;
	slip_buf_init(&buf, SLIP_MAX_LINES);
	if (r->kind != SLIP_RECORD_EVENT)
		slip_text_add_lines(out, r->text);
	else if (slip_event_render(r, o->level, &buf, &tone))
		slip_buf_add(out, buf.data, buf.len);
}
