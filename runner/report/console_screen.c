/* What will happen, what did, and why it went wrong: within a screen, at the ends of the log. */
#include "config.h"

#include "runner/report/console_style.h"

#define MAX_PLAN 10
#define MAX_END 40
#define MAX_TAILS ((size_t)256 << 10) /* of all failed stages */

void slip_screen_plan(struct slip_console *c, const struct slip_record *plan)
{
	if (++c->n_planned <= MAX_PLAN || !c->style->is_for_people)
		slip_console_say(c, slip_lane_of(c, ""), plan);
	else if (c->n_planned == MAX_PLAN + 1)
		slip_console_tell(c, &(struct slip_record){.elapsed = plan->elapsed, .scope = ""},
			SLIP_TONE_QUIET, "and more stages: `slipway plan` lists them all");
}

/* --- a failure ----------------------------------------------------------------------------------
 */

void slip_screen_log_file(
	struct slip_console *c, const struct slip_lane *l, const struct slip_record *r)
{
	if (c->out_dir && *l->stage)
		slip_console_tell(c, r, SLIP_TONE_QUIET, "its whole output is in %s/logs/%s.log",
			c->out_dir, l->stage);
}

static void repeat_tail(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	if (!l->tail.n || c->tails + l->tail_bytes > MAX_TAILS)
		return;
	c->tails += l->tail_bytes;
	slip_console_tell(c, r, SLIP_TONE_PLAIN, "the last %zu line%s of its output:", l->tail.n,
		l->tail.n == 1 ? "" : "s");
	for (size_t i = 0; i < l->tail.n; i++) {
		struct slip_record line = *r;
		line.kind = SLIP_RECORD_OUTPUT;
		line.text = l->tail.v[i];
		line.fields = NULL;
		slip_console_say(c, l, &line);
	}
}

void slip_screen_failure(struct slip_console *c, struct slip_lane *l, const struct slip_record *r)
{
	/* A program has all of this already, unless output was cut. */
	if (!c->style->is_for_people && !l->is_cut)
		return;
	if (l->doing)
		slip_console_tell(c, r, SLIP_TONE_BAD, "failed%s%s: %s", l->where ? " at " : "",
			l->where ? l->where : "", l->doing);
	repeat_tail(c, l, r);
	if (l->tail.n)
		slip_screen_log_file(c, l, r);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static enum slip_tone tone_of(const char *status)
{
	if (slip_streq(status, "success"))
		return SLIP_TONE_GOOD;
	if (slip_streq(status, "warned"))
		return SLIP_TONE_WARN;
	return slip_streq(status, "skipped") ? SLIP_TONE_QUIET : SLIP_TONE_BAD;
}

static void tell_stage(
	struct slip_console *c, const struct slip_record *done, const struct slip_model_stage *s)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_ERR_MSG_MAX + 1024);
	slip_buf_addf(&text, "%-9s ", s->status);
	size_t before = text.len;
	slip_add_seconds(&text, s->seconds);
	while (text.len < before + 8)
		slip_buf_add_char(&text, ' ');
	slip_buf_addf(&text, " %.200s", s->name);
	if (s->error)
		slip_buf_addf(&text, ": %.*s", (int)strcspn(s->error, "\n"), s->error);
	slip_console_tell(c, done, tone_of(s->status), "  %s", text.data);
}

static void tell_images(struct slip_console *c, const struct slip_record *done,
	const struct slip_model_stage *s, size_t *left)
{
	for (size_t i = 0; i < s->n_images && *left; i++) {
		const struct slip_model_image *image = &s->images[i];
		if (!image->ref || !image->digest)
			continue;
		slip_console_tell(
			c, done, SLIP_TONE_GOOD, "  pushed %s@%s", image->ref, image->digest);
		--*left;
	}
}

static void tell_totals(struct slip_console *c, const struct slip_record *done)
{
	int64_t hits = 0, misses = 0, pulled = 0, pushed = 0;
	for (size_t i = 0; i < c->model.n; i++) {
		const struct slip_model_stage *s = c->model.stages[i];
		hits += s->hits;
		misses += s->misses;
		pulled += s->pulled;
		pushed += s->pushed;
	}
	slip_autobuf text;
	slip_buf_init(&text, 1024);
	if (hits + misses) {
		slip_buf_addf(&text, "%lld of %lld instructions cached; ", (long long)hits,
			(long long)(hits + misses));
		slip_add_bytes(&text, (double)pulled);
		slip_buf_add_str(&text, " pulled, ");
		slip_add_bytes(&text, (double)pushed);
		slip_buf_add_str(&text, " pushed");
		slip_console_tell(c, done, SLIP_TONE_PLAIN, "  %s", text.data);
	}
	if (c->out_dir)
		slip_console_tell(c, done, SLIP_TONE_PLAIN, "  logs and reports: %s", c->out_dir);
}

void slip_screen_end(struct slip_console *c, const struct slip_record *done)
{
	size_t left = MAX_END;
	if (!c->style->is_for_people || c->line.level > SLIP_LOG_INFO)
		return;
	for (size_t i = 0; i < c->model.n; i++) {
		const struct slip_model_stage *s = c->model.stages[i];
		bool is_news = c->model.n <= MAX_END || tone_of(s->status) == SLIP_TONE_BAD;
		if (is_news && left) {
			tell_stage(c, done, s);
			left--;
		}
	}
	left = MAX_END;
	for (size_t i = 0; i < c->model.n; i++)
		tell_images(c, done, c->model.stages[i], &left);
	tell_totals(c, done);
}
