#include "config.h"

#include "runner/engine/facts.h"
#include "runner/engine/plan.h"
#include "tests/unit/tap.h"

static struct slip_pipeline *parse(const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_pipeline *p = NULL;
	slip_autodiags diags = {0};
	struct slip_spec_input in = {.file = "slipway.yaml", .text = text, .len = strlen(text)};
	if (slip_pipeline_parse(&in, &p, &diags, &err) < 0)
		diag("%s", err.msg);
	return p;
}

/*
 * Node ids in order, each with the ids it needs; or the error. `words` are separated by blanks:
 * names of stages, or after a ! what --only says.
 */
static char *planned(const char *text, const char *words)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autopipeline *p = parse(text);
	if (!p)
		return slip_xstrdup("no pipeline");
	struct slip_plan_selection selection = {0};
	if (*words)
		slip_strv_split(words[0] == '!' ? &selection.only : &selection.stages,
			words + (words[0] == '!'), ' ');
	struct slip_facts facts;
	slip_facts_init(&facts, "/");
	struct slip_view view = {.facts = &facts, .is_success = true};
	struct slip_expr_context ctx = slip_view_context(&view);
	struct slip_plan plan = {0};
	struct slip_buf out;
	slip_buf_init(&out, 65536);
	if (slip_plan_make(p, &selection, &ctx, &plan, &err) < 0)
		slip_buf_add_str(&out, err.msg);
	for (size_t i = 0; i < plan.n; i++) {
		slip_buf_addf(&out, "%s%s%s", i ? " " : "", plan.nodes[i].is_final ? "+" : "",
			plan.nodes[i].id);
		for (size_t k = 0; k < plan.nodes[i].n_needs; k++)
			slip_buf_addf(&out, "<%s", plan.nodes[plan.nodes[i].needs[k].node].id);
	}
	slip_plan_release(&plan);
	slip_strv_release(&selection.stages);
	slip_strv_release(&selection.only);
	slip_facts_release(&facts);
	return slip_buf_take(&out);
}

static void check(const char *text, const char *words, const char *want, const char *name)
{
	slip_autofree char *got = planned(text, words);
	is_str(got, want, "%s", name);
}

#define HEAD "version: 1\nstages:\n"

static void test_order(void)
{
	check(HEAD
		"  - {name: a, run: x}\n  - {name: b, run: x}\n  - {name: c, needs: [], run: x}\n"
		"finally:\n  - {name: z, run: x}\n",
		"", "a b<a c +z", "a stage follows the one before it, unless it says otherwise");
	check(HEAD
		"  - {name: late, needs: [early], run: x}\n  - {name: early, needs: [], run: x}\n",
		"", "early late<early", "what is needed comes first");
	check(HEAD "  - {name: a, needs: [], run: x}\n  - {name: b, needs: [a], run: x}\n"
		   "  - {name: c, needs: [], run: x}\nfinally:\n  - {name: z, run: x}\n",
		"b", "a b<a +z", "a named stage comes with what it needs, and finally");
	check(HEAD "  - {name: build, run: x}\n", "biuld",
		"there is no stage \"biuld\"; did you mean \"build\"?", "an unknown stage");
}

static void test_only(void)
{
	static const char text[] = HEAD
		"  - {name: a, run: x}\n  - {name: m, matrix: {os: [l, w], n: [1, 2]}, run: x}\n"
		"  - {name: m-end, run: x}\nfinally:\n  - {name: z, run: x}\n";
	check(text, "!m-end", "m-end +z", "a stage alone, without what it needs");
	check(text, "!m[os=w] m-end", "m-w-1 m-w-2 m-end<m-w-1<m-w-2 +z",
		"some cells, and what needs them");
	check(text, "!m[os=w,n=2] m[os=l,n=1]", "m-l-1 m-w-2 +z", "two cells of a matrix");
	check(text, "!m[os=x]", "--only: the matrix of m has no such cell", "no cell matches");
	check(text, "!m[cpu=x]", "--only m[cpu=x]: the stage's matrix has no axis \"cpu\"",
		"an unknown axis");
	check(text, "!a[os=l]", "--only a[os=l]: the stage's matrix has no axis \"os\"",
		"a stage without a matrix");
	check(text, "!m[os=w", "--only takes STAGE or STAGE[axis=value,...], not \"m[os=w\"",
		"an open bracket");
	check(text, "!men", "--only men: there is no stage \"men\"", "an unknown stage");
}

static void test_matrix(void)
{
	check(HEAD
		"  - {name: m, matrix: {os: [a, b], n: [1, 2]}, run: x}\n  - {name: e, run: x}\n",
		"", "m-a-1 m-a-2 m-b-1 m-b-2 e<m-a-1<m-a-2<m-b-1<m-b-2",
		"cells, and who needs them");
	check(HEAD "  - name: m\n    matrix:\n      os: [a, b]\n      n: [1, 2]\n"
		   "      exclude: [{os: a, n: 2}]\n      include: [{os: c, n: 9}]\n    run: x\n",
		"", "m-a-1 m-b-1 m-b-2 m-c-9", "exclude and include");
	check(HEAD "  - {name: m, matrix: {v: [\"1.0\", \"1/0\"]}, run: x}\n", "", "m-1-0 m-1-0-2",
		"ids stay different");
}

static int set_params(const char *text, const char *word, char **out, struct slip_err *err)
{
	slip_autopipeline *p = parse(text);
	slip_autostrv set = {0};
	if (word)
		slip_strv_add(&set, word);
	struct slip_facts facts;
	slip_facts_init(&facts, "/");
	slip_err_clear(err);
	int rc = slip_facts_set_params(&facts, p, &set, err);
	*out = slip_json_print(facts.params);
	slip_facts_release(&facts);
	return rc;
}

static void check_params(const char *text, const char *word, const char *want, const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *got = NULL;
	int rc = set_params(text, word, &got, &err);
	is_str(rc < 0 ? err.msg : got, want, "%s", name);
}

static void test_params(void)
{
#define PARAMS                                                                                     \
	"version: 1\nparams:\n  mode: {default: fast, options: [fast, slow]}\n  n: 3\n  on: "      \
	"false\n"                                                                                  \
	"  tag: \"${{ params.mode }}-${{ params.n }}\"\nstages:\n  - {name: a, run: x}\n"
	check_params(PARAMS, NULL, "{\"mode\":\"fast\",\"n\":3,\"on\":false,\"tag\":\"fast-3\"}",
		"defaults, which may use those before them");
	check_params(PARAMS, "n=7", "{\"mode\":\"fast\",\"n\":7,\"on\":false,\"tag\":\"fast-7\"}",
		"--set keeps the type");
	check_params(
		PARAMS, "n=x", "the parameter \"n\" is a whole number, not \"x\"", "a wrong type");
	check_params(PARAMS, "mode=warp",
		"the parameter \"mode\" is one of fast, slow, not \"warp\"",
		"a value that is no option");
	check_params(PARAMS, "mod=slow", "there is no parameter \"mod\"; did you mean \"mode\"?",
		"an unknown name");
	check_params(PARAMS, "mode", "--set takes NAME=VALUE, not \"mode\"", "no value");
	setenv("SLIPWAY_PARAM_MODE", "slow", 1);
	check_params(PARAMS, NULL, "{\"mode\":\"slow\",\"n\":3,\"on\":false,\"tag\":\"slow-3\"}",
		"the environment wins over the default");
	check_params(PARAMS, "mode=fast",
		"{\"mode\":\"fast\",\"n\":3,\"on\":false,\"tag\":\"fast-3\"}",
		"--set wins over the environment");
	check_params(
		"version: 1\nparams:\n  must: {description: x}\nstages:\n  - {name: a, run: x}\n",
		NULL, "the parameter \"must\" has no default: give --set must=VALUE",
		"a value that must be given");
}

int main(void)
{
	test_order();
	test_only();
	test_matrix();
	test_params();
	return done_testing();
}
