#include "config.h"

#include "runner/report/console.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/report/console_style.h"

#include <sys/random.h>

#define MAX_LINE 4000 /* bytes of text: with its prefix less than runners split at (8 KiB) */
#define TAIL_LINES 100
#define TAIL_BYTES ((size_t)64 << 10)
#define TAIL_LINE_BYTES ((size_t)4 << 10)

/* In the order in which "auto" asks them. */
static const struct slip_console_style *const styles[] = {
	&slip_console_gitlab,
	&slip_console_jenkins,
	&slip_console_tty,
	&slip_console_plain,
	&slip_console_json,
};

/* --- which one ----------------------------------------------------------------------------------
 */

int slip_console_find(
	const char *name, int fd, const struct slip_console_style **out, struct slip_err *err)
{
	bool is_auto = !name || !*name || slip_streq(name, "auto");
	slip_autostrv names = {0};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(styles); i++) {
		const struct slip_console_style *s = styles[i];
		if (is_auto ? s->suits && s->suits(fd) : slip_streq(s->name, name)) {
			*out = s;
			return 0;
		}
		slip_strv_add(&names, s->name);
	}
	*out = &slip_console_plain;
	if (is_auto)
		return 0;
	slip_autofree char *list = slip_strv_join(&names, ", ");
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "there is no console \"%s\": auto, %s", name, list);
}

bool slip_console_is_job_log(const struct slip_console_style *style)
{
	return style->is_job_log;
}

static bool is_set(const char *name)
{
	const char *v = getenv(name);
	return v && *v && !slip_streq(v, "0");
}

/* no-color.org, force-color.org, bixense.com/clicolors. */
static bool has_colour(const struct slip_console_options *opt)
{
	const char *no = getenv("NO_COLOR");
	if (opt->style->colour == SLIP_COLOUR_NEVER || opt->is_plain_wanted || (no && *no))
		return false;
	return opt->style->colour == SLIP_COLOUR_USUAL || is_set("FORCE_COLOR") ||
	       is_set("CLICOLOR_FORCE");
}

/* --- saying -------------------------------------------------------------------------------------
 */

static void say(struct slip_console *c, struct slip_lane *l, const struct slip_record *r,
	enum slip_tone tone)
{
	slip_autobuf out = {0};
	if (!slip_line_is_shown(&c->line, r))
		return;
	slip_buf_init(&out, SLIP_MAX_LINES);
	c->style->say(&c->line, r, tone, &out);
	slip_lane_put(c, l, &out, r->kind == SLIP_RECORD_OUTPUT);
}

void slip_console_say(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	say(c, l, r, SLIP_TONE_AUTO);
}

void slip_console_tell(struct slip_console *c, const struct slip_record *like, enum slip_tone tone,
	const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *text = slip_xvasprintf(fmt, ap);
	va_end(ap);
	struct slip_record r = {
		.kind = SLIP_RECORD_MESSAGE,
		.level = SLIP_LOG_INFO,
		.elapsed = like->elapsed,
		.scope = like->scope,
		.text = text,
	};
	say(c, slip_lane_of(c, like->scope), &r, tone);
}

/* --- output of users' commands ------------------------------------------------------------------
 */

static void keep_tail(struct slip_lane *l, const char *text)
{
	size_t len = strlen(text);
	if (len > TAIL_LINE_BYTES)
		len = TAIL_LINE_BYTES;
	slip_strv_addn(&l->tail, text, len);
	l->tail_bytes += len;
	while (l->tail.n > TAIL_LINES || l->tail_bytes > TAIL_BYTES) {
		l->tail_bytes -= strlen(l->tail.v[0]);
		slip_strv_remove(&l->tail, 0);
	}
}

static void clear_tail(struct slip_lane *l)
{
	slip_strv_clear(&l->tail);
	l->tail_bytes = 0;
}

static bool is_silent_for_long(const struct slip_console *c)
{
	double patience = c->style->patience * slip_clock_alive_interval();
	/* The signs come at that pace, too: one that is a little early is the one that is meant. */
	return slip_clock_monotonic() - c->last_said >= patience - slip_clock_alive_interval() / 4;
}

static void take_output(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	slip_autobuf out = {0};
	keep_tail(l, r->text);
	if (!slip_line_is_shown(&c->line, r))
		return;
	if (!l->is_cut && (!c->max_output || c->output < c->max_output)) {
		slip_buf_init(&out, SLIP_MAX_LINES);
		c->style->say(&c->line, r, SLIP_TONE_AUTO, &out);
		c->output += out.len;
		slip_lane_put(c, l, &out, true);
		return;
	}
	if (!l->is_cut) {
		l->is_cut = true;
		slip_console_tell(c, r, SLIP_TONE_WARN,
			"this log has room for %zu bytes of output (--log-limit): the rest is not "
			"shown, the last lines follow if it fails",
			c->max_output);
		slip_screen_log_file(c, l, r);
	} else if (!slip_lane_is_behind(c, l) && is_silent_for_long(c)) {
		slip_console_tell(
			c, r, SLIP_TONE_QUIET, "still at it: output that is not shown goes on");
	}
}

/* --- events -------------------------------------------------------------------------------------
 */

static void set(char **member, const char *value)
{
	free(*member);
	*member = slip_xstrdup(value);
}

/* What begins is what a failure will be about. */
static void note_begin(struct slip_lane *l, const struct slip_record *r)
{
	clear_tail(l);
	set(&l->doing, slip_record_field(r, "text"));
	set(&l->where, slip_record_field(r, "where"));
}

static void on_stage_start(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	const char *kind = slip_record_field(r, "kind");
	slip_lane_begin(c, l);
	note_begin(l, r);
	slip_lane_open(c, l, "stage", kind && slip_streq(kind, "push"), r);
}

static void on_stage_retry(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	slip_lane_close(c, l, "stage");
	slip_console_say(c, l, r);
}

static void on_stage_done(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	const char *status = slip_record_field(r, "status");
	slip_lane_close(c, l, "stage");
	if (status && (slip_streq(status, "failed") || slip_streq(status, "timeout") ||
			      slip_streq(status, "warned")))
		slip_screen_failure(c, l, r);
	slip_console_say(c, l, r);
	clear_tail(l);
	slip_lane_end(c, l);
}

static void on_step_start(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	const char *kind = slip_record_field(r, "kind");
	note_begin(l, r);
	if (kind && slip_streq(kind, "run"))
		slip_lane_open(c, l, "step", false, r);
	else
		slip_console_say(c, l, r);
}

static void on_step_done(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	slip_console_say(c, l, r);
	slip_lane_close(c, l, "step");
}

static void on_phase_start(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	note_begin(l, r);
	slip_lane_open(c, l, "phase", true, r);
}

static void on_phase_done(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	slip_console_say(c, l, r);
	slip_lane_close(c, l, "phase");
}

/* In a pipeline stage.done follows; on its own, the error does. */
static void on_build_failed(
	struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	slip_lane_close(c, l, NULL);
	if (!*l->stage)
		slip_screen_failure(c, l, r);
}

static void on_alive(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	if (!slip_lane_is_behind(c, l) && is_silent_for_long(c))
		slip_console_say(c, l, r);
}

static void on_plan(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	(void)l;
	slip_screen_plan(c, r);
}

static void on_pipeline_done(
	struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	slip_screen_end(c, r);
	slip_console_say(c, l, r);
}

static const struct handler {
	const char *event;
	void (*take)(struct slip_console *c, struct slip_lane *l, const struct slip_record *r);
} handlers[] = {
	{"build.alive", on_alive},
	{"build.failed", on_build_failed},
	{"phase.done", on_phase_done},
	{"phase.start", on_phase_start},
	{"pipeline.done", on_pipeline_done},
	{"stage.alive", on_alive},
	{"stage.done", on_stage_done},
	{"stage.plan", on_plan},
	{"stage.retry", on_stage_retry},
	{"stage.start", on_stage_start},
	{"step.done", on_step_done},
	{"step.start", on_step_start},
};

/* --- the sink -----------------------------------------------------------------------------------
 */

static void record(void *ctx, const struct slip_record *r)
{
	struct slip_console *c = ctx;
	struct slip_lane *l = slip_lane_of(c, r->scope);
	if (r->kind == SLIP_RECORD_OUTPUT) {
		take_output(c, l, r);
		return;
	}
	(void)slip_model_take(&c->model, r);
	for (size_t i = 0; r->kind == SLIP_RECORD_EVENT && i < SLIP_ARRAY_LEN(handlers); i++) {
		if (slip_streq(handlers[i].event, r->text)) {
			handlers[i].take(c, l, r);
			return;
		}
	}
	slip_console_say(c, l, r);
}

static void close_console(void *ctx)
{
	struct slip_console *c = ctx;
	if (c->front)
		slip_lane_finish(c, c->front);
	for (size_t i = 0; i < c->lanes.n; i++)
		slip_lane_finish(c, c->lanes.entries[i].value);
	slip_map_release(&c->lanes);
	slip_model_release(&c->model);
	free(c->out_dir);
	free(c);
}

struct slip_sink slip_console_sink(const struct slip_console_options *opt)
{
	struct slip_console *c = slip_xcalloc(1, sizeof(*c));
	*c = (struct slip_console){
		.style = opt->style,
		.line = {.level = opt->level,
			.timestamps = opt->timestamps,
			.has_colour = has_colour(opt),
			.max = MAX_LINE},
		.fd = opt->fd,
		.max_output = opt->max_output,
		.out_dir = slip_xstrdup(opt->out_dir),
		.last_said = slip_clock_monotonic(),
	};
	uint32_t random = 0;
	(void)!getrandom(&random, sizeof(random), 0);
	snprintf(c->run, sizeof(c->run), "%08x", random);
	slip_map_init(&c->lanes, slip_lane_free);
	slip_model_init(&c->model, opt->out_dir);
	return (struct slip_sink){record, close_console, c};
}
