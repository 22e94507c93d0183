/*
 * The log for people, on stderr: one full line per record, never rewritten, at once.
 *
 *	   0.4s image: [2/9] RUN groupadd app
 *	   0.5s image | what the command prints
 *
 * Every line starts with the time since the start and with the work it belongs to, so no line of a
 * command can stand for one of ours. Formats: `color` (colours on a terminal, kaniko's default),
 * `text` (never colours), `json` (a JSON object per line with level, msg and time, as kaniko's).
 */
#ifndef SLIP_REPORT_CONSOLE_H
#define SLIP_REPORT_CONSOLE_H

#include "runner/report/hub.h"

enum slip_log_format {
	SLIP_LOG_COLOR,
	SLIP_LOG_TEXT,
	SLIP_LOG_JSON,
};

struct slip_console_options {
	int fd; /* stays the caller's */
	enum slip_log_format format;
	enum slip_log_level level; /* less is not shown; a command's output is, unless SILENT */
	bool timestamps; /* RFC 3339 in place of elapsed seconds */
	bool is_terminal; /* colours may be used */
};

int slip_log_format_parse(
	const char *name, enum slip_log_format *out, struct slip_err *err) SLIP_MUST_CHECK;
struct slip_sink slip_console_sink(const struct slip_console_options *opt);
/*
 * Are colours wanted on this descriptor? NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE as their
 * conventions say (no-color.org, force-color.org, bixense.com/clicolors), else a terminal that is
 * not dumb.
 */
bool slip_console_has_colour(int fd);

#endif
