#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/expr_internal.h"

#include <ctype.h>
#include <errno.h>

struct parser {
	struct slip_expr *expr;
	const char *text;
	const char *p;
	size_t depth;
	size_t *offset;
	struct slip_err *err;
};

static int parse_or(struct parser *ps, struct slip_expr_node **out);

/* --- nodes ------------------------------------------------------------------------------------ */

static void free_node(struct slip_expr_node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->n; i++)
		free_node(node->kids[i]);
	free(node->kids);
	slip_json_free(node->value);
	slip_regex_free(node->regex);
	free(node);
}

static void cleanup_node(struct slip_expr_node **node)
{
	free_node(*node);
}
#define autonode slip_cleanup(cleanup_node) struct slip_expr_node

static struct slip_expr_node *new_node(enum slip_expr_op op)
{
	struct slip_expr_node *node = slip_xcalloc(1, sizeof(*node));
	node->op = op;
	return node;
}

static void add_kid(struct slip_expr_node *node, struct slip_expr_node *kid)
{
	slip_grow(node->kids, node->n, &node->cap);
	node->kids[node->n++] = kid;
}

static struct slip_expr_ref *new_ref(struct parser *ps, const char *at, struct slip_expr_node *node)
{
	struct slip_expr *e = ps->expr;
	slip_grow(e->refs, e->n_refs, &e->refs_cap);
	node->ref = e->n_refs;
	e->refs[e->n_refs] = (struct slip_expr_ref){.offset = (size_t)(at - ps->text)};
	return &e->refs[e->n_refs++];
}

static int fail(struct parser *ps, const char *at, const char *fmt, ...) SLIP_PRINTF(3, 4);
static int fail(struct parser *ps, const char *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *message = slip_xvasprintf(fmt, ap);
	va_end(ap);
	if (ps->offset)
		*ps->offset = (size_t)(at - ps->text);
	return slip_err_set(ps->err, SLIP_E_SPEC, 0, "%s", message);
}

/* --- words ------------------------------------------------------------------------------------ */

static void skip_blanks(struct parser *ps)
{
	while (*ps->p && strchr(" \t\r\n", *ps->p))
		ps->p++;
}

static bool is_ident_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_ident(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static char *take_ident(struct parser *ps)
{
	const char *start = ps->p;
	while (is_ident(*ps->p))
		ps->p++;
	return slip_xstrndup(start, (size_t)(ps->p - start));
}

/* Pass an operator if it comes next. */
static bool accept(struct parser *ps, const char *op)
{
	skip_blanks(ps);
	if (!slip_starts_with(ps->p, op))
		return false;
	ps->p += strlen(op);
	return true;
}

static int unexpected(struct parser *ps, const char *wanted)
{
	skip_blanks(ps);
	const char *p = ps->p;
	if (*p == '\0')
		return fail(ps, p, "the expression ends where %s should follow", wanted);
	if (slip_starts_with(p, "}}"))
		return fail(ps, p, "the expression is closed where %s should follow", wanted);
	if (*p == '"')
		return fail(ps, p, "strings in expressions take single quotes: 'text'");
	if (*p == '=')
		return fail(ps, p, "there is no operator =; compare with ==");
	if (*p == '&')
		return fail(ps, p, "there is no operator &; use &&");
	if (*p == '|')
		return fail(ps, p, "filters apply to a whole expression, not inside parentheses");
	if (*p == '<' || *p == '>' || *p == '+' || *p == '*' || *p == '/' || *p == '%')
		return fail(ps, p, "there is no operator %c", *p);
	int len = 1;
	while (((unsigned char)p[len] & 0xc0) == 0x80)
		len++;
	return fail(ps, p, "\"%.*s\" stands where %s should follow", len, p, wanted);
}

static int take_string(struct parser *ps, char **out)
{
	const char *open = ps->p++;
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_EXPANDED);
	for (;;) {
		if (*ps->p == '\0')
			return fail(ps, open, "a string has no closing quote");
		if (ps->p[0] == '\'') {
			ps->p++;
			if (*ps->p != '\'')
				break;
		}
		slip_buf_add_char(&b, *ps->p++);
	}
	if (slip_buf_check(&b, "a string", ps->err) < 0)
		return -1;
	*out = slip_buf_take(&b);
	return 0;
}

/* --- the grammar, from the inside out --------------------------------------------------------- */

static int parse_int(struct parser *ps, struct slip_expr_node **out)
{
	const char *at = ps->p;
	char *end;
	errno = 0;
	long long v = strtoll(at, &end, 10);
	if (errno != 0)
		return fail(ps, at, "the number is too large");
	ps->p = end;
	if (is_ident(*end) || *end == '.')
		return fail(ps, at, "this is no whole number; quote it to make it a string");
	*out = new_node(SLIP_EXPR_LITERAL);
	(*out)->value = slip_json_int(v);
	return 0;
}

static int parse_string(struct parser *ps, struct slip_expr_node **out)
{
	slip_autofree char *s = NULL;
	if (take_string(ps, &s) < 0)
		return -1;
	*out = new_node(SLIP_EXPR_LITERAL);
	(*out)->value = slip_json_str(s);
	return 0;
}

/* The arguments of a function or filter, after the opening parenthesis. */
static int parse_args(struct parser *ps, struct slip_expr_node *node)
{
	if (accept(ps, ")"))
		return 0;
	do {
		struct slip_expr_node *arg = NULL;
		if (parse_or(ps, &arg) < 0)
			return -1;
		add_kid(node, arg);
	} while (accept(ps, ","));
	if (!accept(ps, ")"))
		return unexpected(ps, "\",\" or \")\"");
	return 0;
}

static int check_args(struct parser *ps, const char *at, const struct slip_expr_node *node)
{
	const struct slip_expr_function *fn = node->function;
	if (node->n >= fn->min_args && node->n <= fn->max_args)
		return 0;
	if (fn->min_args == fn->max_args)
		return fail(ps, at, "%s takes %zu argument%s, not %zu", fn->name, fn->min_args,
			fn->min_args == 1 ? "" : "s", node->n);
	if (node->n < fn->min_args)
		return fail(ps, at, "%s takes at least %zu argument%s", fn->name, fn->min_args,
			fn->min_args == 1 ? "" : "s");
	return fail(ps, at, "%s takes at most %zu argument%s", fn->name, fn->max_args,
		fn->max_args == 1 ? "" : "s");
}

/* A pattern known now is checked now. `literal` starts near `at`, where errors are shown. */
static int compile_pattern(struct parser *ps, const char *at, struct slip_expr_node *node)
{
	const struct slip_expr_node *pattern = node->kids[1];
	if (pattern->op != SLIP_EXPR_LITERAL)
		return 0;
	if (slip_json_kind(pattern->value) != SLIP_JSON_STRING)
		return fail(ps, at, "a regular expression is a string");
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_regex_parse(slip_json_str_value(pattern->value, ""), &node->regex, NULL, &err) < 0)
		return fail(ps, at, "%s", err.msg);
	return 0;
}

static int parse_call(
	struct parser *ps, const char *at, const char *name, struct slip_expr_node **out)
{
	autonode *node = new_node(SLIP_EXPR_CALL);
	const char *nearest = NULL;
	node->function = slip_expr_find_function(name, &nearest);
	if (!node->function && nearest)
		return fail(ps, at, "unknown function \"%s\"; did you mean \"%s\"?", name, nearest);
	if (!node->function)
		return fail(ps, at, "unknown function \"%s\"", name);
	if (!node->function->fn) {
		struct slip_expr_ref *ref = new_ref(ps, at, node);
		ref->is_call = true;
		slip_strv_add(&ref->path, name);
	}
	if (parse_args(ps, node) < 0 || check_args(ps, at, node) < 0)
		return -1;
	if (slip_streq(name, "matches") && compile_pattern(ps, at, node) < 0)
		return -1;
	*out = slip_steal_ptr(&node);
	return 0;
}

static int parse_path(
	struct parser *ps, const char *at, const char *first, struct slip_expr_node **out)
{
	autonode *node = new_node(SLIP_EXPR_PATH);
	struct slip_expr_ref *ref = new_ref(ps, at, node);
	slip_strv_add(&ref->path, first);
	for (;;) {
		if (*ps->p == '.') {
			ps->p++;
			if (!is_ident(*ps->p))
				return unexpected(ps, "a name");
			slip_strv_take(&ref->path, take_ident(ps));
		} else if (*ps->p == '[') {
			ps->p++;
			skip_blanks(ps);
			char *key = NULL;
			if (*ps->p != '\'')
				return unexpected(ps, "a string in single quotes");
			if (take_string(ps, &key) < 0)
				return -1;
			slip_strv_take(&ref->path, key);
			if (!accept(ps, "]"))
				return unexpected(ps, "\"]\"");
		} else {
			break;
		}
	}
	*out = slip_steal_ptr(&node);
	return 0;
}

static int parse_word(struct parser *ps, struct slip_expr_node **out)
{
	const char *at = ps->p;
	slip_autofree char *word = take_ident(ps);
	if (accept(ps, "("))
		return parse_call(ps, at, word, out);
	if (slip_streq(word, "true") || slip_streq(word, "false") || slip_streq(word, "null")) {
		*out = new_node(SLIP_EXPR_LITERAL);
		(*out)->value = word[0] == 'n' ? slip_json_null() : slip_json_bool(word[0] == 't');
		return 0;
	}
	return parse_path(ps, at, word, out);
}

static int parse_primary(struct parser *ps, struct slip_expr_node **out)
{
	skip_blanks(ps);
	const char *p = ps->p;
	if (*p == '\'')
		return parse_string(ps, out);
	if (isdigit((unsigned char)*p) || (*p == '-' && isdigit((unsigned char)p[1])))
		return parse_int(ps, out);
	if (is_ident_start(*p))
		return parse_word(ps, out);
	if (*p != '(')
		return unexpected(ps, "a value");
	ps->p++;
	autonode *inner = NULL;
	if (parse_or(ps, &inner) < 0)
		return -1;
	if (!accept(ps, ")"))
		return unexpected(ps, "\")\"");
	*out = slip_steal_ptr(&inner);
	return 0;
}

static int parse_unary(struct parser *ps, struct slip_expr_node **out)
{
	skip_blanks(ps);
	if (ps->p[0] != '!' || ps->p[1] == '=')
		return parse_primary(ps, out);
	ps->p++;
	struct slip_expr_node *operand = NULL;
	if (parse_primary(ps, &operand) < 0)
		return -1;
	*out = new_node(SLIP_EXPR_NOT);
	add_kid(*out, operand);
	return 0;
}

static int parse_comparison(struct parser *ps, struct slip_expr_node **out)
{
	autonode *left = NULL;
	if (parse_unary(ps, &left) < 0)
		return -1;
	enum slip_expr_op op = SLIP_EXPR_EQUAL;
	if (accept(ps, "!="))
		op = SLIP_EXPR_DIFFER;
	else if (accept(ps, "=~"))
		op = SLIP_EXPR_MATCH;
	else if (!accept(ps, "==")) {
		*out = slip_steal_ptr(&left);
		return 0;
	}
	skip_blanks(ps);
	const char *at = ps->p;
	struct slip_expr_node *right = NULL;
	if (parse_unary(ps, &right) < 0)
		return -1;
	autonode *node = new_node(op);
	add_kid(node, slip_steal_ptr(&left));
	add_kid(node, right);
	if (op == SLIP_EXPR_MATCH && compile_pattern(ps, at, node) < 0)
		return -1;
	*out = slip_steal_ptr(&node);
	return 0;
}

typedef int parse_fn(struct parser *ps, struct slip_expr_node **out);

/* operand (op operand)*: one node for the whole chain, so that chains cost no depth. */
static int parse_chain(
	struct parser *ps, enum slip_expr_op op, parse_fn *operand, struct slip_expr_node **out)
{
	autonode *node = NULL;
	if (operand(ps, &node) < 0)
		return -1;
	bool is_chain = false;
	while (accept(ps, op == SLIP_EXPR_OR ? "||" : "&&")) {
		struct slip_expr_node *next = NULL;
		if (operand(ps, &next) < 0)
			return -1;
		if (!is_chain) {
			struct slip_expr_node *first = slip_steal_ptr(&node);
			node = new_node(op);
			add_kid(node, first);
			is_chain = true;
		}
		add_kid(node, next);
	}
	*out = slip_steal_ptr(&node);
	return 0;
}

static int parse_and(struct parser *ps, struct slip_expr_node **out)
{
	return parse_chain(ps, SLIP_EXPR_AND, parse_comparison, out);
}

static int parse_or(struct parser *ps, struct slip_expr_node **out)
{
	if (ps->depth == SLIP_MAX_EXPR_DEPTH)
		return fail(ps, ps->p, "the expression is nested too deeply");
	ps->depth++;
	int rc = parse_chain(ps, SLIP_EXPR_OR, parse_and, out);
	ps->depth--;
	return rc;
}

static int parse_filter(struct parser *ps, struct slip_expr_node **out)
{
	skip_blanks(ps);
	const char *at = ps->p;
	if (!is_ident_start(*at))
		return unexpected(ps, "the name of a filter");
	slip_autofree char *name = take_ident(ps);
	autonode *node = new_node(SLIP_EXPR_FILTER);
	const char *nearest = NULL;
	node->function = slip_expr_find_filter(name, &nearest);
	if (!node->function && nearest)
		return fail(ps, at, "unknown filter \"%s\"; did you mean \"%s\"?", name, nearest);
	if (!node->function)
		return fail(ps, at, "unknown filter \"%s\"", name);
	if (accept(ps, "(") && parse_args(ps, node) < 0)
		return -1;
	if (check_args(ps, at, node) < 0)
		return -1;
	*out = slip_steal_ptr(&node);
	return 0;
}

/* An expression with its filters, into a part of its own. */
static int parse_expr(struct parser *ps)
{
	size_t first_ref = ps->expr->n_refs;
	autonode *pipe = new_node(SLIP_EXPR_PIPE);
	struct slip_expr_node *head = NULL;
	bool has_default = false;
	if (parse_or(ps, &head) < 0)
		return -1;
	add_kid(pipe, head);
	while (accept(ps, "|")) {
		struct slip_expr_node *filter = NULL;
		if (parse_filter(ps, &filter) < 0)
			return -1;
		add_kid(pipe, filter);
		has_default = has_default || slip_expr_is_default(filter->function);
	}
	for (size_t i = first_ref; i < ps->expr->n_refs; i++)
		ps->expr->refs[i].has_default = has_default;
	struct slip_expr *e = ps->expr;
	slip_grow(e->parts, e->n, &e->cap);
	e->parts[e->n++] = (struct slip_expr_part){
		.node = slip_steal_ptr(&pipe),
		.has_default = has_default,
	};
	return 0;
}

/* --- templates -------------------------------------------------------------------------------- */

static void add_text(struct slip_expr *e, struct slip_buf *text)
{
	if (text->len == 0)
		return;
	slip_grow(e->parts, e->n, &e->cap);
	e->parts[e->n++] = (struct slip_expr_part){.text = slip_buf_take(text)};
}

static int parse_embedded(struct parser *ps)
{
	const char *open = ps->p;
	ps->p += 3;
	if (parse_expr(ps) < 0)
		return -1;
	if (accept(ps, "}}"))
		return 0;
	if (*ps->p == '\0')
		return fail(ps, open, "${{ has no closing }}");
	return unexpected(ps, "an operator, a filter or \"}}\"");
}

static int parse_template(struct parser *ps)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_EXPANDED);
	while (*ps->p) {
		if (slip_starts_with(ps->p, "$${{")) {
			slip_buf_add_str(&text, "${{");
			ps->p += 4;
		} else if (slip_starts_with(ps->p, "${{")) {
			add_text(ps->expr, &text);
			if (parse_embedded(ps) < 0)
				return -1;
		} else {
			slip_buf_add_char(&text, *ps->p++);
		}
	}
	if (slip_buf_check(&text, "a template", ps->err) < 0)
		return -1;
	add_text(ps->expr, &text);
	return 0;
}

bool slip_expr_is_template(const char *text)
{
	return strstr(text, "${{") != NULL;
}

int slip_expr_parse(const char *text, struct slip_expr **out, size_t *offset, struct slip_err *err)
{
	slip_autoexpr *e = slip_xcalloc(1, sizeof(*e));
	struct parser ps = {.expr = e, .text = text, .p = text, .offset = offset, .err = err};
	if (offset)
		*offset = 0;
	if (parse_template(&ps) < 0)
		return -1;
	*out = slip_steal_ptr(&e);
	return 0;
}

int slip_expr_parse_condition(
	const char *text, struct slip_expr **out, size_t *offset, struct slip_err *err)
{
	slip_autoexpr *e = slip_xcalloc(1, sizeof(*e));
	struct parser ps = {.expr = e, .text = text, .p = text, .offset = offset, .err = err};
	if (offset)
		*offset = 0;
	skip_blanks(&ps);
	bool is_embedded = slip_starts_with(ps.p, "${{");
	if ((is_embedded ? parse_embedded(&ps) : parse_expr(&ps)) < 0)
		return -1;
	skip_blanks(&ps);
	if (*ps.p && is_embedded)
		return fail(&ps, ps.p,
			"a condition is one expression: put all of it inside one ${{ }}");
	if (*ps.p)
		return unexpected(&ps, "an operator or the end");
	*out = slip_steal_ptr(&e);
	return 0;
}

void slip_expr_free(struct slip_expr *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n; i++) {
		free(e->parts[i].text);
		free_node(e->parts[i].node);
	}
	for (size_t i = 0; i < e->n_refs; i++)
		slip_strv_release(&e->refs[i].path);
	free(e->parts);
	free(e->refs);
	free(e);
}

void slip_expr_cleanup(struct slip_expr **e)
{
	slip_expr_free(*e);
}

const struct slip_expr_ref *slip_expr_refs(const struct slip_expr *e, size_t *n)
{
	*n = e->n_refs;
	return e->refs;
}
