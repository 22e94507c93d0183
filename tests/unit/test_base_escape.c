#include "config.h"

#include "runner/base/escape.h"
#include "tests/unit/tap.h"

static void check(const char *text, size_t want, enum slip_escape want_kind, const char *name)
{
	enum slip_escape kind = SLIP_ESCAPE_OTHER;
	is_int(slip_escape_at(text, strlen(text), &kind), want, "%s", name);
	if (want)
		is_int(kind, want_kind, "%s: its kind", name);
}

static void test_sequences(void)
{
	check("\x1b[31mred", 5, SLIP_ESCAPE_COLOUR, "a colour");
	check("\x1b[m", 3, SLIP_ESCAPE_COLOUR, "a reset");
	check("\x1b[38:2::1:2:3mx", 14, SLIP_ESCAPE_COLOUR, "a colour with colons");
	check("\x1b[2Kx", 4, SLIP_ESCAPE_OTHER, "erase a line");
	check("\x1b[?25lx", 6, SLIP_ESCAPE_OTHER, "hide the cursor");
	check("\x1b[>4mx", 5, SLIP_ESCAPE_OTHER, "a private sequence that ends in m");
	check("\x1b[1 qx", 5, SLIP_ESCAPE_OTHER, "with an intermediate byte");
	check("\x1b]0;title\x07x", 10, SLIP_ESCAPE_OTHER, "a title");
	check("\x1b]8;;http://x\x1b\\x", 15, SLIP_ESCAPE_OTHER, "a link");
	check("\x1bPdata\x1b\\x", 8, SLIP_ESCAPE_OTHER, "a device control string");
	check("\x1b(Bx", 3, SLIP_ESCAPE_OTHER, "a character set");
	check("\x1b"
	      "cx",
		2, SLIP_ESCAPE_OTHER, "a reset of the terminal");
}

static void test_incomplete(void)
{
	check("x\x1b[31m", 0, 0, "text");
	check("\x1b", 0, 0, "a lone ESC");
	check("\x1b[31", 0, 0, "a colour without its end");
	check("\x1b[31\nm", 0, 0, "a colour with a control byte in it");
	check("\x1b]0;no end", 0, 0, "a title without its end: it hides nothing");
	check("\x1b]0;a\x1b[31m\x07", 0, 0, "a title with a colour in it");
	check("\x1b\x80", 0, 0, "no sequence");
	char text[4000];
	memset(text, 'x', sizeof(text));
	memcpy(text, "\x1b]0;", 4);
	text[sizeof(text) - 1] = '\x07';
	enum slip_escape kind;
	is_int(slip_escape_at(text, sizeof(text), &kind), 0, "a title of 4000 bytes is text");
	memcpy(text, "\x1b[1111", 6);
	memset(text + 6, '1', 200);
	text[206] = 'm';
	is_int(slip_escape_at(text, sizeof(text), &kind), 0, "a colour of 200 digits is text");
}

static void test_strip(void)
{
	slip_autobuf out;
	static const char text[] = "a\x1b[1mb\x1b]0;t\x07"
				   "c\x1b[";
	slip_buf_init(&out, 100);
	slip_escape_strip(text, sizeof(text) - 1, &out);
	is_str(out.data, "abc\x1b[", "stripped");
}

int main(void)
{
	test_sequences();
	test_incomplete();
	test_strip();
	return done_testing();
}
