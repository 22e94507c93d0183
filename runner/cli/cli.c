/* From words to a command, from an error to an exit status. */
#include "config.h"

#include "runner/base/io.h"
#include "runner/base/suggest.h"
#include "runner/cli/command.h"
#include "runner/spec/diag.h"

#define MAX_HELP ((size_t)1 << 20)
#define MAX_COMMANDS 64

int slip_cli_print(const char *text, size_t len, struct slip_err *err)
{
	if (slip_write_all(STDOUT_FILENO, text, len, err) < 0)
		return slip_err_wrap(err, "standard output");
	return 0;
}

int slip_cli_report(
	struct slip_cli *cli, const struct slip_report_options *opt, struct slip_err *err)
{
	return slip_report_open(&cli->report, opt, err);
}

static const struct slip_cli_command *find(const struct slip_cli *cli, const char *name)
{
	for (const struct slip_cli_command *const *c = cli->commands; *c; c++) {
		if (slip_streq((*c)->name, name))
			return *c;
	}
	return NULL;
}

static int unknown(const struct slip_cli *cli, const char *name, struct slip_err *err)
{
	const char *names[MAX_COMMANDS];
	size_t n = 0;
	for (const struct slip_cli_command *const *c = cli->commands; *c && n < MAX_COMMANDS; c++)
		names[n++] = (*c)->name;
	const char *near = slip_suggest(name, names, n, 0);
	if (near)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"unknown command \"%s\"; did you mean \"%s\"?", name, near);
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "unknown command \"%s\"; see slipway --help", name);
}

static bool is_help(const char *word)
{
	return slip_streq(word, "--help") || slip_streq(word, "-h") || slip_streq(word, "help");
}

static bool asks_for_help(char *const *argv)
{
	for (; *argv && !slip_streq(*argv, "--"); argv++) {
		if (slip_streq(*argv, "--help") || slip_streq(*argv, "-h"))
			return true;
	}
	return false;
}

static int print_help(
	const struct slip_cli *cli, const struct slip_cli_command *c, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, MAX_HELP);
	if (c)
		slip_help_command(c, &text);
	else
		slip_help_program(cli->commands, &text);
	return slip_cli_print(text.data, text.len, err);
}

static int dispatch(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	if (!argv[0])
		return slip_err_set(err, SLIP_E_USAGE, 0, "which command? See slipway --help");
	const struct slip_cli_command *c = NULL;
	if (is_help(argv[0])) {
		if (argv[1] && !(c = find(cli, argv[1])))
			return unknown(cli, argv[1], err);
		return print_help(cli, c, err);
	}
	c = find(cli, slip_streq(argv[0], "--version") ? "version" : argv[0]);
	if (!c)
		return unknown(cli, argv[0], err);
	if (asks_for_help(argv + 1))
		return print_help(cli, c, err);
	return c->run(cli, argv + 1, status, err);
}

int slip_cli_main(struct slip_cli *cli, char *const *argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	int status = 0;
	if (dispatch(cli, argv, &status, &err) < 0) {
		slip_error("%s", err.msg);
		status = slip_err_exit_status(&err);
	}
	slip_report_close(&cli->report);
	return status;
}
