/*
 * GitLab's job log: phases are sections, which people fold
 * (https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections). A section is folded from
 * its start or not at all, so those with output of users' commands are open. A marker is one write
 * that ends in LF: the runner sends a log on after each CR. Its time is the only absolute one here:
 * GitLab puts times before lines by itself.
 */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/report/console_style.h"

#define ERASE "\x1b[0K"

static bool suits(int fd)
{
	(void)fd;
	const char *ci = getenv("GITLAB_CI");
	return ci && slip_streq(ci, "true");
}

static void open_phase(const struct slip_line_options *o, const struct slip_phase *p,
	const struct slip_record *r, struct slip_buf *out)
{
	slip_buf_addf(out, ERASE "section_start:%lld:%s%s\r" ERASE, (long long)slip_clock_now(),
		p->name, p->is_quiet ? "[collapsed=true]" : "");
	size_t before = out->len;
	slip_line_add(o, r, SLIP_TONE_AUTO, out);
	if (out->len == before)
		slip_buf_add_char(out, '\n');
}

static void close_phase(const struct slip_phase *p, struct slip_buf *out)
{
	slip_buf_addf(out, ERASE "section_end:%lld:%s\r" ERASE "\n", (long long)slip_clock_now(),
		p->name);
}

const struct slip_console_style slip_console_gitlab = {
	.name = "gitlab",
	.suits = suits,
	.colour = SLIP_COLOUR_USUAL,
	.is_job_log = true,
	.is_for_people = true,
	.patience = 1,
	.say = slip_line_add,
	.open = open_phase,
	.close = close_phase,
};
