/*
 * A growable byte buffer with a mandatory maximum.
 *
 * Adding past the maximum adds nothing and leaves the buffer marked as overflowed; the mark stays
 * until clear, so a writer may add many times and ask once. The bytes are always followed by a NUL
 * that is not counted, so `data` of an initialised buffer is a C string (of "" when empty).
 */
#ifndef SLIP_BASE_BUF_H
#define SLIP_BASE_BUF_H

#include "runner/base/err.h"

struct slip_buf {
	char *data; /* never NULL after init */
	size_t len;
	size_t cap;
	size_t max;
	bool overflow;
};

void slip_buf_init(struct slip_buf *b, size_t max);
void slip_buf_release(struct slip_buf *b); /* a zeroed or released buffer is fine */
/* Overwrite the bytes before releasing: for secrets. */
void slip_buf_wipe(struct slip_buf *b);
void slip_buf_clear(struct slip_buf *b);
void slip_buf_add(struct slip_buf *b, const void *p, size_t n);
void slip_buf_add_str(struct slip_buf *b, const char *s);
void slip_buf_add_char(struct slip_buf *b, char c);
void slip_buf_addf(struct slip_buf *b, const char *fmt, ...) SLIP_PRINTF(2, 3);
void slip_buf_truncate(struct slip_buf *b, size_t len);
/* Give the bytes away as a C string; the buffer is empty and usable again. */
char *slip_buf_take(struct slip_buf *b);
/* -1 with SLIP_E_LIMIT "<what> is larger than N bytes" when overflowed. */
int slip_buf_check(
	const struct slip_buf *b, const char *what, struct slip_err *err) SLIP_MUST_CHECK;

#define slip_autobuf slip_cleanup(slip_buf_release) struct slip_buf

#endif
