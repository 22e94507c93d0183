#include "config.h"

#include "runner/base/log.h"

#include "runner/base/clock.h"
#include "runner/base/escape.h"
#include "runner/base/redact.h"

#include <pthread.h>

#define MAX_FIELDS 64

static slip_log_listener *listener;
static void *listener_ctx;
static enum slip_log_level threshold = SLIP_LOG_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread char scope[128];

static void to_stderr(const struct slip_record *r)
{
	if (r->kind == SLIP_RECORD_EVENT)
		return;
	fprintf(stderr, "%s%s%s\n", r->scope, *r->scope ? ": " : "", r->text);
}

void slip_log_set_listener(slip_log_listener *fn, void *ctx)
{
	pthread_mutex_lock(&lock);
	listener = fn;
	listener_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

void slip_log_set_level(enum slip_log_level level)
{
	threshold = level;
}

bool slip_log_enabled(enum slip_log_level level)
{
	return level >= threshold;
}

/*
 * Append the text with secrets masked; out was initialised for twice its length: the shortest
 * secret has half the length of the mask. A terminal does not show escape sequences, so a secret
 * with some inside is one, too: such a text goes on without them.
 */
static void mask(const char *text, size_t len, struct slip_buf *out)
{
	slip_redact(text, len, out);
	if (slip_redact_is_empty() || !memchr(out->data, '\x1b', out->len))
		return;
	slip_autobuf bare, masked;
	slip_buf_init(&bare, out->len);
	slip_escape_strip(out->data, out->len, &bare);
	slip_buf_init(&masked, 2 * bare.len);
	slip_redact(bare.data, bare.len, &masked);
	if (masked.len == bare.len && memcmp(masked.data, bare.data, bare.len) == 0)
		return;
	slip_buf_clear(out);
	slip_buf_add(out, masked.data, masked.len);
}

/* The same for a string; in buf when anything had to be copied. */
static const char *masked(const char *text, struct slip_buf *buf)
{
	size_t len = strlen(text);
	if (slip_redact_is_empty())
		return text;
	slip_buf_init(buf, 2 * len);
	mask(text, len, buf);
	return buf->data;
}

static void deliver(struct slip_record *r)
{
	r->elapsed = slip_clock_elapsed();
	r->scope = scope;
	pthread_mutex_lock(&lock);
	if (listener)
		listener(listener_ctx, r);
	else
		to_stderr(r);
	pthread_mutex_unlock(&lock);
}

void slip_log(enum slip_log_level level, const char *fmt, ...)
{
	if (!slip_log_enabled(level))
		return;
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *text = slip_xvasprintf(fmt, ap);
	va_end(ap);
	slip_autobuf buf = {0};
	struct slip_record r = {.kind = SLIP_RECORD_MESSAGE, .level = level};
	r.text = masked(text, &buf);
	deliver(&r);
}

void slip_output(const char *line, size_t len)
{
	slip_autobuf buf;
	slip_buf_init(&buf, 2 * len);
	mask(line, len, &buf);
	/* A record's text is a C string: what follows a NUL byte must not get lost. */
	for (char *at = buf.data; (at = memchr(at, '\0', buf.len - (size_t)(at - buf.data)));)
		*at = '?';
	struct slip_record r = {.kind = SLIP_RECORD_OUTPUT, .level = SLIP_LOG_INFO};
	r.text = buf.data;
	deliver(&r);
}

void slip_event_fields(const char *name, const char *const *fields)
{
	const char *out[2 * MAX_FIELDS + 1];
	struct slip_buf bufs[MAX_FIELDS] = {0};
	size_t n = 0;
	for (; fields[0] && n < MAX_FIELDS; fields += 2) {
		if (!fields[1])
			continue;
		out[2 * n] = fields[0];
		out[2 * n + 1] = masked(fields[1], &bufs[n]);
		n++;
	}
	out[2 * n] = NULL;
	struct slip_record r = {
		.kind = SLIP_RECORD_EVENT, .level = SLIP_LOG_INFO, .text = name, .fields = out};
	deliver(&r);
	while (n)
		slip_buf_release(&bufs[--n]);
}

void slip_event(const char *name, ...)
{
	const char *fields[2 * MAX_FIELDS + 1];
	size_t n = 0;
	va_list ap;
	va_start(ap, name);
	for (const char *key; n < 2 * MAX_FIELDS && (key = va_arg(ap, const char *));) {
		const char *value = va_arg(ap, const char *);
		if (!value)
			continue;
		fields[n++] = key;
		fields[n++] = value;
	}
	va_end(ap);
	fields[n] = NULL;
	slip_event_fields(name, fields);
}

void slip_log_set_scope(const char *s)
{
	snprintf(scope, sizeof(scope), "%s", s);
}

const char *slip_log_scope(void)
{
	return scope;
}
