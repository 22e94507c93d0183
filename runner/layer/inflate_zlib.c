#include "config.h"

#include "runner/layer/inflate_zlib.h"

#include <limits.h>
#include <zlib.h>

int slip_zlib_inflate(const void *p, size_t n, struct slip_buf *out, struct slip_err *err)
{
	unsigned char chunk[16 * 1024];
	z_stream s = {.next_in = (unsigned char *)p, .avail_in = n > UINT_MAX ? UINT_MAX : (uInt)n};
	if (inflateInit(&s) != Z_OK)
		return slip_err_set(err, SLIP_E_BUG, 0, "zlib cannot be initialised");
	int r = Z_OK;
	while (r == Z_OK && !out->overflow) {
		s.next_out = chunk;
		s.avail_out = sizeof(chunk);
		r = inflate(&s, Z_NO_FLUSH);
		slip_buf_add(out, chunk, sizeof(chunk) - s.avail_out);
	}
	inflateEnd(&s);
	if (slip_buf_check(out, "a compressed object", err) < 0)
		return -1;
	if (r != Z_STREAM_END)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "a compressed object is damaged");
	return 0;
}
