/*
 * Foreign text made safe to show.
 *
 * What a command prints may hold terminal escapes, CI markers, bytes that are no UTF-8 and
 * invisible direction marks. Shown is text: control bytes, C1 controls and invalid bytes as \x1b,
 * direction and line-separating characters as \u202e, the colon of a GitLab section marker as \x3a.
 * Of complete terminal sequences (base/escape.h) colours may be kept; all others are dropped, as a
 * terminal shows nothing of them. With a prefix before every line this also defuses lines that
 * GitLab's runner takes for its own (JSON, time stamps) and "##" or "::" commands of other CI
 * systems.
 */
#ifndef SLIP_REPORT_TEXT_H
#define SLIP_REPORT_TEXT_H

#include "runner/base/buf.h"

#define SLIP_TEXT_CUT " [line cut]"

/* Append one line, cut at SLIP_MAX_LOG_LINE bytes with a mark. */
void slip_text_add_line(struct slip_buf *out, const char *s, size_t len, bool keep_colour);
/* Append lines with LFs between them: our own messages have excerpts. */
void slip_text_add_lines(struct slip_buf *out, const char *s);
/*
 * Append the beginning of one, until max bytes or a few more are shown. Kept colours are switched
 * off at the end. Returns how many bytes of s that took.
 */
size_t slip_text_add_piece(
	struct slip_buf *out, const char *s, size_t len, size_t max, bool keep_colour);
/* The length of the valid UTF-8 character at s (at most len bytes), 0 when it is none. */
size_t slip_text_utf8(const char *s, size_t len, uint32_t *codepoint);

#endif
