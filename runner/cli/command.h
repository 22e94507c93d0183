/*
 * Commands of the program. One is a table entry with its options; parsing, --help and the man page
 * read the same rows. No command holds logic: it parses, calls, prints.
 *
 * main.c composes the list and calls slip_cli_main; runner/cli offers those commands that need
 * nothing from steps/.
 */
#ifndef SLIP_CLI_COMMAND_H
#define SLIP_CLI_COMMAND_H

#include "runner/base/opt.h"
#include "runner/engine/kind.h"
#include "runner/report/report.h"

struct slip_cli;

struct slip_cli_command {
	const char *name;
	const char *arguments; /* after the options, for help: "[STAGE...]"; NULL: none */
	const char *summary; /* one line */
	const struct slip_opt *opts; /* ends with a row without a name; NULL: none */
	/* argv: what follows the command's name. *status (0 before) is the exit status on success.
	 */
	int (*run)(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err);
};

struct slip_cli {
	const struct slip_cli_command *const *commands; /* ends with NULL */
	const struct slip_kind *const *kinds; /* ends with NULL */
	struct slip_report report;
};

/* Run what argv (without the program's name) says. Returns the exit status. */
int slip_cli_main(struct slip_cli *cli, char *const *argv);

/* The listeners for the rest of the program; slip_cli_main closes them after the last error. */
int slip_cli_report(struct slip_cli *cli, const struct slip_report_options *opt,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Results, and nothing else, go to stdout. */
int slip_cli_print(const char *text, size_t len, struct slip_err *err) SLIP_MUST_CHECK;

/* help.c: of the program, of one command. */
void slip_help_program(const struct slip_cli_command *const *commands, struct slip_buf *out);
void slip_help_command(const struct slip_cli_command *c, struct slip_buf *out);

/* man.c: slipway(1) and slipway.yaml(5). */
void slip_man_program(const struct slip_cli_command *const *commands, struct slip_buf *out);
void slip_man_spec(struct slip_buf *out);

extern const struct slip_cli_command slip_command_cache;
extern const struct slip_cli_command slip_command_man;
extern const struct slip_cli_command slip_command_pause;
extern const struct slip_cli_command slip_command_plan;
extern const struct slip_cli_command slip_command_run;
extern const struct slip_cli_command slip_command_schema;
extern const struct slip_cli_command slip_command_validate;
extern const struct slip_cli_command slip_command_version;

#endif
