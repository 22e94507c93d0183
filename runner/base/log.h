/*
 * What the program says: messages for people, events for reports.
 *
 * Producers call the functions below and know nothing of who listens. One listener is set by the
 * program's composition root (report/ in normal runs); without one, messages of level info and
 * above go to stderr as plain lines. Everything passes the redactor (redact.h) before a listener
 * sees it, so no caller can forget to mask a secret.
 *
 * A scope names the work that the calling thread is doing ("image", "image/2"): pool tasks
 * inherit the scope of the thread that submitted them. Listeners get it with each record, and are
 * called one record at a time, from any thread; they must not log themselves.
 */
#ifndef SLIP_BASE_LOG_H
#define SLIP_BASE_LOG_H

#include "runner/base/mem.h"

enum slip_log_level {
	SLIP_LOG_TRACE,
	SLIP_LOG_DEBUG,
	SLIP_LOG_INFO,
	SLIP_LOG_WARN,
	SLIP_LOG_ERROR,
	SLIP_LOG_FATAL,
	SLIP_LOG_SILENT,
};

enum slip_record_kind {
	SLIP_RECORD_MESSAGE, /* text: one line for people */
	SLIP_RECORD_OUTPUT, /* text: one line that a user's command printed, without its LF */
	SLIP_RECORD_EVENT, /* text: the event's name; fields: its data */
};

struct slip_record {
	enum slip_record_kind kind;
	enum slip_log_level level;
	double elapsed; /* seconds since the program started, monotonic */
	const char *scope;
	const char *text;
	const char *const *fields; /* events: name, value, name, value, NULL */
};

typedef void slip_log_listener(void *ctx, const struct slip_record *record);
void slip_log_set_listener(slip_log_listener *listener, void *ctx); /* NULL: back to stderr */
void slip_log_set_level(enum slip_log_level level); /* messages below it are dropped */
bool slip_log_enabled(enum slip_log_level level);

void slip_log(enum slip_log_level level, const char *fmt, ...) SLIP_PRINTF(2, 3);
#define slip_error(...) slip_log(SLIP_LOG_ERROR, __VA_ARGS__)
#define slip_warn(...) slip_log(SLIP_LOG_WARN, __VA_ARGS__)
#define slip_info(...) slip_log(SLIP_LOG_INFO, __VA_ARGS__)
#define slip_debug(...) slip_log(SLIP_LOG_DEBUG, __VA_ARGS__)

/* Names and values in turn, all strings, then NULL. A NULL value leaves its field out. */
void slip_event(const char *name, ...) SLIP_SENTINEL;
void slip_event_fields(const char *name, const char *const *fields);
/*
 * One line of a user's command. Invalid UTF-8 and terminal controls are the listener's business;
 * NUL bytes arrive as "?".
 */
void slip_output(const char *line, size_t len);

/* Set the calling thread's scope; the string is copied (truncated at 127 bytes). */
void slip_log_set_scope(const char *scope);
const char *slip_log_scope(void); /* never NULL; valid until this thread's next set */

#endif
