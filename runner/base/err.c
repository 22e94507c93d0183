#include "config.h"

#include "runner/base/err.h"

/* One row per code: its stable name and the exit status that stands for who must act. */
static const struct {
	const char *name;
	int exit_status;
} codes[SLIP_E_COUNT] = {
	[SLIP_E_NONE] = {"none", 0},
	[SLIP_E_USAGE] = {"usage", 2},
	[SLIP_E_SPEC] = {"spec", 2},
	[SLIP_E_DOCKERFILE] = {"dockerfile", 2},
	[SLIP_E_AUTH] = {"auth", 3},
	[SLIP_E_NET] = {"net", 4},
	[SLIP_E_REGISTRY] = {"registry", 4},
	[SLIP_E_NOTFOUND] = {"not-found", 4},
	[SLIP_E_DIGEST] = {"digest", 4},
	[SLIP_E_LIMIT] = {"limit", 4},
	[SLIP_E_IO] = {"io", 4},
	[SLIP_E_SANDBOX] = {"sandbox", 4},
	[SLIP_E_COMMAND] = {"command", 1},
	[SLIP_E_TIMEOUT] = {"timeout", 5},
	[SLIP_E_CANCELLED] = {"cancelled", 130},
	[SLIP_E_BUG] = {"bug", 70},
};

/* C0, DEL, and C1 as UTF-8 writes it (two bytes, the first of them 0xc2). */
static void defuse(char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s, next = (unsigned char)s[1];
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			*s = '?';
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
			s[0] = s[1] = '?';
	}
}

void slip_err_fill_(struct slip_err *err, enum slip_err_code code, int sys, const char *fmt, ...)
{
	if (!err)
		return;
	if (err->code != SLIP_E_NONE)
		slip_bug("an error is set over another: %s", err->msg);
	err->code = code;
	err->sys = sys;
	err->status = 0;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (sys && n >= 0 && (size_t)n < sizeof(err->msg)) {
		char text[128];
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s",
			strerror_r(sys, text, sizeof(text)));
	}
	defuse(err->msg);
}

void slip_err_prefix_(struct slip_err *err, const char *fmt, ...)
{
	if (!err)
		return;
	char rest[SLIP_ERR_MSG_MAX];
	memcpy(rest, err->msg, sizeof(rest));
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->msg))
		snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", rest);
	defuse(err->msg);
}

void slip_err_clear(struct slip_err *err)
{
	err->code = SLIP_E_NONE;
	err->sys = 0;
	err->status = 0;
	err->msg[0] = '\0';
}

int slip_err_copy(struct slip_err *dst, const struct slip_err *src)
{
	if (dst)
		*dst = *src;
	return -1;
}

const char *slip_err_name(enum slip_err_code code)
{
	return codes[code].name;
}

int slip_err_exit_status(const struct slip_err *err)
{
	if (err->code == SLIP_E_COMMAND && err->status > 0 && err->status < 256)
		return err->status;
	if (err->code == SLIP_E_CANCELLED && err->status > 0)
		return 128 + err->status;
	return codes[err->code].exit_status;
}
