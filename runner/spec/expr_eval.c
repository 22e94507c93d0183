#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/expr_internal.h"

struct eval {
	const struct slip_expr *expr;
	const struct slip_expr_context *ctx;
	bool has_default; /* a path without a value is null */
	struct slip_err *err;
};

/* Depth is bounded by the parser (SLIP_MAX_EXPR_DEPTH). */
static int eval_node(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out);

/* --- values ----------------------------------------------------------------------------------- */

static bool is_null(const struct slip_json *v)
{
	enum slip_json_kind kind = slip_json_kind(v);
	return kind == SLIP_JSON_NONE || kind == SLIP_JSON_NULL;
}

bool slip_expr_truth(const struct slip_json *v)
{
	switch (slip_json_kind(v)) {
	case SLIP_JSON_NONE:
	case SLIP_JSON_NULL:
		return false;
	case SLIP_JSON_BOOL:
		return slip_json_bool_value(v, false);
	case SLIP_JSON_INT:
		return slip_json_int_value(v, 0) != 0;
	case SLIP_JSON_STRING:
		return slip_json_str_value(v, "")[0] != '\0';
	case SLIP_JSON_REAL:
	case SLIP_JSON_ARRAY:
	case SLIP_JSON_OBJECT:
		break;
	}
	return true;
}

char *slip_expr_text(const struct slip_json *v)
{
	switch (slip_json_kind(v)) {
	case SLIP_JSON_NONE:
	case SLIP_JSON_NULL:
		return slip_xstrdup("");
	case SLIP_JSON_BOOL:
		return slip_xstrdup(slip_json_bool_value(v, false) ? "true" : "false");
	case SLIP_JSON_INT:
		return slip_xasprintf("%lld", (long long)slip_json_int_value(v, 0));
	case SLIP_JSON_STRING:
		return slip_xstrdup(slip_json_str_value(v, ""));
	case SLIP_JSON_REAL:
	case SLIP_JSON_ARRAY:
	case SLIP_JSON_OBJECT:
		break;
	}
	return slip_json_print(v);
}

struct slip_json *slip_expr_walk(struct slip_json *root, const struct slip_strv *path, size_t from)
{
	for (size_t i = from; i < path->n && root; i++)
		root = slip_json_get(root, path->v[i]);
	return root;
}

/* No value may grow without bound, whatever filters do to it. */
static int check_size(struct eval *ev, const struct slip_json *v)
{
	if (slip_json_kind(v) != SLIP_JSON_STRING ||
		strlen(slip_json_str_value(v, "")) <= SLIP_MAX_EXPANDED)
		return 0;
	return slip_err_set(ev->err, SLIP_E_LIMIT, 0,
		"the value of an expression is larger than %llu bytes", SLIP_MAX_EXPANDED);
}

/* --- operators -------------------------------------------------------------------------------- */

static bool is_equal(const struct slip_json *a, const struct slip_json *b)
{
	if (is_null(a) || is_null(b))
		return is_null(a) && is_null(b);
	slip_autofree char *left = slip_expr_text(a);
	slip_autofree char *right = slip_expr_text(b);
	return slip_streq(left, right);
}

static int eval_path(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	const struct slip_expr_ref *ref = &ev->expr->refs[node->ref];
	slip_autojson *v = NULL;
	if (ev->ctx->lookup && ev->ctx->lookup(ev->ctx->arg, &ref->path, &v, ev->err) < 0)
		return -1;
	if (!v && !ev->has_default) {
		slip_autofree char *path = slip_strv_join(&ref->path, ".");
		return slip_err_set(ev->err, SLIP_E_SPEC, 0,
			"%s has no value; give one with | default('...')", path);
	}
	*out = v ? slip_steal_ptr(&v) : slip_json_null();
	return 0;
}

/* `||` and `&&` give the operand that decides. */
static int eval_chain(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	bool decisive = node->op == SLIP_EXPR_OR;
	slip_autojson *v = NULL;
	for (size_t i = 0; i < node->n; i++) {
		slip_json_free(slip_steal_ptr(&v));
		if (eval_node(ev, node->kids[i], &v) < 0)
			return -1;
		if (slip_expr_truth(v) == decisive)
			break;
	}
	*out = slip_steal_ptr(&v);
	return 0;
}

static int eval_comparison(
	struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	slip_autojson *a = NULL, *b = NULL;
	if (eval_node(ev, node->kids[0], &a) < 0 || eval_node(ev, node->kids[1], &b) < 0)
		return -1;
	if (node->op == SLIP_EXPR_MATCH)
		return slip_expr_match(a, b, node->regex, out, ev->err);
	*out = slip_json_bool(is_equal(a, b) == (node->op == SLIP_EXPR_EQUAL));
	return 0;
}

static int eval_not(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	slip_autojson *v = NULL;
	if (eval_node(ev, node->kids[0], &v) < 0)
		return -1;
	*out = slip_json_bool(!slip_expr_truth(v));
	return 0;
}

/* --- functions and filters -------------------------------------------------------------------- */

static void free_args(struct slip_expr_args *args)
{
	for (size_t i = 0; i < args->n; i++)
		slip_json_free(args->v[i]);
	free(args->v);
}

/* Evaluate the arguments of node and call its function; input is a filter's, or NULL. */
static int apply(struct eval *ev, const struct slip_expr_node *node, struct slip_json *input,
	struct slip_json **out)
{
	slip_cleanup(free_args) struct slip_expr_args args = {
		.v = slip_xcalloc(node->n + 1, sizeof(*args.v)),
		.regex = node->regex,
	};
	if (input)
		args.v[args.n++] = slip_json_ref(input);
	for (size_t i = 0; i < node->n; i++) {
		if (eval_node(ev, node->kids[i], &args.v[args.n]) < 0)
			return -1;
		args.n++;
	}
	slip_autojson *v = NULL;
	if (node->function->fn(&args, &v, ev->err) < 0)
		return slip_err_wrap(ev->err, "%s", node->function->name);
	if (check_size(ev, v) < 0)
		return -1;
	*out = slip_steal_ptr(&v);
	return 0;
}

static int call_context(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	const char *name = node->function->name;
	if (!ev->ctx->call)
		return slip_err_set(
			ev->err, SLIP_E_SPEC, 0, "%s() has no meaning in this place", name);
	slip_autojson *args = slip_json_array();
	for (size_t i = 0; i < node->n; i++) {
		struct slip_json *arg = NULL;
		if (eval_node(ev, node->kids[i], &arg) < 0)
			return -1;
		slip_json_append(args, arg);
	}
	return ev->ctx->call(ev->ctx->arg, name, args, out, ev->err);
}

static int eval_pipe(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	slip_autojson *v = NULL;
	if (eval_node(ev, node->kids[0], &v) < 0)
		return -1;
	for (size_t i = 1; i < node->n; i++) {
		struct slip_json *next = NULL;
		if (is_null(v) && !node->kids[i]->function->takes_null)
			continue;
		if (apply(ev, node->kids[i], v, &next) < 0)
			return -1;
		slip_json_free(v);
		v = next;
	}
	*out = slip_steal_ptr(&v);
	return 0;
}

static int eval_node(struct eval *ev, const struct slip_expr_node *node, struct slip_json **out)
{
	switch (node->op) {
	case SLIP_EXPR_LITERAL:
		*out = slip_json_ref(node->value);
		return 0;
	case SLIP_EXPR_PATH:
		return eval_path(ev, node, out);
	case SLIP_EXPR_CALL:
		return node->function->fn ? apply(ev, node, NULL, out)
					  : call_context(ev, node, out);
	case SLIP_EXPR_PIPE:
		return eval_pipe(ev, node, out);
	case SLIP_EXPR_OR:
	case SLIP_EXPR_AND:
		return eval_chain(ev, node, out);
	case SLIP_EXPR_EQUAL:
	case SLIP_EXPR_DIFFER:
	case SLIP_EXPR_MATCH:
		return eval_comparison(ev, node, out);
	case SLIP_EXPR_NOT:
		return eval_not(ev, node, out);
	case SLIP_EXPR_FILTER:
		break;
	}
	slip_bug("expression node %d cannot be evaluated", (int)node->op);
}

/* --- templates -------------------------------------------------------------------------------- */

static int eval_part(const struct slip_expr *e, const struct slip_expr_part *part,
	const struct slip_expr_context *ctx, struct slip_json **out, struct slip_err *err)
{
	struct eval ev = {.expr = e, .ctx = ctx, .has_default = part->has_default, .err = err};
	slip_autojson *v = NULL;
	if (eval_node(&ev, part->node, &v) < 0)
		return -1;
	if (check_size(&ev, v) < 0)
		return -1;
	*out = slip_steal_ptr(&v);
	return 0;
}

int slip_expr_eval(const struct slip_expr *e, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err)
{
	if (e->n == 1 && e->parts[0].node)
		return eval_part(e, &e->parts[0], ctx, out, err);
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_EXPANDED);
	for (size_t i = 0; i < e->n; i++) {
		if (e->parts[i].text) {
			slip_buf_add_str(&b, e->parts[i].text);
			continue;
		}
		slip_autojson *v = NULL;
		if (eval_part(e, &e->parts[i], ctx, &v, err) < 0)
			return -1;
		slip_autofree char *text = slip_expr_text(v);
		slip_buf_add_str(&b, text);
	}
	if (slip_buf_check(&b, "the value of a template", err) < 0)
		return -1;
	*out = slip_json_str(b.data);
	return 0;
}

int slip_expr_eval_text(const struct slip_expr *e, const struct slip_expr_context *ctx, char **out,
	struct slip_err *err)
{
	slip_autojson *v = NULL;
	if (slip_expr_eval(e, ctx, &v, err) < 0)
		return -1;
	*out = slip_expr_text(v);
	return 0;
}

int slip_expr_eval_bool(const struct slip_expr *e, const struct slip_expr_context *ctx, bool *out,
	struct slip_err *err)
{
	slip_autojson *v = NULL;
	if (slip_expr_eval(e, ctx, &v, err) < 0)
		return -1;
	*out = slip_expr_truth(v);
	return 0;
}
