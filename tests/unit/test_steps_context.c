#include "config.h"

#include "runner/base/redact.h"
#include "steps/context/aws.h"
#include "steps/context/cloud.h"
#include "steps/context/git.h"
#include "steps/context/stores.h"
#include "tests/unit/tap.h"

static struct slip_err err = SLIP_ERR_INIT;

static void or_dash(struct slip_buf *b, const char *name, const char *value)
{
	if (value)
		slip_buf_addf(b, " %s=%s", name, value);
}

/* "remote name=value ...", or the error. */
static void is_git(const char *text, const char *want)
{
	slip_autogiturl u = {0};
	slip_autobuf b;
	slip_buf_init(&b, 65536);
	slip_err_clear(&err);
	if (slip_git_url_parse(text, "https", &u, &err) < 0) {
		is_int(err.code, SLIP_E_USAGE, "class of the error");
		is_str(err.msg, want, "refuse %s", text);
		return;
	}
	slip_buf_add_str(&b, u.remote);
	or_dash(&b, "user", u.user);
	or_dash(&b, "password", u.password);
	or_dash(&b, "ref", u.ref);
	or_dash(&b, "commit", u.commit);
	or_dash(&b, "sub", u.sub_path);
	is_str(b.data, want, "parse %s", text);
}

#define HASH "0123456789abcdef0123456789abcdef01234567"
#define SSH_FORMS                                                                                  \
	"a repository by ssh is ssh://[USER@]HOST[:PORT]/PATH or git@HOST:PATH; passwords go "     \
	"nowhere near it"

static void test_git_url(void)
{
	is_git("git://github.com/a/b", "https://github.com/a/b");
	is_git("git://github.com/a/b.git#main", "https://github.com/a/b.git ref=main");
	is_git("https://h:8443/b.git#refs/pull/3/head",
		"https://h:8443/b.git ref=refs/pull/3/head");
	is_git("https://h/b.git#main:dir/sub", "https://h/b.git ref=main sub=dir/sub");
	is_git("https://h/b.git#:dir", "https://h/b.git sub=dir");
	is_git("https://h/b.git#" HASH, "https://h/b.git commit=" HASH);
	is_git("https://h/b.git#main#" HASH ":d", "https://h/b.git ref=main commit=" HASH " sub=d");
	is_git("https://h/b.git#main#abc",
		"\"abc\" is no commit: 40 hexadecimal digits are needed");
	is_git("git://token@h/b", "https://h/b user=token");
	is_git("https://a:p%40s%2fs@h/b.git", "https://h/b.git user=a password=p@s/s");
	is_git("https://a:p@s@h/b.git", "https://h/b.git user=a password=p@s");
	is_git("https://a:%0a@h/b.git", "the login in a git URL is not percent-encoded");
	is_git("https://a:%@h/b.git", "the login in a git URL is not percent-encoded");
	is_git("git://h/b?ref=x", "a git URL has no query; the ref goes behind a \"#\"");
	is_git("git@h:a/b.git", "git@h:a/b.git");
	is_git("ssh://git@h:22/a/b#v1", "ssh://git@h:22/a/b ref=v1");
	is_git("ssh://-oProxyCommand=x/a", SSH_FORMS);
	is_git("ssh://git@-oProxyCommand=x/a", SSH_FORMS);
	is_git("ssh://git:password@h/a", SSH_FORMS);
	is_git("git@h:-x", SSH_FORMS);
	is_git("git@h", SSH_FORMS);
	is_git("https://h/b.git#--upload-pack=x", "\"--upload-pack=x\" is no name of a git ref");
	is_git("https://h/b.git#a..b", "\"a..b\" is no name of a git ref");
	is_git("https://h/b.git#a b", "\"a b\" is no name of a git ref");
	ok(slip_git_url_fits("https://h/b.git#x") && slip_git_url_fits("git@h:x") &&
			!slip_git_url_fits("https://h/b.tgz#x.git") &&
			!slip_git_url_fits("https://h/b.git?x"),
		"what is a repository");
}

static int parse_options(const char *a, const char *b, struct slip_git_options *out)
{
	slip_autostrv pairs = {0};
	slip_strv_add(&pairs, a);
	if (b)
		slip_strv_add(&pairs, b);
	slip_err_clear(&err);
	return slip_git_options_parse(&pairs, out, &err);
}

static void test_git_options(void)
{
	struct slip_git_options o;
	ok(parse_options("depth=3", "keep-git-dir=true", &o) == 0 && o.depth == 3 && o.keep_git_dir,
		"options");
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"depht=3", "--git depht: there is no such option; did you mean depth?"},
		{"depth=-1", "--git depth=-1: not a number"},
		{"depth=99999999999", "--git depth=99999999999: not a number"},
		{"branch", "--git branch needs a value: branch=..."},
		{"branch=-x", "--git branch=-x: no name of a branch or tag"},
		{"recurse-submodules=yes", "--git recurse-submodules=yes: true or false?"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		ok(parse_options(bad[i].text, NULL, &o) < 0, "refuse %s", bad[i].text);
		is_str(err.msg, bad[i].want, "why");
	}
}

static void is_ini(const char *section, const char *key, const char *want)
{
	static const char text[] = "key = before\n[default]\nkey=one\r\n # key = no\n#key = no\n"
				   "[ work ]\nkey = two = 2 \n[broken\nkey";
	slip_autofree char *got = slip_aws_ini_get(text, section, key);
	is_str(got ? got : "-", want, "[%s] %s", section, key);
}

static void test_ini(void)
{
	is_ini("default", "key", "one");
	is_ini("work", "key", "two = 2");
	is_ini("other", "key", "-");
	is_ini("default", "kex", "-");
}

static void is_split(const char *where, const char *want)
{
	slip_autofree char *bucket = NULL, *key = NULL;
	slip_err_clear(&err);
	if (slip_cloud_split(where, &bucket, &key, &err) < 0) {
		is_str("-", want, "refuse %s", where);
		return;
	}
	slip_autofree char *path = slip_cloud_encode_path(key);
	slip_autofree char *got = slip_xasprintf("%s %s", bucket, path);
	is_str(got, want, "split %s", where);
}

static void test_cloud(void)
{
	is_split("s3://bucket", "bucket /context.tar.gz");
	is_split("s3://bucket/", "bucket /context.tar.gz");
	is_split("gs://b.c-d/a b/c+d?", "b.c-d /a%20b/c%2Bd%3F");
	is_split("s3://", "-");
	is_split("s3://../x", "-");
	is_split("s3://a@b/x", "-");
	slip_err_clear(&err);
	ok(slip_cloud_secret("a\r\nb-secret", "x", &err) < 0, "no line break in a credential");
	slip_err_clear(&err);
	ok(slip_cloud_check_endpoint("http://example.com/x", "x", &err) < 0, "no plain http");
	slip_err_clear(&err);
	ok(slip_cloud_check_endpoint("http://10.0.0.1/x", "x", &err) < 0, "nor inside");
	slip_err_clear(&err);
	ok(slip_cloud_check_endpoint("http://169.254.170.2/x", "x", &err) == 0 &&
			slip_cloud_check_endpoint("http://127.0.0.1:1/x", "x", &err) == 0,
		"but to this machine and its link");
}

/* Against a signature that python's hmac made of the documented string. */
static void test_azure(void)
{
	slip_autofree char *header = NULL;
	ok(slip_azure_sign("account", "/container/blob", "Sat, 21 Nov 2026 14:00:00 GMT", "a2V5",
		   &header, &err) == 0,
		"sign");
	is_str(header,
		"Authorization: SharedKey account:wVO7/iwRLrq4lbORcdA0R0X6VIUt1vuLAQ1e3eA9AM0=",
		"shared key");
	ok(slip_azure_fits("https://a.blob.core.windows.net/c/b?sig=x") &&
			!slip_azure_fits("https://blob.core.windows.net.evil.example/c/b") &&
			!slip_azure_fits("http://a.blob.core.windows.net/c/b"),
		"whose URLs these are");
}

static void is_public(const char *url, const char *want)
{
	slip_autofree char *got = slip_obtain_public_name(url);
	is_str(got, want, "%s", url);
}

static void test_names(void)
{
	is_public("https://u:p@h/x?q#f", "https://h/x");
	is_public("https://h/x@y", "https://h/x@y");
	is_public("ftp://u:p@h", "ftp://h");
	is_public("https://u:p@h?q@r", "https://h");
	is_str(slip_context_local_dir("a/b"), "a/b", "a path is a directory");
	is_str(slip_context_local_dir("dir://x"), "x", "so is what dir:// names");
	ok(!slip_context_local_dir("-") && !slip_context_local_dir("git@h:x") &&
			!slip_context_local_dir("x://y"),
		"and nothing else is");
}

int main(void)
{
	test_git_url();
	test_git_options();
	test_ini();
	test_cloud();
	test_azure();
	test_names();
	slip_redact_reset();
	return done_testing();
}
