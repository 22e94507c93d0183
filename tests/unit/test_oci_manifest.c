#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/oci/manifest.h"
#include "tests/unit/tap.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define D3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"

#define DESC(type, digest, size)                                                                   \
	"{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define CONFIG "\"config\":" DESC(SLIP_MEDIA_OCI_CONFIG, D1, "7")
#define LAYERS "\"layers\":[" DESC(SLIP_MEDIA_OCI_LAYER_GZIP, D2, "8") "]"
#define MANIFESTS "\"manifests\":[" DESC(SLIP_MEDIA_OCI_MANIFEST, D3, "9") "]"
#define TYPED(type) "\"mediaType\":\"" type "\","
#define V2 "\"schemaVersion\":2,"
#define AMBIGUOUS "manifest is ambiguous: "
#define BOTH AMBIGUOUS "it has both manifests and config or layers"
#define SCHEMA1                                                                                    \
	"the image is in Docker's schema 1 format, which is no longer supported; pull and push "   \
	"it again with a current Docker to convert it"

/* Type confusion (CVE-2021-41190): header, mediaType and fields in every wrong company. */
static const struct {
	const char *text, *content_type;
	const char *error; /* NULL: accepted as kind */
	enum slip_manifest_kind kind;
} kinds[] = {
	{"{" V2 CONFIG "," LAYERS "}", NULL, NULL, SLIP_MANIFEST_IMAGE},
	{"{" V2 CONFIG "," LAYERS "}", "", NULL, SLIP_MANIFEST_IMAGE},
	{"{" V2 CONFIG "," LAYERS "}", "application/json", NULL, SLIP_MANIFEST_IMAGE},
	{"{" V2 CONFIG "," LAYERS "}", "text/plain; charset=utf-8", NULL, SLIP_MANIFEST_IMAGE},
	{"{" V2 CONFIG "," LAYERS "}", SLIP_MEDIA_OCI_MANIFEST, NULL, SLIP_MANIFEST_IMAGE},
	{"{" V2 CONFIG "}", SLIP_MEDIA_OCI_MANIFEST, NULL, SLIP_MANIFEST_IMAGE},
	{"{" V2 MANIFESTS "}", SLIP_MEDIA_OCI_INDEX "; charset=utf-8", NULL, SLIP_MANIFEST_INDEX},
	{"{" V2 MANIFESTS "}", NULL, NULL, SLIP_MANIFEST_INDEX},
	{"{" V2 TYPED(SLIP_MEDIA_OCI_INDEX) "\"manifests\":null}", NULL, NULL, SLIP_MANIFEST_INDEX},
	{"{" V2 TYPED(SLIP_MEDIA_DOCKER_INDEX) MANIFESTS "}", "application/octet-stream", NULL,
		SLIP_MANIFEST_INDEX},

	{"{" V2 MANIFESTS "," LAYERS "}", NULL, BOTH, 0},
	{"{" V2 MANIFESTS "," CONFIG "}", NULL, BOTH, 0},
	{"{" V2 MANIFESTS "," CONFIG "," LAYERS "}", SLIP_MEDIA_OCI_INDEX, BOTH, 0},
	{"{" V2 MANIFESTS "," CONFIG "," LAYERS "}", SLIP_MEDIA_OCI_MANIFEST, BOTH, 0},
	{"{" V2 TYPED(SLIP_MEDIA_OCI_INDEX) MANIFESTS "," LAYERS "}", SLIP_MEDIA_OCI_INDEX, BOTH,
		0},
	{"{" V2 MANIFESTS "}", SLIP_MEDIA_OCI_MANIFEST,
		AMBIGUOUS "it is an index, its type is " SLIP_MEDIA_OCI_MANIFEST, 0},
	{"{" V2 TYPED(SLIP_MEDIA_DOCKER_MANIFEST) MANIFESTS "}", NULL,
		AMBIGUOUS "it is an index, its type is " SLIP_MEDIA_DOCKER_MANIFEST, 0},
	{"{" V2 CONFIG "," LAYERS "}", SLIP_MEDIA_OCI_INDEX,
		AMBIGUOUS "it is no index, its type is " SLIP_MEDIA_OCI_INDEX, 0},
	{"{" V2 TYPED(SLIP_MEDIA_DOCKER_INDEX) CONFIG "," LAYERS "}", NULL,
		AMBIGUOUS "it is no index, its type is " SLIP_MEDIA_DOCKER_INDEX, 0},
	{"{" V2 TYPED(SLIP_MEDIA_OCI_MANIFEST) CONFIG "," LAYERS "}", SLIP_MEDIA_OCI_INDEX,
		AMBIGUOUS "Content-Type is " SLIP_MEDIA_OCI_INDEX
			  ", mediaType is " SLIP_MEDIA_OCI_MANIFEST,
		0},
	{"{" V2 TYPED(SLIP_MEDIA_OCI_INDEX) MANIFESTS "}", SLIP_MEDIA_OCI_MANIFEST,
		AMBIGUOUS "Content-Type is " SLIP_MEDIA_OCI_MANIFEST
			  ", mediaType is " SLIP_MEDIA_OCI_INDEX,
		0},
	{"{" V2 TYPED(SLIP_MEDIA_OCI_MANIFEST) CONFIG "," LAYERS "}", SLIP_MEDIA_DOCKER_MANIFEST,
		AMBIGUOUS "Content-Type is " SLIP_MEDIA_DOCKER_MANIFEST
			  ", mediaType is " SLIP_MEDIA_OCI_MANIFEST,
		0},
	{"{" V2 TYPED(SLIP_MEDIA_OCI_CONFIG) CONFIG "," LAYERS "}", NULL,
		"manifest: mediaType \"" SLIP_MEDIA_OCI_CONFIG
		"\" is not that of an image manifest",
		0},
	{"{" V2 CONFIG "," LAYERS "}", "text/html",
		"Content-Type \"text/html\" is not that of an image manifest", 0},

	{"{" V2 "\"mediaType\":7," CONFIG "}", NULL, "manifest: mediaType is not a string", 0},
	{"{" V2 "\"x\":1}", NULL, "manifest has neither config nor manifests", 0},
	{"{" CONFIG "," LAYERS "}", NULL, "manifest: schemaVersion is not 2", 0},
	{"{\"schemaVersion\":3," CONFIG "}", NULL, "manifest: schemaVersion is not 2", 0},
	{"{\"schemaVersion\":2.0," CONFIG "}", NULL, "manifest: schemaVersion is not an integer",
		0},
	{"{\"schemaVersion\":\"2\"," CONFIG "}", NULL, "manifest: schemaVersion is not an integer",
		0},
	{"{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, SCHEMA1, 0},
	{"{" V2 "\"fsLayers\":[]," CONFIG "}", NULL, SCHEMA1, 0},
	{"{\"schemaVersion\":1}", "application/vnd.docker.distribution.manifest.v1+prettyjws",
		SCHEMA1, 0},
	{"{" V2 CONFIG "}", "application/vnd.docker.distribution.manifest.v1+json", SCHEMA1, 0},
	{"[]", NULL, "manifest is not a JSON object", 0},
};

static void test_kinds(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		enum slip_manifest_kind kind = SLIP_MANIFEST_IMAGE;
		const char *text = kinds[i].text;
		int rc = slip_manifest_detect(
			text, strlen(text), kinds[i].content_type, &kind, &err);
		is_str(rc < 0 ? err.msg : NULL, kinds[i].error, "kind %zu", i);
		if (kinds[i].error)
			is_int(err.code, SLIP_E_REGISTRY, "the registry is to blame");
		else
			is_int(kind, kinds[i].kind, "what it is");
	}
}

#define WITH_CONFIG(text) "{" V2 "\"config\":" text "}"
#define WITH_LAYER(text) "{" V2 CONFIG ",\"layers\":[" text "]}"
#define DIGEST_ERROR(what, digest)                                                                 \
	"manifest: " what ": digest \"" digest                                                     \
	"\" is not sha256 and 64 lower-case hexadecimal digits"
#define UPPER_CASE "sha256:AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text, *error;
} broken[] = {
	{"{" V2 LAYERS "}", "manifest: config is missing"},
	{"{" V2 MANIFESTS "}",
		"an index of several images stands where one image's manifest is expected"},
	{"{" V2 "\"config\":[]}", "manifest: config is not an object"},
	{"{" V2 CONFIG ",\"layers\":{}}", "manifest: layers is not a list"},
	{WITH_LAYER("7"), "manifest: layer 1 is not an object"},
	{WITH_LAYER("null"), "manifest: layer 1 is not an object"},
	{WITH_CONFIG("{\"digest\":\"" D1 "\",\"size\":1}"),
		"manifest: config: mediaType is missing"},
	{WITH_CONFIG("{\"mediaType\":\"x\",\"size\":1}"), "manifest: config: digest is missing"},
	{WITH_CONFIG("{\"mediaType\":\"x\",\"digest\":\"" D1 "\"}"),
		"manifest: config: size is missing"},
	{WITH_CONFIG(DESC("x", D1, "-1")), "manifest: config: size is negative"},
	{WITH_CONFIG(DESC("x", D1, "1e3")), "manifest: config: size is not an integer"},
	{WITH_CONFIG(DESC("x", D1, "\"1\"")), "manifest: config: size is not an integer"},
	{WITH_CONFIG(DESC("x", D1, "null")), "manifest: config: size is missing"},
	{WITH_LAYER(DESC("x", "sha256:../../x", "1")), DIGEST_ERROR("layer 1", "sha256:../../x")},
	{WITH_LAYER(DESC("x", "", "1")), "manifest: layer 1: digest is missing"},
	{WITH_LAYER(DESC("x", UPPER_CASE, "1")), DIGEST_ERROR("layer 1", UPPER_CASE)},
	{WITH_LAYER(DESC("x", D1 "1", "1")), DIGEST_ERROR("layer 1", D1 "1")},
	{WITH_LAYER(DESC("x", "md5:d41d8cd98f00b204e9800998ecf8427e", "1")),
		DIGEST_ERROR("layer 1", "md5:d41d8cd98f00b204e9800998ecf8427e")},
	{WITH_LAYER("{\"mediaType\":\"x\",\"digest\":\"" D1 "\",\"size\":1,\"urls\":[1]}"),
		"manifest: layer 1: urls[0] is not a string"},
	{WITH_LAYER("{\"mediaType\":\"x\",\"digest\":\"" D1
		    "\",\"size\":1,\"annotations\":{\"a\\u001b\":1}}"),
		"manifest: layer 1: the value of \"a\\x1b\" in annotations is not a string"},
	{"{" V2 CONFIG ",\"annotations\":[]}", "manifest: annotations is not an object"},
	{"{" V2 CONFIG ",\"subject\":1}", "manifest: subject is not an object"},
};

static void test_broken(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(broken); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_automanifest m = {0};
		const char *text = broken[i].text;
		int rc = slip_manifest_parse(text, strlen(text), NULL, &m, &err);
		is_str(rc < 0 ? err.msg : NULL, broken[i].error, "broken %zu", i);
		ok(m.n_layers == 0 && !m.layers, "nothing comes out");
	}
	static const char *const not_json[] = {
		"",
		"{",
		"{" V2 CONFIG "," CONFIG "}",
		"{" V2 CONFIG "}x",
		"{" V2 CONFIG ",\"a\":\"\\u0000\"}",
		WITH_CONFIG(DESC("x", D1, "9223372036854775808")),
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(not_json); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_automanifest m = {0};
		is_int(slip_manifest_parse(not_json[i], strlen(not_json[i]), NULL, &m, &err), -1,
			"text %zu is refused", i);
		ok(strstr(err.msg, "manifest is not valid JSON: ") == err.msg, "as no JSON");
	}
}

static void test_limits(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_automanifest m = {0};
	slip_autobuf text;

	slip_buf_init(&text, SLIP_MAX_MANIFEST + 1);
	slip_buf_add_str(&text, "{" V2 CONFIG ",\"layers\":[");
	for (int i = 0; i <= SLIP_MAX_LAYERS; i++)
		slip_buf_addf(
			&text, "%s%s", i ? "," : "", DESC(SLIP_MEDIA_OCI_LAYER_GZIP, D2, "8"));
	slip_buf_add_str(&text, "]}");
	is_int(slip_manifest_parse(text.data, text.len, NULL, &m, &err), -1, "one layer too many");
	is_str(err.msg, "manifest has 513 layers, more than 512", "is refused by number");
	is_int(err.code, SLIP_E_LIMIT, "as a limit");
	slip_err_clear(&err);
	while (!text.overflow)
		slip_buf_add_char(&text, ' ');
	is_int(slip_manifest_parse(text.data, text.len, NULL, &m, &err), -1, "one byte too many");
	is_str(err.msg, "manifest is larger than 4194304 bytes", "is refused unread");
}

static struct slip_descriptor blob(const char *type, const char *digest, uint64_t size)
{
	struct slip_descriptor d;
	struct slip_digest parsed;

	slip_descriptor_init(&d);
	if (slip_digest_parse(digest, &parsed, NULL) < 0)
		fail("%s", digest);
	slip_descriptor_set(&d, type, &parsed, size);
	return d;
}

static const char printed_oci[] =
	"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
	"\"digest\":\"" D1 "\",\"size\":7},\"layers\":["
	"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\","
	"\"digest\":\"" D2 "\",\"size\":8,\"annotations\":{\"a\":\"1\",\"b\":\"2\"}},"
	"{\"mediaType\":\"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip\","
	"\"digest\":\"" D3 "\",\"size\":9,\"urls\":[\"https://h/x\"]}],"
	"\"annotations\":{\"k\":\"v\"}}";

static const char printed_docker[] =
	"{\"schemaVersion\":2,"
	"\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
	"\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\","
	"\"digest\":\"" D1 "\",\"size\":7},\"layers\":["
	"{\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar.gzip\","
	"\"digest\":\"" D2 "\",\"size\":8},"
	"{\"mediaType\":\"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\","
	"\"digest\":\"" D3 "\",\"size\":9,\"urls\":[\"https://h/x\"]}]}";

static void build(struct slip_manifest *m)
{
	slip_autodescriptor config = blob(SLIP_MEDIA_OCI_CONFIG, D1, 7);
	slip_autodescriptor layer = blob(SLIP_MEDIA_OCI_LAYER_GZIP, D2, 8);
	slip_autodescriptor foreign =
		blob("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", D3, 9);

	slip_manifest_init(m, SLIP_MEDIA_OCI);
	slip_descriptor_copy(&m->config, &config);
	slip_smap_set(&layer.annotations, "b", "2");
	slip_smap_set(&layer.annotations, "a", "1");
	slip_strv_add(&foreign.urls, "https://h/x");
	slip_manifest_add_layer(m, &layer);
	slip_manifest_add_layer(m, &foreign);
	slip_smap_set(&m->annotations, "k", "v");
}

static void test_print(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_automanifest m, copy = {0}, again = {0}, docker = {0};
	struct slip_digest digest, expected;

	build(&m);
	slip_autofree char *text = slip_manifest_print(&m, &digest);
	is_str(text, printed_oci, "OCI, byte for byte");
	slip_digest_of(text, strlen(text), &expected);
	is_str(digest.s, expected.s, "the digest is that of the text");
	is_int(slip_manifest_parse(text, strlen(text), SLIP_MEDIA_OCI_MANIFEST, &again, &err), 0,
		"it parses");
	slip_autofree char *twice = slip_manifest_print(&again, NULL);
	is_str(twice, printed_oci, "and prints the same");

	slip_manifest_copy(&copy, &m);
	is_int(slip_manifest_convert(&copy, SLIP_MEDIA_DOCKER, &err), 0, "to Docker");
	slip_autofree char *other = slip_manifest_print(&copy, NULL);
	is_str(other, printed_docker, "Docker, byte for byte, nothing it does not know");
	is_int(slip_manifest_parse(other, strlen(other), SLIP_MEDIA_DOCKER_MANIFEST, &docker, &err),
		0, "it parses");
	is_int(docker.family, SLIP_MEDIA_DOCKER, "as Docker's");
	is_int(slip_manifest_convert(&docker, SLIP_MEDIA_OCI, &err), 0, "and back");
	is_str(docker.layers[1].media_type,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "layer by layer");
	slip_autofree char *original = slip_manifest_print(&m, NULL);
	is_str(original, printed_oci, "the original of a copy does not change");
}

static void test_artifact(void)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"artifactType\":\"application/vnd.example\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":"
		"\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","
		"\"size\":2},\"layers\":[],\"subject\":{\"mediaType\":"
		"\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" D3 "\",\"size\":9}}";
	struct slip_err err = SLIP_ERR_INIT;
	slip_automanifest m = {0};

	is_int(slip_manifest_parse(text, strlen(text), NULL, &m, &err), 0, "an artifact parses");
	slip_autofree char *again = slip_manifest_print(&m, NULL);
	is_str(again, text, "and keeps subject and type");
	is_int(slip_manifest_check_image(&m, &err), -1, "but it is no image");
	is_str(err.msg,
		"not a container image but an artifact: its config is of type "
		"\"application/vnd.oci.empty.v1+json\"",
		"and is called by its name");
}

static const struct {
	const char *type, *error;
} layer_types[] = {
	{SLIP_MEDIA_OCI_LAYER_ZSTD, NULL},
	{SLIP_MEDIA_DOCKER_LAYER_GZIP, NULL},
	{SLIP_MEDIA_OCI_LAYER_GZIP "+encrypted",
		"layer 1 is encrypted; decrypt the image first (for example skopeo copy "
		"--decryption-key)"},
	{"application/vnd.wasm\x1b", "layer 1 is no file system layer: its type is "
				     "\"application/vnd.wasm\\x1b\""},
};

static void test_layer_types(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(layer_types); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_automanifest m;
		slip_autodescriptor config = blob(SLIP_MEDIA_DOCKER_CONFIG, D1, 7);
		slip_autodescriptor layer = blob(layer_types[i].type, D2, 8);
		slip_manifest_init(&m, SLIP_MEDIA_OCI);
		slip_descriptor_copy(&m.config, &config);
		slip_manifest_add_layer(&m, &layer);
		int rc = slip_manifest_check_image(&m, &err);
		is_str(rc < 0 ? err.msg : NULL, layer_types[i].error, "layer type %zu", i);
	}
	struct slip_err err = SLIP_ERR_INIT;
	slip_automanifest m;
	build(&m);
	free(m.layers[1].media_type);
	m.layers[1].media_type =
		slip_xstrdup("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd");
	is_int(slip_manifest_convert(&m, SLIP_MEDIA_DOCKER, &err), -1,
		"a layer that Docker has no name for");
	is_str(err.msg,
		"layer 2: the Docker format has no type for "
		"\"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd\"",
		"is named");
	is_str(m.layers[0].media_type, SLIP_MEDIA_OCI_LAYER_GZIP, "and nothing was changed");
}

int main(void)
{
	test_kinds();
	test_broken();
	test_limits();
	test_print();
	test_artifact();
	test_layer_types();
	return done_testing();
}
