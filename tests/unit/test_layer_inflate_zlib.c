/* zlib streams: whole, cut, damaged, too large. */
#include "config.h"

#include "runner/layer/inflate_zlib.h"
#include "tests/unit/tap.h"

/* A thousand times 'x'. */
static const char stream[] = "\x78\x9c\xab\xa8\x18\x05\xa3\x60\x14\x0c\x77\x00\x00\xaa\xf4\xd4\xd0";

static enum slip_err_code inflate(const char *p, size_t n, size_t max, size_t *len)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf out;
	slip_buf_init(&out, max);
	int rc = slip_zlib_inflate(p, n, &out, &err);
	*len = out.len;
	return rc < 0 ? err.code : SLIP_E_NONE;
}

int main(void)
{
	size_t len, n = sizeof(stream) - 1;
	char damaged[sizeof(stream)];
	is_int(inflate(stream, n, 1000, &len), SLIP_E_NONE, "a whole stream");
	is_int(len, 1000, "gives all");
	is_int(inflate(stream, sizeof(stream), 1000, &len), SLIP_E_NONE, "something behind it");
	is_int(inflate(stream, n, 999, &len), SLIP_E_LIMIT, "more than the maximum");
	for (size_t i = 0; i < n; i++) {
		if (inflate(stream, i, 1000, &len) != SLIP_E_DIGEST)
			fail("cut to %zu bytes", i);
	}
	memcpy(damaged, stream, sizeof(stream));
	damaged[n - 1] ^= 1;
	is_int(inflate(damaged, n, 1000, &len), SLIP_E_DIGEST, "a wrong checksum");
	return done_testing();
}
