/* One zlib stream in memory (RFC 1950), such as git's objects are. */
#ifndef SLIP_LAYER_INFLATE_ZLIB_H
#define SLIP_LAYER_INFLATE_ZLIB_H

#include "runner/base/buf.h"

/*
 * Append what the stream at p holds to out, whose maximum bounds it (SLIP_E_LIMIT). What follows
 * the stream is ignored. SLIP_E_DIGEST when it is damaged or cut.
 */
int slip_zlib_inflate(
	const void *p, size_t n, struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
