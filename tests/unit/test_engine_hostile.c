/*
 * Specs that were written to do harm: what they ask for is refused, or bounded, in little time. The
 * refusals with a place are in tests/data/spec/invalid; here is what has to be made, or measured.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/engine/facts.h"
#include "tests/unit/tap.h"

#include <time.h>

static double started;

/* Of this process: others may keep the machine busy. */
static double cpu_time(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Everything that happens before a stage would run; the message of the first failure, or "". */
static char *prepare(const struct slip_buf *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	slip_autopipeline *p = NULL;
	slip_autopipeline *resolved = NULL;
	struct slip_spec_input in = {.file = "s", .text = text->data, .len = text->len};
	struct slip_facts facts;
	static const struct slip_strv none;
	slip_facts_init(&facts, "/");
	struct slip_view view = {.facts = &facts, .is_success = true};
	struct slip_expr_context ctx = slip_view_context(&view);
	started = cpu_time();
	int rc = slip_pipeline_parse(&in, &p, &diags, &err);
	if (rc == 0)
		rc = slip_facts_set_params(&facts, p, &none, &err);
	if (rc == 0)
		rc = slip_pipeline_resolve(p, &ctx, &resolved, &err);
	struct slip_pipeline_stage stage = {0};
	if (rc == 0)
		rc = slip_pipeline_stage_resolve(&p->stages.v[0], &ctx, &stage, &err);
	slip_pipeline_stage_release(&stage);
	slip_facts_release(&facts);
	return slip_xstrdup(rc < 0 ? err.msg : "");
}

static void refused(const struct slip_buf *text, const char *message, const char *name)
{
	slip_autofree char *got = prepare(text);
	double seconds = cpu_time() - started;
	ok(*got && strstr(got, message), "%s: %.100s", name, got);
	ok(seconds < 2, "%s: in little time (%.2f s)", name, seconds);
}

static void start(struct slip_buf *b)
{
	slip_buf_clear(b);
	slip_buf_add_str(b, "version: 1\n");
}

#define STAGE "stages: [{name: a, run: x}]\n"

static void test_aliases(struct slip_buf *b)
{
	start(b);
	slip_buf_add_str(b, "x0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 10; i++) {
		slip_buf_addf(b, "x%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			slip_buf_addf(b, "*a%d,", i - 1);
		slip_buf_add_str(b, "]\n");
	}
	refused(b, "aliases written out", "a billion laughs");
	start(b);
	slip_buf_add_str(b, "env: &e {A: b}\nstages:\n");
	for (int i = 0; i < 900; i++)
		slip_buf_addf(b, " - {name: s%d, run: x, env: *e}\n", i);
	slip_autofree char *fine = prepare(b);
	is_str(fine, "", "900 uses of one anchor are fine");
}

static void test_depth(struct slip_buf *b)
{
	static const char *const openers[] = {"[", "{", "- ", "? ", "[{", "!x ["};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(openers); i++) {
		slip_buf_clear(b);
		while (b->len < 200000)
			slip_buf_add_str(b, openers[i]);
		slip_autofree char *got = prepare(b);
		double seconds = cpu_time() - started;
		ok(*got && seconds < 0.5, "200 KB of \"%s\" (%.3f s): %.60s", openers[i], seconds,
			got);
	}
}

static void test_scalars(struct slip_buf *b)
{
	start(b);
	slip_buf_add_str(b, "name: '");
	while (b->len < SLIP_MAX_SPEC - 200)
		slip_buf_add_str(b, "aaaaaaaaaaaaaaaa");
	slip_buf_add_str(b, "'\n" STAGE);
	slip_autofree char *fine = prepare(b);
	is_str(fine, "", "a name of nearly 1 MiB is a name");
	while (b->len <= SLIP_MAX_SPEC)
		slip_buf_add_char(b, '\n');
	refused(b, "larger than 1048576 bytes", "one byte more than 1 MiB");
	start(b);
	slip_buf_add_str(b, STAGE);
	for (int i = 0; i < 40000; i++)
		slip_buf_addf(b, "k%d: 1\n", i);
	refused(b, "unknown key", "40000 unknown keys");
}

static void test_expressions(struct slip_buf *b)
{
	char many[513];
	memset(many, 'a', 512);
	many[512] = '\0';
	start(b);
	slip_buf_add_str(b, "params:\n  p0: aaaaaaaaaa\n");
	for (int i = 1; i <= 40; i++)
		slip_buf_addf(
			b, "  p%d: \"${{ params.p%d }}${{ params.p%d }}\"\n", i, i - 1, i - 1);
	slip_buf_add_str(b, STAGE);
	refused(b, "larger than 1048576 bytes", "forty doublings");
	start(b);
	slip_buf_add_str(b, "params:\n  p0: aaaaaaaaaa\n");
	for (int i = 1; i <= 16; i++)
		slip_buf_addf(
			b, "  p%d: \"${{ params.p%d }}${{ params.p%d }}\"\n", i, i - 1, i - 1);
	for (int i = 0; i < 2000; i++)
		slip_buf_addf(b, "  q%d: \"${{ params.p16 }}\"\n", i);
	slip_buf_add_str(b, STAGE);
	refused(b, "all parameters are larger than", "two thousand copies of 640 KiB");
	start(b);
	slip_buf_add_str(b, "params:\n  p0: aaaaaaaaaa\n");
	for (int i = 1; i <= 16; i++)
		slip_buf_addf(
			b, "  p%d: \"${{ params.p%d }}${{ params.p%d }}\"\n", i, i - 1, i - 1);
	slip_buf_add_str(b, "stages:\n  - name: a\n    run: x\n    env:\n");
	for (int i = 0; i < 2000; i++)
		slip_buf_addf(b, "      E%d: \"${{ params.p16 }}\"\n", i);
	refused(b, "all expressions here are larger than", "the same in one stage's env");
	start(b);
	slip_buf_add_str(b, "params: {p: a}\n" STAGE "env:\n");
	for (int i = 0; i < 20000; i++)
		slip_buf_addf(b, "  E%d: \"${{ params.p }}\"\n", i);
	slip_autofree char *fine = prepare(b);
	double seconds = cpu_time() - started;
	is_str(fine, "", "20000 small expressions are fine");
	ok(seconds < 2, "in little time (%.2f s)", seconds);
	start(b);
	slip_buf_add_str(b, "name: x\nenv: {A: \"${{ ");
	for (int i = 0; i < 100000; i++)
		slip_buf_add_char(b, '(');
	slip_buf_add_str(b, " }}\"}\n" STAGE);
	refused(b, "nested", "100000 parentheses");
	start(b);
	slip_buf_add_str(b, "env: {A: \"${{ ");
	for (int i = 0; i < 100000; i++)
		slip_buf_add_char(b, '!');
	slip_buf_add_str(b, "true }}\"}\n" STAGE);
	refused(b, "stands where a value should follow", "100000 negations");
	start(b);
	slip_buf_add_str(b, "env: {A: \"${{ 'a'");
	for (int i = 0; i < 30; i++)
		slip_buf_addf(b, " | replace('a','%s')", many);
	slip_buf_add_str(b, " }}\"}\n" STAGE);
	refused(b, "larger than 1048576 bytes", "replacements that multiply");
	start(b);
	slip_buf_add_str(b,
		"params: {t: \"" /* the pattern that makes backtracking engines explode */
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"
		"\"}\n"
		"env: {A: \"${{ matches(params.t, '^(a+)+(a|aa)*(.*a){12}$') }}\"}\n" STAGE);
	slip_autofree char *matched = prepare(b);
	seconds = cpu_time() - started;
	ok(!*matched && seconds < 1, "a regular expression of ReDoS fame (%.2f s) %s", seconds,
		matched);
}

int main(void)
{
	struct slip_buf b;
	slip_buf_init(&b, 4 * SLIP_MAX_SPEC);
	test_aliases(&b);
	test_depth(&b);
	test_scalars(&b);
	test_expressions(&b);
	slip_buf_release(&b);
	return done_testing();
}
