#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/lines.h"
#include "runner/base/strv.h"
#include "runner/report/markup.h"
#include "runner/report/text.h"
#include "tests/unit/tap.h"

static char *shown(const char *text, size_t len, bool colour)
{
	struct slip_buf out;
	slip_buf_init(&out, 16 * SLIP_MAX_LOG_LINE);
	slip_text_add_line(&out, text, len, colour);
	return slip_buf_take(&out);
}

static void check_line(const char *text, bool colour, const char *want, const char *name)
{
	slip_autofree char *got = shown(text, strlen(text), colour);
	is_str(got, want, "%s", name);
}

static void test_escapes(void)
{
	check_line("plain \xc3\xa4 text\tx", false, "plain \xc3\xa4 text\tx", "text stays");
	check_line("a\x1b]0;title\x07z", false, "az", "OUT-01: a title sequence is dropped");
	check_line(
		"a\x1b]0;title", false, "a\\x1b]0;title", "OUT-01: it hides nothing unless ended");
	check_line("a\x1b[2J\x1b[1Az", true, "az",
		"OUT-01: cursor movement is dropped even where colours are kept");
	check_line("\x1b[31mred\x1b[0m", false, "red", "colours without a terminal");
	check_line("a\x1b\x08\x7fz", false, "a\\x1b\\x08\\x7fz", "OUT-01: controls are visible");
	check_line("\x1b[31mred", true, "\x1b[31mred\x1b[0m", "a colour ends with its line");
	check_line("a\xff\xfe b", false, "a\\xff\\xfe b", "bytes that are no UTF-8");
	check_line("a\xc2\x9b"
		   "31m",
		false, "a\\x9b31m", "an 8-bit control sequence");
	check_line("\xc0\xafx", false, "\\xc0\\xafx", "overlong UTF-8");
	check_line("\xe2\x80\xaegnp", false, "\\u202egnp", "a direction override");
	check_line("\x1b[0Ksection_end:0:build\r\x1b[0K", false, "section_end\\x3a0:build\\x0d",
		"OUT-02: a GitLab section marker is defused");
	check_line("asection_start:1:x", false, "asection_start\\x3a1:x", "OUT-02: within a line");
	check_line("section_\x1b[Kstart:1:x", false, "section_start\\x3a1:x",
		"OUT-02: split by what is dropped");
	check_line("a section: start", false, "a section: start", "other words stay");
}

static void test_cut(void)
{
	size_t len = SLIP_MAX_LOG_LINE + 100;
	slip_autofree char *big = slip_xmalloc(len);
	memset(big, 'x', len);
	slip_autofree char *got = shown(big, len, false);
	is_int(strlen(got), SLIP_MAX_LOG_LINE + strlen(" [line cut]"), "a long line is cut");
	ok(slip_ends_with(got, "x [line cut]"), "and says so");
	memset(big, '\x01', len);
	slip_autofree char *grown = shown(big, len, false);
	ok(strlen(grown) < SLIP_MAX_LOG_LINE + 100, "escaping does not make it longer than that");
}

static void test_pieces(void)
{
	static const char text[] = "\x1b[31mabc\xc3\xa4\xc3\xa4xyz";
	slip_autobuf out;
	slip_buf_init(&out, 1000);
	size_t n = slip_text_add_piece(&out, text, sizeof(text) - 1, 9, true);
	is_str(out.data, "\x1b[31mabc\xc3\xa4\x1b[0m", "a piece ends after a character");
	slip_buf_clear(&out);
	slip_text_add_piece(&out, text + n, sizeof(text) - 1 - n, 100, true);
	is_str(out.data, "\xc3\xa4xyz", "and the next one goes on there");
}

static void keep(void *ctx, const char *line, size_t len)
{
	slip_strv_addn(ctx, line, len);
}

static void test_lines(void)
{
	slip_autostrv got = {0};
	struct slip_lines l;
	static const char text[] = "one\r\ntwo\n\n10%\r20%\rend";
	slip_lines_init(&l, keep, &got);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		slip_lines_add(&l, text + i, 1);
	slip_lines_end(&l);
	slip_autofree char *joined = slip_strv_join(&got, "|");
	is_str(joined, "one|two||end", "lines from single bytes; of a progress bar the last state");
	slip_strv_clear(&got);
	slip_lines_add(&l, "a\r\r\nb\rc\r", 8);
	slip_lines_end(&l);
	slip_autofree char *ends = slip_strv_join(&got, "|");
	is_str(ends, "a|c", "CRs at the end of a line delete nothing");
	slip_strv_clear(&got);
	slip_lines_add(&l, "a\0b\n", 4);
	is_str(got.v[0],
		"a\x1a"
		"b",
		"a NUL hides nothing");
	slip_strv_clear(&got);
	for (size_t i = 0; i < 3 * SLIP_MAX_LOG_LINE; i++)
		slip_lines_add(&l, "y", 1);
	slip_lines_add(&l, "\nz\n", 3);
	is_int(got.n, 2, "an endless line is one line");
	ok(strlen(got.v[0]) > SLIP_MAX_LOG_LINE && strlen(got.v[0]) < 2 * SLIP_MAX_LOG_LINE,
		"of bounded length");
	is_str(got.v[1], "z", "and the next one is whole");
	slip_lines_release(&l);
}

static void test_markup(void)
{
	slip_autobuf out;
	slip_buf_init(&out, 1000);
	slip_markup_add(&out, "<a b=\"c\">&'\x1b[0m\x08\xff]]>");
	is_str(out.data,
		"&lt;a b=&quot;c&quot;&gt;&amp;&#39;\xef\xbf\xbd[0m\xef\xbf\xbd\xef\xbf\xbd]]&gt;",
		"markup is escaped, what XML has not is replaced");
}

int main(void)
{
	test_escapes();
	test_cut();
	test_pieces();
	test_lines();
	test_markup();
	return done_testing();
}
