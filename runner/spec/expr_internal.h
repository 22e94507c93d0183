/* The parsed form of templates and expressions; for runner/spec/expr_*.c only. */
#ifndef SLIP_SPEC_EXPR_INTERNAL_H
#define SLIP_SPEC_EXPR_INTERNAL_H

#include "runner/spec/expr.h"
#include "runner/spec/regex.h"

enum slip_expr_op {
	SLIP_EXPR_LITERAL,
	SLIP_EXPR_PATH,
	SLIP_EXPR_CALL, /* a function of ours or of the context; kids are its arguments */
	SLIP_EXPR_FILTER, /* kids are its arguments; the input comes from the pipe */
	SLIP_EXPR_PIPE, /* kids[0] is the head, the others are filters */
	SLIP_EXPR_OR,
	SLIP_EXPR_AND,
	SLIP_EXPR_EQUAL,
	SLIP_EXPR_DIFFER,
	SLIP_EXPR_MATCH,
	SLIP_EXPR_NOT,
};

struct slip_expr_node {
	enum slip_expr_op op;
	struct slip_json *value; /* LITERAL */
	size_t ref; /* PATH, CALL into the context: in expr->refs */
	const struct slip_expr_function *function; /* CALL, FILTER */
	struct slip_regex *regex; /* MATCH, matches(): when the pattern is a literal */
	struct slip_expr_node **kids;
	size_t n;
	size_t cap;
};

struct slip_expr_part {
	char *text; /* literal text, or NULL */
	struct slip_expr_node *node; /* an expression, or NULL */
	bool has_default;
};

struct slip_expr {
	struct slip_expr_part *parts;
	size_t n;
	size_t cap;
	struct slip_expr_ref *refs;
	size_t n_refs;
	size_t refs_cap;
};

/*
 * A filter gets its input as args[0]. `fn` is NULL for a function of the context. Arguments are
 * borrowed, *out is the caller's.
 */
struct slip_expr_args {
	struct slip_json **v;
	size_t n;
	const struct slip_regex *regex;
};

struct slip_expr_function {
	const char *name;
	size_t min_args; /* without a filter's input */
	size_t max_args;
	int (*fn)(const struct slip_expr_args *args, struct slip_json **out, struct slip_err *err);
	bool takes_null; /* filters: without it null stays null */
};

/* NULL when there is none; *nearest (may be NULL itself) is then a similar name or NULL. */
const struct slip_expr_function *slip_expr_find_function(const char *name, const char **nearest);
const struct slip_expr_function *slip_expr_find_filter(const char *name, const char **nearest);
bool slip_expr_is_default(const struct slip_expr_function *filter);

/* `text =~ pattern`; regex is the compiled pattern, or NULL to compile it now. */
int slip_expr_match(const struct slip_json *text, const struct slip_json *pattern,
	const struct slip_regex *regex, struct slip_json **out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
