/* Templates, conditions and regular expressions: parse, evaluate, print. */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/expr.h"
#include "runner/spec/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lookup(void *arg SLIP_UNUSED, const struct slip_strv *path, struct slip_json **out,
	struct slip_err *err SLIP_UNUSED)
{
	if (path->n % 3 == 0)
		*out = slip_json_strings(path);
	else
		*out = path->n % 2 ? slip_json_str(path->v[path->n - 1]) : NULL;
	return 0;
}

static int call(void *arg SLIP_UNUSED, const char *function SLIP_UNUSED,
	const struct slip_json *args, struct slip_json **out, struct slip_err *err SLIP_UNUSED)
{
	*out = slip_json_int((int64_t)slip_json_len(args));
	return 0;
}

static void evaluate(const struct slip_expr *e)
{
	struct slip_expr_context ctx = {.lookup = lookup, .call = call};
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = NULL;
	if (slip_expr_eval_text(e, &ctx, &text, &err) == 0 && !text)
		slip_bug("an evaluated template has no text");
}

static void try_expr(const char *text, bool is_condition)
{
	slip_autoexpr *e = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	size_t offset = 0;
	int rc = is_condition ? slip_expr_parse_condition(text, &e, &offset, &err)
			      : slip_expr_parse(text, &e, &offset, &err);
	if (offset > strlen(text))
		slip_bug("an error lies behind the text");
	if (rc == 0)
		evaluate(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	slip_autofree char *text = slip_xstrndup((const char *)data, size);
	try_expr(text, false);
	try_expr(text, true);
	slip_autoregex *re = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	bool is_match = false;
	if (slip_regex_parse(text, &re, NULL, &err) == 0 &&
		slip_regex_match(re, text, &is_match, &err) < 0)
		slip_bug("a short text is refused");
	return 0;
}
