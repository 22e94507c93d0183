#include "config.h"

#include "runner/oci/layout_text.h"
#include "tests/unit/tap.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define HEAD                                                                                       \
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","          \
	"\"manifests\":["
#define BARE(digest)                                                                               \
	"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" digest       \
	"\",\"size\":5}"
#define NAMED(digest, name)                                                                        \
	"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" digest       \
	"\",\"size\":5,\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}}"

static const struct {
	const char *name, *old, *digest, *ref, *want;
} puts_[] = {
	{"first", NULL, D1, "v1", HEAD NAMED(D1, "v1") "]}"},
	{"first without a name", NULL, D1, NULL, HEAD BARE(D1) "]}"},
	{"another name", HEAD NAMED(D1, "v1") "]}", D2, "v2",
		HEAD NAMED(D1, "v1") "," NAMED(D2, "v2") "]}"},
	{"the same name, in its place", HEAD NAMED(D1, "v1") "," NAMED(D1, "v2") "]}", D2, "v1",
		HEAD NAMED(D2, "v1") "," NAMED(D1, "v2") "]}"},
	{"a name that was there twice", HEAD NAMED(D1, "v1") "," NAMED(D2, "v1") "]}", D2, "v1",
		HEAD NAMED(D2, "v1") "]}"},
	{"no name, same digest", HEAD BARE(D1) "," NAMED(D1, "v1") "]}", D1, NULL,
		HEAD BARE(D1) "," NAMED(D1, "v1") "]}"},
	{"no name, other digest", HEAD BARE(D1) "]}", D2, NULL, HEAD BARE(D1) "," BARE(D2) "]}"},
	{"what is not known stays", "{\"schemaVersion\":2,\"x\":[1],\"manifests\":null}", D1, "v",
		"{\"schemaVersion\":2,\"x\":[1],\"manifests\":[" NAMED(D1, "v") "]}"},
	{"entries with more fields stay",
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" D1 "\",\"data\":\"eA==\"}]}",
		D2, "v",
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" D1
		"\",\"data\":\"eA==\"}," NAMED(D2, "v") "]}"},
};

static const struct {
	const char *name, *index, *ref, *digest, *error;
} finds[] = {
	{"the only one", HEAD NAMED(D1, "v1") "]}", NULL, D1, NULL},
	{"by name", HEAD NAMED(D1, "v1") "," NAMED(D2, "v2") "]}", "v2", D2, NULL},
	{"by digest", HEAD NAMED(D1, "v1") "," BARE(D2) "]}", D2, D2, NULL},
	{"by full name",
		HEAD "{\"mediaType\":\"x\",\"digest\":\"" D1 "\",\"size\":1,\"annotations\":"
		     "{\"io.containerd.image.name\":\"docker.io/library/a:1\"}}]}",
		"docker.io/library/a:1", D1, NULL},
	{"unknown name", HEAD NAMED(D1, "v1") "," BARE(D2) "]}", "v3", NULL,
		"the layout holds no image \"v3\"; there are: v1, " D2},
	{"two and no name", HEAD NAMED(D1, "v1") "," NAMED(D2, "v2") "]}", NULL, NULL,
		"the layout holds 2 images, name one of: v1, v2"},
	{"none", HEAD "]}", NULL, NULL, "the layout holds no image"},
	{"none by name", HEAD "]}", "v1", NULL, "the layout holds no image"},
};

static const struct {
	const char *text, *error;
} markers[] = {
	{SLIP_LAYOUT_MARKER, NULL},
	{"{\"imageLayoutVersion\": \"1.1.0\", \"x\": 1}", NULL},
	{"{\"imageLayoutVersion\":\"2.0.0\"}", "oci-layout: version \"2.0.0\" is not 1.x"},
	{"{}", "oci-layout: version \"\" is not 1.x"},
	{"{\"imageLayoutVersion\":1}", "oci-layout: imageLayoutVersion is not a string"},
	{"[]", "oci-layout is not a JSON object"},
};

static void test_put(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(puts_); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autofree char *out = NULL;
		struct slip_digest digest;
		slip_autodescriptor d;
		const char *old = puts_[i].old;
		slip_descriptor_init(&d);
		is_int(slip_digest_parse(puts_[i].digest, &digest, &err), 0, "a digest");
		slip_descriptor_set(&d, SLIP_MEDIA_OCI_MANIFEST, &digest, 5);
		slip_smap_set(&d.annotations, SLIP_ANNOTATION_REF_NAME, "old");
		int rc = slip_layout_text_put(
			old, old ? strlen(old) : 0, &d, puts_[i].ref, &out, &err);
		is_str(rc < 0 ? err.msg : out, puts_[i].want, "%s", puts_[i].name);
		is_str(slip_smap_get(&d.annotations, SLIP_ANNOTATION_REF_NAME), "old",
			"the entry given stays as it was");
	}
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *out = NULL;
	slip_autodescriptor d;
	slip_descriptor_init(&d);
	is_int(slip_layout_text_put("{}", 2, &d, "v", &out, &err), -1, "a broken index.json");
	is_str(err.msg, "index.json: manifest: schemaVersion is not 2", "is refused");
}

static void test_find(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(finds); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoindex index = {0};
		const struct slip_descriptor *d = NULL;
		const char *text = finds[i].index;
		if (slip_index_parse(text, strlen(text), NULL, &index, &err) < 0) {
			fail("%s: %s", finds[i].name, err.msg);
			continue;
		}
		int rc = slip_layout_text_find(&index, finds[i].ref, &d, &err);
		is_str(rc < 0 ? err.msg : NULL, finds[i].error, "%s", finds[i].name);
		is_str(d ? d->digest.s : NULL, finds[i].digest, "the entry");
	}
}

int main(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(markers); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		const char *text = markers[i].text;
		int rc = slip_layout_text_check(text, strlen(text), &err);
		is_str(rc < 0 ? err.msg : NULL, markers[i].error, "marker %zu", i);
	}
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_digest digest;
	is_int(slip_digest_parse(D1, &digest, &err), 0, "a digest");
	slip_autofree char *path = slip_layout_text_blob_path(&digest);
	is_str(path,
		"blobs/sha256/1111111111111111111111111111111111111111111111111111111111111111",
		"where a blob is");
	test_put();
	test_find();
	return done_testing();
}
