#include "config.h"

#include "steps/context/git_url.h"

#include "runner/base/limits.h"
#include "runner/net/url.h"

#include <ctype.h>

static bool is_one_of(const char *s, const char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		if (slip_starts_with(s, *prefixes))
			return true;
	}
	return false;
}

bool slip_git_url_fits(const char *s)
{
	static const char *const always[] = {"git://", "git@", "ssh://", NULL};
	static const char *const web[] = {"https://", "http://", NULL};
	size_t n = strcspn(s, "#");
	if (is_one_of(s, always))
		return true;
	return is_one_of(s, web) && n > 4 && memcmp(s + n - 4, ".git", 4) == 0;
}

bool slip_git_is_commit(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");
	return s[n] == '\0' && (n == 40 || n == 64);
}

bool slip_git_is_ref(const char *s)
{
	if (!*s || *s == '-' || *s == '/' || strlen(s) > SLIP_MAX_NAME || strstr(s, "..") ||
		strstr(s, "@{") || slip_ends_with(s, "/") || slip_ends_with(s, ".lock"))
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~' || strchr("~^:?*[\\", *s))
			return false;
	}
	return true;
}

void slip_git_url_release(struct slip_git_url *u)
{
	free(u->remote);
	free(u->origin);
	free(u->user);
	free(u->password);
	free(u->ref);
	free(u->commit);
	free(u->sub_path);
	*u = (struct slip_git_url){0};
}

/* --- the fragment -------------------------------------------------------------------------------
 */

static int set_ref(struct slip_git_url *u, const char *s, size_t n, struct slip_err *err)
{
	slip_autofree char *text = slip_xstrndup(s, n);
	if (!n)
		return 0;
	if (!slip_git_is_ref(text))
		return slip_err_set(err, SLIP_E_USAGE, 0, "\"%s\" is no name of a git ref", text);
	char **place = slip_git_is_commit(text) ? &u->commit : &u->ref;
	*place = slip_steal_ptr(&text);
	return 0;
}

static int parse_fragment(struct slip_git_url *u, const char *s, struct slip_err *err)
{
	size_t n = strcspn(s, ":");
	size_t ref = strcspn(s, "#:");
	if (s[n] == ':' && s[n + 1])
		u->sub_path = slip_xstrdup(s + n + 1);
	if (set_ref(u, s, ref, err) < 0)
		return -1;
	if (ref == n)
		return 0;
	slip_autofree char *commit = slip_xstrndup(s + ref + 1, n - ref - 1);
	if (!slip_git_is_commit(commit))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"\"%s\" is no commit: 40 hexadecimal digits are needed", commit);
	free(u->commit);
	u->commit = slip_steal_ptr(&commit);
	return 0;
}

/* --- what comes before --------------------------------------------------------------------------
 */

/* Percent-decoded; NULL when it is malformed or holds a control character. */
static char *decode(const char *s, size_t n)
{
	slip_autofree char *out = slip_xmalloc(n + 1);
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		if (c == '%') {
			char hex[3] = {0};
			if (n - i < 3 || !isxdigit((unsigned char)s[i + 1]) ||
				!isxdigit((unsigned char)s[i + 2]))
				return NULL;
			memcpy(hex, s + i + 1, 2);
			c = (char)strtol(hex, NULL, 16);
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 0x7f)
			return NULL;
		out[len++] = c;
	}
	out[len] = '\0';
	return slip_steal_ptr(&out);
}

static int set_login(struct slip_git_url *u, const char *s, size_t n, struct slip_err *err)
{
	const char *colon = memchr(s, ':', n);
	u->user = decode(s, colon ? (size_t)(colon - s) : n);
	if (colon)
		u->password = decode(colon + 1, n - (size_t)(colon + 1 - s));
	if (!u->user || (colon && !u->password))
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "the login in a git URL is not percent-encoded");
	return 0;
}

/* `s` is what follows "://", without the fragment. */
static int parse_web(
	struct slip_git_url *u, const char *protocol, const char *s, struct slip_err *err)
{
	slip_autourl url = {0};
	size_t authority = strcspn(s, "/?");
	const char *at = memrchr(s, '@', authority);
	if (at && set_login(u, s, (size_t)(at - s), err) < 0)
		return -1;
	u->protocol = protocol;
	u->remote = slip_xasprintf("%s://%s", protocol, at ? at + 1 : s);
	if (slip_url_parse(u->remote, &url, err) < 0) {
		err->code = SLIP_E_USAGE;
		return -1;
	}
	if (url.query)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"a git URL has no query; the ref goes behind a \"#\"");
	slip_autofree char *host = slip_url_print_host(&url);
	u->origin = slip_xasprintf("%s://%s", protocol, host);
	return 0;
}

/* A user or host that starts with a dash is an option to ssh (CVE-2017-1000117). */
static bool is_ssh_word(const char *s, size_t n)
{
	if (!n || !(isalnum((unsigned char)*s) || *s == '[' || *s == '_'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && !strchr("-._[]:+", s[i]))
			return false;
	}
	return true;
}

static bool is_path(const char *s)
{
	if (!*s || *s == '-')
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

/* [USER@]HOST, then `end` ('/' or ':') and a path. */
static int parse_ssh(struct slip_git_url *u, const char *whole, const char *s, const char *end,
	struct slip_err *err)
{
	size_t authority = strcspn(s, end);
	const char *at = memchr(s, '@', authority);
	const char *host = at ? at + 1 : s;
	if ((at && (!is_ssh_word(s, (size_t)(at - s)) || memchr(s, ':', (size_t)(at - s)))) ||
		!is_ssh_word(host, authority - (size_t)(host - s)) || !s[authority] ||
		!is_path(s + authority + 1))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"a repository by ssh is ssh://[USER@]HOST[:PORT]/PATH or git@HOST:PATH; "
			"passwords go nowhere near it");
	u->protocol = "ssh";
	u->remote = slip_xstrdup(whole);
	return 0;
}

static int parse_remote(
	struct slip_git_url *u, const char *s, const char *pull_method, struct slip_err *err)
{
	if (slip_starts_with(s, "git://"))
		return parse_web(u, pull_method, s + strlen("git://"), err);
	if (slip_starts_with(s, "https://"))
		return parse_web(u, "https", s + strlen("https://"), err);
	if (slip_starts_with(s, "http://"))
		return parse_web(u, "http", s + strlen("http://"), err);
	if (slip_starts_with(s, "ssh://"))
		return parse_ssh(u, s, s + strlen("ssh://"), "/", err);
	return parse_ssh(u, s, s, ":", err);
}

int slip_git_url_parse(
	const char *s, const char *pull_method, struct slip_git_url *out, struct slip_err *err)
{
	slip_autogiturl u = {0};
	size_t n = strcspn(s, "#");
	slip_autofree char *remote = slip_xstrndup(s, n);
	if (strlen(s) > SLIP_MAX_URL)
		return slip_err_set(err, SLIP_E_USAGE, 0, "the git URL is longer than %llu bytes",
			(unsigned long long)SLIP_MAX_URL);
	if (parse_remote(&u, remote, pull_method, err) < 0 ||
		(s[n] && parse_fragment(&u, s + n + 1, err) < 0))
		return -1;
	*out = u;
	u = (struct slip_git_url){0};
	return 0;
}
