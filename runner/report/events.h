/*
 * How events read. One table maps an event's name to a format, so that a new event is one row;
 * docs/events.md says what each means and which fields it has.
 *
 *	{name}          the field's value, made safe to show
 *	{name:seconds}  1.2s, 3m05s        {name:bytes}  1.3 MiB
 *	<...>           left out when a field in it is absent or empty
 */
#ifndef SLIP_REPORT_EVENTS_H
#define SLIP_REPORT_EVENTS_H

#include "runner/base/buf.h"
#include "runner/base/log.h"

enum slip_tone {
	SLIP_TONE_AUTO, /* whatever the record says by itself */
	SLIP_TONE_PLAIN,
	SLIP_TONE_HEAD, /* something begins */
	SLIP_TONE_GOOD,
	SLIP_TONE_QUIET, /* little to see: cached, skipped */
	SLIP_TONE_WARN,
	SLIP_TONE_BAD,
};

/*
 * Append the event without a last LF (a field, such as an error, may have several lines). False
 * when it has no line for people, or one of a level below `least` (then nothing is appended).
 */
bool slip_event_render(const struct slip_record *r, enum slip_log_level least, struct slip_buf *out,
	enum slip_tone *tone);

/* "0.3s", "12.0s", "3m05s", "2h10m" and "0 B", "1.3 MiB". */
void slip_add_seconds(struct slip_buf *out, double seconds);
void slip_add_bytes(struct slip_buf *out, double bytes);

#endif
