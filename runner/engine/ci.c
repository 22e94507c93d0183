#include "config.h"

#include "runner/engine/ci.h"

#include "runner/base/clock.h"
#include "runner/base/path.h"
#include "runner/engine/git.h"

#include <ctype.h>

struct variable {
	const char *path; /* below ci; at most two names */
	const char *name;
};

static const struct variable gitlab[] = {
	{"build.id", "CI_PIPELINE_ID"},
	{"build.number", "CI_PIPELINE_IID"},
	{"build.source", "CI_PIPELINE_SOURCE"},
	{"build.url", "CI_PIPELINE_URL"},
	{"change.event", "CI_MERGE_REQUEST_EVENT_TYPE"},
	{"change.id", "CI_MERGE_REQUEST_IID"},
	{"change.sha", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"},
	{"change.source", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"},
	{"change.target", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"},
	{"commit.author", "CI_COMMIT_AUTHOR"},
	{"commit.sha", "CI_COMMIT_SHA"},
	{"commit.time", "CI_COMMIT_TIMESTAMP"},
	{"commit.title", "CI_COMMIT_TITLE"},
	{"environment.name", "CI_ENVIRONMENT_NAME"},
	{"environment.url", "CI_ENVIRONMENT_URL"},
	{"job.id", "CI_JOB_ID"},
	{"job.name", "CI_JOB_NAME"},
	{"job.url", "CI_JOB_URL"},
	{"nodeIndex", "CI_NODE_INDEX"},
	{"nodeTotal", "CI_NODE_TOTAL"},
	{"project.defaultBranch", "CI_DEFAULT_BRANCH"},
	{"project.description", "CI_PROJECT_DESCRIPTION"},
	{"project.name", "CI_PROJECT_NAME"},
	{"project.path", "CI_PROJECT_PATH"},
	{"project.title", "CI_PROJECT_TITLE"},
	{"project.url", "CI_PROJECT_URL"},
	{"ref.name", "CI_COMMIT_REF_NAME"},
	{"registry.host", "CI_REGISTRY"},
	{"registry.image", "CI_REGISTRY_IMAGE"},
	{"registry.user", "CI_REGISTRY_USER"},
	{"tag", "CI_COMMIT_TAG"},
	{NULL},
};

static const struct variable jenkins[] = {
	{"build.id", "BUILD_ID"},
	{"build.number", "BUILD_NUMBER"},
	{"build.url", "BUILD_URL"},
	{"change.id", "CHANGE_ID"},
	{"change.source", "CHANGE_BRANCH"},
	{"change.target", "CHANGE_TARGET"},
	{"change.title", "CHANGE_TITLE"},
	{"change.url", "CHANGE_URL"},
	{"commit.sha", "GIT_COMMIT"},
	{"job.name", "JOB_NAME"},
	{"job.url", "JOB_URL"},
	/* Of a change BRANCH_NAME is "PR-12"; the branch's own name is what GitLab tells, too. */
	{"ref.name", "CHANGE_BRANCH"},
	{"ref.name", "BRANCH_NAME"},
	{"ref.name", "GIT_LOCAL_BRANCH"},
	{"tag", "TAG_NAME"},
	{NULL},
};

static const char *env(const char *name)
{
	const char *v = getenv(name);
	return v && *v ? v : NULL;
}

static bool env_is(const char *name, const char *value)
{
	const char *v = env(name);
	return v && slip_streq(v, value);
}

const char *slip_ci_provider(void)
{
	const char *gitlab_ci = env("GITLAB_CI");
	if (gitlab_ci)
		return slip_streq(gitlab_ci, "true") ? "gitlab" : "local";
	if (env("JENKINS_URL") && env("BUILD_NUMBER"))
		return "jenkins";
	return env_is("CI", "true") || env_is("CI", "1") ? "generic" : "local";
}

double slip_ci_time_left(void)
{
	const char *text = env("CI_JOB_TIMEOUT"), *started = env("CI_JOB_STARTED_AT");
	double limit = text && env_is("GITLAB_CI", "true") ? strtod(text, NULL) : 0;
	int64_t since = 0;
	if (!(limit > 0 && limit < 1e9))
		return 0;
	double age = slip_clock_elapsed();
	if (started && slip_clock_parse_rfc3339(started, &since, NULL) == 0) {
		double told = (double)(slip_clock_now() - since);
		/* The runner's clock may be another one. */
		if (told >= age && told < limit)
			age = told;
	}
	return limit - age;
}

char *slip_ci_slug(const char *text)
{
	char slug[64];
	size_t n = 0;
	for (; *text && n < sizeof(slug) - 1; text++) {
		unsigned char c = (unsigned char)*text;
		char out = isalnum(c) && c < 0x80 ? (char)tolower(c) : '-';
		if (out != '-' || (n && slug[n - 1] != '-'))
			slug[n++] = out;
	}
	while (n && slug[n - 1] == '-')
		n--;
	return slip_xstrndup(slug, n);
}

/* --- setting ---------------------------------------------------------------------------------- */

/* The object that holds the last name of a path, and that name. */
static struct slip_json *parent(struct slip_json *ci, const char *path, const char **name)
{
	const char *dot = strchr(path, '.');
	*name = dot ? dot + 1 : path;
	if (!dot)
		return ci;
	slip_autofree char *first = slip_xstrndup(path, (size_t)(dot - path));
	struct slip_json *inner = slip_json_get(ci, first);
	if (!inner) {
		inner = slip_json_object();
		slip_json_set(ci, first, inner);
	}
	return inner;
}

static const char *get(struct slip_json *ci, const char *path)
{
	const char *name;
	const struct slip_json *obj = parent(ci, path, &name);
	return slip_json_get_str(obj, name, NULL);
}

/* The first value stays. */
static void set(struct slip_json *ci, const char *path, const char *value)
{
	const char *name;
	struct slip_json *obj = parent(ci, path, &name);
	if (value && !slip_json_get(obj, name))
		slip_json_set_str(obj, name, value);
}

static void set_bool(struct slip_json *ci, const char *path, bool value)
{
	const char *name;
	struct slip_json *obj = parent(ci, path, &name);
	slip_json_set(obj, name, slip_json_bool(value));
}

static void take_variables(struct slip_json *ci, const struct variable *table)
{
	for (; table->path; table++)
		set(ci, table->path, env(table->name));
}

/* --- what follows from the rest --------------------------------------------------------------- */

/*
 * GIT_BRANCH, all that a job knows which is no multibranch one: "origin/main", "refs/tags/v1",
 * "detached".
 */
static void take_git_branch(struct slip_json *ci)
{
	static const char *const branches[] = {"refs/heads/", "refs/remotes/origin/", "origin/"};
	static const char *const tags[] = {"refs/tags/", "tags/"};
	const char *name = env("GIT_BRANCH");
	if (!name || get(ci, "ref.name") || get(ci, "tag") || slip_streq(name, "detached"))
		return;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(tags); i++) {
		if (slip_starts_with(name, tags[i])) {
			set(ci, "tag", name + strlen(tags[i]));
			return;
		}
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(branches); i++) {
		if (slip_starts_with(name, branches[i])) {
			name += strlen(branches[i]);
			break;
		}
	}
	set(ci, "ref.name", name);
}

static bool is_default(struct slip_json *ci, const char *type)
{
	const char *ref = get(ci, "ref.name"), *dflt = get(ci, "project.defaultBranch");
	if (!ref || !slip_streq(type, "branch"))
		return false;
	if (env_is("BRANCH_IS_PRIMARY", "true"))
		return true;
	if (dflt)
		return slip_streq(ref, dflt);
	return slip_streq(ref, "main") || slip_streq(ref, "master");
}

static void derive_ref(struct slip_json *ci, const struct slip_git *g)
{
	const char *tag = get(ci, "tag");
	set(ci, "ref.name", g->branch);
	const char *name = get(ci, "ref.name"), *type = name ? "branch" : "detached";
	if (get(ci, "change.id")) {
		type = "change";
	} else if (tag && (!name || slip_streq(name, tag))) {
		type = "tag";
		set(ci, "ref.name", tag);
		name = tag;
	}
	set(ci, "project.defaultBranch", g->default_branch);
	slip_autofree char *slug = name ? slip_ci_slug(name) : NULL;
	set(ci, "ref.slug", slug);
	set(ci, "ref.type", type);
	set_bool(ci, "ref.isDefault", is_default(ci, type));
	set_bool(ci, "ref.protected", env_is("CI_COMMIT_REF_PROTECTED", "true"));
}

/* Only of the commit that is checked out: another one's time would be wrong. */
static void take_commit(struct slip_json *ci, const struct slip_git *g)
{
	const char *sha = get(ci, "commit.sha");
	char time[SLIP_RFC3339_SIZE];
	if (!sha || !g->sha || !slip_streq(sha, g->sha))
		return;
	set(ci, "commit.author", g->author);
	set(ci, "commit.title", g->title);
	if (g->time < 0)
		return;
	slip_clock_rfc3339(g->time, time);
	set(ci, "commit.time", time);
}

static void derive_commit(struct slip_json *ci)
{
	const char *sha = get(ci, "commit.sha");
	slip_autofree char *brief = sha ? slip_xstrndup(sha, 8) : NULL;
	set(ci, "commit.short", brief);
	const char *tag = get(ci, "tag");
	if (tag)
		set(ci, "version", *tag == 'v' && isdigit((unsigned char)tag[1]) ? tag + 1 : tag);
}

static void derive_project(
	struct slip_json *ci, const struct slip_git *g, const char *workspace, const char *url)
{
	slip_autofree char *page = NULL, *path = NULL;
	if (url && slip_git_web_url(url, &page, &path)) {
		set(ci, "project.url", page);
		set(ci, "project.path", path);
		set(ci, "project.name", slip_path_base(path));
	}
	slip_autofree char *top = slip_path_clean(g->root ? g->root : workspace);
	set(ci, "project.name", slip_path_base(top));
	set(ci, "project.path", slip_path_base(top));
	set(ci, "workspace", workspace);
}

struct slip_json *slip_ci_read(const char *workspace)
{
	struct slip_json *ci = slip_json_object();
	const char *provider = slip_ci_provider();
	const char *url = NULL;
	slip_cleanup(slip_git_release) struct slip_git g;
	slip_git_read(workspace, &g);
	set(ci, "provider", provider);
	if (slip_streq(provider, "gitlab")) {
		take_variables(ci, gitlab);
	} else if (slip_streq(provider, "jenkins")) {
		take_variables(ci, jenkins);
		take_git_branch(ci);
		url = env("GIT_URL");
	}
	set(ci, "commit.sha", g.sha);
	/* In CI a pipeline of a branch has no tag, also where its commit has one. */
	bool is_generic = slip_streq(provider, "generic") && !g.branch;
	if (slip_streq(provider, "local") || is_generic)
		set(ci, "tag", g.tag);
	derive_ref(ci, &g);
	take_commit(ci, &g);
	derive_commit(ci);
	derive_project(ci, &g, workspace, url ? url : g.url);
	return ci;
}
