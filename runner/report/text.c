#include "config.h"

#include "runner/report/text.h"

#include "runner/base/limits.h"

size_t slip_text_utf8(const char *s, size_t len, uint32_t *codepoint)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n == 0 || n > len || p[0] > 0xf4)
		return 0;
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*codepoint = c;
	return n;
}

/* Characters that reorder or break a line without being seen (Trojan Source, UAX 9 and 14). */
static bool is_deceptive(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The length of a colour sequence at s, or 0. */
static size_t sgr(const char *s, size_t len)
{
	if (len < 3 || s[0] != '\x1b' || s[1] != '[')
		return 0;
	for (size_t i = 2; i < len && i < 40; i++) {
		if (s[i] == 'm')
			return i + 1;
		if ((s[i] < '0' || s[i] > '9') && s[i] != ';' && s[i] != ':')
			return 0;
	}
	return 0;
}

/* One character or escape at s; returns how many bytes it was. */
static size_t add_one(struct slip_buf *out, const char *s, size_t len, bool keep_colour)
{
	size_t n = keep_colour ? sgr(s, len) : 0;
	if (n) {
		slip_buf_add(out, s, n);
		return n;
	}
	uint32_t c = 0;
	n = slip_text_utf8(s, len, &c);
	if (n == 0 || (c < 0x20 && c != '\t') || c == 0x7f) {
		slip_buf_addf(out, "\\x%02x", (unsigned char)*s);
		return 1;
	}
	if (c >= 0x80 && c < 0xa0)
		slip_buf_addf(out, "\\x%02x", c);
	else if (is_deceptive(c))
		slip_buf_addf(out, "\\u%04x", c);
	else
		slip_buf_add(out, s, n);
	return n;
}

void slip_text_add_line(struct slip_buf *out, const char *s, size_t len, bool keep_colour)
{
	size_t start = out->len, shown = len > SLIP_MAX_LOG_LINE ? SLIP_MAX_LOG_LINE : len;
	bool coloured = keep_colour && memchr(s, '\x1b', shown) != NULL;
	for (size_t i = 0; i < shown && out->len - start < SLIP_MAX_LOG_LINE;)
		i += add_one(out, s + i, len - i, keep_colour);
	if (coloured)
		slip_buf_add_str(out, "\x1b[0m");
	if (shown < len || out->len - start >= SLIP_MAX_LOG_LINE)
		slip_buf_add_str(out, " [line cut]");
}
