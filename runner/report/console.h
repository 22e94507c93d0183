/*
 * The log for people, on stderr, in the form that whoever shows it understands best: a terminal,
 * a file, GitLab, Jenkins, a program.
 *
 * A console is one struct slip_console_style (console_style.h) in a file of its own, and one row of
 * the table in console.c. What all have in common is here: full lines that are never rewritten,
 * each with time and scope; the lines of stages that run at once one stage after the other; phases,
 * closed innermost first however the program ends; a bound on the output of users' commands; after
 * a failure the command, its place and its last lines; signs of life; a first and a last screen.
 */
#ifndef SLIP_REPORT_CONSOLE_H
#define SLIP_REPORT_CONSOLE_H

#include "runner/report/hub.h"

struct slip_console_style;

/*
 * The console of that name; for "auto" (or NULL) the first that suits: gitlab when GITLAB_CI is
 * true, jenkins when JENKINS_URL or BUILD_TAG is set, tty when fd is a terminal that is not dumb,
 * else plain. SLIP_E_USAGE for another name.
 */
int slip_console_find(const char *name, int fd, const struct slip_console_style **out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Is it the log of a CI job, which that system bounds? */
bool slip_console_is_job_log(const struct slip_console_style *style);

struct slip_console_options {
	const struct slip_console_style *style;
	int fd; /* stays the caller's */
	enum slip_log_level level; /* less is not shown; a command's output is, unless SILENT */
	bool timestamps; /* RFC 3339 in place of elapsed seconds */
	bool is_plain_wanted; /* no colours, whatever style and environment say */
	size_t max_output; /* bytes of commands' output in all; 0: no limit */
	const char *out_dir; /* where logs and reports go (copied); NULL: nowhere */
};

struct slip_sink slip_console_sink(const struct slip_console_options *opt);

#endif
