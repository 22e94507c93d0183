#include "config.h"

#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/cli/command.h"

static const struct slip_cli_command *find(
	const struct slip_cli_command *const *commands, const char *name)
{
	for (; *commands; commands++) {
		if (slip_streq((*commands)->name, name))
			return *commands;
	}
	return NULL;
}

static void print_overview(const struct slip_cli_command *const *commands, FILE *out)
{
	fputs("slipway builds container images and runs CI stages, without a Docker daemon.\n\n"
	      "Usage: slipway COMMAND [OPTIONS]\n\nCommands:\n",
		out);
	for (const struct slip_cli_command *const *c = commands; *c; c++)
		fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	fputs("\n`slipway COMMAND --help` lists a command's options.\n", out);
}

static void print_command(const struct slip_cli_command *c)
{
	slip_autobuf text;
	slip_buf_init(&text, 1 << 20);
	slip_buf_addf(&text, "%s\n\nUsage: slipway %s%s%s%s\n", c->summary, c->name,
		c->options ? " [OPTIONS]" : "", c->operands ? " " : "",
		c->operands ? c->operands : "");
	if (c->options) {
		slip_buf_add_str(&text, "\nOptions:\n");
		slip_opt_help(c->options, &text);
	}
	fputs(text.data, stdout);
}

static bool asks_for_help(char *const *argv)
{
	for (; *argv && !slip_streq(*argv, "--"); argv++) {
		if (slip_streq(*argv, "--help") || slip_streq(*argv, "-h"))
			return true;
	}
	return false;
}

static int run(const struct slip_cli_command *c, char *const *argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (asks_for_help(argv)) {
		print_command(c);
		return 0;
	}
	int status = c->run(c, argv, &err);
	if (status >= 0)
		return status;
	slip_error("%s", err.msg);
	return slip_err_exit_status(&err);
}

/* Linked as kaniko's program, whose name says the command. */
static const char *implied_command(const char *argv0)
{
	const char *base = slip_path_base(argv0);
	if (slip_streq(base, "executor"))
		return "build";
	return NULL;
}

int slip_cli_main(const struct slip_cli_command *const *commands, int argc, char *const *argv)
{
	const char *implied = argc > 0 ? implied_command(argv[0]) : NULL;
	if (implied && !(argc > 1 && slip_streq(argv[1], "version")))
		return run(find(commands, implied), argv + 1);
	if (argc < 2) {
		print_overview(commands, stderr);
		return 2;
	}
	if (slip_streq(argv[1], "--help") || slip_streq(argv[1], "-h") ||
		slip_streq(argv[1], "help")) {
		const struct slip_cli_command *c = argc > 2 ? find(commands, argv[2]) : NULL;
		if (c)
			print_command(c);
		else
			print_overview(commands, stdout);
		return 0;
	}
	const char *name = slip_streq(argv[1], "--version") ? "version" : argv[1];
	const struct slip_cli_command *c = find(commands, name);
	if (!c) {
		slip_error("there is no command \"%s\"; see slipway --help", argv[1]);
		return 2;
	}
	return run(c, argv + 2);
}
