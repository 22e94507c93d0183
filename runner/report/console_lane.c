/*
 * Whose turn it is in the log. The lines of one stage stay together: what others say while it runs
 * is held until it is over. Phases nest within a stage, so they nest in the log.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/proc.h"
#include "runner/report/console_style.h"

#include <ctype.h>

struct slip_lane *slip_lane_of(struct slip_console *c, const char *scope)
{
	slip_autofree char *stage = slip_xstrndup(scope, strcspn(scope, "/"));
	struct slip_lane *l = slip_map_get(&c->lanes, stage);
	if (!l) {
		l = slip_xcalloc(1, sizeof(*l));
		l->stage = slip_xstrdup(stage);
		slip_buf_init(&l->held, SLIP_MAX_HELD_LOG);
		slip_map_set(&c->lanes, stage, l);
	}
	return l;
}

void slip_lane_free(void *lane)
{
	struct slip_lane *l = lane;
	slip_buf_release(&l->held);
	slip_strv_release(&l->tail);
	free(l->stage);
	free(l->doing);
	free(l->where);
	free(l);
}

bool slip_lane_is_behind(const struct slip_console *c, const struct slip_lane *l)
{
	return c->style->is_for_people && l->is_running && c->front != l;
}

/* --- lines --------------------------------------------------------------------------------------
 */

static void write_out(struct slip_console *c, const char *p, size_t n)
{
	if (!n)
		return;
	(void)!slip_write_all(c->fd, p, n, NULL);
	c->last_said = slip_clock_monotonic();
}

void slip_lane_put(
	struct slip_console *c, struct slip_lane *l, const struct slip_buf *lines, bool is_output)
{
	if (!slip_lane_is_behind(c, l))
		write_out(c, lines->data, lines->len);
	else if (is_output && l->held.len + lines->len > l->held.max / 2)
		l->lost++; /* there is room left for the ends of phases */
	else
		slip_buf_add(&l->held, lines->data, lines->len);
}

/* It is its turn. Line by line, as they were said: a section marker is a write of its own. */
static void show_held(struct slip_console *c, struct slip_lane *l)
{
	c->front = l;
	for (const char *p = l->held.data; *p;) {
		size_t n = strcspn(p, "\n") + 1;
		write_out(c, p, n);
		p += n;
	}
	slip_buf_clear(&l->held);
	if (!l->lost)
		return;
	struct slip_record place = {.elapsed = slip_clock_elapsed(), .scope = l->stage};
	slip_console_tell(c, &place, SLIP_TONE_WARN,
		"%zu lines were too many to keep while another stage was shown", l->lost);
	slip_screen_log_file(c, l, &place);
	l->is_cut = true;
	l->lost = 0;
}

/* What is open in the log has to be closed also by the signal that ends the program at once. */
static void prepare_last_words(const struct slip_console *c)
{
	slip_autobuf words;
	slip_buf_init(&words, SLIP_CANCEL_WORDS);
	for (size_t i = c->lanes.n; c->style->close && i-- > 0;) {
		const struct slip_lane *l = c->lanes.entries[i].value;
		for (size_t k = l->n_phases; k-- > 0 && !slip_lane_is_behind(c, l);)
			c->style->close(&l->phases[k], &words);
	}
	if (c->style->close)
		slip_cancel_set_last_words(words.len ? c->fd : -1, words.data, words.len);
}

/* --- turns --------------------------------------------------------------------------------------
 */

void slip_lane_begin(struct slip_console *c, struct slip_lane *l)
{
	l->is_running = true;
	if (!c->front)
		c->front = l;
}

/* The next is the first that began; those that are over meanwhile are shown on the way. */
void slip_lane_end(struct slip_console *c, struct slip_lane *l)
{
	bool was_behind = slip_lane_is_behind(c, l);
	l->is_running = was_behind; /* until it was shown */
	if (was_behind) {
		l->is_over = true;
		return;
	}
	c->front = NULL;
	for (size_t i = 0; i < c->lanes.n && !c->front; i++) {
		struct slip_lane *next = c->lanes.entries[i].value;
		if (!next->is_running)
			continue;
		show_held(c, next);
		if (next->is_over) {
			next->is_running = next->is_over = false;
			c->front = NULL;
		}
	}
	prepare_last_words(c);
}

void slip_lane_finish(struct slip_console *c, struct slip_lane *l)
{
	while (l->n_phases)
		slip_lane_close(c, l, l->phases[l->n_phases - 1].family);
	if (l->is_running)
		show_held(c, l);
}

/* --- phases -------------------------------------------------------------------------------------
 */

static void name_phase(struct slip_console *c, const struct slip_lane *l, struct slip_phase *p)
{
	snprintf(p->name, sizeof(p->name), "slip-%.60s-%zu-%s", *l->stage ? l->stage : "build",
		++c->n_phases, c->run);
	for (char *s = p->name; *s; s++)
		*s = isalnum((unsigned char)*s) ? (char)tolower((unsigned char)*s) : '-';
}

void slip_lane_open(struct slip_console *c, struct slip_lane *l, const char *family, bool is_quiet,
	const struct slip_record *r)
{
	/* Without the lines that begin them phases would be empty. */
	bool is_quiet_log = c->line.level > SLIP_LOG_INFO;
	if (!c->style->open || l->n_phases == SLIP_MAX_PHASES || is_quiet_log) {
		slip_console_say(c, l, r);
		return;
	}
	struct slip_phase *p = &l->phases[l->n_phases++];
	*p = (struct slip_phase){.family = family, .is_quiet = is_quiet};
	name_phase(c, l, p);
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MAX_LINES);
	c->style->open(&c->line, p, r, &out);
	slip_lane_put(c, l, &out, false);
	prepare_last_words(c);
}

static bool has_phase(const struct slip_lane *l, const char *family)
{
	for (size_t i = 0; i < l->n_phases; i++) {
		if (slip_streq(l->phases[i].family, family))
			return true;
	}
	return false;
}

static void close_last(struct slip_console *c, struct slip_lane *l)
{
	struct slip_phase p = l->phases[--l->n_phases];
	slip_autobuf out;
	slip_buf_init(&out, SLIP_KIB);
	if (c->style->close)
		c->style->close(&p, &out);
	slip_lane_put(c, l, &out, false);
	prepare_last_words(c);
}

void slip_lane_close(struct slip_console *c, struct slip_lane *l, const char *family)
{
	if (family && !has_phase(l, family))
		return;
	while (l->n_phases) {
		const char *last = l->phases[l->n_phases - 1].family;
		if (!family && slip_streq(last, "stage"))
			return;
		close_last(c, l);
		if (family && slip_streq(last, family))
			return;
	}
}
