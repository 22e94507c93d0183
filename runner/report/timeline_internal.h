/* The parts of timeline.html. */
#ifndef SLIP_REPORT_TIMELINE_INTERNAL_H
#define SLIP_REPORT_TIMELINE_INTERNAL_H

#include "runner/base/buf.h"
#include "runner/report/model.h"

extern const char slip_timeline_style[]; /* timeline.css */

/* Steps that are drawn; a page with more helps nobody. */
#define SLIP_TIMELINE_MAX_STEPS 2000

/* Text from outside, made visible (report/text.h) and escaped: in elements and in attributes. */
void slip_timeline_text(struct slip_buf *out, const char *text);
/* The class of a step: cached, miss, executed, failed, cancelled, running. */
const char *slip_timeline_class(const struct slip_model_step *s);
/* A sign and a word for a status or class, the sign in an element of its own. */
void slip_timeline_state(struct slip_buf *out, const char *status);
/* When a stage or step ended, or until when it is known to run. */
double slip_timeline_end(
	const struct slip_model *m, const char *status, double start, double seconds);

/* The time axis with stages, instructions and transfers as bars. */
void slip_timeline_chart(struct slip_buf *out, const struct slip_model *m);

#endif
