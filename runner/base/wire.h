/*
 * Records as JSON lines: between a stage's process and the engine, and in trace files.
 *
 *	{"event":"step.done","scope":"2","fields":{"step":"3","seconds":"1.20"}}
 *	{"output":"a line of a command","scope":""}
 *	{"message":"text","level":"warn","scope":""}
 *
 * A trace adds "elapsed" (seconds). Fields are nested so that no name of theirs meets those of the
 * record, or the names that GitLab's runner swallows at the top level of a JSON line.
 *
 * Two events are for the engine alone and go no further: "stage.error" {code, status, sys, message}
 * says why the process will fail, "stage.result" {name: value, ...} gives what the stage made.
 */
#ifndef SLIP_BASE_WIRE_H
#define SLIP_BASE_WIRE_H

#include "runner/base/json.h"
#include "runner/base/log.h"
#include "runner/base/map.h"

#define SLIP_MAX_WIRE_LINE ((size_t)1 << 20)

struct slip_json *slip_record_to_json(const struct slip_record *r); /* the caller's */
const char *slip_level_name(enum slip_log_level level);
/* trace, debug, info, warn (warning), error, fatal (panic), silent; -1 with SLIP_E_USAGE. */
int slip_level_parse(
	const char *name, enum slip_log_level *out, struct slip_err *err) SLIP_MUST_CHECK;

/* A listener that writes every record as a line; ctx is a struct slip_wire_writer. */
struct slip_wire_writer {
	int fd; /* stays the caller's */
	bool is_timed; /* with "elapsed" */
	bool has_failed; /* the first failure ends it, silently: there is nobody to tell */
};
slip_log_listener slip_wire_write;
/* Tell the engine why this process fails. */
void slip_wire_error(const struct slip_err *err);

/*
 * The engine's end: takes bytes, re-emits what they say in the scope given, or below it where the
 * record has one of its own. Lines that are no records are dropped and counted.
 */
struct slip_wire_reader {
	struct slip_buf line;
	const char *scope; /* borrowed */
	bool is_skipping; /* the rest of a line that is too long */
	size_t malformed;
	bool has_error;
	struct slip_err error; /* the last stage.error */
	struct slip_map results; /* name to value, from stage.result */
};

void slip_wire_reader_init(struct slip_wire_reader *w, const char *scope);
void slip_wire_reader_release(struct slip_wire_reader *w);
void slip_wire_reader_add(struct slip_wire_reader *w, const char *p, size_t n);

#endif
