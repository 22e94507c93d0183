#include "config.h"

#include "runner/report/console.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/wire.h"
#include "runner/report/events.h"
#include "runner/report/text.h"

#define MAX_CONSOLE_LINE (8 * SLIP_MAX_LOG_LINE) /* a shown byte may become 4 */

int slip_log_format_parse(const char *name, enum slip_log_format *out, struct slip_err *err)
{
	static const char *const names[] = {"color", "text", "json"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		if (slip_streq(names[i], name)) {
			*out = (enum slip_log_format)i;
			return 0;
		}
	}
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "there is no log format \"%s\": text, color or json", name);
}

static bool is_set(const char *name)
{
	const char *v = getenv(name);
	return v && *v && !slip_streq(v, "0");
}

bool slip_console_has_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	if (no && *no)
		return false;
	if (is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE"))
		return true;
	return isatty(fd) && term && !slip_streq(term, "dumb");
}

/* --- lines ------------------------------------------------------------------------------------ */

static const char *colour_of(enum slip_tone tone)
{
	static const char *const colours[] = {
		[SLIP_TONE_PLAIN] = "",
		[SLIP_TONE_HEAD] = "\x1b[1m",
		[SLIP_TONE_GOOD] = "\x1b[32m",
		[SLIP_TONE_QUIET] = "\x1b[2m",
		[SLIP_TONE_WARN] = "\x1b[33m",
		[SLIP_TONE_BAD] = "\x1b[31m",
	};
	return colours[tone];
}

static void add_prefix(
	const struct slip_console_options *c, const struct slip_record *r, struct slip_buf *out)
{
	char time[SLIP_RFC3339_SIZE];
	if (c->timestamps) {
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

/* The body of a message or an output line. */
static enum slip_tone render(const struct slip_record *r, const char *text, size_t len, bool colour,
	struct slip_buf *out)
{
	if (r->kind == SLIP_RECORD_OUTPUT) {
		slip_text_add_line(out, text, len, colour);
		return SLIP_TONE_PLAIN;
	}
	if (r->level >= SLIP_LOG_ERROR)
		slip_buf_add_str(out, "error: ");
	else if (r->level == SLIP_LOG_WARN)
		slip_buf_add_str(out, "warning: ");
	slip_text_add_line(out, text, len, false);
	if (r->level >= SLIP_LOG_ERROR)
		return SLIP_TONE_BAD;
	if (r->level == SLIP_LOG_WARN)
		return SLIP_TONE_WARN;
	return r->level < SLIP_LOG_INFO ? SLIP_TONE_QUIET : SLIP_TONE_PLAIN;
}

static void add_line(const struct slip_console_options *c, const struct slip_record *r,
	const char *text, size_t len, struct slip_buf *out)
{
	slip_autobuf body;
	slip_buf_init(&body, MAX_CONSOLE_LINE);
	enum slip_tone tone;
	bool colour = c->is_terminal && c->format == SLIP_LOG_COLOR;
	if (r->kind != SLIP_RECORD_EVENT)
		tone = render(r, text, len, colour, &body);
	else if (!slip_event_render(r, c->level, &body, &tone))
		return;
	add_prefix(c, r, out);
	const char *start = colour ? colour_of(tone) : "";
	slip_buf_add_str(out, start);
	slip_buf_add(out, body.data, body.len);
	slip_buf_add_str(out, *start ? "\x1b[0m\n" : "\n");
}

/* kaniko's fields (logrus) first, ours after them. */
static void add_json(
	const struct slip_console_options *c, const struct slip_record *r, struct slip_buf *out)
{
	char time[SLIP_RFC3339_SIZE];
	slip_autobuf body;
	slip_buf_init(&body, MAX_CONSOLE_LINE);
	enum slip_tone tone;
	if (r->kind != SLIP_RECORD_EVENT)
		slip_text_add_line(&body, r->text, strlen(r->text), false);
	else if (!slip_event_render(r, c->level, &body, &tone))
		return;
	slip_clock_rfc3339(slip_clock_now(), time);
	slip_autojson *fields = slip_record_to_json(r);
	slip_autojson *obj = slip_json_object();
	slip_json_set_str(
		obj, "level", r->level == SLIP_LOG_WARN ? "warning" : slip_level_name(r->level));
	slip_json_set_str(obj, "msg", body.data);
	slip_json_set_str(obj, "time", time);
	if (*r->scope)
		slip_json_set_str(obj, "scope", r->scope);
	if (r->kind == SLIP_RECORD_OUTPUT)
		slip_json_set(obj, "output", slip_json_bool(true));
	if (r->kind == SLIP_RECORD_EVENT) {
		slip_json_set_str(obj, "event", r->text);
		slip_json_set(obj, "fields", slip_json_ref(slip_json_get(fields, "fields")));
	}
	slip_autofree char *line = slip_json_print(obj);
	slip_buf_add_str(out, line);
	slip_buf_add_char(out, '\n');
}

static bool is_shown(const struct slip_console_options *c, const struct slip_record *r)
{
	if (r->kind == SLIP_RECORD_MESSAGE)
		return r->level >= c->level;
	return c->level != SLIP_LOG_SILENT;
}

static void record(void *ctx, const struct slip_record *r)
{
	const struct slip_console_options *c = ctx;
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MIB + 2 * MAX_CONSOLE_LINE);
	if (!is_shown(c, r))
		return;
	if (c->format == SLIP_LOG_JSON) {
		add_json(c, r, &out);
	} else {
		/* A message may have several lines: each gets the prefix. */
		const char *text = r->text;
		for (const char *lf; r->kind == SLIP_RECORD_MESSAGE && (lf = strchr(text, '\n'));
			text = lf + 1)
			add_line(c, r, text, (size_t)(lf - text), &out);
		add_line(c, r, text, strlen(text), &out);
	}
	/* One write, so that lines of processes that share the stream stay whole. */
	if (out.len)
		(void)!slip_write_all(c->fd, out.data, out.len, NULL);
}

struct slip_sink slip_console_sink(const struct slip_console_options *opt)
{
	return (struct slip_sink){record, free, slip_xmemdup(opt, sizeof(*opt))};
}
