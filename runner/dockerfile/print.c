#include "config.h"

#include "runner/dockerfile/print.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"

static void quote_ascii(struct slip_buf *out, char c)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"";
	static const char to[] = "abfnrtv\\\"";
	const char *at = c ? strchr(from, c) : NULL;

	if (at) {
		slip_buf_add_char(out, '\\');
		slip_buf_add_char(out, to[at - from]);
	} else if ((unsigned char)c < 0x20 || c == 0x7f) {
		slip_buf_addf(out, "\\x%02x", (unsigned char)c);
	} else {
		slip_buf_add_char(out, c);
	}
}

void slip_print_quoted(struct slip_buf *out, const char *s)
{
	size_t left = strlen(s);

	slip_buf_add_char(out, '"');
	while (left) {
		size_t len;
		uint32_t c = slip_utf8_decode(s, left, &len);
		if (c < 0x80)
			quote_ascii(out, *s);
		else if (c >= SLIP_UTF8_RAW)
			slip_buf_addf(out, "\\x%02x", (unsigned char)*s);
		else if (c < 0xa1 || c == 0xad || c == 0xfeff || (c >= 0x2000 && c < 0x2010) ||
			 (c >= 0x2028 && c < 0x2030) || (c >= 0x205f && c < 0x2070))
			slip_buf_addf(out, "\\u%04x", c);
		else
			slip_buf_add(out, s, len);
		s += len;
		left -= len;
	}
	slip_buf_add_char(out, '"');
}

void slip_print_quoted_list(struct slip_buf *out, const struct slip_strv *sv)
{
	slip_buf_add_char(out, '[');
	for (size_t i = 0; i < sv->n; i++) {
		if (i)
			slip_buf_add_char(out, ' ');
		slip_print_quoted(out, sv->v[i]);
	}
	slip_buf_add_char(out, ']');
}

void slip_print_list(struct slip_buf *out, const struct slip_strv *sv)
{
	slip_buf_add_char(out, '[');
	for (size_t i = 0; i < sv->n; i++) {
		if (i)
			slip_buf_add_char(out, ' ');
		slip_buf_add_str(out, sv->v[i]);
	}
	slip_buf_add_char(out, ']');
}

/* n in units of `unit` (a power of ten), with a fraction that has no trailing zeros. */
static void add_fraction(struct slip_buf *out, uint64_t n, uint64_t unit, const char *suffix)
{
	char digits[16];

	slip_buf_addf(out, "%llu", (unsigned long long)(n / unit));
	unsigned billionths = (unsigned)(n % unit * (1000000000 / unit));
	if (billionths) {
		snprintf(digits, sizeof(digits), "%09u", billionths);
		size_t len = strlen(digits);
		while (digits[len - 1] == '0')
			len--;
		slip_buf_add_char(out, '.');
		slip_buf_add(out, digits, len);
	}
	slip_buf_add_str(out, suffix);
}

void slip_print_duration(struct slip_buf *out, int64_t ns)
{
	const uint64_t second = 1000000000;
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	if (ns < 0)
		slip_buf_add_char(out, '-');
	if (!n) {
		slip_buf_add_str(out, "0s");
	} else if (n < 1000) {
		add_fraction(out, n, 1, "ns");
	} else if (n < 1000000) {
		add_fraction(out, n, 1000, "\xc2\xb5s");
	} else if (n < second) {
		add_fraction(out, n, 1000000, "ms");
	} else {
		uint64_t minutes = n / second / 60;
		if (minutes >= 60)
			slip_buf_addf(out, "%lluh", (unsigned long long)(minutes / 60));
		if (minutes)
			slip_buf_addf(out, "%llum", (unsigned long long)(minutes % 60));
		add_fraction(out, n % (60 * second), second, "s");
	}
}

void slip_healthcheck_test(const struct slip_healthcheck *hc, struct slip_strv *out)
{
	slip_strv_clear(out);
	if (hc->none) {
		slip_strv_add(out, "NONE");
	} else if (hc->cmd.form == SLIP_FORM_EXEC) {
		slip_strv_add(out, "CMD");
		for (size_t i = 0; i < hc->cmd.argv.n; i++)
			slip_strv_add(out, hc->cmd.argv.v[i]);
	} else {
		slip_strv_add(out, "CMD-SHELL");
		slip_strv_add(out, hc->cmd.text);
	}
}

void slip_print_healthcheck(struct slip_buf *out, const struct slip_healthcheck *hc)
{
	slip_autostrv test = {0};

	slip_healthcheck_test(hc, &test);
	slip_buf_add_str(out, "{Test:");
	slip_print_list(out, &test);
	slip_buf_add_str(out, " Interval:");
	slip_print_duration(out, hc->interval);
	slip_buf_add_str(out, " Timeout:");
	slip_print_duration(out, hc->timeout);
	slip_buf_add_str(out, " StartPeriod:");
	slip_print_duration(out, hc->start_period);
	slip_buf_add_str(out, " StartInterval:");
	slip_print_duration(out, hc->start_interval);
	slip_buf_addf(out, " Retries:%lld}", (long long)hc->retries);
}

void slip_print_label(struct slip_buf *out, const struct slip_instr *instr)
{
	slip_buf_add(out, instr->text, strcspn(instr->text, "\n"));
}
