/*
 * What makes one console differ from another. Functions append whole lines to `out`; each call's
 * bytes are written at once. For runner/report/console*.c only.
 */
#ifndef SLIP_REPORT_CONSOLE_STYLE_H
#define SLIP_REPORT_CONSOLE_STYLE_H

#include "runner/base/map.h"
#include "runner/base/strv.h"
#include "runner/report/console.h"
#include "runner/report/line.h"
#include "runner/report/model.h"

enum slip_colour_use {
	SLIP_COLOUR_NEVER,
	SLIP_COLOUR_ASKED, /* FORCE_COLOR or CLICOLOR_FORCE */
	SLIP_COLOUR_USUAL, /* unless NO_COLOR */
};

/* A part of the work that can be shown as a unit: a stage, a RUN, a phase of a build. */
struct slip_phase {
	char name[96]; /* unique in the log: lower-case letters, digits, '-' */
	const char *family; /* "stage", "step", "phase": that of its events */
	bool is_quiet; /* holds no output of users' commands */
};

struct slip_console_style {
	const char *name; /* of --ui */
	bool (*suits)(int fd); /* for "auto"; NULL: only by name */
	enum slip_colour_use colour;
	bool is_job_log;
	bool is_for_people; /* screens, stages one after the other, wrapped lines */
	unsigned patience; /* so many intervals of silence before a sign of life is shown */
	void (*say)(const struct slip_line_options *o, const struct slip_record *r,
		enum slip_tone tone, struct slip_buf *out);
	/* r begins the phase; NULL: it is said as any record. */
	void (*open)(const struct slip_line_options *o, const struct slip_phase *p,
		const struct slip_record *r, struct slip_buf *out);
	void (*close)(const struct slip_phase *p, struct slip_buf *out); /* NULL: says nothing */
};

extern const struct slip_console_style slip_console_gitlab;
extern const struct slip_console_style slip_console_jenkins;
extern const struct slip_console_style slip_console_json;
extern const struct slip_console_style slip_console_plain;
extern const struct slip_console_style slip_console_tty;

/* --- what they share ---------------------------------------------------------------------------*/

#define SLIP_MAX_PHASES 8 /* one in the other; more are no phases */

/* One stage's part of the log ("" is the program's own). */
struct slip_lane {
	char *stage;
	struct slip_phase phases[SLIP_MAX_PHASES];
	size_t n_phases;
	bool is_running; /* or over, but not shown yet */
	bool is_over;
	struct slip_buf held; /* what it said behind another stage */
	size_t lost; /* lines of output that held had no room for */
	struct slip_strv tail; /* the last lines of its output */
	size_t tail_bytes;
	bool is_cut; /* output was left out of the log */
	char *doing; /* the command, instruction or phase under way */
	char *where; /* its file and line */
};

struct slip_console {
	const struct slip_console_style *style;
	struct slip_line_options line;
	int fd;
	size_t max_output; /* 0: no limit */
	size_t output; /* of users' commands, shown */
	size_t tails; /* of it, repeated after failures */
	char *out_dir;
	struct slip_model model;
	struct slip_map lanes; /* stage to struct slip_lane */
	struct slip_lane *front; /* the stage that is shown; NULL: none runs */
	size_t n_phases; /* ever opened */
	size_t n_planned;
	char run[9]; /* random: no command can know the name of a phase */
	double last_said;
};

/* console_lane.c */
struct slip_lane *slip_lane_of(struct slip_console *c, const char *scope);
void slip_lane_free(void *lane);
bool slip_lane_is_behind(const struct slip_console *c, const struct slip_lane *l);
/* Lines of the log: now, or once the stages before it are over. */
void slip_lane_put(
	struct slip_console *c, struct slip_lane *l, const struct slip_buf *lines, bool is_output);
void slip_lane_begin(struct slip_console *c, struct slip_lane *l); /* its stage begins */
void slip_lane_end(struct slip_console *c, struct slip_lane *l); /* it is over: who is next? */
void slip_lane_open(struct slip_console *c, struct slip_lane *l, const char *family, bool is_quiet,
	const struct slip_record *r);
/* Close phases down to the last one of that family; NULL: down to that of the stage. */
void slip_lane_close(struct slip_console *c, struct slip_lane *l, const char *family);
void slip_lane_finish(struct slip_console *c, struct slip_lane *l); /* close and show all */

/* console.c: a record, and words of the console's own in the place of `like`. */
void slip_console_say(struct slip_console *c, struct slip_lane *l, const struct slip_record *r);
void slip_console_tell(struct slip_console *c, const struct slip_record *like, enum slip_tone tone,
	const char *fmt, ...) SLIP_PRINTF(4, 5);

/* console_screen.c: what will happen, what did, and why it went wrong. */
void slip_screen_plan(struct slip_console *c, const struct slip_record *plan);
void slip_screen_end(struct slip_console *c, const struct slip_record *done);
void slip_screen_failure(struct slip_console *c, struct slip_lane *l, const struct slip_record *r);
void slip_screen_log_file(
	struct slip_console *c, const struct slip_lane *l, const struct slip_record *r);

#endif
