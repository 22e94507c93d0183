#include "config.h"

#include "runner/oci/ref.h"
#include "tests/unit/tap.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST "sha256:" HEX
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X120 X50 X50 X10 X10
#define X250 X50 X50 X50 X50 X50
#define BAD "invalid reference format: "
#define BAD_NAME ": the repository name may have a-z, 0-9 and between them . _ __ - and /"
#define BAD_TAG ": the tag must be 1 to 128 letters, digits, _ . - and not start with . or -"
#define BAD_DIGEST ": the digest must be \"sha256:\" and 64 lower-case hexadecimal digits"
#define BAD_HOST " is not a host or host:port"

static const struct {
	const char *text, *canonical, *familiar;
} valid[] = {
	{"alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"},
	{"library/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"},
	{"index.docker.io/sbraer/x", "docker.io/sbraer/x:latest", "sbraer/x:latest"},
	{"sbraer/minimalapi:1.2", "docker.io/sbraer/minimalapi:1.2", "sbraer/minimalapi:1.2"},
	{"docker.io/sbraer/cache", "docker.io/sbraer/cache:latest", "sbraer/cache:latest"},
	{"library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
	{"docker.io/localhost/x", "docker.io/localhost/x:latest", "docker.io/localhost/x:latest"},
	{"docker.io/a.b/x", "docker.io/a.b/x:latest", "docker.io/a.b/x:latest"},
	{"docker.io/library/" HEX, "docker.io/library/" HEX ":latest",
		"docker.io/library/" HEX ":latest"},
	{HEX ":1", "docker.io/library/" HEX ":1", "docker.io/library/" HEX ":1"},
	{"ghcr.io/a/b:v1", "ghcr.io/a/b:v1", "ghcr.io/a/b:v1"},
	{"registry.example.com/a", "registry.example.com/a:latest",
		"registry.example.com/a:latest"},
	{"localhost/a", "localhost/a:latest", "localhost/a:latest"},
	{"localhost:5000/a:b", "localhost:5000/a:b", "localhost:5000/a:b"},
	{"myhost:5000/a/b/c/d", "myhost:5000/a/b/c/d:latest", "myhost:5000/a/b/c/d:latest"},
	{"Host/a", "Host/a:latest", "Host/a:latest"},
	{"127.0.0.1:32768/w1", "127.0.0.1:32768/w1:latest", "127.0.0.1:32768/w1:latest"},
	{"[::1]/a", "[::1]/a:latest", "[::1]/a:latest"},
	{"[2001:db8::1]:5000/a:t", "[2001:db8::1]:5000/a:t", "[2001:db8::1]:5000/a:t"},
	{"a@" DIGEST, "docker.io/library/a@" DIGEST, "a@" DIGEST},
	{"a:1@" DIGEST, "docker.io/library/a:1@" DIGEST, "a:1@" DIGEST},
	{"h.io/a:1@" DIGEST, "h.io/a:1@" DIGEST, "h.io/a:1@" DIGEST},
	{"ab-c__d_e--f/g.h", "docker.io/ab-c__d_e--f/g.h:latest", "ab-c__d_e--f/g.h:latest"},
	{"x----y", "docker.io/library/x----y:latest", "x----y:latest"},
	{"a:_.-Tag", "docker.io/library/a:_.-Tag", "a:_.-Tag"},
	{"a:" X120 "12345678", "docker.io/library/a:" X120 "12345678", "a:" X120 "12345678"},
	{"h.io/" X250 "12345", "h.io/" X250 "12345:latest", "h.io/" X250 "12345:latest"},
	{"xn--n3h.com/a", "xn--n3h.com/a:latest", "xn--n3h.com/a:latest"},
	{"h-1.io:65535/a", "h-1.io:65535/a:latest", "h-1.io:65535/a:latest"},
};

static const struct {
	const char *text, *error;
} invalid[] = {
	{"", BAD "the reference is empty"},
	{HEX, "invalid repository name (" HEX "), cannot specify 64-byte hexadecimal strings"},
	{"Alpine", BAD "repository name (library/Alpine) must be lowercase"},
	{"a/B", BAD "repository name (a/B) must be lowercase"},
	{"ghcr.io/Owner/app:1", BAD "repository name (Owner/app) must be lowercase"},
	{"localhost:5000/Foo", BAD "repository name (Foo) must be lowercase"},
	{"a b", BAD "\"a b\"" BAD_NAME},
	{"a/../b", BAD "\"a/../b\"" BAD_NAME},
	{"../b", BAD "\"../b\": \"..\"" BAD_HOST},
	{"a//b", BAD "\"a//b\"" BAD_NAME},
	{"a/", BAD "\"a/\"" BAD_NAME},
	{"/a", BAD "\"/a\"" BAD_NAME},
	{"a..b", BAD "\"a..b\"" BAD_NAME},
	{"a___b", BAD "\"a___b\"" BAD_NAME},
	{"a.-b", BAD "\"a.-b\"" BAD_NAME},
	{"-a", BAD "\"-a\"" BAD_NAME},
	{"a-", BAD "\"a-\"" BAD_NAME},
	{"_a", BAD "\"_a\"" BAD_NAME},
	{"a?b=c", BAD "\"a?b=c\"" BAD_NAME},
	{"a#b", BAD "\"a#b\"" BAD_NAME},
	{"a%2fb", BAD "\"a%2fb\"" BAD_NAME},
	{"a\r\nhost: x", BAD "\"a\\x0d\\x0ahost: x\"" BAD_NAME},
	{"caf\xc3\xa9", BAD "\"caf\\xc3\\xa9\"" BAD_NAME},
	{"h\xc3\xb6st.com/a", BAD "\"h\\xc3\\xb6st.com/a\": \"h\\xc3\\xb6st.com\"" BAD_HOST},
	{"user@host/a", BAD "\"user@host/a\"" BAD_DIGEST},
	{"user@host.com/a", BAD "\"user@host.com/a\": \"user@host.com\"" BAD_HOST},
	{"host.com:99999/a", BAD "\"host.com:99999/a\": \"host.com:99999\"" BAD_HOST},
	{"host.com:65536/a", BAD "\"host.com:65536/a\": \"host.com:65536\"" BAD_HOST},
	{"host.com:0/a", BAD "\"host.com:0/a\": \"host.com:0\"" BAD_HOST},
	{"host.com:/a", BAD "\"host.com:/a\": \"host.com:\"" BAD_HOST},
	{"host.com:80a/a", BAD "\"host.com:80a/a\": \"host.com:80a\"" BAD_HOST},
	{"host.com:080000/a", BAD "\"host.com:080000/a\": \"host.com:080000\"" BAD_HOST},
	{"-host.com/a", BAD "\"-host.com/a\": \"-host.com\"" BAD_HOST},
	{"host-.com/a", BAD "\"host-.com/a\": \"host-.com\"" BAD_HOST},
	{"ho_st.com/a", BAD "\"ho_st.com/a\": \"ho_st.com\"" BAD_HOST},
	{"host.:80/a", BAD "\"host.:80/a\": \"host.:80\"" BAD_HOST},
	{".com/a", BAD "\".com/a\": \".com\"" BAD_HOST},
	{"[::1/a", BAD "\"[::1/a\": \"[::1\"" BAD_HOST},
	{"[]:80/a", BAD "\"[]:80/a\": \"[]:80\"" BAD_HOST},
	{"[::1]x/a:b", BAD "\"[::1]x/a:b\": \"[::1]x\"" BAD_HOST},
	{"[fe80::1%eth0]/a", BAD "\"[fe80::1%eth0]/a\": \"[fe80::1%eth0]\"" BAD_HOST},
	{"h.io/", BAD "\"h.io/\": the repository name is missing"},
	{":tag", BAD "\":tag\": the repository name is missing"},
	{"@" DIGEST, BAD "\"@" DIGEST "\": the repository name is missing"},
	{"https://h.io/a", BAD "\"https://h.io/a\": leave out the scheme, write host/repository"},
	{"a:", BAD "\"a:\"" BAD_TAG},
	{"a:.x", BAD "\"a:.x\"" BAD_TAG},
	{"a:-x", BAD "\"a:-x\"" BAD_TAG},
	{"a:b:c", BAD "\"a:b:c\"" BAD_TAG},
	{"a:b/c", BAD "\"a:b/c\": \"a:b\"" BAD_HOST},
	{"a:t t", BAD "\"a:t t\"" BAD_TAG},
	{"a:@" DIGEST, BAD "\"a:@" DIGEST "\"" BAD_TAG},
	{"a:" X120 "123456789", BAD "\"a:" X120 "123456789\"" BAD_TAG},
	{"a@", BAD "\"a@\"" BAD_DIGEST},
	{"a@sha256:", BAD "\"a@sha256:\"" BAD_DIGEST},
	{"a@sha256:abc", BAD "\"a@sha256:abc\"" BAD_DIGEST},
	{"a@sha256:../../x", BAD "\"a@sha256:../../x\": \"a@sha256:..\"" BAD_HOST},
	{"a@md5:d41d8cd98f00b204e9800998ecf8427e",
		BAD "\"a@md5:d41d8cd98f00b204e9800998ecf8427e\"" BAD_DIGEST},
	{"a@" DIGEST "0", BAD "\"a@" DIGEST "0\"" BAD_DIGEST},
	{"a@" DIGEST ":t", BAD "\"a@" DIGEST ":t\"" BAD_DIGEST},
	{"a@" DIGEST "@" DIGEST, BAD "\"a@" DIGEST "@" DIGEST "\"" BAD_DIGEST},
	{"h.io/" X250 "123456",
		BAD "\"h.io/" X120 X120
		    "xxxx...\": repository name must not be more than 255 characters"},
};

static void test_valid(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(valid); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoref ref = {0}, again = {0};
		if (slip_ref_parse(valid[i].text, SLIP_REF_TAG_DEFAULT, &ref, &err) < 0) {
			fail("%s: %s", valid[i].text, err.msg);
			continue;
		}
		slip_autofree char *canonical = slip_ref_print(&ref);
		slip_autofree char *familiar = slip_ref_print_familiar(&ref);
		is_str(canonical, valid[i].canonical, "%s in full", valid[i].text);
		is_str(familiar, valid[i].familiar, "%s in short", valid[i].text);
		is_int(slip_ref_parse(familiar, SLIP_REF_TAG_AS_GIVEN, &again, &err), 0,
			"the short form parses");
		slip_autofree char *twice = slip_ref_print(&again);
		is_str(twice, valid[i].canonical, "and means the same");
	}
}

static void test_invalid(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(invalid); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		struct slip_ref ref = {.path = (char *)(uintptr_t) "untouched"};
		int rc = slip_ref_parse(invalid[i].text, SLIP_REF_TAG_DEFAULT, &ref, &err);
		is_int(rc, -1, "refused: %zu", i);
		is_str(err.msg, invalid[i].error, "and says why");
		is_int(err.code, SLIP_E_USAGE, "as a mistake of the user");
		is_str(ref.path, "untouched", "the result stays as it was");
	}
}

static void test_parts(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoref hub = {0}, other = {0}, copy = {0};

	is_int(slip_ref_parse("alpine", SLIP_REF_TAG_AS_GIVEN, &hub, &err), 0, "no tag wanted");
	ok(hub.tag == NULL, "none is invented");
	is_str(slip_ref_target(&hub), "latest", "yet latest is what is asked for");
	is_str(slip_ref_api_host(&hub), "registry-1.docker.io", "the host of Docker Hub");
	is_str(slip_ref_auth_key(&hub), "https://index.docker.io/v1/", "its key in config.json");
	ok(slip_ref_is_hub(&hub), "it is Docker Hub");

	is_int(slip_ref_parse("h.io:5000/a/b:t@" DIGEST, SLIP_REF_TAG_DEFAULT, &other, &err), 0,
		"tag and digest");
	is_str(slip_ref_target(&other), DIGEST, "the digest is what counts");
	is_str(slip_ref_api_host(&other), "h.io:5000", "any other host is itself");
	is_str(slip_ref_auth_key(&other), "h.io:5000", "and its own key");
	ok(!slip_ref_same_repo(&hub, &other), "two repositories");
	slip_ref_copy(&copy, &other);
	slip_ref_set_digest(&copy, NULL);
	is_int(slip_ref_set_tag(&copy, "v2", &err), 0, "another tag");
	ok(slip_ref_same_repo(&copy, &other), "another tag, the same repository");
	slip_autofree char *text = slip_ref_print(&copy);
	is_str(text, "h.io:5000/a/b:v2", "the copy changed");
	is_str(other.tag, "t", "the original did not");
	is_int(slip_ref_set_tag(&copy, "a/b", &err), -1, "a tag is checked");
	is_str(err.msg, "invalid tag \"a/b\": 1 to 128 letters, digits, _ . - and not . or - first",
		"by the grammar");
	is_str(copy.tag, "v2", "and kept when the new one is bad");
	slip_err_clear(&err);
	is_int(slip_ref_set_tag(&copy, NULL, &err), 0, "no tag");
	slip_autofree char *repo = slip_ref_print(&copy);
	is_str(repo, "h.io:5000/a/b", "leaves the repository");
}

static void test_repo(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoref ref = {0};

	is_int(slip_ref_parse_repo("h.io/team/cache", &ref, &err), 0, "a repository");
	slip_autofree char *repo = slip_ref_print_repo(&ref);
	is_str(repo, "h.io/team/cache", "as written");
	is_int(slip_ref_parse_repo("h.io/cache:x", &ref, &err), -1, "with a tag");
	is_str(err.msg, BAD "\"h.io/cache:x\": a repository is wanted here: leave out the tag",
		"is an error");
	slip_err_clear(&err);
	is_int(slip_ref_parse_repo("cache@" DIGEST, &ref, &err), -1, "with a digest");
	is_str(err.msg,
		BAD "\"cache@" DIGEST "\": a repository is wanted here: leave out the digest",
		"is one too");
}

int main(void)
{
	test_valid();
	test_invalid();
	test_parts();
	test_repo();
	return done_testing();
}
