#include "config.h"

#include "runner/report/markup.h"

#include "runner/report/text.h"

static void add_character(struct slip_buf *out, const char *s, size_t n, uint32_t c)
{
	switch (c) {
	case '<':
		slip_buf_add_str(out, "&lt;");
		break;
	case '>':
		slip_buf_add_str(out, "&gt;");
		break;
	case '&':
		slip_buf_add_str(out, "&amp;");
		break;
	case '"':
		slip_buf_add_str(out, "&quot;");
		break;
	case '\'':
		slip_buf_add_str(out, "&#39;");
		break;
	default:
		if ((c >= 0x20 || c == '\t' || c == '\n') && c != 0x7f && c != 0xfffe &&
			c != 0xffff)
			slip_buf_add(out, s, n);
		else
			slip_buf_add_str(out, "\xef\xbf\xbd");
	}
}

void slip_markup_add(struct slip_buf *out, const char *text)
{
	size_t len = strlen(text);
	for (size_t n, i = 0; i < len; i += n ? n : 1) {
		uint32_t c = 0; /* an invalid byte is shown like a control character */
		n = slip_text_utf8(text + i, len - i, &c);
		add_character(out, text + i, n, n ? c : 0);
	}
}
