#include "config.h"

#include "runner/dockerfile/expand.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/print.h"

#include <ctype.h>

/*
 * Bytes copied and pattern steps taken in one expansion, also for parts that are thrown away: a
 * hostile word may name a large value many times.
 */
#define MAX_WORK (64 * SLIP_MIB)

struct lexer {
	const struct slip_expand *x;
	const char *p; /* what is left */
	const char *end;
	char escape;
	bool quotes;
	unsigned depth;
	size_t work;
	struct slip_strv *words; /* split at blanks while reading: slip_expand_words */
	struct slip_buf *word; /* the word under construction, when words is set */
};

static int syntax(struct slip_err *err, const char *what)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s", what);
}

static int spend(struct lexer *lx, size_t n, struct slip_err *err)
{
	if (n > lx->work)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "the expansion takes too much work");
	lx->work -= n;
	return 0;
}

static int add(
	struct lexer *lx, struct slip_buf *out, const char *s, size_t n, struct slip_err *err)
{
	if (spend(lx, n, err) < 0)
		return -1;
	slip_buf_add(out, s, n);
	return slip_buf_check(out, "the expanded value", err);
}

static const char *value_of(struct lexer *lx, const char *name)
{
	return lx->x->lookup ? lx->x->lookup(lx->x->ctx, name) : NULL;
}

/* A letter, digit or _ at p: its length in bytes, 0 for anything else. */
static size_t name_char(const struct lexer *lx, const char *p)
{
	size_t len;

	if (p == lx->end)
		return 0;
	if (isalnum((unsigned char)*p) || *p == '_')
		return 1;
	if ((unsigned char)*p < 0x80)
		return 0;
	uint32_t c = slip_utf8_decode(p, (size_t)(lx->end - p), &len);
	return slip_utf8_is_letter(c) ? len : 0;
}

/* The name at the cursor, "" when there is none. The caller's. */
static char *take_name(struct lexer *lx)
{
	const char *start = lx->p;

	if (lx->p < lx->end && isdigit((unsigned char)*lx->p)) {
		while (lx->p < lx->end && isdigit((unsigned char)*lx->p))
			lx->p++;
	} else if (lx->p < lx->end && strchr("@*#?-$!", *lx->p)) {
		lx->p++;
	} else {
		size_t n;
		while ((n = name_char(lx, lx->p)) > 0)
			lx->p += n;
	}
	return slip_xstrndup(start, (size_t)(lx->p - start));
}

static int read_until(
	struct lexer *lx, int stop, bool keep_escape, struct slip_buf *out, struct slip_err *err);

/* A word inside ${...} up to stop, which is consumed. missing is the error when it is not there. */
static int read_nested(struct lexer *lx, char stop, bool keep_escape, const char *missing,
	struct slip_buf *out, struct slip_err *err)
{
	struct slip_strv *words = lx->words;

	if (lx->depth == SLIP_MAX_EXPAND_DEPTH)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"substitutions are nested deeper than %d levels", SLIP_MAX_EXPAND_DEPTH);
	lx->depth++;
	lx->words = NULL;
	int ret = read_until(lx, (unsigned char)stop, keep_escape, out, err);
	lx->words = words;
	lx->depth--;
	if (ret < 0 && err && slip_err_is(err, SLIP_E_DOCKERFILE) && lx->p == lx->end) {
		slip_err_clear(err);
		return syntax(err, missing);
	}
	return ret;
}

/* ${name:-word} and its kind. op is - + or ?. */
static int apply_default(struct lexer *lx, char op, bool null_is_unset, const char *name,
	struct slip_buf *out, struct slip_err *err)
{
	slip_autobuf word = {0};

	slip_buf_init(&word, SLIP_MAX_EXPANDED);
	if (read_nested(lx, '}', false, "syntax error: missing '}'", &word, err) < 0)
		return -1;
	const char *value = value_of(lx, name);
	bool has_value = value && !(null_is_unset && !*value);
	if (op == '-')
		return has_value ? add(lx, out, value, strlen(value), err)
				 : add(lx, out, word.data, word.len, err);
	if (op == '+')
		return has_value ? add(lx, out, word.data, word.len, err) : 0;
	if (has_value)
		return add(lx, out, value, strlen(value), err);
	const char *why = value ? "is not allowed to be empty" : "is not allowed to be unset";
	return slip_err_set(
		err, SLIP_E_DOCKERFILE, 0, "%.200s: %.1000s", name, word.len ? word.data : why);
}

static const char *value_or_empty(struct lexer *lx, const char *name)
{
	const char *value = value_of(lx, name);

	if (!value && lx->x->unset)
		lx->x->unset(lx->x->ctx, name);
	return value ? value : "";
}

/* ${name#pattern}, ##, %, %%: op is # or %. */
static int apply_trim(
	struct lexer *lx, char op, const char *name, struct slip_buf *out, struct slip_err *err)
{
	slip_autobuf word = {0};
	slip_autopattern pattern = {0};

	slip_buf_init(&word, SLIP_MAX_EXPANDED);
	if (read_nested(lx, '}', true, "syntax error: missing '}'", &word, err) < 0)
		return -1;
	bool longest = word.data[0] == op;
	if (slip_pattern_compile(word.data + (longest ? 1 : 0), &pattern, err) < 0)
		return -1;
	slip_autobuf result = {0};
	slip_buf_init(&result, SLIP_MAX_EXPANDED);
	if (slip_pattern_trim(&pattern, value_or_empty(lx, name),
		    op == '#' ? SLIP_PREFIX : SLIP_SUFFIX, longest, &lx->work, &result, err) < 0)
		return -1;
	return add(lx, out, result.data, result.len, err);
}

/* ${name/pattern/replacement} and ${name//...}; the first / is read. */
static int apply_replace(
	struct lexer *lx, const char *name, struct slip_buf *out, struct slip_err *err)
{
	slip_autobuf word = {0};
	slip_autobuf replacement = {0};
	slip_autobuf result = {0};
	slip_autopattern pattern = {0};
	struct slip_replace r = {.all = lx->p < lx->end && *lx->p == '/'};

	if (r.all)
		lx->p++;
	slip_buf_init(&word, SLIP_MAX_EXPANDED);
	slip_buf_init(&replacement, SLIP_MAX_EXPANDED);
	slip_buf_init(&result, SLIP_MAX_EXPANDED);
	if (read_nested(lx, '/', true, "syntax error: missing '/' in ${}", &word, err) < 0 ||
		read_nested(lx, '}', true, "syntax error: missing '}'", &replacement, err) < 0 ||
		slip_pattern_compile(word.data, &pattern, err) < 0)
		return -1;
	r.value = value_or_empty(lx, name);
	r.replacement = replacement.data;
	if (slip_pattern_replace(&pattern, &r, &lx->work, &result, err) < 0 ||
		slip_buf_check(&result, "the expanded value", err) < 0)
		return -1;
	return add(lx, out, result.data, result.len, err);
}

static int unsupported(struct lexer *lx, const char *from, struct slip_err *err)
{
	size_t len = 1;

	if (lx->p < lx->end)
		slip_utf8_decode(lx->p, (size_t)(lx->end - lx->p), &len);
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"unsupported modifier (%.*s) in substitution", (int)((size_t)(lx->p - from) + len),
		from);
}

/* After "${". */
static int read_braces(struct lexer *lx, struct slip_buf *out, struct slip_err *err)
{
	if (lx->p == lx->end)
		return syntax(err, "syntax error: missing '}'");
	if (*lx->p == '{' || *lx->p == '}' || *lx->p == ':')
		return syntax(err, "syntax error: bad substitution");
	slip_autofree char *name = take_name(lx);
	if (lx->p == lx->end)
		return syntax(err, "syntax error: missing '}'");
	const char *modifier = lx->p;
	if (*lx->p == '}') {
		lx->p++;
		const char *value = value_or_empty(lx, name);
		return add(lx, out, value, strlen(value), err);
	}
	bool null_is_unset = *lx->p == ':';
	if (null_is_unset && ++lx->p == lx->end)
		return syntax(err, "syntax error: missing '}'");
	char op = *lx->p;
	if (strchr("-+?", op)) {
		lx->p++;
		return apply_default(lx, op, null_is_unset, name, out, err);
	}
	if (null_is_unset || !strchr("#%/", op))
		return unsupported(lx, modifier, err);
	lx->p++;
	return op == '/' ? apply_replace(lx, name, out, err) : apply_trim(lx, op, name, out, err);
}

/* At a $. */
static int read_dollar(struct lexer *lx, struct slip_buf *out, struct slip_err *err)
{
	lx->p++;
	if (lx->p < lx->end && *lx->p == '{') {
		lx->p++;
		return read_braces(lx, out, err);
	}
	slip_autofree char *name = take_name(lx);
	if (!*name)
		return add(lx, out, "$", 1, err);
	const char *value = value_or_empty(lx, name);
	return add(lx, out, value, strlen(value), err);
}

static int read_single_quoted(struct lexer *lx, struct slip_buf *out, struct slip_err *err)
{
	const char *start = ++lx->p;

	lx->p = memchr(start, '\'', (size_t)(lx->end - start));
	if (!lx->p) {
		lx->p = lx->end;
		return syntax(
			err, "unexpected end of statement while looking for matching single-quote");
	}
	lx->p++;
	return add(lx, out, start, (size_t)(lx->p - start) - 1, err);
}

/* An escape character between double quotes stays, unless it is in front of one of three bytes. */
static int read_quoted_escape(
	struct lexer *lx, bool keep_escape, struct slip_buf *out, struct slip_err *err)
{
	const char *c = lx->p++;

	if (keep_escape && add(lx, out, c, 1, err) < 0)
		return -1;
	if (lx->p == lx->end)
		return 0;
	if (*lx->p == '"' || *lx->p == '$' || *lx->p == lx->escape)
		c = lx->p++;
	/* In a pattern an escape character that stays is an escaped one: \\ */
	return add(lx, out, c, 1, err);
}

static int read_double_quoted(
	struct lexer *lx, bool keep_escape, struct slip_buf *out, struct slip_err *err)
{
	lx->p++;
	while (lx->p < lx->end) {
		int ret;
		if (*lx->p == '"') {
			lx->p++;
			return 0;
		}
		if (*lx->p == '$')
			ret = read_dollar(lx, out, err);
		else if (*lx->p == lx->escape)
			ret = read_quoted_escape(lx, keep_escape, out, err);
		else
			ret = add(lx, out, lx->p++, 1, err);
		if (ret < 0)
			return -1;
	}
	return syntax(err, "unexpected end of statement while looking for matching double-quote");
}

static void end_word(struct lexer *lx)
{
	if (lx->word->len)
		slip_strv_addn(lx->words, lx->word->data, lx->word->len);
	slip_buf_clear(lx->word);
}

/* What was appended to out since `from`, given to the word list as well. */
static void feed_words(struct lexer *lx, const struct slip_buf *out, size_t from, bool splits)
{
	if (!lx->words)
		return;
	for (size_t i = from; i < out->len; i++) {
		if (splits && slip_is_blank(out->data[i]))
			end_word(lx);
		else
			slip_buf_add_char(lx->word, out->data[i]);
	}
}

static int read_escape(
	struct lexer *lx, bool keep_escape, struct slip_buf *out, struct slip_err *err)
{
	const char *c = lx->p++;

	if (keep_escape && add(lx, out, c, 1, err) < 0)
		return -1;
	/* An escape character at the very end escapes nothing and goes. */
	return lx->p < lx->end ? add(lx, out, lx->p++, 1, err) : 0;
}

/* Read to `stop`, which is consumed, or to the end when stop is EOF. */
static int read_until(
	struct lexer *lx, int stop, bool keep_escape, struct slip_buf *out, struct slip_err *err)
{
	while (lx->p < lx->end) {
		char c = *lx->p;
		size_t from = out->len;
		bool splits = false;
		int ret;
		if ((unsigned char)c == stop) {
			lx->p++;
			return 0;
		}
		if (c == '$') {
			ret = read_dollar(lx, out, err);
			splits = true;
		} else if (lx->quotes && c == '\'') {
			ret = read_single_quoted(lx, out, err);
		} else if (lx->quotes && c == '"') {
			ret = read_double_quoted(lx, keep_escape, out, err);
		} else if (c == lx->escape) {
			ret = read_escape(lx, keep_escape, out, err);
		} else {
			ret = add(lx, out, lx->p++, 1, err);
			splits = true;
		}
		if (ret < 0)
			return -1;
		feed_words(lx, out, from, splits);
	}
	if (stop == EOF)
		return 0;
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"unexpected end of statement while looking for matching %c", stop);
}

static int run(struct lexer *lx, const char *text, struct slip_buf *out, struct slip_err *err)
{
	lx->p = text;
	lx->end = text + strlen(text);
	lx->work = MAX_WORK;
	slip_buf_init(out, SLIP_MAX_EXPANDED);
	if (read_until(lx, EOF, false, out, err) == 0)
		return 0;
	slip_autobuf quoted = {0};
	slip_buf_init(&quoted, SLIP_MAX_EXPANDED * 4);
	slip_print_quoted(&quoted, text);
	return slip_err_wrap(
		err, "failed to process %.300s%s", quoted.data, quoted.len > 300 ? "..." : "");
}

int slip_expand_word(
	const struct slip_expand *x, const char *word, char **out, struct slip_err *err)
{
	struct lexer lx = {.x = x, .escape = x->escape, .quotes = true};
	slip_autobuf result = {0};

	if (run(&lx, word, &result, err) < 0)
		return -1;
	*out = slip_buf_take(&result);
	return 0;
}

int slip_expand_words(
	const struct slip_expand *x, const char *text, struct slip_strv *out, struct slip_err *err)
{
	slip_autobuf result = {0};
	slip_autobuf word = {0};
	slip_autostrv words = {0};
	struct lexer lx = {
		.x = x, .escape = x->escape, .quotes = true, .words = &words, .word = &word};

	slip_buf_init(&word, SLIP_MAX_EXPANDED);
	if (run(&lx, text, &result, err) < 0)
		return -1;
	end_word(&lx);
	for (size_t i = 0; i < words.n; i++)
		slip_strv_add(out, words.v[i]);
	return 0;
}

int slip_expand_heredoc(
	const struct slip_expand *x, const char *body, char **out, struct slip_err *err)
{
	struct lexer lx = {.x = x, .escape = '\\'};
	slip_autobuf result = {0};

	if (run(&lx, body, &result, err) < 0)
		return -1;
	*out = slip_buf_take(&result);
	return 0;
}

/* The end of the word that starts at p, quoted parts and escaped bytes taken as they are. */
static const char *word_end(const char *p, char escape)
{
	char quote = '\0';

	for (; *p && (quote || !slip_is_blank(*p)); p++) {
		if (*p == escape && quote != '\'' && p[1])
			p++;
		else if (quote ? *p == quote : *p == '\'' || *p == '"')
			quote = quote ? '\0' : *p;
	}
	return p;
}

void slip_dockerfile_shell_words(const char *text, char escape, struct slip_strv *out)
{
	for (;;) {
		while (slip_is_blank(*text))
			text++;
		if (!*text)
			return;
		const char *end = word_end(text, escape);
		slip_strv_addn(out, text, (size_t)(end - text));
		text = end;
	}
}
