/*
 * A JSON object a line, for programs: kaniko's fields (logrus) first, ours after them. The names at
 * the top level are those below and no others: GitLab's runner takes lines with "script" or
 * "command_exit_code" there for its own.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/wire.h"
#include "runner/report/console_style.h"

static void say(const struct slip_line_options *o, const struct slip_record *r, enum slip_tone tone,
	struct slip_buf *out)
{
	char time[SLIP_RFC3339_SIZE];
	slip_autobuf text;
	(void)tone;
	slip_buf_init(&text, SLIP_MAX_LINES);
	slip_line_add_bare(o, r, &text);
	if (!text.len && r->kind == SLIP_RECORD_EVENT)
		return;
	slip_clock_rfc3339(slip_clock_now(), time);
	slip_autojson *record = slip_record_to_json(r);
	slip_autojson *obj = slip_json_object();
	slip_json_set_str(
		obj, "level", r->level == SLIP_LOG_WARN ? "warning" : slip_level_name(r->level));
	slip_json_set_str(obj, "msg", text.data);
	slip_json_set_str(obj, "time", time);
	if (*r->scope)
		slip_json_set_str(obj, "scope", r->scope);
	if (r->kind == SLIP_RECORD_OUTPUT)
		slip_json_set(obj, "output", slip_json_bool(true));
	if (r->kind == SLIP_RECORD_EVENT) {
		slip_json_set_str(obj, "event", r->text);
		slip_json_set(obj, "fields", slip_json_ref(slip_json_get(record, "fields")));
	}
	slip_autofree char *line = slip_json_print(obj);
	slip_buf_add_str(out, line);
	slip_buf_add_char(out, '\n');
}

const struct slip_console_style slip_console_json = {
	.name = "json",
	.colour = SLIP_COLOUR_NEVER,
	.patience = 1,
	.say = say,
};
