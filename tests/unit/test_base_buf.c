#include "config.h"

#include "runner/base/buf.h"
#include "tests/unit/tap.h"

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf b;
	slip_buf_init(&b, 10);
	slip_buf_add_str(&b, "hello");
	slip_buf_addf(&b, " %d", 42);
	is_str(b.data, "hello 42", "strings and formats are appended");
	is_int(slip_buf_check(&b, "greeting", &err), 0, "within the maximum");
	slip_buf_add_str(&b, "abc");
	ok(b.overflow, "one byte too many marks the buffer");
	is_str(b.data, "hello 42", "and adds nothing");
	is_int(slip_buf_check(&b, "greeting", &err), -1, "which check reports");
	is_str(err.msg, "greeting is larger than 10 bytes", "by name and limit");
	slip_buf_clear(&b);
	slip_buf_add(&b, "0123456789", 10);
	ok(!b.overflow && b.len == 10, "exactly the maximum fits");
	char *s = slip_buf_take(&b);
	is_str(s, "0123456789", "take gives the bytes away");
	is_int(b.len, 0, "and leaves an empty buffer");
	free(s);
	return done_testing();
}
