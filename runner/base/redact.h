/*
 * The masker. Secrets are registered once; every text that leaves the program passes through it.
 *
 * A registered value is masked as it is, in base64 of both alphabets (at all three alignments), in
 * hexadecimal digits, URL-encoded and JSON-escaped (also as for HTML), and line by line when it has
 * several lines. Line ends after the value do not belong to it. Values shorter than 4 bytes are not
 * masked (they would eat the log). Thread-safe. Registered values are wiped by slip_redact_reset.
 */
#ifndef SLIP_BASE_REDACT_H
#define SLIP_BASE_REDACT_H

#include "runner/base/buf.h"

#define SLIP_REDACT_MASK "[MASKED]"

void slip_redact_add(const char *secret, size_t len);
void slip_redact_reset(void);
/*
 * Append text to out with every registered secret replaced by the mask, and secrets that overlap by
 * one mask; out grows by at most twice len.
 */
void slip_redact(const char *text, size_t len, struct slip_buf *out);
bool slip_redact_is_empty(void); /* nothing registered: callers may skip the copy */

#endif
