#include "config.h"

#include "steps/run.h"

#include "runner/base/limits.h"
#include "steps/container.h"

/* Linux' MAX_ARG_STRLEN: one argument of execve has at most 32 pages. */
#define MAX_SCRIPT (128 * SLIP_KIB - 1)

static void describe(const struct slip_kind_input *in, struct slip_buf *out)
{
	const char *script = slip_value_text(&in->stage->run.script, "");
	if (slip_container_is_wanted(in))
		slip_buf_addf(out, "in %s: ", in->stage->container.text);
	script += strspn(script, " \t\n");
	size_t line = strcspn(script, "\n");
	slip_buf_add(out, script, line);
	if (script[line] && script[line + 1 + strspn(script + line, "\n") - 1])
		slip_buf_add_str(out, " ...");
}

static int launch(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	const struct slip_pipeline_stage *s = in->stage;
	const char *script = slip_value_text(&s->run.script, "");
	const char *shell = slip_value_text(&s->run.shell, "sh");
	if (strlen(script) > MAX_SCRIPT)
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"%s:%u:%u: the script is larger than 128 KiB: put it into a file",
			s->run.script.pos.file, s->run.script.pos.line, s->run.script.pos.col);
	slip_autostrv words = {0};
	slip_strv_split(&words, shell, ' ');
	for (size_t i = 0; i < words.n; i++) {
		if (*words.v[i])
			slip_strv_add(&out->argv, words.v[i]);
	}
	if (out->argv.n == 1 && slip_ends_with(out->argv.v[0], "sh"))
		slip_strv_add(&out->argv, "-e");
	slip_strv_add(&out->argv, "-c");
	slip_strv_add(&out->argv, script);
	return slip_container_is_wanted(in) ? slip_container_launch(in, out, err) : 0;
}

const struct slip_kind slip_kind_run = {
	.kind = SLIP_STAGE_RUN,
	.runs_command = true,
	.describe = describe,
	.launch = launch,
	.perform = slip_container_perform,
	.foresee = slip_container_foresee,
};
