#include "config.h"

#include "runner/dockerfile/dockerfile_internal.h"

uint32_t slip_utf8_decode(const char *s, size_t n, size_t *len)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t need;
	uint32_t c;

	*len = 1;
	if (p[0] < 0x80)
		return p[0];
	if (p[0] >= 0xc2 && p[0] < 0xe0) {
		need = 2;
		c = p[0] & 0x1f;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		need = 3;
		c = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] < 0xf5) {
		need = 4;
		c = p[0] & 0x07;
	} else {
		return SLIP_UTF8_RAW + p[0];
	}
	if (n < need)
		return SLIP_UTF8_RAW + p[0];
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return SLIP_UTF8_RAW + p[0];
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[need] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return SLIP_UTF8_RAW + p[0];
	*len = need;
	return c;
}

/*
 * Beyond ASCII everything is a letter but the blocks of punctuation, symbols and blanks. The C
 * library's tables depend on the locale, and a Dockerfile must not.
 */
bool slip_utf8_is_letter(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} other[] = {
		{0x80, 0xa9},
		{0xab, 0xb4},
		{0xb6, 0xb9},
		{0xbb, 0xbf},
		{0xd7, 0xd7},
		{0xf7, 0xf7},
		{0x300, 0x36f},
		{0x2000, 0x2070},
		{0x2072, 0x207e},
		{0x2080, 0x208f},
		{0x20a0, 0x2101},
		{0x2190, 0x2bff},
		{0x3000, 0x3004},
		{0x3008, 0x3030},
		{0xe000, 0xf8ff},
		{0xfe00, 0xfe6f},
		{0xff00, 0xff20},
		{0xfff0, 0xffff},
		{0x1f000, 0x1faff},
		{0xe0000, 0xffffffff},
	};

	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	for (size_t i = 0; i < SLIP_ARRAY_LEN(other); i++) {
		if (c >= other[i].first && c <= other[i].last)
			return false;
	}
	return c < SLIP_UTF8_RAW;
}
