#include "config.h"

#include "runner/cli/command.h"
#include "runner/spec/spec.h"

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	(void)cli;
	(void)status;
	static const struct slip_opt none[] = {{NULL}};
	if (slip_opt_parse(none, NULL, argv, NULL, err) < 0)
		return -1;
	slip_autojson *schema = slip_spec_schema();
	slip_autofree char *text = slip_json_print_pretty(schema);
	return slip_cli_print(text, strlen(text), err);
}

const struct slip_cli_command slip_command_schema = {
	.name = "schema",
	.summary = "Print the JSON Schema of slipway.yaml.",
	.run = run,
};
