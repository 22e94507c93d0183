#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/oci/index.h"
#include "tests/unit/tap.h"

#define D(c) "sha256:" c c c c c c c c c c c c c c c c
#define A "aaaa"
#define B "bbbb"
#define C "cccc"
#define E "eeee"
#define MANIFEST "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
#define ENTRY(digest, more) "{" MANIFEST "\"digest\":\"" D(digest) "\",\"size\":5" more "}"
#define PLATFORM(os, arch, more)                                                                   \
	",\"platform\":{\"architecture\":\"" arch "\",\"os\":\"" os "\"" more "}"
#define INDEX(entries)                                                                             \
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","          \
	"\"manifests\":[" entries "]}"
#define ATTESTATION(digest)                                                                        \
	"{" MANIFEST "\"digest\":\"" D(                                                            \
		digest) "\",\"size\":5,\"annotations\":"                                           \
			"{\"vnd.docker.reference.type\":\"attestation-manifest\"}" PLATFORM(       \
				"unknown", "unknown", "") "}"
#define NESTED(digest)                                                                             \
	"{\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"digest\":\"" D(              \
		digest) "\",\"size\":5}"
#define VARIANT(v) ",\"variant\":\"" v "\""

static const struct {
	const char *name, *text, *want, *digest, *error;
} cases[] = {
	{"attestation in front", INDEX(ATTESTATION(A) "," ENTRY(B, PLATFORM("linux", "amd64", ""))),
		"linux/amd64", D(B), NULL},
	{"exact beats earlier fallback",
		INDEX(ENTRY(A, PLATFORM("linux", "386", "")) "," ENTRY(
			B, PLATFORM("linux", "amd64", ""))),
		"linux/amd64", D(B), NULL},
	{"fallback when there is no better", INDEX(ENTRY(A, PLATFORM("linux", "386", ""))),
		"linux/amd64", D(A), NULL},
	{"first of equals",
		INDEX(ENTRY(A, PLATFORM("linux", "amd64", "")) "," ENTRY(
			B, PLATFORM("linux", "amd64", ""))),
		"linux/amd64", D(A), NULL},
	{"case and aliases", INDEX(ENTRY(A, PLATFORM("Linux", "AArch64", VARIANT("V8")))),
		"linux/arm64", D(A), NULL},
	{"arm variants",
		INDEX(ENTRY(A, PLATFORM("linux", "arm", VARIANT("v5"))) "," ENTRY(
			B, PLATFORM("linux", "arm", VARIANT("v6"))) "," ENTRY(C,
			PLATFORM("linux", "arm", VARIANT("v7")))),
		"linux/arm/v6", D(B), NULL},
	{"features nobody has",
		INDEX(ENTRY(A,
			PLATFORM("windows", "amd64", ",\"os.features\":[\"win32k\"]")) "," ENTRY(B,
			PLATFORM("windows", "amd64", ""))),
		"windows/amd64", D(B), NULL},
	{"the only one without a platform",
		INDEX(ATTESTATION(A) "," ENTRY(B, "") "," ENTRY(C, PLATFORM("linux", "s390x", ""))),
		"linux/amd64", D(B), NULL},
	{"a match beats no platform",
		INDEX(ENTRY(A, "") "," ENTRY(B, PLATFORM("linux", "amd64", ""))), "linux/amd64",
		D(B), NULL},
	{"an index in the index", INDEX(NESTED(E)), "linux/amd64", D(E), NULL},
	{"nothing fits",
		INDEX(ATTESTATION(A) "," ENTRY(
			B, PLATFORM("linux", "arm64", VARIANT("v8"))) "," ENTRY(C,
			PLATFORM("linux", "arm64", VARIANT("v8"))) "," ENTRY(E,
			PLATFORM("windows", "amd64", ""))),
		"linux/amd64", NULL,
		"no image for linux/amd64; there are: linux/arm64/v8, windows/amd64"},
	{"two without a platform", INDEX(ENTRY(A, "") "," ENTRY(B, "")), "linux/amd64", NULL,
		"no image for linux/amd64; there are: (none named)"},
	{"attestations only", INDEX(ATTESTATION(A)), "linux/amd64", NULL,
		"the index holds no image"},
	{"empty", INDEX(""), "linux/amd64", NULL, "the index holds no image"},
};

static const struct {
	const char *text, *error;
} broken[] = {
	{INDEX("7"), "index: entry 1 is not an object"},
	{INDEX(ENTRY(A, ",\"platform\":[]")), "index: entry 1: platform is not an object"},
	{INDEX(ENTRY(A, PLATFORM("linux/x", "amd64", ""))),
		"index: entry 1: \"linux/x\" is not the name of a platform"},
	{INDEX(ENTRY(A, ",\"platform\":{\"os\":1}")), "index: entry 1: os is not a string"},
	{INDEX(ENTRY(A, "") "," ENTRY("AAAA", "")),
		"index: entry 2: digest \"" D(
			"AAAA") "\" is not sha256 and 64 lower-case hexadecimal digits"},
	{"{\"schemaVersion\":2,\"manifests\":{}}", "index: manifests is not a list"},
	{"{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{\"a\":[]}}",
		"index: the value of \"a\" in annotations is not a string"},
	{"{\"schemaVersion\":2,\"config\":{}}",
		"one image's manifest stands where an index is expected"},
};

static void test_choose(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoindex index = {0};
		struct slip_platform want;
		const struct slip_descriptor *d = NULL;
		const char *text = cases[i].text;
		if (slip_index_parse(text, strlen(text), NULL, &index, &err) < 0 ||
			slip_platform_parse(cases[i].want, NULL, &want, &err) < 0) {
			fail("%s: %s", cases[i].name, err.msg);
			continue;
		}
		int rc = slip_index_choose(&index, &want, &d, &err);
		is_str(rc < 0 ? err.msg : NULL, cases[i].error, "%s", cases[i].name);
		is_str(rc < 0 ? NULL : d->digest.s, cases[i].digest, "the right entry");
		if (rc < 0)
			is_int(err.code, SLIP_E_NOTFOUND, "as something that does not exist");
	}
}

static void test_broken(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(broken); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoindex index = {0};
		const char *text = broken[i].text;
		int rc = slip_index_parse(text, strlen(text), NULL, &index, &err);
		is_str(rc < 0 ? err.msg : NULL, broken[i].error, "broken %zu", i);
	}
}

static void test_limit(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoindex index = {0};
	slip_autobuf text;

	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	slip_buf_add_str(&text, "{\"schemaVersion\":2,\"manifests\":[" ENTRY(A, ""));
	for (int i = 0; i < SLIP_MAX_INDEX_ENTRIES; i++)
		slip_buf_add_str(&text, "," ENTRY(A, ""));
	slip_buf_add_str(&text, "]}");
	is_int(slip_index_parse(text.data, text.len, NULL, &index, &err), -1, "too many entries");
	is_str(err.msg, "index has 1001 entries, more than 1000", "are refused");
}

static void test_print(void)
{
	static const char text[] =
		INDEX(ENTRY(A, PLATFORM("linux", "arm64", VARIANT("v8"))) "," ENTRY(
			B, ",\"annotations\":{\"x\":\"y\"}" PLATFORM(
				   "windows", "amd64", ",\"os.version\":\"10.0.1\"")));
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoindex index = {0}, built;
	struct slip_digest digest, expected;

	is_int(slip_index_parse(text, strlen(text), SLIP_MEDIA_OCI_INDEX, &index, &err), 0,
		"an index");
	slip_autofree char *again = slip_index_print(&index, &digest);
	is_str(again, text, "prints as it was, platforms as written");
	slip_digest_of(text, strlen(text), &expected);
	is_str(digest.s, expected.s, "with its digest");
	slip_index_init(&built, SLIP_MEDIA_DOCKER);
	slip_index_add(&built, &index.manifests[1]);
	slip_autofree char *docker = slip_index_print(&built, NULL);
	is_str(docker,
		"{\"schemaVersion\":2,"
		"\"mediaType\":\"application/vnd.docker.distribution.manifest.list.v2+json\","
		"\"manifests\":[" ENTRY(
			B, PLATFORM("windows", "amd64", ",\"os.version\":\"10.0.1\"")) "]}",
		"a manifest list has no annotations");
}

int main(void)
{
	test_choose();
	test_broken();
	test_limit();
	test_print();
	return done_testing();
}
