#include "config.h"

#include "runner/base/buf.h"

#include "runner/base/digest.h"

/* Shared by all buffers that hold nothing yet; never written. */
static char nothing[1];

void slip_buf_init(struct slip_buf *b, size_t max)
{
	b->data = nothing;
	b->len = 0;
	b->cap = 0;
	b->max = max;
	b->overflow = false;
}

void slip_buf_release(struct slip_buf *b)
{
	if (b->cap)
		free(b->data);
	slip_buf_init(b, b->max);
}

void slip_buf_wipe(struct slip_buf *b)
{
	if (b->cap)
		slip_wipe(b->data, b->cap);
	slip_buf_clear(b);
}

void slip_buf_clear(struct slip_buf *b)
{
	slip_buf_truncate(b, 0);
	b->overflow = false;
}

void slip_buf_truncate(struct slip_buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

static bool reserve(struct slip_buf *b, size_t n)
{
	if (b->overflow || n > b->max - b->len) {
		b->overflow = true;
		return false;
	}
	size_t need = b->len + n + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap *= 2;
	b->data = slip_xreallocarray(b->cap ? b->data : NULL, cap, 1);
	b->cap = cap;
	return true;
}

void slip_buf_add(struct slip_buf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void slip_buf_add_str(struct slip_buf *b, const char *s)
{
	slip_buf_add(b, s, strlen(s));
}

void slip_buf_add_char(struct slip_buf *b, char c)
{
	slip_buf_add(b, &c, 1);
}

void slip_buf_addf(struct slip_buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *s = slip_xvasprintf(fmt, ap);
	va_end(ap);
	slip_buf_add_str(b, s);
}

char *slip_buf_take(struct slip_buf *b)
{
	char *s = b->cap ? b->data : slip_xstrdup("");
	slip_buf_init(b, b->max);
	return s;
}

int slip_buf_check(const struct slip_buf *b, const char *what, struct slip_err *err)
{
	if (!b->overflow)
		return 0;
	return slip_err_set(err, SLIP_E_LIMIT, 0, "%s is larger than %zu bytes", what, b->max);
}
