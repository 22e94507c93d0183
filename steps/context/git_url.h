/*
 * Names of git repositories, as kaniko and BuildKit write them. Pure.
 *
 *	git://HOST/PATH             kaniko's spelling of https://HOST/PATH, or of http when asked
 *for https://HOST/PATH.git       also http ssh://[USER@]HOST[:PORT]/PATH, git@HOST:PATH
 *
 * and behind each [#REF[#COMMIT]][:SUBDIR], where REF is a branch, a tag, refs/... or a commit's
 * whole hash. User information of the first two is a login: USER:PASSWORD, or one word, a token.
 * Nothing in the result can be taken for an option by git or ssh.
 */
#ifndef SLIP_CONTEXT_GIT_URL_H
#define SLIP_CONTEXT_GIT_URL_H

#include "runner/base/err.h"

struct slip_git_url {
	char *remote; /* for git, and for people: holds no login of http */
	const char *protocol; /* "https", "http" or "ssh" */
	char *origin; /* "https://host:port" of https and http; NULL */
	char *user; /* of https and http; NULL, or "" before a password */
	char *password; /* NULL: the user is a token */
	char *ref; /* NULL: HEAD */
	char *commit; /* a whole hash; NULL */
	char *sub_path; /* NULL */
};

bool slip_git_url_fits(const char *s); /* is this a repository? */
/* pull_method: what git:// stands for, "https" or "http". Errors are SLIP_E_USAGE. */
int slip_git_url_parse(const char *s, const char *pull_method, struct slip_git_url *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_git_url_release(struct slip_git_url *u);
bool slip_git_is_commit(const char *s); /* 40 or 64 hexadecimal digits */
/* git-check-ref-format(1), as far as safety is concerned. */
bool slip_git_is_ref(const char *s);

#define slip_autogiturl slip_cleanup(slip_git_url_release) struct slip_git_url

#endif
