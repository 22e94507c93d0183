#include "config.h"

#include "runner/base/limits.h"
#include "runner/cli/command.h"
#include "runner/cli/pipeline_options.h"
#include "runner/report/log_options.h"
#include "runner/report/plan_text.h"

struct options {
	struct slip_pipeline_options pipeline;
	int format; /* enum slip_plan_format */
	bool probe;
	struct slip_log_flags log;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct slip_opt table[] = {
	SLIP_CLI_PIPELINE_OPTIONS(struct options),
	{"format", 0, SLIP_OPT_CHOICE, offsetof(struct options, format), "FORMAT", "text or json.",
		"text", formats},
	{"probe", 0, SLIP_OPT_BOOL, offsetof(struct options, probe), NULL,
		"Also ask registries: cache hits of every instruction, bytes to pull and push."},
	SLIP_LOG_OPTIONS(struct options),
	{NULL},
};

int slip_cli_plan(const struct slip_engine_options *engine, enum slip_plan_format format,
	struct slip_err *err)
{
	slip_autojson *plan = NULL;
	slip_autobuf text;
	slip_buf_init(&text, 64 * SLIP_MIB);
	if (slip_engine_plan(engine, &plan, err) < 0)
		return -1;
	if (format == SLIP_PLAN_JSON) {
		slip_autofree char *json = slip_json_print_pretty(plan);
		slip_buf_add_str(&text, json);
	} else {
		slip_plan_text(plan, &text);
	}
	if (slip_buf_check(&text, "the plan", err) < 0)
		return -1;
	return slip_cli_print(text.data, text.len, err);
}

static int plan(struct slip_cli *cli, const struct options *o, const struct slip_strv *stages,
	struct slip_err *err)
{
	struct slip_report_options report = {.log = &o->log};
	struct slip_engine_options engine;
	if (slip_engine_options_of(&o->pipeline, stages, cli->kinds, &engine, err) < 0 ||
		slip_cli_report(cli, &report, err) < 0)
		return -1;
	engine.is_probe = o->probe;
	return slip_cli_plan(&engine, (enum slip_plan_format)o->format, err);
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	(void)status;
	struct options o = {0};
	slip_autostrv stages = {0};
	slip_opt_defaults(table, &o);
	int rc = slip_opt_parse(table, &o, argv, &stages, err);
	if (rc == 0)
		rc = plan(cli, &o, &stages, err);
	slip_opt_release(table, &o);
	return rc;
}

const struct slip_cli_command slip_command_plan = {
	.name = "plan",
	.arguments = "[STAGE...]",
	.summary = "Print what `run` would do; changes nothing.",
	.opts = table,
	.run = run,
};
