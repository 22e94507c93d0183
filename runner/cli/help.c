#include "config.h"

#include "runner/cli/command.h"

void slip_help_program(const struct slip_cli_command *const *commands, struct slip_buf *out)
{
	slip_buf_add_str(out,
		"slipway builds container images and runs CI stages without a daemon.\n\n"
		"usage: slipway COMMAND [OPTIONS]\n\ncommands:\n");
	for (; *commands; commands++)
		slip_buf_addf(out, "  %-10s %s\n", (*commands)->name, (*commands)->summary);
	slip_buf_add_str(out,
		"\n`slipway COMMAND --help` lists a command's options.\n"
		"exit status: 0 ok, 1 a command of yours failed, 2 usage, spec or Dockerfile, 3 "
		"refused\n"
		"by a registry, 4 infrastructure, 5 timeout, 10 allowed failures, 128+n signal.\n");
}

void slip_help_command(const struct slip_cli_command *c, struct slip_buf *out)
{
	slip_buf_addf(out, "usage: slipway %s%s%s%s\n\n%s\n", c->name, c->opts ? " [OPTIONS]" : "",
		c->arguments ? " " : "", c->arguments ? c->arguments : "", c->summary);
	if (!c->opts)
		return;
	slip_buf_add_str(out, "\noptions:\n");
	slip_opt_help(c->opts, out);
}
