#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"

#include <ctype.h>

bool slip_text_lines_next(struct slip_text_lines *in, struct slip_slice *raw)
{
	if (in->pos >= in->len)
		return false;
	raw->s = in->text + in->pos;
	const char *nl = memchr(raw->s, '\n', in->len - in->pos);
	raw->n = nl ? (size_t)(nl - raw->s) + 1 : in->len - in->pos;
	in->pos += raw->n;
	in->line++;
	return true;
}

struct slip_slice slip_line_trim(struct slip_slice raw)
{
	if (raw.n && raw.s[raw.n - 1] == '\n')
		raw.n--;
	while (raw.n && raw.s[raw.n - 1] == '\r')
		raw.n--;
	return raw;
}

static struct slip_slice trim_left(struct slip_slice s)
{
	while (s.n && slip_is_blank(*s.s)) {
		s.s++;
		s.n--;
	}
	return s;
}

static struct slip_slice trim(struct slip_slice s)
{
	s = trim_left(s);
	while (s.n && slip_is_blank(s.s[s.n - 1]))
		s.n--;
	return s;
}

static bool is_comment(struct slip_slice line)
{
	line = trim_left(line);
	return line.n && line.s[0] == '#';
}

/* Cut the escape character that joins this line to the next one. */
static bool cut_continuation(struct slip_slice *line, char escape)
{
	size_t n = line->n;

	while (n && (line->s[n - 1] == ' ' || line->s[n - 1] == '\t'))
		n--;
	if (!n || line->s[n - 1] != escape || (n > 1 && line->s[n - 2] == escape))
		return false;
	line->n = n - 1;
	return true;
}

static int next_line(
	struct slip_text_lines *in, struct slip_slice *line, bool *more, struct slip_err *err)
{
	struct slip_slice raw;

	*more = slip_text_lines_next(in, &raw);
	if (!*more)
		return 0;
	*line = slip_line_trim(raw);
	if (line->n > SLIP_MAX_DOCKERFILE_LINE)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"dockerfile line greater than max allowed size of %d",
			SLIP_MAX_DOCKERFILE_LINE);
	return 0;
}

static void add_comment(struct slip_buf *comment, struct slip_slice line)
{
	struct slip_slice text = trim_left(line);

	text.s++;
	text.n--;
	text = trim(text);
	if (!text.n) {
		slip_buf_clear(comment);
		return;
	}
	if (comment->len)
		slip_buf_add_char(comment, '\n');
	slip_buf_add(comment, text.s, text.n);
}

/* The lines after one that ends in the escape character. */
static int join_lines(
	struct slip_text_lines *in, struct slip_buf *text, int *blank_line, struct slip_err *err)
{
	for (;;) {
		struct slip_slice line;
		bool more;
		if (next_line(in, &line, &more, err) < 0)
			return -1;
		if (!more)
			return 0;
		if (is_comment(line))
			continue;
		if (!trim_left(line).n) {
			if (!*blank_line)
				*blank_line = in->line;
			continue;
		}
		bool goes_on = cut_continuation(&line, in->escape);
		slip_buf_add(text, line.s, line.n);
		if (!goes_on)
			return 0;
	}
}

int slip_text_lines_logical(
	struct slip_text_lines *in, struct slip_logical *out, struct slip_err *err)
{
	slip_autobuf text = {0};
	slip_autobuf comment = {0};

	*out = (struct slip_logical){0};
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	slip_buf_init(&comment, SLIP_MAX_DOCKERFILE);
	for (;;) {
		struct slip_slice line;
		bool more;
		if (next_line(in, &line, &more, err) < 0)
			return -1;
		if (!more)
			return 0;
		if (is_comment(line)) {
			add_comment(&comment, line);
			continue;
		}
		line = trim_left(line);
		out->start_line = in->line;
		bool goes_on = cut_continuation(&line, in->escape);
		slip_buf_add(&text, line.s, line.n);
		if (goes_on && join_lines(in, &text, &out->blank_line, err) < 0)
			return -1;
		struct slip_slice joined = trim((struct slip_slice){text.data, text.len});
		if (joined.n) {
			out->text = slip_xstrndup(joined.s, joined.n);
			out->comment = comment.len ? slip_buf_take(&comment) : NULL;
			return 0;
		}
		slip_buf_clear(&text);
		slip_buf_clear(&comment);
		out->blank_line = 0;
	}
}

void slip_logical_release(struct slip_logical *l)
{
	free(l->text);
	free(l->comment);
	*l = (struct slip_logical){0};
}

/* "# key = value"; false when the line has another shape. */
static bool split_directive(
	struct slip_slice line, struct slip_slice *key, struct slip_slice *value)
{
	line = trim(line);
	if (!line.n || line.s[0] != '#')
		return false;
	line.s++;
	line.n--;
	line = trim_left(line);
	key->s = line.s;
	key->n = 0;
	while (key->n < line.n && isalnum((unsigned char)line.s[key->n]))
		key->n++;
	if (!key->n || isdigit((unsigned char)key->s[0]))
		return false;
	line.s += key->n;
	line.n -= key->n;
	line = trim_left(line);
	if (!line.n || line.s[0] != '=')
		return false;
	line.s++;
	line.n--;
	*value = trim(line);
	return value->n > 0;
}

static int set_escape(struct slip_text_lines *in, const char *value, struct slip_err *err)
{
	if (!slip_streq(value, "\\") && !slip_streq(value, "`"))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid escape token '%.40s' does not match ` or \\", value);
	in->escape = value[0];
	return 0;
}

static void add_directive(struct slip_dockerfile *df, char *name, struct slip_slice value, int line)
{
	/* An image reference ends at the first blank; what follows is meant for that frontend. */
	if (slip_streq(name, "syntax")) {
		size_t n = 0;
		while (n < value.n && !slip_is_blank(value.s[n]))
			n++;
		value.n = n;
	}
	df->directives =
		slip_xreallocarray(df->directives, df->n_directives + 1, sizeof(*df->directives));
	df->directives[df->n_directives++] = (struct slip_directive){
		.name = name,
		.value = slip_xstrndup(value.s, value.n),
		.line = line,
	};
}

/* *ended tells that this line is no directive, which ends the search. */
static int read_directive(struct slip_text_lines *in, struct slip_slice raw,
	struct slip_dockerfile *df, bool *ended, struct slip_err *err)
{
	struct slip_slice key;
	struct slip_slice value;

	*ended = true;
	if (!split_directive(slip_line_trim(raw), &key, &value))
		return 0;
	slip_autofree char *name = slip_xstrndup(key.s, key.n);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!slip_streq(name, "syntax") && !slip_streq(name, "escape") &&
		!slip_streq(name, "check"))
		return 0;
	*ended = false;
	if (slip_dockerfile_directive(df, name))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"only one %s parser directive can be used", name);
	add_directive(df, slip_steal_ptr(&name), value, in->line);
	return 0;
}

int slip_text_lines_directives(
	struct slip_text_lines *in, struct slip_dockerfile *df, int *line, struct slip_err *err)
{
	struct slip_text_lines top = *in;
	struct slip_slice raw;
	bool script = top.len - top.pos >= 2 && memcmp(top.text + top.pos, "#!", 2) == 0;

	if (script && slip_text_lines_next(&top, &raw))
		*in = top;
	while (slip_text_lines_next(&top, &raw)) {
		bool ended;
		*line = top.line;
		if (read_directive(&top, raw, df, &ended, err) < 0)
			return -1;
		if (ended)
			break;
		in->pos = top.pos;
		in->line = top.line;
	}
	/* Below a #! line the escape directive is an ordinary comment. */
	for (size_t i = 0; i < df->n_directives && !script; i++) {
		*line = df->directives[i].line;
		if (slip_streq(df->directives[i].name, "escape"))
			return set_escape(in, df->directives[i].value, err);
	}
	return 0;
}
