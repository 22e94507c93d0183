#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"

#include <ctype.h>
#include <limits.h>

/* Past a quoted part that starts at text[i]; SIZE_MAX when it does not end. */
static size_t skip_quoted(const char *text, size_t i)
{
	char quote = text[i++];

	for (; text[i]; i++) {
		if (text[i] == quote)
			return i + 1;
		if (quote == '"' && text[i] == '\\' && text[i + 1])
			i++;
	}
	return SIZE_MAX;
}

/* Past the word that starts at text[i]. Blanks behind << belong to the word. */
static size_t skip_word(const char *text, size_t i)
{
	while (text[i] && !slip_is_blank(text[i])) {
		if (text[i] == '\'' || text[i] == '"') {
			i = skip_quoted(text, i);
			if (i == SIZE_MAX)
				return i;
		} else if (text[i] == '\\') {
			i += text[i + 1] ? 2 : 1;
		} else if (text[i] == '<' && text[i + 1] == '<') {
			i += text[i + 2] == '-' ? 3 : 2;
			while (slip_is_blank(text[i]))
				i++;
		} else {
			i++;
		}
	}
	return i;
}

/* Remove quotes and escapes; $ is an ordinary byte. */
static char *unquote(const char *s, size_t n, bool *quoted)
{
	slip_autobuf out = {0};
	char quote = '\0';

	slip_buf_init(&out, n + 1);
	*quoted = false;
	for (size_t i = 0; i < n; i++) {
		char next = i + 1 < n ? s[i + 1] : '\0';
		if (quote ? s[i] == quote : s[i] == '\'' || s[i] == '"') {
			quote = quote ? '\0' : s[i];
			*quoted = true;
		} else if (s[i] == '\\' && quote != '\'' &&
			   (!quote || next == '"' || next == '$' || next == '\\')) {
			if (next)
				slip_buf_add_char(&out, next);
			i++;
		} else {
			slip_buf_add_char(&out, s[i]);
		}
	}
	return slip_buf_take(&out);
}

/* Is this word digits, <<, perhaps -, and a name? */
static bool parse_opener(const char *s, size_t n, struct slip_heredoc *doc)
{
	size_t i = 0;
	bool quoted;

	*doc = (struct slip_heredoc){0};
	for (; i < n && isdigit((unsigned char)s[i]); i++) {
		unsigned digit = (unsigned)(s[i] - '0');
		doc->fd = doc->fd > (UINT_MAX - digit) / 10 ? UINT_MAX : doc->fd * 10 + digit;
	}
	if (n - i < 2 || s[i] != '<' || s[i + 1] != '<')
		return false;
	i += 2;
	if (i < n && s[i] == '-') {
		doc->strip_tabs = true;
		i++;
	}
	while (i < n && slip_is_blank(s[i]))
		i++;
	if (i == n || memchr(s + i, '<', n - i))
		return false;
	slip_autofree char *name = unquote(s + i, n - i, &quoted);
	if (!*name)
		return false;
	doc->expand = !quoted;
	doc->name = slip_steal_ptr(&name);
	return true;
}

int slip_openers_find(const char *text, struct slip_openers *out, struct slip_err *err)
{
	size_t i = 0;

	for (;;) {
		while (slip_is_blank(text[i]))
			i++;
		if (!text[i])
			return 0;
		size_t end = skip_word(text, i);
		if (end == SIZE_MAX) {
			slip_openers_release(out);
			return 0;
		}
		struct slip_heredoc doc;
		if (parse_opener(text + i, end - i, &doc)) {
			slip_grow(out->v, out->n, &out->cap);
			out->v[out->n++] = (struct slip_opener){i, end, doc};
		}
		if (out->n > SLIP_MAX_HEREDOCS)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"more than %d heredocs in one instruction", SLIP_MAX_HEREDOCS);
		i = end;
	}
}

static void release_heredoc(struct slip_heredoc *doc)
{
	free(doc->name);
	free(doc->body);
}

void slip_openers_release(struct slip_openers *o)
{
	for (size_t i = 0; i < o->n; i++)
		release_heredoc(&o->v[i].doc);
	free(o->v);
	*o = (struct slip_openers){0};
}

bool slip_openers_is_lone(const struct slip_openers *o, const char *text)
{
	return o->n == 1 && o->v[0].start == 0 && text[o->v[0].end] == '\0';
}

static bool ends_body(struct slip_slice raw, const struct slip_heredoc *doc)
{
	struct slip_slice line = slip_line_trim(raw);

	while (doc->strip_tabs && line.n && *line.s == '\t') {
		line.s++;
		line.n--;
	}
	return line.n == strlen(doc->name) && memcmp(line.s, doc->name, line.n) == 0;
}

static int read_body(struct slip_text_lines *in, struct slip_heredoc *doc, struct slip_err *err)
{
	const char *start = in->text + in->pos;
	struct slip_slice raw;

	while (slip_text_lines_next(in, &raw)) {
		if (ends_body(raw, doc)) {
			doc->body = slip_xstrndup(start, (size_t)(raw.s - start));
			return 0;
		}
		if (slip_line_trim(raw).n > SLIP_MAX_DOCKERFILE_LINE)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"dockerfile line greater than max allowed size of %d",
				SLIP_MAX_DOCKERFILE_LINE);
	}
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"unterminated heredoc: no line is exactly \"%.100s\"", doc->name);
}

int slip_heredocs_read(struct slip_text_lines *in, struct slip_openers *o, struct slip_instr *instr,
	struct slip_err *err)
{
	for (size_t i = 0; i < o->n; i++) {
		if (read_body(in, &o->v[i].doc, err) < 0)
			return -1;
	}
	instr->heredocs = slip_xcalloc(o->n ? o->n : 1, sizeof(*instr->heredocs));
	instr->n_heredocs = o->n;
	for (size_t i = 0; i < o->n; i++) {
		instr->heredocs[i] = o->v[i].doc;
		o->v[i].doc = (struct slip_heredoc){0};
	}
	return 0;
}

char *slip_heredocs_join(const char *text, const struct slip_instr *instr)
{
	slip_autobuf out = {0};

	slip_buf_init(&out, 4 * SLIP_MAX_DOCKERFILE);
	slip_buf_add_str(&out, text);
	for (size_t i = 0; i < instr->n_heredocs; i++) {
		slip_buf_add_char(&out, '\n');
		slip_buf_add_str(&out, instr->heredocs[i].body);
		slip_buf_add_str(&out, instr->heredocs[i].name);
	}
	return slip_buf_take(&out);
}

char *slip_heredoc_content(const struct slip_heredoc *doc)
{
	slip_autobuf out = {0};
	bool at_start = true;

	if (!doc->strip_tabs)
		return slip_xstrdup(doc->body);
	slip_buf_init(&out, strlen(doc->body) + 1);
	for (const char *p = doc->body; *p; p++) {
		if (at_start && *p == '\t')
			continue;
		at_start = *p == '\n';
		slip_buf_add_char(&out, *p);
	}
	return slip_buf_take(&out);
}
