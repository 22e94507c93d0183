#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/print.h"
#include "tests/unit/tap.h"

static void check_quoted(void)
{
	static const char *const rows[][2] = {
		{"", "\"\""},
		{"a b", "\"a b\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\""},
		{"\x01\x1b\x7f", "\"\\x01\\x1b\\x7f\""},
		{"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
		{"\xff\xc3", "\"\\xff\\xc3\""},
		{"\xc2\xa0\xe2\x80\x8b", "\"\\u00a0\\u200b\""},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_autobuf out = {0};
		slip_buf_init(&out, SLIP_KIB);
		slip_print_quoted(&out, rows[i][0]);
		is_str(out.data, rows[i][1], "quoted %zu", i);
	}
}

static void check_durations(void)
{
	static const struct {
		int64_t ns;
		const char *want;
	} rows[] = {
		{0, "0s"},
		{1, "1ns"},
		{1500, "1.5\xc2\xb5s"},
		{1000000, "1ms"},
		{100500000, "100.5ms"},
		{5000000000, "5s"},
		{1500000000, "1.5s"},
		{90000000000, "1m30s"},
		{300000000000, "5m0s"},
		{3600000000000, "1h0m0s"},
		{5025000000001, "1h23m45.000000001s"},
		{-1500000000, "-1.5s"},
		{INT64_MIN, "-2562047h47m16.854775808s"},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_autobuf out = {0};
		slip_buf_init(&out, SLIP_KIB);
		slip_print_duration(&out, rows[i].ns);
		is_str(out.data, rows[i].want, "duration %zu", i);
	}
}

static void check_lists(void)
{
	slip_autostrv sv = {0};
	slip_autobuf out = {0};

	slip_buf_init(&out, SLIP_KIB);
	slip_print_quoted_list(&out, &sv);
	is_str(out.data, "[]", "empty list");
	slip_strv_add(&sv, "/bin/sh");
	slip_strv_add(&sv, "a \"b\"");
	slip_buf_clear(&out);
	slip_print_quoted_list(&out, &sv);
	is_str(out.data, "[\"/bin/sh\" \"a \\\"b\\\"\"]", "quoted list");
	slip_buf_clear(&out);
	slip_print_list(&out, &sv);
	is_str(out.data, "[/bin/sh a \"b\"]", "list");
}

static void check_instructions(void)
{
	static const char text[] = "FROM a\n"
				   "HEALTHCHECK --interval=5s CMD x\n"
				   "HEALTHCHECK CMD [\"a\", \"b\"]\n"
				   "RUN cat <<E \\\n > y\nbody\nE\n";
	slip_autodockerfile *df = NULL;
	slip_autobuf out = {0};
	slip_autostrv test = {0};
	struct slip_err err = SLIP_ERR_INIT;

	slip_buf_init(&out, SLIP_KIB);
	if (slip_dockerfile_parse(text, strlen(text), "D", &df, &err) < 0) {
		fail("%s", err.msg);
		return;
	}
	const struct slip_instr *instr = df->stages[0].instrs.v;
	slip_print_healthcheck(&out, &instr[0].healthcheck);
	is_str(out.data,
		"{Test:[CMD-SHELL x] Interval:5s Timeout:0s StartPeriod:0s StartInterval:0s "
		"Retries:0}",
		"healthcheck");
	slip_healthcheck_test(&instr[1].healthcheck, &test);
	slip_autofree char *joined = slip_strv_join(&test, "|");
	is_str(joined, "CMD|a|b", "test of an exec form");
	slip_buf_clear(&out);
	slip_print_label(&out, &instr[2]);
	is_str(out.data, "RUN cat <<E  > y", "label");
	is_str(instr[2].text, "RUN cat <<E  > y\nbody\nE", "text");
}

int main(void)
{
	check_quoted();
	check_durations();
	check_lists();
	check_instructions();
	return done_testing();
}
