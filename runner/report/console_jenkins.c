/*
 * Jenkins' console has no sections, shows escape sequences as they are (unless ansiColor is around
 * the step) and puts a time before each line by itself: stages get a banner.
 */
#include "config.h"

#include "runner/report/console_style.h"

#define WIDTH 72

static bool suits(int fd)
{
	(void)fd;
	return getenv("JENKINS_URL") || getenv("BUILD_TAG");
}

static void open_phase(const struct slip_line_options *o, const struct slip_phase *p,
	const struct slip_record *r, struct slip_buf *out)
{
	if (slip_streq(p->family, "stage")) {
		slip_buf_addf(out, "===== %s ", r->scope);
		for (size_t n = strlen(r->scope) + 7; n < WIDTH; n++)
			slip_buf_add_char(out, '=');
		slip_buf_add_char(out, '\n');
	}
	slip_line_add(o, r, SLIP_TONE_AUTO, out);
}

const struct slip_console_style slip_console_jenkins = {
	.name = "jenkins",
	.suits = suits,
	.colour = SLIP_COLOUR_ASKED,
	.is_job_log = true,
	.is_for_people = true,
	.patience = 2,
	.say = slip_line_add,
	.open = open_phase,
};
