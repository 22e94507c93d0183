/*
 * A git repository as a build context, by the `git` of the PATH.
 *
 * One ref is fetched, with as little history as --git depth= says (1 otherwise), and checked out
 * with umask 022; .git stays out unless --git keep-git-dir=true. git sees an environment of ours:
 * no configuration of user or system, no hooks, no templates, no prompts, no helpers, and only the
 * protocol that the URL names. Its output is bounded.
 *
 * Logins of http: the URL's, GIT_USERNAME and GIT_PASSWORD, GIT_TOKEN, and for the host of
 * CI_SERVER_URL the job's token CI_JOB_TOKEN, the first that is there. They go to the URL's origin
 * alone, in git's environment: never into arguments or .git/config; redirects are not followed
 * then.
 */
#ifndef SLIP_CONTEXT_GIT_H
#define SLIP_CONTEXT_GIT_H

#include "steps/context/git_url.h"
#include "steps/context/obtain_internal.h"

/* Values of --git. */
struct slip_git_options {
	const char *branch; /* NULL; borrowed */
	int64_t depth; /* 0: all history */
	bool recurse_submodules;
	bool insecure_skip_tls;
	bool keep_git_dir;
	bool single_branch; /* no effect: never more than one is fetched */
};

int slip_git_options_parse(const struct slip_strv *pairs, struct slip_git_options *out,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_git_fill(struct slip_obtaining *o, struct slip_err *err) SLIP_MUST_CHECK;

#endif
