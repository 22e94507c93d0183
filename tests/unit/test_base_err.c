#include "config.h"

#include "runner/base/err.h"
#include "tests/unit/tap.h"

#include <errno.h>

static void test_set(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_err_set(&err, SLIP_E_IO, ENOENT, "open %s", "/x"), -1, "set returns -1");
	is_str(err.msg, "open /x: No such file or directory", "errno's text is appended");
	ok(slip_err_is(&err, SLIP_E_IO) && err.sys == ENOENT, "code and errno are kept");
	is_int(slip_err_wrap(&err, "layer %d", 3), -1, "wrap returns -1");
	is_str(err.msg, "layer 3: open /x: No such file or directory", "wrap prefixes");
	struct slip_err copy = {.code = SLIP_E_NET, .msg = "old"};
	is_int(slip_err_copy(&copy, &err), -1, "copy returns -1");
	is_str(copy.msg, err.msg, "and copies over what was set");
	slip_err_clear(&err);
	ok(err.code == SLIP_E_NONE && !err.sys && !*err.msg, "clear leaves nothing");
	is_int(slip_err_set(NULL, SLIP_E_IO, 0, "x"), -1, "errors may be dropped");
	is_int(slip_err_wrap(NULL, "x"), -1, "also when wrapped");
	is_int(slip_err_copy(NULL, &copy), -1, "and when copied");
}

static void test_long(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	char text[3 * SLIP_ERR_MSG_MAX];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)slip_err_set(&err, SLIP_E_IO, EIO, "%s", text);
	is_int(strlen(err.msg), SLIP_ERR_MSG_MAX - 1, "a long message is cut");
	(void)slip_err_wrap(&err, "%s", text);
	is_int(strlen(err.msg), SLIP_ERR_MSG_MAX - 1, "a long prefix too");
}

static void test_control_characters(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	(void)slip_err_set(&err, SLIP_E_SPEC, 0, "%s", "a\x1b[31m\r\x7f\xc2\x9b!\tb\nc\xc3\xa9");
	is_str(err.msg,
		"a?[31m???"
		"?!\tb\nc\xc3\xa9",
		"control characters are defused");
	(void)slip_err_wrap(&err, "%s", "\a");
	ok(err.msg[0] == '?', "in prefixes too");
}

static void test_status(void)
{
	static const struct {
		struct slip_err err;
		int want;
	} rows[] = {
		{{.code = SLIP_E_NONE}, 0},
		{{.code = SLIP_E_USAGE}, 2},
		{{.code = SLIP_E_SPEC}, 2},
		{{.code = SLIP_E_DOCKERFILE}, 2},
		{{.code = SLIP_E_AUTH}, 3},
		{{.code = SLIP_E_NET}, 4},
		{{.code = SLIP_E_SANDBOX}, 4},
		{{.code = SLIP_E_TIMEOUT}, 5},
		{{.code = SLIP_E_BUG}, 70},
		{{.code = SLIP_E_COMMAND}, 1},
		{{.code = SLIP_E_COMMAND, .status = 42}, 42},
		{{.code = SLIP_E_COMMAND, .status = 255}, 255},
		{{.code = SLIP_E_COMMAND, .status = 256}, 1},
		{{.code = SLIP_E_COMMAND, .status = 512}, 1},
		{{.code = SLIP_E_CANCELLED, .status = 15}, 143},
		{{.code = SLIP_E_CANCELLED}, 130},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++)
		is_int(slip_err_exit_status(&rows[i].err), rows[i].want, "exit status of %s %d",
			slip_err_name(rows[i].err.code), rows[i].err.status);
	for (unsigned c = 0; c < SLIP_E_COUNT; c++) {
		if (!slip_err_name(c) || !*slip_err_name(c))
			fail("code %u has no name", c);
	}
	is_str(slip_err_name(SLIP_E_NOTFOUND), "not-found", "names are stable");
}

int main(void)
{
	test_set();
	test_long();
	test_control_characters();
	test_status();
	return done_testing();
}
