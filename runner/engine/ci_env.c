#include "config.h"

#include "runner/engine/ci_env.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"

#include <ctype.h>
#include <errno.h>

/* Patterns of names; "X*" is every name that begins with X. */
static const char *const of_ci[] = {"BRANCH_IS_PRIMARY", "BRANCH_NAME", "BUILD_*", "CHANGE_*", "CI",
	"CI_*", "GITLAB_*", "GIT_BRANCH", "GIT_COMMIT", "GIT_LOCAL_BRANCH", "GIT_PREVIOUS_*",
	"GIT_URL", "JENKINS_*", "JOB_*", "TAG_*"};
static const char *const of_machine[] = {"HOME", "HOSTNAME", "LD_*", "LOGNAME", "OLDPWD", "PATH",
	"PWD", "SHELL", "SHLVL", "SSH_*", "TERM", "TMPDIR", "USER", "XDG_*", "_"};

static bool is_of(const char *item, const char *const *patterns, size_t n)
{
	size_t len = strcspn(item, "=");
	for (size_t i = 0; i < n; i++) {
		size_t want = strcspn(patterns[i], "*");
		if (strncmp(item, patterns[i], want) == 0 && (patterns[i][want] || want == len))
			return true;
	}
	return false;
}

static bool is_assignment(const char *item)
{
	size_t n = 0;
	while (isalnum((unsigned char)item[n]) || item[n] == '_')
		n++;
	return n && !isdigit((unsigned char)item[0]) && item[n] == '=';
}

int slip_ci_env_parse(
	const char *text, size_t len, const char *name, struct slip_strv *out, struct slip_err *err)
{
	bool is_lines = !memchr(text, '\0', len);
	char end = is_lines ? '\n' : '\0';
	size_t number = 1;
	for (const char *p = text, *stop = text + len; p < stop; number++) {
		const char *next = memchr(p, end, (size_t)(stop - p));
		size_t n = next ? (size_t)(next - p) : (size_t)(stop - p);
		slip_autofree char *item = slip_xstrndup(p, n);
		p += n + 1;
		if (is_lines && n && item[n - 1] == '\r')
			item[n - 1] = '\0';
		if (!*item || (is_lines && *item == '#'))
			continue;
		if (!is_assignment(item))
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"%s:%zu: no NAME=VALUE; capture values of several lines with "
				"`env -0`",
				name, number);
		if (!is_of(item, of_machine, SLIP_ARRAY_LEN(of_machine)))
			slip_strv_add(out, item);
	}
	return 0;
}

/* unsetenv moves the list's end, so the names are collected first. */
static void forget_ci(void)
{
	slip_autostrv names = {0};
	for (char **e = environ; e && *e; e++) {
		if (is_of(*e, of_ci, SLIP_ARRAY_LEN(of_ci)))
			slip_strv_addn(&names, *e, strcspn(*e, "="));
	}
	for (size_t i = 0; i < names.n; i++)
		unsetenv(names.v[i]);
}

int slip_ci_env_replay(const char *file, struct slip_err *err)
{
	slip_autobuf text;
	slip_autostrv items = {0};
	slip_buf_init(&text, SLIP_MAX_CI_ENV);
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_read_file(AT_FDCWD, file, &text, &why) < 0) {
		why.code = SLIP_E_USAGE;
		slip_err_copy(err, &why);
		return slip_err_wrap(err, "--ci-env");
	}
	if (slip_ci_env_parse(text.data, text.len, file, &items, err) < 0)
		return -1;
	forget_ci();
	for (size_t i = 0; i < items.n; i++) {
		size_t n = strcspn(items.v[i], "=");
		items.v[i][n] = '\0';
		if (setenv(items.v[i], items.v[i] + n + 1, 1) < 0)
			return slip_err_set(
				err, SLIP_E_IO, errno, "set the variable %s", items.v[i]);
	}
	return 0;
}
