/*
 * The corpus tests/data/spec: every input of valid/ must give the JSON in `output`, every input of
 * invalid/ exactly the findings in `error`. SLIPWAY_TEST_REWRITE=1 writes these files instead.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/spec/spec.h"
#include "tests/unit/tap.h"

#include <dirent.h>

static const char *srcdir(void)
{
	const char *dir = getenv("SLIPWAY_SRCDIR");
	return dir ? dir : ".";
}

static int read_part(void *arg, const char *path, struct slip_buf *out, struct slip_err *err)
{
	slip_autofree char *full = slip_xasprintf("%s/%s", (const char *)arg, path);
	if (slip_read_file(AT_FDCWD, full, out, err) == 0)
		return 0;
	slip_err_clear(err);
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "%s does not exist", path);
}

/* Findings, or the pipeline's long form. */
static char *outcome(char *dir, const struct slip_buf *text, bool *is_valid)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	slip_autopipeline *p = NULL;
	struct slip_spec_input in = {
		.file = "input.yaml",
		.text = text->data,
		.len = text->len,
		.include = read_part,
		.include_arg = dir,
	};
	*is_valid = slip_pipeline_parse(&in, &p, &diags, &err) == 0;
	if (*is_valid) {
		slip_autojson *v = slip_pipeline_print(p);
		return slip_json_print_pretty(v);
	}
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MIB);
	slip_diags_print(&diags, &out);
	return slip_buf_take(&out);
}

static void check_case(const char *group, const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	bool wants_valid = slip_streq(group, "valid"), is_valid = false;
	slip_autofree char *dir = slip_xasprintf("%s/tests/data/spec/%s/%s", srcdir(), group, name);
	slip_autofree char *input = slip_xasprintf("%s/input.yaml", dir);
	slip_autofree char *expected =
		slip_xasprintf("%s/%s", dir, wants_valid ? "output" : "error");
	slip_autobuf text, want;
	slip_buf_init(&text, 2 * SLIP_MAX_SPEC);
	slip_buf_init(&want, SLIP_MIB);
	if (slip_read_file(AT_FDCWD, input, &text, &err) < 0) {
		fail("%s/%s: %s", group, name, err.msg);
		return;
	}
	slip_autofree char *got = outcome(dir, &text, &is_valid);
	if (is_valid == wants_valid && getenv("SLIPWAY_TEST_REWRITE") &&
		slip_write_file(AT_FDCWD, expected, got, strlen(got), 0644, false, &err) < 0)
		diag("%s", err.msg);
	if (slip_read_file(AT_FDCWD, expected, &want, &err) < 0)
		slip_err_clear(&err);
	is_str(got, want.data, "%s/%s", group, name);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t check_group(const char *group)
{
	slip_autofree char *path = slip_xasprintf("%s/tests/data/spec/%s", srcdir(), group);
	slip_autostrv names = {0};
	DIR *dir = opendir(path);
	if (!dir)
		return 0;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] != '.')
			slip_strv_add(&names, e->d_name);
	}
	closedir(dir);
	qsort(names.v, names.n, sizeof(*names.v), compare_names);
	for (size_t i = 0; i < names.n; i++)
		check_case(group, names.v[i]);
	return names.n;
}

/* --- hostile sizes ---------------------------------------------------------------------------- */

static bool finds(const char *text, size_t len, const char *message)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	slip_autopipeline *p = NULL;
	struct slip_spec_input in = {.file = "s", .text = text, .len = len};
	double start = slip_clock_monotonic();
	bool found = slip_pipeline_parse(&in, &p, &diags, &err) < 0 && diags.n > 0 &&
		     strstr(diags.v[0].message, message);
	if (!found)
		diag("%s", err.msg);
	if (slip_clock_monotonic() - start > 1.0) {
		diag("took %.2f s", slip_clock_monotonic() - start);
		return false;
	}
	return found;
}

static void check_sizes(void)
{
	size_t n = 200000;
	slip_autofree char *text = slip_xmalloc(SLIP_MAX_SPEC + 2);
	memset(text, '[', n);
	ok(finds(text, n, "nested too deeply"), "200 KB of [ is refused at once");
	memset(text, '{', n);
	ok(finds(text, n, "nested too deeply"), "so is 200 KB of {");
	for (size_t i = 0; i < n; i++)
		text[i] = i % 2 ? ' ' : '-';
	ok(finds(text, n, "nested too deeply"), "and 200 KB of nested block lists");
	memset(text, '#', SLIP_MAX_SPEC + 1);
	ok(finds(text, SLIP_MAX_SPEC + 1, "larger than 1048576 bytes"), "1 MiB and a byte");
	ok(finds(text, SLIP_MAX_SPEC, "the file is empty"), "exactly 1 MiB is read");
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_SPEC);
	slip_buf_add_str(&b, "a: [");
	for (int i = 0; i < 100001; i++)
		slip_buf_add_str(&b, "1,");
	slip_buf_add_str(&b, "]\n");
	ok(finds(b.data, b.len, "too many values"), "100001 items are refused");
	slip_buf_clear(&b);
	slip_buf_add_str(&b, "x: &a0 [1,1]\n");
	for (int i = 1; i < 20; i++)
		slip_buf_addf(&b, "x%d: &a%d [*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1);
	ok(finds(b.data, b.len, "aliases written out"), "a bomb of aliases is refused");
	slip_buf_clear(&b);
	for (int i = 0; i < 20000; i++)
		slip_buf_addf(&b, "k%d: &a%d x\n", i, i);
	ok(finds(b.data, b.len, "unknown key"), "20000 anchors and unknown keys take no second");
	slip_buf_clear(&b);
	slip_buf_add_str(&b, "version: 1\nstages:\n");
	for (int i = 0; i < 1001; i++)
		slip_buf_addf(&b, " - {name: s%d, run: x}\n", i);
	ok(finds(b.data, b.len, "more than 1000 stages"), "1001 stages are refused");
}

/* --- resolving -------------------------------------------------------------------------------- */

static int lookup(void *arg, const struct slip_strv *path, struct slip_json **out,
	struct slip_err *err SLIP_UNUSED)
{
	struct slip_json *v = slip_expr_walk(arg, path, 0);
	*out = v ? slip_json_ref(v) : NULL;
	return 0;
}

static const char resolve_text[] =
	"version: 1\n"
	"params: {tag: 1.0, push: true, tags: a, none: ''}\n"
	"secrets: {s: {env: S}}\ncache: {repo: '${{ params.tag }}/c'}\n"
	"stages:\n"
	"  - name: one\n"
	"    needs: []\n"
	"    if: params.push\n"
	"    timeout: ${{ params.time }}\n"
	"    env: {A: '${{ params.tag }}-x', B: '${{ params.none }}', C: \"${{ params.nil }}\"}\n"
	"    outputs: {v: '${{ result.v }}'}\n"
	"    build:\n"
	"      destinations: ['r/${{ params.tag }}', '${{ params.tags }}', '${{ params.nil }}']\n"
	"      no-push: ${{ !params.push }}\n"
	"      custom-platform: linux/${{ params.tag }}\n"
	"      build-args: [V]\n"
	"      cache: {ttl: 1h}\n";

static void check_resolve(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	slip_autopipeline *p = NULL;
	struct slip_spec_input in = {
		.file = "r.yaml", .text = resolve_text, .len = strlen(resolve_text)};
	/* time and nil are not declared: the schema of the test's context, not of the spec. */
	ok(slip_pipeline_parse(&in, &p, &diags, &err) < 0, "undeclared parameters are found");
	is_int(diags.n, 3, "each of them");
	const char *at = strstr(resolve_text, "none:");
	slip_autofree char *fixed = slip_xasprintf(
		"%.*stime: 1s, nil: x, %s", (int)(at - resolve_text), resolve_text, at);
	in.text = fixed;
	in.len = strlen(fixed);
	slip_diags_release(&diags);
	slip_err_clear(&err);
	if (!ok(slip_pipeline_parse(&in, &p, &diags, &err) == 0, "the spec is read: %s", err.msg))
		return;
	is_int(p->params.v[1].dflt.type, SLIP_YAML_BOOL, "a parameter has its default's type");
	const char json[] = "{\"params\":{\"tag\":\"1.0\",\"push\":true,\"tags\":[\"x\",\"y\"],"
			    "\"none\":\"\",\"nil\":null,\"time\":\"90s\"}}";
	slip_autojson *params = NULL;
	if (slip_json_parse(json, strlen(json), "test", SLIP_E_BUG, &params, &err) < 0)
		fail("%s", err.msg);
	struct slip_expr_context ctx = {.arg = params, .lookup = lookup};
	struct slip_pipeline_stage s;
	if (!ok(slip_pipeline_stage_resolve(&p->stages.v[0], &ctx, &s, &err) == 0, "resolved: %s",
		    err.msg))
		return;
	is_str(s.env.v[0].value.text, "1.0-x", "a template in a map");
	is_str(s.env.v[1].value.text, "", "an empty value stays");
	is_int(s.env.n, 2, "a null value goes");
	is_int(s.timeout.num, 90000000000LL, "a duration gets its meaning");
	is_int(s.build.destinations.n, 3, "a list is spliced in, null left out");
	is_str(s.build.destinations.v[2].text, "y", "in order");
	ok(slip_value_is_set(&s.build.no_push) && !s.build.no_push.num, "a boolean");
	is_str(s.build.platform.text, "linux/1.0", "an alias of a key");
	is_str(s.build.build_args.v[0].name.text, "V", "a key without value stays");
	ok(s.build.build_args.v[0].value.text == NULL, "without value");
	is_str(s.outputs.v[0].value.text, "${{ result.v }}", "outputs are left for later");
	is_int(s.build.cache.ttl.num, 3600000000000LL, "literal values keep their meaning");
	slip_pipeline_stage_release(&s);
	slip_autopipeline *whole = NULL;
	ok(slip_pipeline_resolve(p, &ctx, &whole, &err) == 0, "the pipeline's own part: %s",
		err.msg);
	is_str(whole->cache.repo.text, "1.0/c", "its templates are evaluated");
	is_str(whole->stages.v[0].timeout.text, "${{ params.time }}", "its stages are not");
	is_int(whole->stages.v[0].kind, SLIP_STAGE_BUILD, "and keep their kind");
	slip_json_set_str(slip_json_get(params, "params"), "time", "soon");
	ok(slip_pipeline_stage_resolve(&p->stages.v[0], &ctx, &s, &err) < 0, "a wrong value fails");
	is_str(err.msg, "r.yaml:9:14: \"soon\" is no duration; write for example 90s, 30m or 2h",
		"with its place");
}

static void check_schema(void)
{
	slip_autojson *schema = slip_spec_schema();
	struct slip_json *defs = slip_json_get(schema, "$defs");
	ok(slip_json_get(slip_json_get(schema, "properties"), "stages"), "the schema has stages");
	for (const char *k = slip_json_next_key(defs, NULL); k; k = slip_json_next_key(defs, k))
		ok(slip_json_len(slip_json_get(defs, k)) > 0, "definition %s has content", k);
	ok(slip_json_get(defs, "build"), "the schema defines build");
}

int main(void)
{
	size_t valid = check_group("valid"), invalid = check_group("invalid");
	ok(valid >= 20 && invalid >= 70, "the corpus is there: %zu valid, %zu invalid", valid,
		invalid);
	check_sizes();
	check_resolve();
	check_schema();
	return done_testing();
}
