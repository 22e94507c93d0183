#include "config.h"

#include "runner/base/buf.h"
#include "runner/engine/output_file.h"
#include "tests/unit/tap.h"

static int parse(const char *text, struct slip_map *out, struct slip_err *err)
{
	slip_err_clear(err);
	return slip_output_file_parse(text, strlen(text), out, err);
}

static void test_values(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_automap m;
	slip_smap_init(&m);
	is_int(parse("# comment\n\na=1\nb=x=y \r\na=2\nlast=end", &m, &err), 0, "lines");
	is_str(slip_smap_get(&m, "a"), "2", "a later value wins");
	is_str(slip_smap_get(&m, "b"), "x=y ", "all after the first '=' is the value");
	is_str(slip_smap_get(&m, "last"), "end", "a last line without LF");
	is_int(parse("t<<EOF\none\n\n two=3\nEOF\nu<<X\nX\nv=1\n", &m, &err), 0, "blocks");
	is_str(slip_smap_get(&m, "t"), "one\n\n two=3", "a block keeps its lines");
	is_str(slip_smap_get(&m, "u"), "", "an empty block");
	is_str(slip_smap_get(&m, "v"), "1", "what follows a block");
}

static void test_errors(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_automap m;
	slip_smap_init(&m);
	is_int(parse("a=1\nnonsense\n", &m, &err), -1, "a line that is nothing");
	is_str(err.msg, "$SLIPWAY_OUTPUT line 2: neither NAME=value nor NAME<<END", "its place");
	is_int(parse("a<<EOF\nx\n", &m, &err), -1, "a block without an end");
	is_int(parse("=x\n", &m, &err), -1, "no name");
	is_int(parse("a<<\nx\n", &m, &err), -1, "no end mark");
	slip_autobuf big;
	slip_buf_init(&big, 1 << 20);
	slip_buf_add_str(&big, "a=");
	for (size_t i = 0; i <= SLIP_MAX_OUTPUT_VALUE; i++)
		slip_buf_add_char(&big, 'x');
	is_int(parse(big.data, &m, &err), -1, "a value that is too large");
	slip_buf_clear(&big);
	for (int i = 0; i <= SLIP_MAX_OUTPUTS; i++)
		slip_buf_addf(&big, "n%d=1\n", i);
	is_int(parse(big.data, &m, &err), -1, "too many values");
	slip_err_clear(&err);
	is_int(slip_output_file_parse("a=x\0y\n", 6, &m, &err), -1, "a NUL byte");
}

int main(void)
{
	test_values();
	test_errors();
	return done_testing();
}
