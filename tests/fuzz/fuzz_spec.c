/* YAML to pipeline, and back out: what is accepted must print and resolve without harm. */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int include(void *arg SLIP_UNUSED, const char *path SLIP_UNUSED, struct slip_buf *out,
	struct slip_err *err SLIP_UNUSED)
{
	slip_buf_add_str(out, "version: 1\nparams: {p: 1}\nstages: [{name: inc, run: x}]\n");
	return 0;
}

static int lookup(void *arg SLIP_UNUSED, const struct slip_strv *path, struct slip_json **out,
	struct slip_err *err SLIP_UNUSED)
{
	*out = path->n % 2 ? slip_json_str(path->v[0]) : slip_json_null();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	slip_autopipeline *p = NULL;
	struct slip_spec_input in = {
		.file = "f", .text = (const char *)data, .len = size, .include = include};
	slip_autobuf out;
	slip_buf_init(&out, 4 * SLIP_MIB);
	if (slip_pipeline_parse(&in, &p, &diags, &err) < 0) {
		slip_diags_print(&diags, &out);
		if (diags.n == 0)
			slip_bug("a spec is refused without a finding");
		return 0;
	}
	slip_autojson *v = slip_pipeline_print(p);
	free(slip_json_print(v));
	struct slip_expr_context ctx = {.lookup = lookup};
	for (size_t i = 0; i < p->stages.n && i < 10; i++) {
		struct slip_pipeline_stage s;
		struct slip_err ignored = SLIP_ERR_INIT;
		if (slip_pipeline_stage_resolve(&p->stages.v[i], &ctx, &s, &ignored) == 0)
			slip_pipeline_stage_release(&s);
	}
	return 0;
}
