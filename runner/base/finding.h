/*
 * Findings: what is wrong, or doubtful, at a place in a file of the user's. Reports of code quality
 * list them; they come as the event "finding" (docs/events.md), and a warning also as the message
 * "file:line: text" for people. An error is told to people by whoever fails with it.
 */
#ifndef SLIP_BASE_FINDING_H
#define SLIP_BASE_FINDING_H

#include "runner/base/mem.h"

enum slip_severity {
	SLIP_SEVERITY_WARNING,
	SLIP_SEVERITY_ERROR,
};

struct slip_finding {
	const char *rule; /* stable: "unused-build-arg"; docs/pipeline.md lists them */
	enum slip_severity severity;
	const char *file; /* from the working directory */
	unsigned line; /* from 1 */
	unsigned col; /* from 1; 0: the whole line */
};

void slip_finding_tell(const struct slip_finding *f, const char *fmt, ...) SLIP_PRINTF(2, 3);
/* Where the failure came from that is about to be reported: the event "failure.at". */
void slip_failure_tell(const char *file, unsigned line);

#endif
