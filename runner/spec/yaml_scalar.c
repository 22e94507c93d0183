/* Scalars of yaml.h: the core schema's types, and the way from a value back to its source. */
#include "config.h"

#include "runner/spec/yaml.h"

#include <ctype.h>
#include <errno.h>

static const char *skip_digits(const char *p)
{
	while (isdigit((unsigned char)*p))
		p++;
	return p;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (slip_streq(text, *words))
			return true;
	}
	return false;
}

static bool is_prefixed_int(const char *text, const char *prefix, const char *digits)
{
	if (!slip_starts_with(text, prefix))
		return false;
	text += strlen(prefix);
	return *text && text[strspn(text, digits)] == '\0';
}

static bool is_float(const char *p)
{
	static const char *const named[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};
	if (is_one_of(p, nan))
		return true;
	if (*p == '-' || *p == '+')
		p++;
	if (is_one_of(p, named))
		return true;
	const char *digits = skip_digits(p);
	bool has_digits = digits > p;
	p = digits;
	if (*p == '.') {
		digits = skip_digits(p + 1);
		has_digits = has_digits || digits > p + 1;
		p = digits;
	}
	if (!has_digits)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		digits = skip_digits(p);
		if (digits == p)
			return false;
		p = digits;
	}
	return *p == '\0';
}

enum slip_yaml_type slip_yaml_resolve(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {
		"true", "True", "TRUE", "false", "False", "FALSE", NULL};
	if (is_one_of(text, nulls))
		return SLIP_YAML_NULL;
	if (is_one_of(text, bools))
		return SLIP_YAML_BOOL;
	const char *p = *text == '-' || *text == '+' ? text + 1 : text;
	if (*p && *skip_digits(p) == '\0')
		return SLIP_YAML_INT;
	if (is_prefixed_int(text, "0o", "01234567") ||
		is_prefixed_int(text, "0x", "0123456789abcdefABCDEF"))
		return SLIP_YAML_INT;
	return is_float(text) ? SLIP_YAML_FLOAT : SLIP_YAML_STRING;
}

int slip_yaml_int(const char *text, int64_t *out, struct slip_err *err)
{
	if (slip_yaml_resolve(text) != SLIP_YAML_INT)
		return slip_err_set(err, SLIP_E_SPEC, 0, "\"%s\" is not a whole number", text);
	int base = 10;
	const char *digits = text;
	if (slip_starts_with(text, "0o") || slip_starts_with(text, "0x")) {
		base = text[1] == 'o' ? 8 : 16;
		digits = text + 2;
	}
	errno = 0;
	long long v = strtoll(digits, NULL, base);
	if (errno != 0)
		return slip_err_set(err, SLIP_E_SPEC, 0, "%s is too large a number", text);
	*out = v;
	return 0;
}

/* --- from a value back to its source ---------------------------------------------------------- */

struct cursor {
	const char *p;
	const char *end;
	unsigned line;
	unsigned col;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One character of the source. */
static void advance(struct cursor *c)
{
	if (c->p == c->end)
		return;
	if (*c->p++ == '\n') {
		c->line++;
		c->col = 1;
		return;
	}
	while (c->p < c->end && ((unsigned char)*c->p & 0xc0) == 0x80)
		c->p++;
	c->col++;
}

static void seek(struct cursor *c, unsigned line, unsigned col)
{
	while (c->p < c->end && (c->line < line || (c->line == line && c->col < col)))
		advance(c);
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		advance(c);
}

/* Pass an escape of a double-quoted scalar; false when it stands for no character (a folded line).
 */
static bool pass_escape(struct cursor *c)
{
	advance(c);
	char kind = '\0';
	if (c->p < c->end)
		kind = *c->p;
	int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
	bool is_fold = kind == '\n' || kind == '\r';
	advance(c);
	for (; digits > 0; digits--)
		advance(c);
	if (is_fold)
		skip_blanks(c);
	return !is_fold;
}

static size_t char_len(const char *text)
{
	size_t n = 1;
	while (((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Bring the cursor to the character that text[0] was written as. */
static void align(struct cursor *c, enum slip_yaml_style style, const char *text)
{
	if (!is_blank(*text))
		skip_blanks(c);
	while (style == SLIP_YAML_DOUBLE && c->end - c->p >= 2 && c->p[0] == '\\' &&
		(c->p[1] == '\n' || c->p[1] == '\r'))
		pass_escape(c);
}

/* Pass the character that text[0] was written as; gives how many bytes of text that covers. */
static size_t pass_char(struct cursor *c, enum slip_yaml_style style, const char *text)
{
	if (style == SLIP_YAML_DOUBLE && c->p < c->end && *c->p == '\\') {
		pass_escape(c);
		return char_len(text);
	}
	if (is_blank(*text)) {
		/* Folding keeps no count of blanks across lines: take whole runs of both. */
		bool is_inline = c->p < c->end && *c->p == *text && *text != '\n';
		if (is_inline && !is_blank(text[1])) {
			advance(c);
			return 1;
		}
		skip_blanks(c);
		return strspn(text, " \t\r\n");
	}
	if (style == SLIP_YAML_SINGLE && *text == '\'')
		advance(c);
	advance(c);
	return char_len(text);
}

struct slip_pos slip_yaml_locate(
	const struct slip_yaml *y, const struct slip_yaml_node *scalar, size_t offset)
{
	struct cursor c = {.p = y->source, .end = y->source + y->source_len, .line = 1, .col = 1};
	seek(&c, scalar->pos.line, scalar->pos.col);
	/* The node starts at its anchor, if it has one. */
	if (c.p < c.end && *c.p == '&') {
		while (c.p < c.end && !is_blank(*c.p))
			advance(&c);
		skip_blanks(&c);
	}
	if (scalar->style == SLIP_YAML_BLOCK)
		seek(&c, c.line + 1, 1);
	else if (scalar->style != SLIP_YAML_PLAIN)
		advance(&c);
	size_t i = 0;
	while (scalar->text[i]) {
		align(&c, scalar->style, scalar->text + i);
		if (i >= offset)
			break;
		i += pass_char(&c, scalar->style, scalar->text + i);
	}
	return (struct slip_pos){.file = scalar->pos.file, .line = c.line, .col = c.col};
}
