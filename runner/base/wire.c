#include "config.h"

#include "runner/base/wire.h"

#include "runner/base/io.h"

#define MAX_EVENT_FIELDS 64
#define MAX_RESULTS 200
#define MAX_SCOPE 128

static const char *const level_names[] = {
	[SLIP_LOG_TRACE] = "trace",
	[SLIP_LOG_DEBUG] = "debug",
	[SLIP_LOG_INFO] = "info",
	[SLIP_LOG_WARN] = "warn",
	[SLIP_LOG_ERROR] = "error",
	[SLIP_LOG_FATAL] = "fatal",
	[SLIP_LOG_SILENT] = "silent",
};

const char *slip_level_name(enum slip_log_level level)
{
	return level_names[level];
}

int slip_level_parse(const char *name, enum slip_log_level *out, struct slip_err *err)
{
	if (slip_streq(name, "warning"))
		name = "warn";
	if (slip_streq(name, "panic"))
		name = "fatal";
	for (size_t i = 0; i < SLIP_ARRAY_LEN(level_names); i++) {
		if (slip_streq(level_names[i], name)) {
			*out = (enum slip_log_level)i;
			return 0;
		}
	}
	return slip_err_set(err, SLIP_E_USAGE, 0,
		"there is no verbosity \"%s\": trace, debug, info, warn, error or fatal", name);
}

struct slip_json *slip_record_to_json(const struct slip_record *r)
{
	static const char *const keys[] = {
		[SLIP_RECORD_MESSAGE] = "message",
		[SLIP_RECORD_OUTPUT] = "output",
		[SLIP_RECORD_EVENT] = "event",
	};
	struct slip_json *obj = slip_json_object();
	slip_json_set_str(obj, keys[r->kind], r->text);
	if (r->kind == SLIP_RECORD_MESSAGE)
		slip_json_set_str(obj, "level", slip_level_name(r->level));
	slip_json_set_str(obj, "scope", r->scope);
	if (r->kind != SLIP_RECORD_EVENT)
		return obj;
	struct slip_json *fields = slip_json_object();
	for (const char *const *f = r->fields; f && f[0]; f += 2)
		slip_json_set_str(fields, f[0], f[1]);
	slip_json_set(obj, "fields", fields);
	return obj;
}

/* --- writing ---------------------------------------------------------------------------------- */

void slip_wire_write(void *ctx, const struct slip_record *r)
{
	struct slip_wire_writer *w = ctx;
	if (w->has_failed)
		return;
	slip_autojson *obj = slip_record_to_json(r);
	if (w->is_timed)
		slip_json_set(obj, "elapsed", slip_json_real(r->elapsed));
	slip_autofree char *text = slip_json_print(obj);
	slip_autofree char *line = slip_xasprintf("%s\n", text);
	w->has_failed = slip_write_all(w->fd, line, strlen(line), NULL) < 0;
}

void slip_wire_error(const struct slip_err *err)
{
	char code[16], status[16], sys[16];
	snprintf(code, sizeof(code), "%d", (int)err->code);
	snprintf(status, sizeof(status), "%d", err->status);
	snprintf(sys, sizeof(sys), "%d", err->sys);
	slip_event("stage.error", "code", code, "status", status, "sys", sys, "message", err->msg,
		NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

void slip_wire_reader_init(struct slip_wire_reader *w, const char *scope)
{
	*w = (struct slip_wire_reader){.scope = scope};
	slip_buf_init(&w->line, SLIP_MAX_WIRE_LINE);
	slip_smap_init(&w->results);
}

void slip_wire_reader_release(struct slip_wire_reader *w)
{
	slip_buf_release(&w->line);
	slip_map_release(&w->results);
}

static int64_t number(const struct slip_json *fields, const char *name, int64_t max)
{
	const char *text = slip_json_get_str(fields, name, "0");
	char *end;
	long long n = strtoll(text, &end, 10);
	return *end || n < 0 || n > max ? 0 : n;
}

static void keep_error(struct slip_wire_reader *w, const struct slip_json *fields)
{
	enum slip_err_code code = (enum slip_err_code)number(fields, "code", SLIP_E_COUNT - 1);
	w->has_error = code != SLIP_E_NONE;
	w->error = (struct slip_err){
		.code = code,
		.status = (int)number(fields, "status", 255),
		.sys = (int)number(fields, "sys", 4095),
	};
	snprintf(w->error.msg, sizeof(w->error.msg), "%s",
		slip_json_get_str(fields, "message", "it did not say why"));
}

static void keep_results(struct slip_wire_reader *w, const struct slip_json *fields)
{
	for (const char *name = NULL; (name = slip_json_next_key(fields, name));) {
		if (w->results.n >= MAX_RESULTS)
			return;
		slip_smap_set(&w->results, name, slip_json_get_str(fields, name, ""));
	}
}

static void emit_event(struct slip_wire_reader *w, const char *name, const struct slip_json *fields)
{
	if (slip_streq(name, "stage.error")) {
		keep_error(w, fields);
		return;
	}
	if (slip_streq(name, "stage.result")) {
		keep_results(w, fields);
		return;
	}
	const char *list[2 * MAX_EVENT_FIELDS + 1];
	size_t n = 0;
	for (const char *key = NULL; (key = slip_json_next_key(fields, key));) {
		if (n == 2 * MAX_EVENT_FIELDS)
			break;
		list[n++] = key;
		list[n++] = slip_json_get_str(fields, key, "");
	}
	list[n] = NULL;
	slip_event_fields(name, list);
}

static bool emit(struct slip_wire_reader *w, const struct slip_json *obj)
{
	const char *output = slip_json_get_str(obj, "output", NULL);
	const char *message = slip_json_get_str(obj, "message", NULL);
	const char *event = slip_json_get_str(obj, "event", NULL);
	enum slip_log_level level = SLIP_LOG_INFO;
	if (output) {
		slip_output(output, strlen(output));
	} else if (message) {
		if (slip_level_parse(slip_json_get_str(obj, "level", "info"), &level, NULL) < 0)
			return false;
		slip_log(level, "%s", message);
	} else if (event) {
		emit_event(w, event, slip_json_get(obj, "fields"));
	}
	return output || message || event;
}

static void take_line(struct slip_wire_reader *w)
{
	slip_autojson *obj = NULL;
	if (slip_json_parse(w->line.data, w->line.len, "record", SLIP_E_BUG, &obj, NULL) < 0) {
		w->malformed++;
		return;
	}
	const char *below = slip_json_get_str(obj, "scope", "");
	char scope[MAX_SCOPE], before[MAX_SCOPE];
	snprintf(before, sizeof(before), "%s", slip_log_scope());
	snprintf(scope, sizeof(scope), "%s%s%s", w->scope, *below ? "/" : "", below);
	slip_log_set_scope(scope);
	if (!emit(w, obj))
		w->malformed++;
	slip_log_set_scope(before);
}

void slip_wire_reader_add(struct slip_wire_reader *w, const char *p, size_t n)
{
	while (n) {
		const char *lf = memchr(p, '\n', n);
		size_t piece = lf ? (size_t)(lf - p) : n;
		slip_buf_add(&w->line, p, piece);
		w->is_skipping |= w->line.overflow;
		if (lf) {
			if (w->is_skipping)
				w->malformed++;
			else
				take_line(w);
			w->is_skipping = false;
			slip_buf_clear(&w->line);
			piece++;
		}
		p += piece;
		n -= piece;
	}
}
