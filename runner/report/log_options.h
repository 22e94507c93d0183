/* The options of every command that logs: one table of them (struct slip_report_options). */
#ifndef SLIP_REPORT_LOG_OPTIONS_H
#define SLIP_REPORT_LOG_OPTIONS_H

#include "runner/base/opt.h"

/* Rows of T's table; T has the members named. */
#define SLIP_LOG_OPTIONS(T)                                                                        \
	{.name = "verbosity",                                                                      \
		.short_name = 'v',                                                                 \
		.type = SLIP_OPT_STRING,                                                           \
		.offset = offsetof(T, verbosity),                                                  \
		.metavar = "LEVEL",                                                                \
		.help = "trace, debug, info, warn, error, fatal or panic.",                        \
		.dflt = "info"},                                                                   \
		{.name = "log-format",                                                             \
			.type = SLIP_OPT_STRING,                                                   \
			.offset = offsetof(T, log_format),                                         \
			.metavar = "FORMAT",                                                       \
			.help = "Format of the log: text, color or json.",                         \
			.dflt = "color"},                                                          \
	{                                                                                          \
		.name = "log-timestamp", .type = SLIP_OPT_BOOL,                                    \
		.offset = offsetof(T, log_timestamp),                                              \
		.help = "Times of day in the log instead of elapsed seconds.",                     \
	}

#endif
