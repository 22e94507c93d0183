#include "config.h"

#include "steps/context/git.h"

#include "runner/base/clock.h"
#include "runner/base/digest.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/base/redact.h"
#include "runner/net/ca.h"
#include "runner/net/url.h"
#include "runner/registry/retry.h"

#include <errno.h>

struct git {
	struct slip_obtaining *o;
	struct slip_git_url url;
	struct slip_git_options opt;
	struct slip_strv env;
	unsigned n_config;
	bool has_login;
};

/* --- git's environment --------------------------------------------------------------------------
 */

/* As environment variables (git 2.31), so that no value is seen in arguments or files. */
static void add_config(struct git *g, const char *key, const char *value)
{
	slip_strv_addf(&g->env, "GIT_CONFIG_KEY_%u=%s", g->n_config, key);
	slip_strv_addf(&g->env, "GIT_CONFIG_VALUE_%u=%s", g->n_config, value);
	g->n_config++;
}

static void pass_on(struct git *g, const char *name)
{
	const char *value = getenv(name);
	if (value)
		slip_strv_addf(&g->env, "%s=%s", name, value);
}

static const char *env_or_null(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

/* Is the repository on the GitLab server that runs this job? */
static bool is_own_server(const struct slip_git_url *u)
{
	const char *server = env_or_null("CI_SERVER_URL");
	slip_autourl a = {0}, b = {0};
	struct slip_err ignored = SLIP_ERR_INIT;
	return server && slip_url_parse(server, &a, &ignored) == 0 &&
	       slip_url_parse(u->remote, &b, &ignored) == 0 && slip_url_same_origin(&a, &b);
}

/* "user:password", or NULL. A token alone is a password to GitHub, GitLab and Azure DevOps. */
static char *find_login(const struct slip_git_url *u)
{
	const char *user = env_or_null("GIT_USERNAME"), *password = env_or_null("GIT_PASSWORD");
	const char *token = env_or_null("GIT_TOKEN"), *job = env_or_null("CI_JOB_TOKEN");
	if (u->user && u->password)
		return slip_xasprintf("%s:%s", u->user, u->password);
	if (u->user && *u->user)
		return slip_xasprintf("x-access-token:%s", u->user);
	if (user && password)
		return slip_xasprintf("%s:%s", user, password);
	if (token)
		return slip_xasprintf("%s:%s", user ? user : "x-access-token", token);
	if (password)
		return slip_xasprintf("x-access-token:%s", password);
	return job && is_own_server(u) ? slip_xasprintf("gitlab-ci-token:%s", job) : NULL;
}

static void add_login(struct git *g)
{
	slip_autofree char *login = find_login(&g->url);
	if (!login)
		return;
	const char *password = strchr(login, ':') + 1;
	slip_redact_add(password, strlen(password));
	slip_autofree char *text = slip_base64_encode(login, strlen(login));
	slip_redact_add(text, strlen(text));
	slip_autofree char *key = slip_xasprintf("http.%s/.extraHeader", g->url.origin);
	slip_autofree char *value = slip_xasprintf("Authorization: Basic %s", text);
	add_config(g, key, value);
	/* git would take the header along to wherever it is led. */
	add_config(g, "http.followRedirects", "false");
	g->has_login = true;
	slip_wipe(login, strlen(login));
}

static int add_certificates(struct git *g, struct slip_err *err)
{
	const char *file = slip_ca_file();
	if (file) {
		slip_strv_addf(&g->env, "GIT_SSL_CAINFO=%s", file);
		return 0;
	}
	static const struct slip_strv none;
	slip_autofree char *path =
		slip_xasprintf("%s/context.certificates", g->o->request->work_path);
	slip_autobuf bundle;
	slip_buf_init(&bundle, SLIP_MAX_CA_BUNDLE);
	if (slip_ca_bundle(&none, &bundle, err) < 0 ||
		slip_write_file(AT_FDCWD, path, bundle.data, bundle.len, 0600, false, err) < 0)
		return -1;
	slip_strv_addf(&g->env, "GIT_SSL_CAINFO=%s", path);
	return 0;
}

static int add_web_settings(struct git *g, struct slip_err *err)
{
	static const char *const proxies[] = {
		"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(proxies); i++)
		pass_on(g, proxies[i]);
	add_config(g, "http.lowSpeedLimit", "1000");
	add_config(g, "http.lowSpeedTime", "60");
	if (g->opt.insecure_skip_tls) {
		slip_autofree char *key = slip_xasprintf("http.%s/.sslVerify", g->url.origin);
		add_config(g, key, "false");
	}
	add_login(g);
	return add_certificates(g, err);
}

static void add_ssh_settings(struct git *g)
{
	const char *command = env_or_null("GIT_SSH_COMMAND");
	pass_on(g, "SSH_AUTH_SOCK");
	slip_strv_addf(&g->env, "GIT_SSH_COMMAND=%s",
		command ? command
			: "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=30");
}

/* Submodules may be on other hosts, but come by nothing less safe than the repository itself. */
static const char *allowed_protocols(const struct git *g)
{
	if (slip_streq(g->url.protocol, "ssh"))
		return "ssh:https";
	return slip_streq(g->url.protocol, "http") ? "http:https" : "https";
}

static int make_env(struct git *g, struct slip_err *err)
{
	const char *path = env_or_null("PATH");
	slip_strv_addf(&g->env, "PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin");
	slip_strv_addf(&g->env, "HOME=%s", g->o->request->work_path);
	slip_strv_addf(&g->env, "GIT_ALLOW_PROTOCOL=%s", allowed_protocols(g));
	slip_strv_add(&g->env, "GIT_CONFIG_NOSYSTEM=1");
	slip_strv_add(&g->env, "GIT_CONFIG_GLOBAL=/dev/null");
	slip_strv_add(&g->env, "GIT_TERMINAL_PROMPT=0");
	slip_strv_add(&g->env, "GIT_ASKPASS=");
	slip_strv_add(&g->env, "GIT_LFS_SKIP_SMUDGE=1");
	slip_strv_add(&g->env, "LC_ALL=C");
	add_config(g, "advice.detachedHead", "false");
	add_config(g, "core.autocrlf", "false");
	add_config(g, "core.fsmonitor", "false");
	add_config(g, "core.hooksPath", "/dev/null");
	add_config(g, "credential.helper", "");
	add_config(g, "gc.auto", "0");
	add_config(g, "init.defaultBranch", "main");
	add_config(g, "maintenance.auto", "false");
	if (slip_streq(g->url.protocol, "ssh"))
		add_ssh_settings(g);
	else if (add_web_settings(g, err) < 0)
		return -1;
	slip_strv_addf(&g->env, "GIT_CONFIG_COUNT=%u", g->n_config);
	return 0;
}

/* --- running it ---------------------------------------------------------------------------------
 */

/* The first line that says why; git's chatter and hints come before and behind. */
static void find_reason(const char *text, char out[512])
{
	static const char *const starts[] = {"fatal: ", "error: ", "remote: "};
	const char *found = text;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(starts); i++) {
		const char *at = strstr(text, starts[i]);
		if (at) {
			found = at;
			break;
		}
	}
	snprintf(out, 512, "%.*s", (int)strcspn(found, "\n"), found);
}

static bool says(const char *text, const char *const *any)
{
	for (; *any; any++) {
		if (strstr(text, *any))
			return true;
	}
	return false;
}

/* git has one exit status for everything; its words (LC_ALL=C) tell who must act. */
static int explain(const struct git *g, const char *text, struct slip_err *err)
{
	static const char *const denied[] = {"Authentication failed", "could not read Username",
		"could not read Password", "returned error: 401", "returned error: 403",
		"Permission denied", "Host key verification failed", NULL};
	static const char *const absent[] = {"not found", "does not exist", "returned error: 404",
		"couldn't find remote ref", "not our ref", "unadvertised object", NULL};
	static const char *const moved[] = {"returned error: 301", "returned error: 302",
		"returned error: 307", "returned error: 308", NULL};
	static const char *const network[] = {"Could not resolve", "Failed to connect",
		"Connection ", "timed out", "early EOF", "RPC failed", "returned error: 5",
		"returned error: 429", "hung up unexpectedly", "Operation too slow", NULL};
	char reason[512];
	find_reason(text, reason);
	if (says(text, denied))
		return slip_err_set(err, SLIP_E_AUTH, 0, "%s: %s; %s", g->url.remote, reason,
			slip_streq(g->url.protocol, "ssh")
				? "ssh needs a key (SSH_AUTH_SOCK, ~/.ssh) and the host in "
				  "known_hosts"
				: "set GIT_TOKEN, or GIT_USERNAME and GIT_PASSWORD");
	if (says(text, moved))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"%s: %s: the repository is elsewhere, where its login is not sent; use "
			"its new URL (often the same with .git)",
			g->url.remote, reason);
	if (says(text, network)) {
		slip_err_set(err, SLIP_E_NET, 0, "%s: %s", g->url.remote, reason);
		err->status = SLIP_HTTP_RETRYABLE;
		return -1;
	}
	return slip_err_set(err, says(text, absent) ? SLIP_E_NOTFOUND : SLIP_E_IO, 0, "%s: %s",
		g->url.remote, reason);
}

static int run_once(const struct git *g, const char *const *argv, struct slip_proc_output *out,
	struct slip_err *err)
{
	struct slip_proc_spec spec = {
		.argv = argv,
		.env = (const char *const *)g->env.v,
		.cwd = g->o->dir,
		.stdin_fd = -1,
		.stderr_fd = -1,
		.joins_stderr = true,
	};
	*out = (struct slip_proc_output){0};
	if (slip_proc_run(&spec, NULL, 0, SLIP_MAX_GIT_OUTPUT, -1, out, err) < 0) {
		if (err->sys == ENOENT)
			return slip_err_set((slip_err_clear(err), err), SLIP_E_USAGE, 0,
				"a git context needs the program git, which is not in the PATH; "
				"install it, or use an https:// archive of the repository");
		return -1;
	}
	if (out->status == 0)
		return 0;
	int rc = explain(g, out->out, err);
	free(out->out);
	out->out = NULL;
	return rc;
}

/* *text (may be NULL) gets what git printed. */
static int run(const struct git *g, const char *const *argv, char **text, struct slip_err *err)
{
	struct slip_retry retry;
	slip_retry_init(&retry, &slip_retry_default);
	for (;;) {
		struct slip_proc_output out;
		struct slip_err why = SLIP_ERR_INIT;
		double pause;
		if (run_once(g, argv, &out, &why) == 0) {
			if (text)
				*text = slip_steal_ptr(&out.out);
			free(out.out);
			return 0;
		}
		if (!slip_retry_is_transient_error(&why) ||
			!slip_retry_next(
				&retry, NULL, slip_clock_monotonic(), slip_retry_random(), &pause))
			return slip_err_copy(err, &why);
		slip_info("%s; attempt %u of %u in %.1f s", why.msg, retry.made + 1,
			retry.policy->attempts, pause);
		if (slip_retry_sleep(pause, err) < 0)
			return -1;
	}
}

/* --- what is run --------------------------------------------------------------------------------
 */

static int fetch(const struct git *g, const char *ref, int64_t depth, struct slip_err *err)
{
	slip_autofree char *text = slip_xasprintf("--depth=%lld", (long long)depth);
	const char *const shallow[] = {"git", "fetch", "--quiet", "--no-tags",
		"--no-recurse-submodules", text, "--", "origin", ref, NULL};
	const char *const whole[] = {"git", "fetch", "--quiet", "--no-tags",
		"--no-recurse-submodules", "--", "origin", ref, NULL};
	return run(g, depth > 0 ? shallow : whole, NULL, err);
}

/* A branch of that name, or else a tag, as kaniko looks for it. */
static int fetch_ref(const struct git *g, const char *ref, int64_t depth, struct slip_err *err)
{
	if (!ref || slip_starts_with(ref, "refs/"))
		return fetch(g, ref ? ref : "HEAD", depth, err);
	slip_autofree char *branch = slip_xasprintf("refs/heads/%s", ref);
	slip_autofree char *tag = slip_xasprintf("refs/tags/%s", ref);
	struct slip_err why = SLIP_ERR_INIT;
	if (fetch(g, branch, depth, &why) == 0)
		return 0;
	if (!slip_err_is(&why, SLIP_E_NOTFOUND) || !strstr(why.msg, "couldn't find remote ref"))
		return slip_err_copy(err, &why);
	slip_err_clear(&why);
	if (fetch(g, tag, depth, &why) == 0)
		return 0;
	if (slip_err_is(&why, SLIP_E_NOTFOUND))
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "%s has no branch and no tag \"%s\"",
			g->url.remote, ref);
	return slip_err_copy(err, &why);
}

/* Old servers give no commit by its hash: then what it is part of is fetched with its history. */
static int fetch_commit(
	const struct git *g, const char *commit, const char *ref, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	if (fetch(g, commit, g->opt.depth, &why) == 0)
		return 0;
	if (!slip_err_is(&why, SLIP_E_NOTFOUND))
		return slip_err_copy(err, &why);
	slip_debug("%s; fetching with history", why.msg);
	return ref ? fetch_ref(g, ref, 0, err) : fetch(g, "+refs/*:refs/slipway/*", 0, err);
}

static int check_out(const struct git *g, struct slip_err *err)
{
	const char *what = g->url.commit ? g->url.commit : "FETCH_HEAD";
	const char *const argv[] = {
		"git", "checkout", "--quiet", "--force", "--detach", what, "--", NULL};
	struct slip_err why = SLIP_ERR_INIT;
	if (run(g, argv, NULL, &why) == 0)
		return 0;
	if (!g->url.commit)
		return slip_err_copy(err, &why);
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "%s has no commit %s", g->url.remote, what);
}

static int update_submodules(const struct git *g, struct slip_err *err)
{
	const char *const argv[] = {"git", "submodule", "--quiet", "update", "--init",
		"--recursive", "--depth=1", "--recommend-shallow", NULL};
	if (!g->opt.recurse_submodules)
		return 0;
	return run(g, argv, NULL, err) < 0 ? slip_err_wrap(err, "submodules") : 0;
}

/* " <hash> path (name)", one a line. A submodule's .git is a file that names its place. */
static int drop_submodule_files(const struct git *g, const char *list, struct slip_err *err)
{
	slip_autostrv lines = {0};
	slip_strv_split(&lines, list, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		const char *hash = lines.v[i] + strcspn(lines.v[i], "0123456789abcdef");
		const char *path = strchr(hash, ' ');
		if (!path)
			continue;
		const char *end = strrchr(++path, '(');
		slip_autofree char *name = slip_xstrndup(
			path, end && end > path ? (size_t)(end - 1 - path) : strlen(path));
		slip_autoclose int fd = -1;
		if (slip_open_in_root(g->o->dirfd, name, O_RDONLY | O_DIRECTORY, 0, &fd, err) < 0 ||
			slip_remove_tree(fd, ".git", err) < 0)
			return slip_err_wrap(err, "submodule %s", name);
	}
	return 0;
}

static int drop_git_dir(const struct git *g, struct slip_err *err)
{
	const char *const argv[] = {"git", "submodule", "status", "--recursive", NULL};
	slip_autofree char *list = NULL;
	if (g->opt.keep_git_dir)
		return 0;
	if (g->opt.recurse_submodules &&
		(run(g, argv, &list, err) < 0 || drop_submodule_files(g, list, err) < 0))
		return -1;
	return slip_remove_tree(g->o->dirfd, ".git", err);
}

static int fetch_files(const struct git *g, struct slip_err *err)
{
	const char *const init[] = {"git", "init", "--quiet", "--template=", NULL};
	const char *const remote[] = {"git", "remote", "add", "origin", g->url.remote, NULL};
	const char *ref = g->opt.branch ? g->opt.branch : g->url.ref;
	if (run(g, init, NULL, err) < 0 || run(g, remote, NULL, err) < 0)
		return -1;
	int rc = g->url.commit ? fetch_commit(g, g->url.commit, ref, err)
			       : fetch_ref(g, ref, g->opt.depth, err);
	if (rc < 0 || check_out(g, err) < 0 || update_submodules(g, err) < 0)
		return -1;
	return drop_git_dir(g, err);
}

/* What git:// means, as kaniko's users set it. */
static int pull_method(const char **out, struct slip_err *err)
{
	const char *method = env_or_null("GIT_PULL_METHOD");
	*out = method ? method : "https";
	if (slip_streq(*out, "https") || slip_streq(*out, "http"))
		return 0;
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "GIT_PULL_METHOD=%s: only https and http are known", method);
}

int slip_git_fill(struct slip_obtaining *o, struct slip_err *err)
{
	struct git g = {.o = o};
	const char *method;
	int rc = -1;
	if (pull_method(&method, err) < 0 ||
		slip_git_url_parse(o->request->where, method, &g.url, err) < 0) {
		slip_err_wrap(err, "--context");
		goto out;
	}
	o->label = slip_xstrdup(g.url.remote);
	o->sub_path = slip_xstrdup(g.url.sub_path);
	if (slip_git_options_parse(o->request->git, &g.opt, err) < 0 || make_env(&g, err) < 0)
		goto out;
	if (slip_streq(g.url.protocol, "http"))
		slip_warn("%s: anybody on the way can change what comes by http", o->label);
	slip_info("fetching the context %s", o->label);
	/* Modes as git means them, whatever the umask here: they are part of layers. */
	mode_t before = umask(022);
	rc = fetch_files(&g, err);
	umask(before);
	if (rc < 0)
		slip_err_wrap(err, "the context");
out:
	slip_git_url_release(&g.url);
	slip_strv_release(&g.env);
	return rc;
}
