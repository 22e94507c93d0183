#include "config.h"

#include "runner/report/events.h"

#include "runner/report/hub.h"
#include "runner/report/text.h"

struct event_row {
	const char *name;
	enum slip_tone tone;
	enum slip_log_level level;
	const char *format;
};

#define INFO SLIP_LOG_INFO
#define DEBUG SLIP_LOG_DEBUG

static const struct event_row rows[] = {
	{"base.resolved", SLIP_TONE_QUIET, INFO, "base image {name}<@{digest}>"},
	{"build.alive", SLIP_TONE_QUIET, INFO,
		"still at it after {seconds:seconds}<: {text}><; {pulled:bytes} pulled><, "
		"{pushed:bytes} pushed><, {read:bytes} read>"},
	{"build.cache", SLIP_TONE_QUIET, INFO, "cache {repo}<, {access}><, {login}>"},
	{"build.context", SLIP_TONE_QUIET, INFO, "context {context}: {bytes:bytes} are used"},
	{"build.done", SLIP_TONE_GOOD, INFO,
		"built {digest}<, {hits} cached>< and {misses} built><, {pulled:bytes} "
		"pulled><, {pushed:bytes} pushed> in {seconds:seconds}"},
	{"build.image", SLIP_TONE_QUIET, INFO, "destination {ref}<, {access}><, {login}>"},
	{"build.start", SLIP_TONE_HEAD, INFO,
		"building {dockerfile}<, target {target}>< from {context}>< for "
		"{platform}><, isolation {isolation}>"},
	{"cache.put", SLIP_TONE_QUIET, DEBUG, "cached {key}<, {bytes:bytes}>"},
	{"image.pushed", SLIP_TONE_GOOD, INFO, "pushed {ref}<@{digest}>< in {seconds:seconds}>"},
	{"image.written", SLIP_TONE_GOOD, INFO, "wrote {path}<, {bytes:bytes}>"},
	{"phase.done", SLIP_TONE_QUIET, DEBUG, "{text}: {seconds:seconds}"},
	{"phase.start", SLIP_TONE_QUIET, INFO, "{text}"},
	{"pipeline.done", SLIP_TONE_PLAIN, INFO,
		"pipeline {status}: {summary} in {seconds:seconds}"},
	{"pipeline.start", SLIP_TONE_HEAD, INFO,
		"pipeline< {name}> on {provider}: {stages} to run<, commit {commit}>"},
	{"stage.alive", SLIP_TONE_QUIET, INFO, "still running after {seconds:seconds}"},
	{"stage.artifact", SLIP_TONE_QUIET, DEBUG, "artifact {path}"},
	{"stage.done", SLIP_TONE_PLAIN, INFO, "{status} in {seconds:seconds}<: {error}>"},
	{"stage.plan", SLIP_TONE_PLAIN, INFO, "will {kind}<: {text}>"},
	{"stage.retry", SLIP_TONE_WARN, INFO,
		"attempt {attempt} of {attempts}< in {delay:seconds}><: {error}>"},
	{"stage.skip", SLIP_TONE_QUIET, INFO, "skipped: {reason}"},
	{"stage.start", SLIP_TONE_HEAD, INFO, "{kind}<: {text}>"},
	{"step.cached", SLIP_TONE_QUIET, INFO,
		"[{step}/{steps}]< {stage}> {text}  cached< {source}>"},
	{"step.done", SLIP_TONE_PLAIN, INFO,
		"[{step}/{steps}]< {stage}> done {seconds:seconds}<, {bytes:bytes}>"},
	{"step.miss", SLIP_TONE_QUIET, INFO, "[{step}/{steps}]< {stage}> not cached: {reason}"},
	{"step.start", SLIP_TONE_HEAD, INFO, "[{step}/{steps}]< {stage}> {text}"},
	{"transfer.done", SLIP_TONE_QUIET, DEBUG,
		"{what}< {digest}> {bytes:bytes}< in {seconds:seconds}>"},
	{"transfer.progress", SLIP_TONE_QUIET, INFO, "{what} {done:bytes}< of {bytes:bytes}>"},
};

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct event_row *)row)->name);
}

void slip_add_seconds(struct slip_buf *out, double seconds)
{
	if (!(seconds > 0))
		seconds = 0;
	unsigned long long whole = seconds < 1e9 ? (unsigned long long)seconds : 1000000000;
	if (seconds < 9.95)
		slip_buf_addf(out, "%.2fs", seconds);
	else if (whole < 60)
		slip_buf_addf(out, "%.1fs", seconds);
	else if (whole < 3600)
		slip_buf_addf(out, "%llum%02llus", whole / 60, whole % 60);
	else
		slip_buf_addf(out, "%lluh%02llum", whole / 3600, whole / 60 % 60);
}

void slip_add_bytes(struct slip_buf *out, double bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	for (; bytes >= 1024 && unit + 1 < SLIP_ARRAY_LEN(units); unit++)
		bytes /= 1024;
	slip_buf_addf(out, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

/* One {field} or {field:unit}; false when it has no value. */
static bool add_field(
	const struct slip_record *r, const char *spec, size_t len, struct slip_buf *out)
{
	char name[32];
	const char *colon = memchr(spec, ':', len);
	size_t n = colon ? (size_t)(colon - spec) : len;
	snprintf(name, sizeof(name), "%.*s", (int)n, spec);
	const char *value = slip_record_field(r, name);
	if (!value || !*value)
		return false;
	if (!colon)
		slip_text_add_lines(out, value);
	else if (colon[1] == 's')
		slip_add_seconds(out, strtod(value, NULL));
	else
		slip_add_bytes(out, strtod(value, NULL));
	return true;
}

static void add_formatted(const struct slip_record *r, const char *f, struct slip_buf *out)
{
	size_t part = 0; /* where the optional part began */
	bool keep = true;
	for (; *f; f++) {
		if (*f == '<') {
			part = out->len;
			keep = true;
		} else if (*f == '>') {
			if (!keep)
				slip_buf_truncate(out, part);
		} else if (*f == '{') {
			const char *end = strchr(f, '}');
			keep &= add_field(r, f + 1, (size_t)(end - f) - 1, out);
			f = end;
		} else {
			slip_buf_add_char(out, *f);
		}
	}
}

/* The tone of an end is that of its status. */
static enum slip_tone tone_of(const struct slip_record *r, const struct event_row *row)
{
	const char *status = slip_record_field(r, "status");
	if (!status || row->tone != SLIP_TONE_PLAIN)
		return row->tone;
	if (slip_streq(status, "success"))
		return SLIP_TONE_GOOD;
	if (slip_streq(status, "skipped"))
		return SLIP_TONE_QUIET;
	return slip_streq(status, "warned") ? SLIP_TONE_WARN : SLIP_TONE_BAD;
}

bool slip_event_render(const struct slip_record *r, enum slip_log_level least, struct slip_buf *out,
	enum slip_tone *tone)
{
	const struct event_row *row =
		bsearch(r->text, rows, SLIP_ARRAY_LEN(rows), sizeof(*rows), compare_row);
	if (!row || row->level < least)
		return false;
	*tone = tone_of(r, row);
	add_formatted(r, row->format, out);
	return true;
}
