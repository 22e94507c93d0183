#include "config.h"

#include "runner/dockerfile/mode.h"
#include "tests/unit/tap.h"

static const struct {
	const char *text;
	unsigned file; /* the result for a file of mode 0644 */
	unsigned dir; /* for a directory of mode 0755 */
} rows[] = {
	{"0", 0, 0},
	{"644", 0644, 0644},
	{"0755", 0755, 0755},
	{"4755", 04755, 04755},
	{"7777", 07777, 07777},
	{"00000755", 0755, 0755},
	{"u+x", 0744, 0755},
	{"+x", 0755, 0755},
	{"a+x", 0755, 0755},
	{"a-w", 0444, 0555},
	{"go-r", 0600, 0711},
	{"u=rwX,go=rX", 0644, 0755},
	{"a=rX", 0444, 0555},
	{"u=rw,g=r,o=", 0640, 0640},
	{"=", 0, 0},
	{"g=u", 0664, 0775},
	{"o=g", 0644, 0755},
	{"u+x,g=u", 0774, 0775},
	{"u+s", 04644, 04755},
	{"g+s", 02644, 02755},
	{"+t", 01644, 01755},
	{"u+t", 0644, 0755},
	{"ug+rw-x", 0664, 0665},
	{"u=x+r", 0544, 0555},
	{"u+x-x", 0644, 0655},
};

static const char *const bad[] = {
	"",
	"8",
	"10000",
	"0o755",
	"-1",
	"755 ",
	"rwx",
	"u",
	"u+q",
	"u+x,",
	",u+x",
	"u+x,,g+x",
	"z=r",
	"u+ug",
};

int main(void)
{
	struct slip_mode m;
	struct slip_err err = SLIP_ERR_INIT;
	char many[2 * SLIP_MODE_MAX_OPS + 4];

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_err_clear(&err);
		is_int(slip_mode_parse(rows[i].text, &m, &err), 0, "%s", rows[i].text);
		is_int(slip_mode_apply(&m, 0644, false), rows[i].file, "%s: file", rows[i].text);
		is_int(slip_mode_apply(&m, 0755, true), rows[i].dir, "%s: directory", rows[i].text);
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++)
		is_int(slip_mode_parse(bad[i], &m, NULL), -1, "\"%s\" is bad", bad[i]);
	is_int(slip_mode_parse("888", &m, &err), -1, "not octal");
	is_str(err.msg,
		"invalid chmod parameter: '888'. it should be octal string and between 0 and "
		"07777, "
		"or symbolic such as u=rwX,go=rX",
		"its message");
	is_int(slip_mode_parse("755", &m, NULL), 0, "an octal mode");
	ok(m.octal && m.bits == 0755, "says so");
	is_int(slip_mode_parse("u+X", &m, NULL), 0, "X");
	is_int(slip_mode_apply(&m, 0611, false), 0711, "counts any execute bit");
	memset(many, '+', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	is_int(slip_mode_parse(many, &m, NULL), -1, "too many operations");
	return done_testing();
}
