/* The options of every command that logs: one table of them. */
#ifndef SLIP_REPORT_LOG_OPTIONS_H
#define SLIP_REPORT_LOG_OPTIONS_H

#include "runner/base/opt.h"

/* A member `log` of what an option table fills. */
struct slip_log_flags {
	char *ui; /* NULL: $SLIPWAY_UI, else auto */
	char *limit; /* of users' output; NULL: what suits */
	char *verbosity; /* NULL: info */
	char *format; /* kaniko's; NULL: color */
	bool timestamp;
};

#define SLIP_LOG_OPTION(T, flag, kind, member, what, text)                                         \
	{                                                                                          \
		.name = flag, .type = kind, .offset = offsetof(T, log.member), .metavar = what,    \
		.help = text,                                                                      \
	}
/* Rows of T's table. */
#define SLIP_LOG_OPTIONS(T)                                                                        \
	SLIP_LOG_OPTION(T, "ui", SLIP_OPT_STRING, ui, "UI",                                        \
		"Who reads the log: auto, tty, plain, gitlab, jenkins or json; $SLIPWAY_UI "       \
		"otherwise."),                                                                     \
		SLIP_LOG_OPTION(T, "log-limit", SLIP_OPT_STRING, limit, "SIZE",                    \
			"So much output of commands in the log, 0 for all; 1536K in CI jobs and "  \
			"where log files hold the rest."),                                         \
		{.name = "verbosity",                                                              \
			.short_name = 'v',                                                         \
			.type = SLIP_OPT_STRING,                                                   \
			.offset = offsetof(T, log.verbosity),                                      \
			.metavar = "LEVEL",                                                        \
			.help = "trace, debug, info, warn, error, fatal or panic.",                \
			.dflt = "info"},                                                           \
		{.name = "log-format",                                                             \
			.type = SLIP_OPT_STRING,                                                   \
			.offset = offsetof(T, log.format),                                         \
			.metavar = "FORMAT",                                                       \
			.help = "color (where the log can show it), text, or json (as "            \
				"--ui=json).",                                                     \
			.dflt = "color"},                                                          \
		SLIP_LOG_OPTION(T, "log-timestamp", SLIP_OPT_BOOL, timestamp, NULL,                \
			"Times of day in the log instead of elapsed seconds.")

#endif
