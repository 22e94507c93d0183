/*
 * A terminal: the lines of `plain` with colours. Nothing is rewritten or moved, so nothing is left
 * behind however the program ends, and what scrolls by is the same as what a log file would hold.
 */
#include "config.h"

#include "runner/report/console_style.h"

static bool suits(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && term && !slip_streq(term, "dumb");
}

const struct slip_console_style slip_console_tty = {
	.name = "tty",
	.suits = suits,
	.colour = SLIP_COLOUR_USUAL,
	.is_for_people = true,
	.patience = 2,
	.say = slip_line_add,
};
