/*
 * Bytes to lines. LF and CR LF end a line; text after a lone CR replaces what the line held, so of
 * a progress bar the last state is left. No line holds LF, CR or NUL. A line longer than
 * SLIP_MAX_LOG_LINE is cut, with some bytes more so that a secret at the cut is still recognised;
 * the rest up to its end is dropped.
 */
#ifndef SLIP_BASE_LINES_H
#define SLIP_BASE_LINES_H

#include "runner/base/buf.h"

typedef void slip_line_fn(void *ctx, const char *line, size_t len);

struct slip_lines {
	struct slip_buf line;
	bool after_cr;
	slip_line_fn *fn;
	void *ctx;
};

void slip_lines_init(struct slip_lines *l, slip_line_fn *fn, void *ctx);
void slip_lines_release(struct slip_lines *l);
void slip_lines_add(struct slip_lines *l, const char *p, size_t n);
void slip_lines_end(struct slip_lines *l); /* a last line without LF */

#endif
