/*
 * How a record reads: full lines, each of which starts with the time since the start and with the
 * work that it belongs to. So no line of a command can stand for one of ours, or for one that a CI
 * system takes for its own.
 *
 *	   0.4s image: [2/9] RUN groupadd app
 *	   0.5s image | what the command prints
 */
#ifndef SLIP_REPORT_LINE_H
#define SLIP_REPORT_LINE_H

#include "runner/report/events.h"

struct slip_line_options {
	enum slip_log_level level; /* less is not shown; a command's output is, unless SILENT */
	bool timestamps; /* RFC 3339 in place of elapsed seconds */
	bool has_colour;
	size_t max; /* bytes of text in a line, the rest follows in more lines */
};

bool slip_line_is_shown(const struct slip_line_options *o, const struct slip_record *r);
/*
 * Append the record's lines; nothing when it is not for people. The tone is that of the record
 * unless one is given (SLIP_TONE_AUTO).
 */
void slip_line_add(const struct slip_line_options *o, const struct slip_record *r,
	enum slip_tone tone, struct slip_buf *out);
/* The same without time and scope, safe to show and without colours: for JSON. */
void slip_line_add_bare(
	const struct slip_line_options *o, const struct slip_record *r, struct slip_buf *out);

/* How much one record may become: a message of 1 MiB whose bytes are all shown as \x00. */
#define SLIP_MAX_LINES ((size_t)16 << 20)

#endif
