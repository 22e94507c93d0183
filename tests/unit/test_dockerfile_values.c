#include "config.h"

#include "runner/dockerfile/values.h"
#include "tests/unit/tap.h"

static void check_ports(void)
{
	static const struct {
		const char *word;
		const char *want;
		const char *error;
	} rows[] = {
		{"80", "80/tcp", NULL},
		{"80/UDP", "80/udp", NULL},
		{"80/sctp", "80/sctp", NULL},
		{"80/", "80/tcp", NULL},
		{"0", "0/tcp", NULL},
		{"080", "80/tcp", NULL},
		{"65535", "65535/tcp", NULL},
		{"80-82/udp", "80/udp 81/udp 82/udp", NULL},
		{"8080:80", "80/tcp", NULL},
		{"127.0.0.1:8080:80/udp", "80/udp", NULL},
		{"[::1]:8080:80", "80/tcp", NULL},
		{"65536", NULL, "invalid containerPort: 65536"},
		{"http", NULL, "invalid containerPort: http"},
		{"-1", NULL, "invalid containerPort: -1"},
		{"80-", NULL, "invalid containerPort: 80-"},
		{"82-80", NULL, "invalid range: 82-80 (the end lies before the start)"},
		{"80/http", NULL, "invalid proto: http (use tcp, udp or sctp)"},
		{"80/tcpx", NULL, "invalid proto: tcpx (use tcp, udp or sctp)"},
		{"", NULL, "no port specified: "},
		{"/tcp", NULL, "no port specified: /tcp"},
		{"8080:", NULL, "no port specified: 8080:"},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		slip_autostrv out = {0};
		struct slip_err err = SLIP_ERR_INIT;
		is_int(slip_expose_parse(rows[i].word, &out, &err), rows[i].error ? -1 : 0,
			"port %s", rows[i].word);
		slip_autofree char *joined = slip_strv_join(&out, " ");
		is_str(rows[i].error ? err.msg : joined,
			rows[i].error ? rows[i].error : rows[i].want, "port %s: result",
			rows[i].word);
	}
}

int main(void)
{
	static const char *const signals[] = {
		"9",
		"64",
		"TERM",
		"SIGTERM",
		"sigterm",
		"WINCH",
		"RTMIN",
		"SIGRTMIN+3",
		"RTMAX-14",
	};
	static const char *const none[] = {
		"",
		"0",
		"65",
		"-9",
		"SIG",
		"FOO",
		"SIGSIGTERM",
		"RTMIN+99",
		"RTMIN-1",
		"SIGTERM ",
	};
	struct slip_err err = SLIP_ERR_INIT;
	bool b = false;

	check_ports();
	for (size_t i = 0; i < SLIP_ARRAY_LEN(signals); i++)
		is_int(slip_signal_check(signals[i], NULL), 0, "signal %s", signals[i]);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(none); i++)
		is_int(slip_signal_check(none[i], NULL), -1, "no signal %s", none[i]);
	is_int(slip_signal_check("X", &err), -1, "no signal");
	is_str(err.msg, "invalid signal: X (use a name such as SIGTERM or a number from 1 to 64)",
		"its message");
	ok(slip_bool_parse("T", &b) && b && slip_bool_parse("false", &b) && !b, "booleans");
	ok(!slip_bool_parse("yes", &b) && !slip_bool_parse("", &b), "no booleans");
	return done_testing();
}
