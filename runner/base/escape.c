#include "config.h"

#include "runner/base/escape.h"

#define ESC '\x1b'
#define BEL '\x07'
#define MAX_CSI 64
#define MAX_STRING 2048 /* a link's URL is in one; a bound keeps hostile text cheap */

static size_t count_in(const char *s, size_t len, size_t at, char first, char last)
{
	size_t n = 0;
	while (at + n < len && s[at + n] >= first && s[at + n] <= last)
		n++;
	return n;
}

static bool is_in(const char *s, size_t len, size_t at, char first, char last)
{
	return at < len && s[at] >= first && s[at] <= last;
}

/* ESC [ parameters intermediates final. */
static size_t control_sequence(const char *s, size_t len, enum slip_escape *kind)
{
	if (len > MAX_CSI)
		len = MAX_CSI;
	size_t params = count_in(s, len, 2, 0x30, 0x3f);
	size_t between = count_in(s, len, 2 + params, 0x20, 0x2f);
	size_t end = 2 + params + between;
	if (!is_in(s, len, end, 0x40, 0x7e))
		return 0;
	bool is_colour = s[end] == 'm' && !between && count_in(s, len, 2, '0', ';') == params;
	*kind = is_colour ? SLIP_ESCAPE_COLOUR : SLIP_ESCAPE_OTHER;
	return end + 1;
}

/* ESC ] text BEL, or ESC and one of ]PX^_ text ESC \. */
static size_t control_string(const char *s, size_t len)
{
	if (len > MAX_STRING)
		len = MAX_STRING;
	for (size_t i = 2; i < len; i++) {
		if (s[i] == BEL)
			return i + 1;
		if (s[i] == ESC)
			return i + 1 < len && s[i + 1] == '\\' ? i + 2 : 0;
	}
	return 0;
}

size_t slip_escape_at(const char *s, size_t len, enum slip_escape *kind)
{
	if (len < 2 || s[0] != ESC)
		return 0;
	*kind = SLIP_ESCAPE_OTHER;
	if (s[1] == '[')
		return control_sequence(s, len, kind);
	if (memchr("]PX^_", s[1], 5))
		return control_string(s, len);
	size_t between = count_in(s, len, 1, 0x20, 0x2f);
	return is_in(s, len, 1 + between, 0x30, 0x7e) ? 2 + between : 0;
}

void slip_escape_strip(const char *s, size_t len, struct slip_buf *out)
{
	enum slip_escape kind;
	for (size_t i = 0; i < len;) {
		size_t n = slip_escape_at(s + i, len - i, &kind);
		if (!n)
			slip_buf_add_char(out, s[i]);
		i += n ? n : 1;
	}
}
