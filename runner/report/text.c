#include "config.h"

#include "runner/report/text.h"

#include "runner/base/escape.h"
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

/*
 * GitLab takes "section_start:TIME:NAME" and "section_end:TIME:NAME" anywhere in a line for a
 * marker of its own: none is left with that colon. The text before it is looked at as it was
 * written, so that nothing dropped from its middle makes a difference.
 */
static bool is_section_marker(const struct slip_buf *out, size_t start)
{
	return slip_ends_with(out->data + start, "section_start") ||
	       slip_ends_with(out->data + start, "section_end");
}

static size_t add_ordinary(struct slip_buf *out, const char *s, size_t len)
{
	size_t n = 0;
	while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != ':')
		n++;
	slip_buf_add(out, s, n);
	return n;
}

/* Ordinary characters, at most max, or one that is not. Returns how many bytes it took. */
static size_t add_some(struct slip_buf *out, size_t start, const char *s, size_t len, size_t max)
{
	uint32_t c = 0;
	size_t n = add_ordinary(out, s, len < max ? len : max);
	if (n)
		return n;
	n = slip_text_utf8(s, len, &c);
	if (n == 0 || (c < 0x20 && c != '\t') || c == 0x7f) {
		slip_buf_addf(out, "\\x%02x", (unsigned char)*s);
		return 1;
	}
	if (c >= 0x80 && c < 0xa0)
		slip_buf_addf(out, "\\x%02x", c);
	else if (c == ':' && is_section_marker(out, start))
		slip_buf_add_str(out, "\\x3a");
	else if (is_deceptive(c))
		slip_buf_addf(out, "\\u%04x", c);
	else
		slip_buf_add(out, s, n);
	return n;
}

size_t slip_text_add_piece(
	struct slip_buf *out, const char *s, size_t len, size_t max, bool keep_colour)
{
	size_t start = out->len, i = 0;
	bool is_coloured = false;
	while (i < len && out->len - start < max) {
		enum slip_escape kind;
		size_t n = slip_escape_at(s + i, len - i, &kind);
		if (!n) {
			i += add_some(out, start, s + i, len - i, start + max - out->len);
			continue;
		}
		if (keep_colour && kind == SLIP_ESCAPE_COLOUR) {
			slip_buf_add(out, s + i, n);
			is_coloured = true;
		}
		i += n;
	}
	if (is_coloured)
		slip_buf_add_str(out, "\x1b[0m");
	return i;
}

void slip_text_add_line(struct slip_buf *out, const char *s, size_t len, bool keep_colour)
{
	size_t shown = len > SLIP_MAX_LOG_LINE ? SLIP_MAX_LOG_LINE : len;
	if (slip_text_add_piece(out, s, shown, SLIP_MAX_LOG_LINE, keep_colour) < len)
		slip_buf_add_str(out, SLIP_TEXT_CUT);
}

void slip_text_add_lines(struct slip_buf *out, const char *s)
{
	for (size_t n; n = strcspn(s, "\n"), s[n]; s += n + 1) {
		slip_text_add_line(out, s, n, false);
		slip_buf_add_char(out, '\n');
	}
	slip_text_add_line(out, s, strlen(s), false);
}
