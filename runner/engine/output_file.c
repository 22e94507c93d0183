#include "config.h"

#include "runner/engine/output_file.h"

#include "runner/base/buf.h"

#include <ctype.h>

struct cursor {
	const char *at;
	const char *end;
	unsigned line; /* of the line taken last */
};

struct slice {
	const char *s;
	size_t n;
};

/* The next line without its LF and a CR before it. */
static bool take_line(struct cursor *c, struct slice *out)
{
	if (c->at == c->end)
		return false;
	const char *lf = memchr(c->at, '\n', (size_t)(c->end - c->at));
	const char *end = lf ? lf : c->end;
	*out = (struct slice){c->at, (size_t)(end - c->at)};
	if (out->n && out->s[out->n - 1] == '\r')
		out->n--;
	c->at = lf ? lf + 1 : c->end;
	c->line++;
	return true;
}

static int fail(const struct cursor *c, struct slip_err *err, const char *what)
{
	int rc = slip_err_set(err, SLIP_E_COMMAND, 0, "$SLIPWAY_OUTPUT line %u: %s", c->line, what);
	if (err)
		err->status = 1;
	return rc;
}

static size_t name_length(struct slice l)
{
	size_t n = 0;
	while (n < l.n && (isalnum((unsigned char)l.s[n]) || l.s[n] == '_' || l.s[n] == '-'))
		n++;
	return n;
}

static int add(const struct cursor *c, struct slip_map *out, struct slice name, struct slice value,
	struct slip_err *err)
{
	if (value.n > SLIP_MAX_OUTPUT_VALUE)
		return fail(c, err, "the value is larger than 64 KiB");
	if (memchr(value.s, '\0', value.n))
		return fail(c, err, "the value holds a NUL byte");
	slip_autofree char *key = slip_xstrndup(name.s, name.n);
	slip_autofree char *text = slip_xstrndup(value.s, value.n);
	if (out->n >= SLIP_MAX_OUTPUTS && !slip_map_has(out, key))
		return fail(c, err, "more than 200 outputs");
	slip_smap_set(out, key, text);
	return 0;
}

static int take_block(struct cursor *c, struct slip_map *out, struct slice name, struct slice mark,
	struct slip_err *err)
{
	struct slice line;
	struct slice value = {c->at, 0};
	while (take_line(c, &line)) {
		if (line.n == mark.n && memcmp(line.s, mark.s, mark.n) == 0)
			return add(c, out, name, value, err);
		value.n = (size_t)(line.s - value.s) + line.n;
	}
	return fail(c, err, "the block has no end line");
}

int slip_output_file_parse(const char *text, size_t len, struct slip_map *out, struct slip_err *err)
{
	struct cursor c = {.at = text, .end = text + len};
	struct slice line;
	while (take_line(&c, &line)) {
		size_t n = name_length(line);
		struct slice name = {line.s, n};
		const char *rest = line.s + n;
		size_t left = line.n - n;
		int rc;
		if (line.n == 0 || *line.s == '#')
			continue;
		if (n && left && *rest == '=')
			rc = add(&c, out, name, (struct slice){rest + 1, left - 1}, err);
		else if (n && left > 2 && rest[0] == '<' && rest[1] == '<')
			rc = take_block(&c, out, name, (struct slice){rest + 2, left - 2}, err);
		else
			rc = fail(&c, err, "neither NAME=value nor NAME<<END");
		if (rc < 0)
			return -1;
	}
	return 0;
}
