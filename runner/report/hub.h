/*
 * One stream of records, several listeners. The hub is the program's one listener (base/log.h) and
 * passes every record to its sinks in the order in which they were added, one record at a time.
 * Sinks own nothing of a record: what they keep, they copy.
 */
#ifndef SLIP_REPORT_HUB_H
#define SLIP_REPORT_HUB_H

#include "runner/base/err.h"
#include "runner/base/log.h"

struct slip_sink {
	slip_log_listener *record;
	void (*close)(void *ctx); /* the last call: flush, free ctx; may be NULL */
	void *ctx;
};

#define SLIP_HUB_MAX_SINKS 8

struct slip_hub {
	struct slip_sink sinks[SLIP_HUB_MAX_SINKS];
	size_t n;
};

void slip_hub_add(struct slip_hub *h, struct slip_sink sink);
void slip_hub_listen(struct slip_hub *h); /* from now on; h stays where it is until close */
void slip_hub_close(struct slip_hub *h); /* the default listener is back, sinks are closed */

/* The value of an event's field, or NULL. */
const char *slip_record_field(const struct slip_record *r, const char *name);

#endif
