/* Lines, for files and for whatever shows them as they are. */
#include "config.h"

#include "runner/report/console_style.h"

const struct slip_console_style slip_console_plain = {
	.name = "plain",
	.colour = SLIP_COLOUR_ASKED,
	.is_for_people = true,
	.patience = 2,
	.say = slip_line_add,
};
