#include "config.h"

#include "runner/base/size.h"
#include "tests/unit/tap.h"

static void check(const char *text, uint64_t want)
{
	struct slip_err err = SLIP_ERR_INIT;
	uint64_t got = 1;
	ok(slip_size_parse(text, "--x", &got, &err) == 0 && got == want, "\"%s\"", text);
}

static void check_bad(const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	uint64_t got = 77;
	ok(slip_size_parse(text, "--x", &got, &err) < 0 && err.code == SLIP_E_USAGE && got == 77,
		"not \"%s\"", text);
	ok(strstr(err.msg, "--x") != NULL, "the message names the option");
}

int main(void)
{
	check("0", 0);
	check("17", 17);
	check("17B", 17);
	check("1536K", 1536 * 1024);
	check("2MiB", 2 << 20);
	check("20GB", 20ULL << 30);
	check("1T", 1ULL << 40);
	check_bad("");
	check_bad("M");
	check_bad("-1");
	check_bad("1X");
	check_bad("1iB");
	check_bad("1.5M");
	check_bad("99999999999999999999");
	check_bad("99999999999999T");
	return done_testing();
}
