#include "config.h"

#include "runner/base/buf.h"
#include "tests/unit/tap.h"

static void test_maximum(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf b;
	slip_buf_init(&b, 10);
	is_str(b.data, "", "a fresh buffer is an empty string");
	slip_buf_add_str(&b, "hello");
	slip_buf_addf(&b, " %d", 42);
	is_str(b.data, "hello 42", "strings and formats are appended");
	is_int(slip_buf_check(&b, "greeting", &err), 0, "within the maximum");
	slip_buf_add_str(&b, "abc");
	ok(b.overflow, "one byte too many marks the buffer");
	is_str(b.data, "hello 42", "and adds nothing");
	slip_buf_add_char(&b, '!');
	is_str(b.data, "hello 42", "nor does anything after it");
	is_int(slip_buf_check(&b, "greeting", &err), -1, "which check reports");
	is_str(err.msg, "greeting is larger than 10 bytes", "by name and limit");
	ok(slip_err_is(&err, SLIP_E_LIMIT), "as a limit");
	slip_buf_clear(&b);
	slip_buf_add(&b, "0123456789", 10);
	ok(!b.overflow && b.len == 10, "exactly the maximum fits");
	slip_buf_add(&b, "", 0);
	ok(!b.overflow, "and nothing more than that too");
	char *s = slip_buf_take(&b);
	is_str(s, "0123456789", "take gives the bytes away");
	is_int(b.len, 0, "and leaves an empty buffer");
	free(s);
	s = slip_buf_take(&b);
	is_str(s, "", "an empty buffer gives an empty string of the caller's");
	free(s);
}

static void test_bytes(void)
{
	slip_autobuf b;
	slip_buf_init(&b, SIZE_MAX);
	for (int i = 0; i < 100000; i++)
		slip_buf_add_char(&b, (char)i);
	ok(b.len == 100000 && b.data[255] == '\xff' && b.data[256] == '\0' && b.data[b.len] == '\0',
		"any byte, any number, and a NUL behind them");
	slip_buf_truncate(&b, 200000);
	is_int(b.len, 100000, "truncate does not make longer");
	slip_buf_truncate(&b, 3);
	ok(b.len == 3 && b.data[3] == '\0', "but shorter");
	slip_buf_add_str(&b, "secret");
	char *where = b.data;
	slip_buf_wipe(&b);
	ok(b.len == 0 && memcmp(where, "\0\0\0\0\0\0\0\0\0", 9) == 0, "wipe overwrites");
}

static void test_nothing(void)
{
	struct slip_buf zero = {0};
	slip_buf_release(&zero);
	slip_buf_release(&zero);
	slip_buf_clear(&zero);
	slip_buf_wipe(&zero);
	pass("a zeroed buffer may be released, cleared and wiped");
	struct slip_buf none;
	slip_buf_init(&none, 0);
	slip_buf_add_str(&none, "");
	ok(!none.overflow, "nothing fits into nothing");
	slip_buf_add_char(&none, 'x');
	ok(none.overflow, "something does not");
	slip_buf_release(&none);
}

int main(void)
{
	test_maximum();
	test_bytes();
	test_nothing();
	return done_testing();
}
