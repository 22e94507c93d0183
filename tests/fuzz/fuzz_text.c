/*
 * Output of a command, from its bytes to the line of the log: whatever it holds, shown is UTF-8
 * without control bytes, sequences other than colours, and GitLab's section markers.
 */
#include "config.h"

#include "runner/base/escape.h"
#include "runner/base/limits.h"
#include "runner/base/lines.h"
#include "runner/report/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *s, size_t len, bool has_colour)
{
	for (size_t i = 0; i < len;) {
		enum slip_escape kind;
		uint32_t c = 0;
		size_t n = slip_escape_at(s + i, len - i, &kind);
		if (n && (!has_colour || kind != SLIP_ESCAPE_COLOUR))
			abort();
		if (!n) {
			n = slip_text_utf8(s + i, len - i, &c);
			if (!n || (c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0))
				abort();
		}
		i += n;
	}
	if (strstr(s, "section_start:") || strstr(s, "section_end:"))
		abort();
}

static void take_line(void *ctx, const char *line, size_t len)
{
	struct slip_buf *out = ctx;
	for (int colour = 0; colour < 2; colour++) {
		slip_buf_clear(out);
		slip_text_add_line(out, line, len, colour);
		check(out->data, out->len, colour);
		for (size_t at = 0, n; at < len; at += n) {
			slip_buf_clear(out);
			n = slip_text_add_piece(out, line + at, len - at, 20, colour);
			if (!n)
				abort();
			check(out->data, out->len, colour);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_buf out;
	struct slip_lines lines;
	slip_buf_init(&out, 16 * SLIP_MAX_LOG_LINE);
	slip_lines_init(&lines, take_line, &out);
	slip_lines_add(&lines, (const char *)data, size / 2);
	slip_lines_add(&lines, (const char *)data + size / 2, size - size / 2);
	slip_lines_end(&lines);
	slip_lines_release(&lines);
	slip_buf_release(&out);
	return 0;
}
