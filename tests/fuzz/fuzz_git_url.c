/*
 * Names of git repositories: what parses holds no option to git or ssh, no login, no control
 * character, and a ref and a commit that are names of such.
 */
#include "config.h"

#include "steps/context/git_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct slip_git_url *u)
{
	if (*u->remote == '-' || strpbrk(u->remote, " #\r\n\t"))
		slip_bug("remote \"%s\"", u->remote);
	if (u->origin && strchr(u->origin, '@'))
		slip_bug("origin \"%s\" has a login", u->origin);
	const char *host = strstr(u->remote, "://");
	const char *at = strchr(host ? host + 3 : u->remote, '@');
	if ((host && host[3] == '-') || (at && at[1] == '-' && !u->origin))
		slip_bug("remote \"%s\" has a host that is an option", u->remote);
	if (u->ref && (!slip_git_is_ref(u->ref) || *u->ref == '-'))
		slip_bug("ref \"%s\"", u->ref);
	if (u->commit && !slip_git_is_commit(u->commit))
		slip_bug("commit \"%s\"", u->commit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = slip_xmemdup(data, size);
	slip_autogiturl url = {0};

	if (slip_git_url_parse(text, "https", &url, &err) == 0)
		check(&url);
	else if (err.code != SLIP_E_USAGE)
		slip_bug("\"%s\": error of class %d", text, (int)err.code);
	return 0;
}
