/*
 * `${{ }}`: templates and expressions of the spec.
 *
 *	template = (text | "$${{" | "${{" expr "}}")*      "$${{" stands for a literal "${{"
 *	expr     = or ("|" filter)*
 *	or       = and ("||" and)*          the first operand that is true, else the last
 *	and      = cmp ("&&" cmp)*          the first operand that is false, else the last
 *	cmp      = un (("==" | "!=" | "=~") un)?
 *	un       = "!"? prim
 *	prim     = path | 'string' | int | true | false | null | func "(" args ")" | "(" or ")"
 *	path     = ident ("." ident | "[" 'string' "]")*   ident: letters, digits, "_" and "-"
 *	filter   = name | name "(" args ")"                '' inside a string stands for one quote
 *
 * Values are JSON values: null, bool, int, string, and lists and maps. False are null, false, 0 and
 * ''; all else is true. Scalars are equal when their texts are (3 == '3'), null equals null only,
 * lists and maps compare as JSON. A template that is exactly one `${{ }}` keeps the type of its
 * value; otherwise values are printed into the text (null as nothing). A result is never expanded
 * again, and is at most SLIP_MAX_EXPANDED bytes. A path without a value is an error, unless the
 * expression has a `default` filter: then it is null.
 *
 * Filters: lower upper trim slug(n=63) truncate(n) replace(a,b) default(x) json base64 sha256.
 * `default` replaces null and ''; the others leave null alone. Functions: contains(a,b) (substring,
 * list element or map key) startsWith(a,b) endsWith(a,b) matches(a,regex), and what the context
 * offers: success() failure() cancelled() always() changed(glob, ...).
 */
#ifndef SLIP_SPEC_EXPR_H
#define SLIP_SPEC_EXPR_H

#include "runner/base/json.h"
#include "runner/base/strv.h"

struct slip_expr; /* a parsed template or condition */

/* A path, or a function of the context, that an expression mentions. */
struct slip_expr_ref {
	struct slip_strv path; /* "stages", "image", "outputs", "ref"; or the function's name */
	size_t offset; /* its first byte in the text */
	bool is_call;
	bool has_default; /* in an expression with a default filter */
};

struct slip_expr_context {
	void *arg;
	/* *out is the value, the caller's, or NULL when there is none (which is not a failure). */
	int (*lookup)(void *arg, const struct slip_strv *path, struct slip_json **out,
		struct slip_err *err);
	/* success, failure, cancelled, always, changed; args is a list. NULL: none is offered. */
	int (*call)(void *arg, const char *function, const struct slip_json *args,
		struct slip_json **out, struct slip_err *err);
};

/* Does the text hold an expression or an escape, so that it differs from its value? */
bool slip_expr_is_template(const char *text);

/* Syntax errors are SLIP_E_SPEC; *offset (may be NULL) is the byte of the text they are about. */
int slip_expr_parse(const char *text, struct slip_expr **out, size_t *offset,
	struct slip_err *err) SLIP_MUST_CHECK;
/* A condition: an expression, written bare or inside one `${{ }}`. */
int slip_expr_parse_condition(const char *text, struct slip_expr **out, size_t *offset,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_expr_free(struct slip_expr *e); /* NULL is fine */
void slip_expr_cleanup(struct slip_expr **e);
#define slip_autoexpr slip_cleanup(slip_expr_cleanup) struct slip_expr

/* What the expression mentions, in order of appearance. */
const struct slip_expr_ref *slip_expr_refs(const struct slip_expr *e, size_t *n);

/* *out is the caller's and never NULL on success. */
int slip_expr_eval(const struct slip_expr *e, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;
int slip_expr_eval_text(const struct slip_expr *e, const struct slip_expr_context *ctx, char **out,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_expr_eval_bool(const struct slip_expr *e, const struct slip_expr_context *ctx, bool *out,
	struct slip_err *err) SLIP_MUST_CHECK;

/* The two readings of a value. The text is the caller's. */
bool slip_expr_truth(const struct slip_json *v);
char *slip_expr_text(const struct slip_json *v);
/* Follow path[from...] through objects; NULL when a step has no value. Borrowed. */
struct slip_json *slip_expr_walk(struct slip_json *root, const struct slip_strv *path, size_t from);

#endif
