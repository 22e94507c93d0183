#include "config.h"

#include "runner/dockerfile/values.h"

#include <ctype.h>

static bool parse_port(const char *s, size_t n, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
		*out = *out * 10 + (unsigned)(s[i] - '0');
		if (*out > 65535)
			return false;
	}
	return n > 0;
}

static int expose_range(
	const char *port, const char *proto, struct slip_strv *out, struct slip_err *err)
{
	const char *dash = strchr(port, '-');
	unsigned first;
	unsigned last;

	if (!parse_port(port, dash ? (size_t)(dash - port) : strlen(port), &first))
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "invalid containerPort: %.100s", port);
	last = first;
	if (dash && !parse_port(dash + 1, strlen(dash + 1), &last))
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "invalid containerPort: %.100s", port);
	if (last < first)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid range: %.100s (the end lies before the start)", port);
	for (unsigned p = first; p <= last; p++)
		slip_strv_addf(out, "%u/%s", p, proto);
	return 0;
}

int slip_expose_parse(const char *word, struct slip_strv *out, struct slip_err *err)
{
	slip_autofree char *copy = slip_xstrdup(word);
	char proto[5] = "tcp";
	char *slash = strchr(copy, '/');

	if (slash)
		*slash = '\0';
	if (slash && slash[1]) {
		snprintf(proto, sizeof(proto), "%s", slash + 1);
		for (char *p = proto; *p; p++)
			*p = (char)tolower((unsigned char)*p);
	}
	if (slash && slash[1] &&
		(strlen(slash + 1) >= sizeof(proto) ||
			(!slip_streq(proto, "tcp") && !slip_streq(proto, "udp") &&
				!slip_streq(proto, "sctp"))))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid proto: %.100s (use tcp, udp or sctp)", slash + 1);
	const char *colon = strrchr(copy, ':');
	const char *port = colon ? colon + 1 : copy;
	if (!*port)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "no port specified: %.100s", word);
	return expose_range(port, proto, out, err);
}

/* "RTMIN", "RTMIN+3", "RTMAX-14" */
static bool is_realtime(const char *name)
{
	char *end;

	if (strncmp(name, "RTMIN", 5) != 0 && strncmp(name, "RTMAX", 5) != 0)
		return false;
	if (!name[5])
		return true;
	if (name[5] != (name[3] == 'I' ? '+' : '-') || !isdigit((unsigned char)name[6]))
		return false;
	unsigned long n = strtoul(name + 6, &end, 10);
	return !*end && n >= 1 && n <= (name[3] == 'I' ? 15UL : 14UL);
}

static bool is_signal_name(const char *name)
{
	static const char *const names[] = {
		"ABRT",
		"ALRM",
		"BUS",
		"CHLD",
		"CLD",
		"CONT",
		"FPE",
		"HUP",
		"ILL",
		"INT",
		"IO",
		"IOT",
		"KILL",
		"PIPE",
		"POLL",
		"PROF",
		"PWR",
		"QUIT",
		"SEGV",
		"STKFLT",
		"STOP",
		"SYS",
		"TERM",
		"TRAP",
		"TSTP",
		"TTIN",
		"TTOU",
		"URG",
		"USR1",
		"USR2",
		"VTALRM",
		"WINCH",
		"XCPU",
		"XFSZ",
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		if (slip_streq(names[i], name))
			return true;
	}
	return is_realtime(name);
}

int slip_signal_check(const char *text, struct slip_err *err)
{
	char name[16];

	if (*text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 4) {
		unsigned long n = strtoul(text, NULL, 10);
		if (n >= 1 && n <= 64)
			return 0;
	}
	if (strlen(text) < sizeof(name)) {
		size_t n = 0;
		for (; text[n]; n++)
			name[n] = (char)toupper((unsigned char)text[n]);
		name[n] = '\0';
		if (is_signal_name(slip_starts_with(name, "SIG") ? name + 3 : name))
			return 0;
	}
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"invalid signal: %.100s (use a name such as SIGTERM or a number from 1 to 64)",
		text);
}

bool slip_bool_parse(const char *text, bool *out)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(yes); i++) {
		if (slip_streq(text, yes[i]) || slip_streq(text, no[i])) {
			*out = slip_streq(text, yes[i]);
			return true;
		}
	}
	return false;
}
