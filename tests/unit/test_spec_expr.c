#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/expr.h"
#include "tests/unit/tap.h"

static const char context_json[] =
	"{\"ci\":{\"tag\":null,\"commit\":{\"sha\":\"abc123\"},\"ref\":{\"name\":\"release/1.0\","
	"\"isDefault\":true}},"
	"\"params\":{\"n\":3,\"s\":\"Hello World\",\"empty\":\"\",\"f\":false,\"l\":[\"a\",\"b\"],"
	"\"m\":{\"k\":\"v\"},\"t\":\"${{ ci.tag }}\",\"odd "
	"key\":\"o\",\"q\":\"it's\",\"u\":\"äöü\"},"
	"\"stages\":{\"my-stage\":{\"outputs\":{\"1st\":\"one\"}}}}";

static int lookup(void *arg, const struct slip_strv *path, struct slip_json **out,
	struct slip_err *err SLIP_UNUSED)
{
	struct slip_json *v = slip_expr_walk(arg, path, 0);
	*out = v ? slip_json_ref(v) : NULL;
	return 0;
}

static int call(void *arg SLIP_UNUSED, const char *function, const struct slip_json *args,
	struct slip_json **out, struct slip_err *err)
{
	if (slip_streq(function, "cancelled"))
		return slip_err_set(err, SLIP_E_SPEC, 0, "no status yet");
	*out = slip_json_bool(!slip_streq(function, "failure") && slip_json_len(args) < 2);
	return 0;
}

struct test {
	const char *text;
	const char *want; /* JSON of the value, or the error after "offset: " */
};

static const struct test templates[] = {
	{"", "\"\""},
	{"plain $X ${Y}", "\"plain $X ${Y}\""},
	{"${{ params.n }}", "3"},
	{"${{params.n}}", "3"},
	{" ${{ params.n }}", "\" 3\""},
	{"${{ params.n }}${{ params.s }}", "\"3Hello World\""},
	{"a${{ null }}b", "\"ab\""},
	{"x ${{ true }} ${{ params.l }} ${{ params.m }}",
		"\"x true [\\\"a\\\",\\\"b\\\"] {\\\"k\\\":\\\"v\\\"}\""},
	{"${{ params.l }}", "[\"a\",\"b\"]"},
	{"$${{ github.sha }}", "\"${{ github.sha }}\""},
	{"$$${{ x }}", "\"$${{ x }}\""},
	{"$${{ a }} ${{ params.n }}", "\"${{ a }} 3\""},
	{"${{ '}}' }}", "\"}}\""},
	{"${{ 'it''s' }}", "\"it's\""},
	{"${{ '' }}", "\"\""},
	{"${{ -5 }}", "-5"},
	{"${{ params.t }}", "\"${{ ci.tag }}\""},
	{"${{ params['odd key'] }}", "\"o\""},
	{"${{ params[ 's' ] }}", "\"Hello World\""},
	{"${{ stages.my-stage.outputs.1st }}", "\"one\""},
	{"${{ stages['my-stage'].outputs['1st'] }}", "\"one\""},
	{"${{ ci.tag }}", "null"},
	{"${{ ci.tag | default('dev') }}", "\"dev\""},
	{"${{ ci.nope | default('dev') }}", "\"dev\""},
	{"${{ params.empty | default(7) }}", "7"},
	{"${{ params.f | default('x') }}", "false"},
	{"${{ ci.nope | lower | default('dev') | upper }}", "\"DEV\""},
	{"${{ ci.nope == 'x' || true | default('y') }}", "true"},
	{"${{ ci.nope }}", "error ci.nope has no value; give one with | default('...')"},
	{"${{ params.m.k.z }}", "error params.m.k.z has no value; give one with | default('...')"},
	{"${{ params.s | lower }}", "\"hello world\""},
	{"${{ params.s | upper }}", "\"HELLO WORLD\""},
	{"${{ ci.ref.name | slug }}", "\"release-1-0\""},
	{"${{ '--A_b--' | slug }}", "\"a-b\""},
	{"${{ 'abc-def' | slug(4) }}", "\"abc\""},
	{"${{ params.u | slug }}", "\"\""},
	{"${{ ci.commit.sha | truncate(3) }}", "\"abc\""},
	{"${{ params.u | truncate(2) }}", "\"äö\""},
	{"${{ 'ab' | truncate(5) }}", "\"ab\""},
	{"${{ 'a' | truncate(0) }}",
		"error truncate: the length must be a number from 1 to 1048576"},
	{"${{ ' \t x\n' | trim }}", "\"x\""},
	{"${{ params.l | json }}", "\"[\\\"a\\\",\\\"b\\\"]\""},
	{"${{ params.s | json }}", "\"\\\"Hello World\\\"\""},
	{"${{ null | json }}", "\"null\""},
	{"${{ 'hi' | base64 }}", "\"aGk=\""},
	{"${{ 'abc' | sha256 }}",
		"\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""},
	{"${{ 'a.b.c' | replace('.', '-') }}", "\"a-b-c\""},
	{"${{ 'a' | replace('', 'x') }}", "error replace: the text to be replaced is empty"},
	{"${{ params.l | lower }}",
		"error lower: the value is a list or a map, not text; print it with | json"},
	{"${{ params.n == 3 }}", "true"},
	{"${{ params.n == '3' }}", "true"},
	{"${{ params.n != 4 }}", "true"},
	{"${{ ci.tag == null }}", "true"},
	{"${{ ci.tag == '' }}", "false"},
	{"${{ params.f == 'false' }}", "true"},
	{"${{ params.l == params.l }}", "true"},
	{"${{ true && 'x' }}", "\"x\""},
	{"${{ false && params.nope }}", "false"},
	{"${{ ci.tag || 'dev' }}", "\"dev\""},
	{"${{ 'a' || params.nope }}", "\"a\""},
	{"${{ 0 || '' || null }}", "null"},
	{"${{ true || false && false }}", "true"},
	{"${{ (true || false) && false }}", "false"},
	{"${{ !params.f }}", "true"},
	{"${{ !'' == true }}", "true"},
	{"${{ ci.ref.name =~ '^release/' }}", "true"},
	{"${{ 'x' =~ ci.ref.name }}", "false"},
	{"${{ contains(params.s, 'World') }}", "true"},
	{"${{ contains(params.l, 'b') }}", "true"},
	{"${{ contains(params.l, 'c') }}", "false"},
	{"${{ contains(params.m, 'k') }}", "true"},
	{"${{ startsWith(params.s, 'Hell') && endsWith(params.s, 'ld') }}", "true"},
	{"${{ matches('v1.2.3', '^v[0-9]+(\\.[0-9]+)*$') }}", "true"},
	{"${{ success() }}", "true"},
	{"${{ failure() || always() }}", "true"},
	{"${{ changed('a', 'b') }}", "false"},
	{"${{ cancelled() }}", "error no status yet"},
	{"a ${{ params.n", "2: ${{ has no closing }}"},
	{"${{", "3: the expression ends where a value should follow"},
	{"${{ }}", "4: the expression is closed where a value should follow"},
	{"${{ a b }}", "6: \"b\" stands where an operator, a filter or \"}}\" should follow"},
	{"${{ !!a }}", "5: \"!\" stands where a value should follow"},
	{"${{ a == b == c }}", "11: there is no operator =; compare with =="},
	{"${{ a. }}", "7: the expression is closed where a name should follow"},
	{"${{ a[0] }}", "6: \"0\" stands where a string in single quotes should follow"},
	{"${{ 'a }}", "4: a string has no closing quote"},
	{"${{ 1.5 }}", "4: this is no whole number; quote it to make it a string"},
	{"${{ 99999999999999999999 }}", "4: the number is too large"},
	{"${{ \"a\" }}", "4: strings in expressions take single quotes: 'text'"},
	{"${{ a & b }}", "6: there is no operator &; use &&"},
	{"${{ a + b }}", "6: there is no operator +"},
	{"${{ (a }}", "7: the expression is closed where \")\" should follow"},
	{"${{ (a | lower) }}", "7: filters apply to a whole expression, not inside parentheses"},
	{"${{ a | nope }}", "8: unknown filter \"nope\""},
	{"${{ a | uper }}", "8: unknown filter \"uper\"; did you mean \"upper\"?"},
	{"${{ nope() }}", "4: unknown function \"nope\""},
	{"${{ startswith() }}", "4: unknown function \"startswith\"; did you mean \"startsWith\"?"},
	{"${{ success(1) }}", "4: success takes 0 arguments, not 1"},
	{"${{ changed() }}", "4: changed takes at least 1 argument"},
	{"${{ a | slug(1,2) }}", "8: slug takes at most 1 argument"},
	{"${{ a =~ '(' }}", "9: regular expression: ( has no closing )"},
	{"${{ a =~ 3 }}", "9: a regular expression is a string"},
	{"${{ é }}", "4: \"é\" stands where a value should follow"},
};

static const struct test conditions[] = {
	{"true", "true"},
	{"  ${{ params.n == 3 }}\n", "true"},
	{"params.n == 3 && !params.f", "true"},
	{"ci.tag | default('') == 'x'", "21: there is no operator =; compare with =="},
	{"", "0: the expression ends where a value should follow"},
	{"${{ true }} && true",
		"12: a condition is one expression: put all of it inside one ${{ }}"},
	{"params.n }}", "9: the expression is closed where an operator or the end should follow"},
};

static char *outcome(const struct test *t, bool is_condition, const struct slip_expr_context *ctx)
{
	slip_autoexpr *e = NULL;
	slip_autojson *v = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	size_t offset = 0;
	int rc = is_condition ? slip_expr_parse_condition(t->text, &e, &offset, &err)
			      : slip_expr_parse(t->text, &e, &offset, &err);
	if (rc < 0)
		return slip_xasprintf("%zu: %s", offset, err.msg);
	if (slip_expr_eval(e, ctx, &v, &err) < 0)
		return slip_xasprintf("error %s", err.msg);
	return slip_json_print(v);
}

static void check_table(
	const struct test *tests, size_t n, bool is_condition, const struct slip_expr_context *ctx)
{
	for (size_t i = 0; i < n; i++) {
		slip_autofree char *got = outcome(&tests[i], is_condition, ctx);
		is_str(got, tests[i].want, "%s", tests[i].text[0] ? tests[i].text : "(empty)");
	}
}

static void check_refs(void)
{
	slip_autoexpr *e = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	size_t n = 0;
	if (slip_expr_parse("a ${{ ci.tag['x'] || success() }} ${{ p.q | default(r) }}", &e, NULL,
		    &err) < 0) {
		fail("%s", err.msg);
		return;
	}
	const struct slip_expr_ref *refs = slip_expr_refs(e, &n);
	is_int(n, 4, "all names are listed");
	is_int(refs[0].path.n, 3, "a path in its parts");
	is_str(refs[0].path.v[2], "x", "quoted parts without quotes");
	is_int(refs[0].offset, 6, "with its place");
	ok(!refs[0].has_default && refs[2].has_default, "and whether a default stands in");
	ok(refs[1].is_call && !refs[0].is_call, "functions are marked");
}

static void check_limits(const struct slip_expr_context *ctx)
{
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MIB);
	slip_buf_add_str(&b, "${{ ");
	for (int i = 0; i < 40; i++)
		slip_buf_add_char(&b, '(');
	struct test deep = {.text = b.data};
	slip_autofree char *got = outcome(&deep, false, ctx);
	ok(strstr(got, "nested too deeply"), "40 parentheses are too many: %s", got);
	slip_buf_clear(&b);
	slip_buf_add_str(&b, "${{ true");
	for (int i = 0; i < 10000; i++)
		slip_buf_add_str(&b, " && true");
	slip_buf_add_str(&b, " }}");
	deep.text = b.data;
	slip_autofree char *chain = outcome(&deep, false, ctx);
	is_str(chain, "true", "a long chain is no depth");
	slip_buf_clear(&b);
	slip_buf_add_str(&b, "${{ 'aaaaaaaaaaaaaaaa'");
	for (int i = 0; i < 10; i++)
		slip_buf_add_str(&b, " | replace('a', 'aaaaaaaa')");
	slip_buf_add_str(&b, " }}");
	deep.text = b.data;
	slip_autofree char *bomb = outcome(&deep, false, ctx);
	is_str(bomb, "error replace: the result is larger than 1048576 bytes",
		"a value cannot grow without bound");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autojson *json = NULL;
	if (slip_json_parse(
		    context_json, strlen(context_json), "context", SLIP_E_BUG, &json, &err) < 0) {
		fail("%s", err.msg);
		return done_testing();
	}
	struct slip_expr_context ctx = {.arg = json, .lookup = lookup, .call = call};
	check_table(templates, SLIP_ARRAY_LEN(templates), false, &ctx);
	check_table(conditions, SLIP_ARRAY_LEN(conditions), true, &ctx);
	check_refs();
	check_limits(&ctx);
	return done_testing();
}
