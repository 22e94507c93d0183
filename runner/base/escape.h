/*
 * Terminal control sequences in text (ECMA-48 5.4, 5.6, 8.3.117). Only complete ones count: what is
 * never ended is text, so that nothing can hide the rest of a line.
 */
#ifndef SLIP_BASE_ESCAPE_H
#define SLIP_BASE_ESCAPE_H

#include "runner/base/buf.h"

enum slip_escape {
	SLIP_ESCAPE_COLOUR, /* SGR: ESC [ digits ; : m */
	SLIP_ESCAPE_OTHER, /* cursor movement, titles, links, resets, ... */
};

/* The length of the sequence that begins at s, 0 when there is none. */
size_t slip_escape_at(const char *s, size_t len, enum slip_escape *kind);
/* Append the text without its sequences: what a terminal would show. */
void slip_escape_strip(const char *s, size_t len, struct slip_buf *out);

#endif
