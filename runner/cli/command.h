/*
 * The command line: a table of commands, each with its table of options. `--help` and, in time, the
 * man page are printed from the same rows. Results go to stdout, everything for people to stderr.
 */
#ifndef SLIP_CLI_COMMAND_H
#define SLIP_CLI_COMMAND_H

#include "runner/base/opt.h"

struct slip_cli_command {
	const char *name;
	const char *operands; /* "[FILE...]"; NULL: none */
	const char *summary;
	const struct slip_opt *options; /* NULL: none */
	/*
	 * argv: the words after the command's name. The program's exit status, or -1 with an error
	 * that the caller tells.
	 */
	int (*run)(const struct slip_cli_command *self, char *const *argv, struct slip_err *err);
	const void *arg; /* for run: what the composition root hands in */
};

/* `commands` ends with NULL. Returns the program's exit status. */
int slip_cli_main(const struct slip_cli_command *const *commands, int argc, char *const *argv);

extern const struct slip_cli_command slip_cmd_cache;
extern const struct slip_cli_command slip_cmd_schema;
extern const struct slip_cli_command slip_cmd_validate;
extern const struct slip_cli_command slip_cmd_version;
/* `arg` of these two is the list of stage kinds. */
int slip_cmd_run_main(const struct slip_cli_command *self, char *const *argv, struct slip_err *err);
int slip_cmd_plan_main(const struct slip_cli_command *self, char *const *argv, struct slip_err *err);
extern const struct slip_opt slip_run_options[];

#endif
