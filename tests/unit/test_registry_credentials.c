#include "config.h"

#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "runner/base/redact.h"
#include "runner/registry/credentials.h"
#include "tests/unit/tap.h"

#include <sys/stat.h>

#define HUB "registry-1.docker.io"
/* base64 of "bob:pass:word" and of "eve:other-word" followed by a NUL */
#define BOB "Ym9iOnBhc3M6d29yZA=="
#define EVE "ZXZlOm90aGVyLXdvcmQA"

static char *dir;

static const struct slip_registry_variables ci_logins[] = {
	{.host = "CI_REGISTRY",
		.fixed_user = "job",
		.password = "CI_JOB_TOKEN",
		.within = "CI_REGISTRY_IMAGE"},
	{.host = "CI_REGISTRY", .user = "CI_REGISTRY_USER", .password = "CI_REGISTRY_PASSWORD"},
};
static const struct slip_registry_environment ci = {
	.logins = ci_logins, .n_logins = SLIP_ARRAY_LEN(ci_logins)};

static const char *const variables[] = {
	"DOCKER_CONFIG",
	"DOCKER_AUTH_CONFIG",
	"REGISTRY_AUTH_FILE",
	"XDG_RUNTIME_DIR",
	"XDG_CONFIG_HOME",
	"CI_JOB_TOKEN",
	"CI_REGISTRY",
	"CI_REGISTRY_IMAGE",
	"CI_REGISTRY_USER",
	"CI_REGISTRY_PASSWORD",
	"CI_DEPENDENCY_PROXY_SERVER",
	"CI_DEPENDENCY_PROXY_USER",
	"CI_DEPENDENCY_PROXY_PASSWORD",
};

static void reset_env(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", dir, 1);
}

static char *write_file(const char *name, const char *text, mode_t mode)
{
	struct slip_err err = SLIP_ERR_INIT;
	char *path = slip_xasprintf("%s/%s", dir, name);
	slip_autofree char *parent = slip_xstrndup(path, (size_t)(strrchr(path, '/') - path));
	if (slip_mkdir_p(parent, 0700, &err) != 0 ||
		slip_write_file(AT_FDCWD, path, text, strlen(text), mode, false, &err) != 0)
		slip_bug("%s", err.msg);
	return path;
}

/* "user:secret" of what is found, "token" kinds as "kind:secret", "" for nothing. */
static char *found(const char *host, const char *repo, const char *config)
{
	struct slip_registry_options opt = {.docker_config = config, .environment = &ci};
	slip_autocredential c = {0};
	slip_credentials_find(&opt, host, repo, &c);
	static const char *const kinds[] = {"", "", "identity", "bearer"};
	if (c.kind == SLIP_CREDENTIAL_NONE)
		return slip_xstrdup("");
	return slip_xasprintf("%s:%s", c.user ? c.user : kinds[c.kind], c.secret);
}

struct lookup {
	const char *config, *host, *repo, *want;
};

static const struct lookup lookups[] = {
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"" BOB "\"}}}", "r.example.com", "a/b",
		"bob:pass:word"},
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"" EVE "\"}}}", "r.example.com", "a/b",
		"eve:other-word"},
	{"{\"auths\":{\"https://R.example.com/v2/\":{\"auth\":\"" BOB "\"}}}", "r.example.com", "a",
		"bob:pass:word"},
	{"{\"auths\":{\"r.example.com\":{\"username\":\"u\",\"password\":\"pppp\"}}}",
		"r.example.com", "a", "u:pppp"},
	{"{\"auths\":{\"r.example.com:443\":{\"auth\":\"" BOB "\"}}}", "r.example.com", "a",
		"bob:pass:word"},
	{"{\"auths\":{\"r.example.com\":{\"identitytoken\":\"idid\"}}}", "r.example.com", "a",
		"identity:idid"},
	{"{\"auths\":{\"r.example.com\":{\"registrytoken\":\"rtrt\"}}}", "r.example.com", "a",
		"bearer:rtrt"},
	/* every spelling of Docker Hub */
	{"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"" BOB "\"}}}", HUB, "library/a",
		"bob:pass:word"},
	{"{\"auths\":{\"index.docker.io\":{\"auth\":\"" BOB "\"}}}", HUB, "a/b", "bob:pass:word"},
	{"{\"auths\":{\"docker.io\":{\"auth\":\"" BOB "\"}}}", HUB, "a/b", "bob:pass:word"},
	{"{\"auths\":{\"https://registry-1.docker.io/v2/\":{\"auth\":\"" BOB "\"}}}", HUB, "a/b",
		"bob:pass:word"},
	/* look-alikes */
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"" BOB "\"}}}", "r.example.com.evil", "a", ""},
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"" BOB "\"}}}", "evil-r.example.com", "a", ""},
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"" BOB "\"}}}", "r.example.com:5000", "a", ""},
	/* keys with a path: the longest that covers the repository, never a sibling */
	{"{\"auths\":{\"r.example.com/a\":{\"auth\":\"" BOB "\"}}}", "r.example.com", "a/b",
		"bob:pass:word"},
	{"{\"auths\":{\"r.example.com/a\":{\"auth\":\"" BOB "\"}}}", "r.example.com", "ab", ""},
	{"{\"auths\":{\"r.example.com/a\":{\"auth\":\"" BOB "\"}}}", "r.example.com", "c", ""},
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"" BOB
	 "\"},\"r.example.com/a/b\":{\"auth\":\"" EVE "\"}}}",
		"r.example.com", "a/b", "eve:other-word"},
	{"{\"auths\":{\"r.example.com/a/b\":{\"auth\":\"" EVE
	 "\"},\"r.example.com\":{\"auth\":\"" BOB "\"}}}",
		"r.example.com", "a", "bob:pass:word"},
	/* entries without a login */
	{"{\"auths\":{\"r.example.com\":{}}}", "r.example.com", "a", ""},
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"!!\"}}}", "r.example.com", "a", ""},
	{"{\"auths\":{\"r.example.com\":{\"auth\":\"bm9jb2xvbg==\"}}}", "r.example.com", "a", ""},
	{"{\"auths\":[]}", "r.example.com", "a", ""},
	{"{broken", "r.example.com", "a", ""},
	/* helpers */
	{"{\"credHelpers\":{\"r.example.com\":\"good\"}}", "r.example.com", "a",
		"helped:from-good"},
	{"{\"credsStore\":\"good\"}", "other.example.com", "a", "helped:from-good"},
	{"{\"credsStore\":\"good\"}", HUB, "a", "hub:from-good"},
	{"{\"credHelpers\":{\"https://index.docker.io/v1/\":\"good\"}}", HUB, "a", "hub:from-good"},
	{"{\"credsStore\":\"token\"}", "r.example.com", "a", "identity:from-token"},
	{"{\"credsStore\":\"none\"}", "r.example.com", "a", ""},
	{"{\"credsStore\":\"none\",\"auths\":{\"r.example.com\":{\"auth\":\"" BOB "\"}}}",
		"r.example.com", "a", "bob:pass:word"},
	{"{\"credsStore\":\"missing\",\"auths\":{\"r.example.com\":{\"auth\":\"" BOB "\"}}}",
		"r.example.com", "a", "bob:pass:word"},
	{"{\"credsStore\":\"broken\"}", "r.example.com", "a", ""},
	{"{\"credsStore\":\"loud\"}", "r.example.com", "a", ""},
	{"{\"credsStore\":\"../good\"}", "r.example.com", "a", ""},
	{"{\"credsStore\":\"good;id\"}", "r.example.com", "a", ""},
	{"{\"credHelpers\":{\"r.example.com\":\"good\"},\"credsStore\":\"none\"}", "r.example.com",
		"a", "helped:from-good"},
};

static void test_documents(void)
{
	reset_env();
	for (size_t i = 0; i < SLIP_ARRAY_LEN(lookups); i++) {
		const struct lookup *l = &lookups[i];
		slip_autofree char *got = found(l->host, l->repo, l->config);
		is_str(got, l->want, "%zu: %s/%s", i, l->host, l->repo);
	}
}

static char *entry(const char *user)
{
	return slip_xasprintf("{\"auths\":{\"r.example.com\":{\"username\":\"%s\",\"password\":"
			      "\"secret\"}}}",
		user);
}

static void source_is(const char *want, const char *name)
{
	slip_autofree char *got = found("r.example.com", "a/b", NULL);
	is_str(got, want, "%s", name);
}

/* Sources are added from the last to the first: each new one must win. */
static void test_order(void)
{
	reset_env();
	source_is("", "nothing is set");
	setenv("CI_REGISTRY", "r.example.com", 1);
	source_is("", "CI_REGISTRY alone is no login");
	setenv("CI_REGISTRY_USER", "ci", 1);
	setenv("CI_REGISTRY_PASSWORD", "secret", 1);
	source_is("ci:secret", "CI_REGISTRY");
	setenv("CI_JOB_TOKEN", "token", 1);
	source_is("ci:secret", "a login for one image is not for others");
	setenv("CI_REGISTRY_IMAGE", "r.example.com/a/bc", 1);
	source_is("ci:secret", "nor for what begins alike");
	setenv("CI_REGISTRY_IMAGE", "r.example.com/a", 1);
	source_is("job:token", "but for what is below");
	setenv("CI_REGISTRY_IMAGE", "r.example.com/a/b", 1);
	source_is("job:token", "and for the image itself");

	slip_autofree char *containers = entry("xdg");
	free(write_file("run/containers/auth.json", containers, 0600));
	slip_autofree char *run = slip_xasprintf("%s/run", dir);
	setenv("XDG_RUNTIME_DIR", run, 1);
	source_is("xdg:secret", "containers/auth.json");

	slip_autofree char *named = entry("named");
	slip_autofree char *named_path = write_file("named.json", named, 0600);
	setenv("REGISTRY_AUTH_FILE", named_path, 1);
	source_is("named:secret", "REGISTRY_AUTH_FILE");

	slip_autofree char *home = entry("home");
	free(write_file(".docker/config.json", home, 0600));
	source_is("home:secret", "HOME");

	slip_autofree char *docker = entry("docker");
	free(write_file("docker/config.json", docker, 0600));
	slip_autofree char *docker_dir = slip_xasprintf("%s/docker", dir);
	setenv("DOCKER_CONFIG", docker_dir, 1);
	source_is("docker:secret", "DOCKER_CONFIG as a directory");
	slip_autofree char *docker_file = slip_xasprintf("%s/docker/config.json", dir);
	setenv("DOCKER_CONFIG", docker_file, 1);
	source_is("docker:secret", "DOCKER_CONFIG as a file");
	slip_autofree char *inline_text = entry("inline");
	setenv("DOCKER_CONFIG", inline_text, 1);
	source_is("inline:secret", "DOCKER_CONFIG as JSON");

	slip_autofree char *auth = entry("auth");
	slip_autofree char *auth_path = write_file("auth-config.json", auth, 0600);
	setenv("DOCKER_AUTH_CONFIG", auth_path, 1);
	source_is("auth:secret", "DOCKER_AUTH_CONFIG as a file");
	slip_autofree char *text = entry("text");
	setenv("DOCKER_AUTH_CONFIG", text, 1);
	source_is("text:secret", "DOCKER_AUTH_CONFIG as JSON");

	slip_autofree char *given = entry("given");
	slip_autofree char *got = found("r.example.com", "a/b", given);
	is_str(got, "given:secret", "the caller's");
	struct slip_registry_login login = {
		.host = "R.example.com", .user = "spec", .password = {.text = "secret"}};
	struct slip_registry_options opt = {
		.docker_config = given, .logins = &login, .n_logins = 1};
	slip_autocredential c = {0};
	slip_credentials_find(&opt, "r.example.com", "a", &c);
	is_str(c.user, "spec", "the spec's");
}

/* A secret in a file is read each time; a token is no password. */
static void test_rotation(void)
{
	reset_env();
	setenv("HOME", "/nonexistent", 1);
	slip_autofree char *path = write_file("rotating", "first\n", 0600);
	struct slip_registry_login login = {.host = "r.example.com", .token = {.file = path}};
	struct slip_registry_options opt = {.logins = &login, .n_logins = 1};
	slip_autocredential first = {0}, second = {0}, third = {0};
	slip_credentials_find(&opt, "r.example.com", "a", &first);
	is_str(first.secret, "first", "the file's content");
	is_int(first.kind, SLIP_CREDENTIAL_BEARER, "goes to the registry as it is");
	free(write_file("rotating", "second\n", 0600));
	slip_credentials_find(&opt, "r.example.com", "a", &second);
	is_str(second.secret, "second", "read anew");
	unlink(path);
	slip_credentials_find(&opt, "r.example.com", "a", &third);
	is_int(third.kind, SLIP_CREDENTIAL_NONE, "a file that is gone");
	ok(strstr(third.notes, "rotating") != NULL, "is said");
}

static void test_words(void)
{
	reset_env();
	setenv("HOME", "/nonexistent", 1);
	setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{\"x\":{\"auth\":\"" BOB "\"}}}", 1);
	setenv("CI_REGISTRY", "r.example.com", 1);
	setenv("CI_REGISTRY_USER", "ci", 1);
	setenv("CI_REGISTRY_PASSWORD", "very-secret-word", 1);
	struct slip_registry_options opt = {.environment = &ci};
	slip_autocredential c = {0};
	slip_credentials_find(&opt, "r.example.com", "a", &c);
	slip_autofree char *text = slip_credential_describe(&c);
	ok(strstr(text, "user ci from CI_REGISTRY_USER") != NULL, "the source: %s", text);
	ok(strstr(text, "DOCKER_AUTH_CONFIG: no entry for r.example.com") != NULL,
		"what was skipped");
	ok(!strstr(text, "very-secret-word"), "no secret");
	slip_autobuf masked;
	slip_buf_init(&masked, 1024);
	slip_redact("x very-secret-word y", 20, &masked);
	ok(!strstr(masked.data, "very-secret-word"), "it is masked from now on");
	slip_autocredential none = {0};
	slip_credentials_find(&opt, "other.example.com", "a", &none);
	slip_autofree char *nothing = slip_credential_describe(&none);
	ok(strstr(nothing, "no credentials") && strstr(nothing, "CI_REGISTRY is r.example.com"),
		"why there is none: %s", nothing);
}

static void make_helpers(void)
{
	free(write_file("bin/docker-credential-good",
		"#!/bin/sh\nread -r server\n[ \"$1\" = get ] || exit 1\nuser=helped\n"
		"[ \"$server\" = https://index.docker.io/v1/ ] && user=hub\n"
		"echo noise >&2\n"
		"printf '{\"ServerURL\":\"x\",\"Username\":\"%s\",\"Secret\":\"from-good\"}' "
		"$user\n",
		0755));
	free(write_file("bin/docker-credential-token",
		"#!/bin/sh\nprintf '{\"Username\":\"<token>\",\"Secret\":\"from-token\"}'\n",
		0755));
	free(write_file("bin/docker-credential-none",
		"#!/bin/sh\necho credentials not found in native keychain\nexit 1\n", 0755));
	free(write_file("bin/docker-credential-broken", "#!/bin/sh\necho oops\nexit 3\n", 0755));
	free(write_file("bin/docker-credential-loud",
		"#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\n", 0755));
	slip_autofree char *path = slip_xasprintf("%s/bin:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_proc_init(&err) != 0 || slip_make_temp_dir("/tmp", "slip-cred-", &dir, &err) != 0)
		slip_bug("%s", err.msg);
	make_helpers();
	test_documents();
	test_order();
	test_words();
	test_rotation();
	if (slip_remove_tree(AT_FDCWD, dir, &err) != 0)
		diag("%s", err.msg);
	free(dir);
	slip_redact_reset();
	return done_testing();
}
