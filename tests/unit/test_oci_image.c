#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/oci/image.h"
#include "tests/unit/tap.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define D3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"

/* Unchanged documents of other builders: they print as they were, byte for byte. */
static const struct {
	const char *name, *text;
	size_t layers;
} real[] = {
	{"BuildKit",
		"{\"architecture\":\"amd64\",\"config\":{\"User\":\"app\",\"ExposedPorts\":"
		"{\"443/tcp\":{},\"8080/tcp\":{}},\"Env\":[\"PATH=/usr/bin:/bin\",\"A=b=c\","
		"\"EMPTY=\"],\"Entrypoint\":[\"/entry\",\"--x\"],\"Cmd\":[\"run\"],\"Volumes\":"
		"{\"/data\":{}},\"WorkingDir\":\"/app\",\"Labels\":{\"a\":\"1\",\"b\":\"\"},"
		"\"StopSignal\":\"SIGINT\",\"ArgsEscaped\":true,\"Healthcheck\":{\"Test\":"
		"[\"CMD-SHELL\",\"true\"],\"Interval\":5000000000,\"Retries\":3},"
		"\"OnBuild\":[\"RUN x\"],\"Shell\":[\"/bin/bash\",\"-c\"]},"
		"\"created\":\"2026-01-02T03:04:05.678901234Z\",\"history\":["
		"{\"created\":\"2026-01-02T03:04:05Z\",\"created_by\":\"COPY . / # buildkit\","
		"\"comment\":\"buildkit.dockerfile.v0\"},{\"created\":\"2026-01-02T03:04:05Z\","
		"\"created_by\":\"ENV A=1\",\"comment\":\"buildkit.dockerfile.v0\","
		"\"empty_layer\":true}],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"" D1 "\"]}}",
		1},
	{"classic docker",
		"{\"architecture\":\"arm64\",\"config\":{\"Hostname\":\"\",\"Domainname\":\"\","
		"\"User\":\"\",\"AttachStdin\":false,\"AttachStdout\":false,\"Tty\":false,"
		"\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"/bin/sh\"],\"Image\":\"" D3 "\","
		"\"Volumes\":null,\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,"
		"\"Labels\":null},\"container\":\"4f3c\",\"container_config\":{\"Cmd\":"
		"[\"/bin/sh\",\"-c\",\"#(nop) \"],\"Env\":null},"
		"\"created\":\"2024-01-27T00:30:48.743965523Z\",\"docker_version\":\"20.10.23\","
		"\"history\":[{\"created\":\"2024-01-27T00:30:48.6Z\",\"created_by\":"
		"\"/bin/sh -c #(nop) ADD file in / \"},{\"created\":\"2024-01-27T00:30:48.7Z\","
		"\"created_by\":\"/bin/sh -c #(nop)  CMD [\\\"/bin/sh\\\"]\","
		"\"empty_layer\":true}],\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"" D1 "\"]},\"variant\":\"v8\"}",
		1},
	{"buildah",
		"{\"created\":\"2025-05-06T07:08:09.1Z\",\"author\":\"me\","
		"\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"PATH=/bin\"],"
		"\"Entrypoint\":[],\"Cmd\":[\"sh\"],\"Labels\":"
		"{\"io.buildah.version\":\"1.28.2\"}},\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"" D1 "\",\"" D2 "\"]},\"history\":[{\"created\":"
		"\"2025-05-06T07:08:09Z\",\"created_by\":\"/bin/sh\",\"author\":\"me\","
		"\"comment\":\"FROM x\"},{\"created\":\"2025-05-06T07:08:10Z\"}]}",
		2},
	{"podman commit, no config",
		"{\"created\":\"2025-05-06T07:08:09Z\",\"architecture\":\"riscv64\","
		"\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
		"\"" D1 "\"]}}",
		1},
	{"Windows, and fields of the future",
		"{\"architecture\":\"amd64\",\"config\":{\"Future\":{\"x\":[1,2.5,true,null]}},"
		"\"created\":\"2025-01-01T00:00:00Z\",\"history\":[],\"os\":\"windows\","
		"\"os.features\":[\"win32k\"],\"os.version\":\"10.0.17763.1\","
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[],\"more\":1},\"new\":\"\\u00e9\"}",
		0},
};

static void parse(struct slip_image *img, const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_image_parse(text, strlen(text), img, &err) < 0) {
		fail("%s", err.msg);
		slip_image_init(img);
	}
}

static void test_round_trip(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(real); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoimage img = {0}, copy = {0};
		struct slip_digest digest, expected;
		parse(&img, real[i].text);
		slip_autofree char *text = slip_image_print(&img, &digest);
		/* jansson prints what is not ASCII as UTF-8 */
		bool escaped = strstr(real[i].text, "\\u") != NULL;
		if (!escaped)
			is_str(text, real[i].text, "%s, byte for byte", real[i].name);
		slip_digest_of(text, strlen(text), &expected);
		is_str(digest.s, expected.s, "with its digest");
		is_int(slip_image_check_layers(&img, real[i].layers, &err), 0, "layers fit");
		slip_image_copy(&copy, &img);
		slip_image_release(&img);
		slip_autofree char *again = slip_image_print(&copy, NULL);
		is_str(again, text, "a copy prints the same");
	}
}

static void test_fields(void)
{
	slip_autoimage img = {0}, old = {0}, buildah = {0}, windows = {0};

	parse(&img, real[0].text);
	is_str(img.user, "app", "User");
	is_str(img.platform.arch, "amd64", "architecture");
	is_int(img.exposed_ports.n, 2, "ExposedPorts");
	is_str(img.exposed_ports.v[1], "8080/tcp", "in order");
	is_str(slip_image_env_get(&img, "A"), "b=c", "a value with '='");
	is_str(slip_image_env_get(&img, "EMPTY"), "", "an empty value is set");
	ok(slip_image_env_get(&img, "EMPT") == NULL, "a prefix is not the name");
	is_int(img.entrypoint.n, 2, "Entrypoint");
	is_str(img.working_dir, "/app", "WorkingDir");
	is_str(slip_smap_get(&img.labels, "a"), "1", "Labels");
	is_str(img.stop_signal, "SIGINT", "StopSignal");
	ok(img.args_escaped && img.has_healthcheck, "flags");
	is_int(img.healthcheck.interval, 5000000000LL, "Interval");
	is_int(img.healthcheck.retries, 3, "Retries");
	is_str(img.onbuild.v[0], "RUN x", "OnBuild");
	is_str(img.shell.v[1], "-c", "Shell");
	is_int(img.n_history, 2, "history");
	ok(!img.history[0].empty_layer && img.history[1].empty_layer, "and what made a layer");
	is_str(img.history[1].created_by, "ENV A=1", "by what");
	is_str(img.diff_ids[0].s, D1, "diff_ids");
	parse(&old, real[1].text);
	ok(!old.has_entrypoint && old.has_cmd, "null is absent");
	ok(old.user == NULL, "as is an empty string");
	parse(&buildah, real[2].text);
	ok(buildah.has_entrypoint && buildah.entrypoint.n == 0, "[] is not absent");
	parse(&windows, real[4].text);
	ok(windows.platform.has_features, "os.features");
	is_str(windows.platform.os_version, "10.0.17763.1", "os.version");
}

static void test_change(void)
{
	static const char text[] =
		"{\"new\":1,\"os\":\"linux\",\"config\":{\"Cmd\":[\"a\"],\"X\":2,\"Entrypoint\":"
		"[\"b\"],\"User\":\"u\",\"Healthcheck\":{\"Test\":[\"NONE\"],\"Future\":1},"
		"\"Labels\":{\"z\":\"1\",\"y\":\"2\"},\"Env\":[\"A=1\",\"B=2\",\"A=3\"],"
		"\"Volumes\":{\"/v\":null}},"
		"\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	static const char want[] =
		"{\"new\":1,\"os\":\"linux\",\"config\":{\"X\":2,\"Entrypoint\":[],"
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Future\":1,\"Timeout\":7},"
		"\"Labels\":{\"l\":\"3\",\"y\":\"2\",\"z\":\"1\"},"
		"\"Env\":[\"A=4\",\"B=2\",\"C=5\"],\"Volumes\":{\"/a\":{},\"/v\":{}},"
		"\"ExposedPorts\":{\"1/udp\":{},\"80/tcp\":{}},\"WorkingDir\":\"/w\"},"
		"\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1
		"\"]},\"created\":\"2026-01-01T00:00:00Z\","
		"\"history\":[{\"created\":\"2026-01-01T00:00:00Z\",\"created_by\":\"RUN x\"}]}";
	slip_autoimage img = {0};
	slip_autostrv none = {0};
	struct slip_image_healthcheck check = {.timeout = 7};
	struct slip_digest d1;

	parse(&img, text);
	is_str(slip_image_env_get(&img, "A"), "3", "of two the last counts");
	slip_image_env_set(&img, "A", "4");
	slip_image_env_set(&img, "C", "5");
	is_str(slip_image_env_get(&img, "A"), "4", "set counts");
	slip_image_set_entrypoint(&img, &none);
	slip_image_set_cmd(&img, NULL);
	free(img.user);
	img.user = NULL;
	slip_smap_set(&img.labels, "l", "3");
	slip_image_add_volume(&img, "/a");
	slip_image_add_volume(&img, "/v");
	slip_image_add_port(&img, "80/tcp");
	slip_image_add_port(&img, "1/udp");
	slip_image_add_port(&img, "80/tcp");
	slip_strv_add(&check.test, "CMD");
	slip_strv_add(&check.test, "x");
	slip_image_set_healthcheck(&img, &check);
	slip_strv_release(&check.test);
	img.working_dir = slip_xstrdup("/w");
	img.created = slip_xstrdup("2026-01-01T00:00:00Z");
	is_int(slip_digest_parse(D1, &d1, NULL), 0, "a digest");
	slip_image_add_diff_id(&img, &d1);
	struct slip_history entry = {
		.created = img.created, .created_by = (char *)(uintptr_t) "RUN x"};
	slip_image_add_history(&img, &entry);
	slip_autofree char *got = slip_image_print(&img, NULL);
	is_str(got, want, "known fields in their places, new ones at the end, the rest as it was");
	slip_image_set_healthcheck(&img, NULL);
	slip_autofree char *without = slip_image_print(&img, NULL);
	ok(strstr(without, "Healthcheck") == NULL, "a healthcheck can go");
	slip_autofree char *again = slip_image_print(&img, NULL);
	is_str(again, without, "printing changes nothing");
}

static void test_from_scratch(void)
{
	slip_autoimage img;
	slip_autostrv words = {0};

	slip_image_init(&img);
	slip_autofree char *empty = slip_image_print(&img, NULL);
	is_str(empty, "{\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
		"an empty image");
	snprintf(img.platform.os, sizeof(img.platform.os), "linux");
	snprintf(img.platform.arch, sizeof(img.platform.arch), "arm");
	snprintf(img.platform.variant, sizeof(img.platform.variant), "v7");
	slip_image_env_set(&img, "PATH", "/bin");
	slip_strv_add(&words, "/x");
	slip_image_set_cmd(&img, &words);
	img.args_escaped = true;
	img.created = slip_xstrdup("2026-01-01T00:00:00Z");
	slip_autofree char *text = slip_image_print(&img, NULL);
	is_str(text,
		"{\"architecture\":\"arm\",\"config\":{\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"/x\"],"
		"\"ArgsEscaped\":true},\"created\":\"2026-01-01T00:00:00Z\",\"os\":\"linux\","
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"variant\":\"v7\"}",
		"a new image, in BuildKit's order");
}

#define ROOTFS ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
#define CONFIG(fields) "{\"config\":{" fields "}" ROOTFS
#define WHAT "image configuration: "

static const struct {
	const char *text, *error;
} broken[] = {
	{"[]", "image configuration is not a JSON object"},
	{"{}", WHAT "rootfs is missing"},
	{"{\"rootfs\":[]}", WHAT "rootfs is not an object"},
	{"{\"rootfs\":{\"diff_ids\":[]}}", WHAT "rootfs: type \"\" is not \"layers\""},
	{"{\"rootfs\":{\"type\":\"tree\",\"diff_ids\":[]}}",
		WHAT "rootfs: type \"tree\" is not \"layers\""},
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}",
		WHAT "rootfs: diff_ids[0] is not a string"},
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D1 "\",\"sha256:x/..\"]}}",
		WHAT "rootfs: diff_ids[1] \"sha256:x/..\" is not sha256 and 64 lower-case "
		     "hexadecimal digits"},
	{"{\"config\":[]" ROOTFS, WHAT "config is not an object"},
	{"{\"created\":5" ROOTFS, WHAT "created is not a string"},
	{"{\"os\":\"a/b\"" ROOTFS, "image configuration: \"a/b\" is not the name of a platform"},
	{"{\"history\":{}" ROOTFS, WHAT "history is not a list"},
	{"{\"history\":[{},\"x\"]" ROOTFS, WHAT "history[1] is not an object"},
	{"{\"history\":[{\"empty_layer\":\"yes\"}]" ROOTFS,
		WHAT "history[0]: empty_layer is not true or false"},
	{CONFIG("\"Env\":[\"A=1\",\"NOTHING\"]"),
		WHAT "Env[1] \"NOTHING\" is not of the form NAME=value"},
	{CONFIG("\"Env\":[\"=x\"]"), WHAT "Env[0] \"=x\" is not of the form NAME=value"},
	{CONFIG("\"Env\":[\"\\n\\u001b[2J\"]"),
		WHAT "Env[0] \"\\x0a\\x1b[2J\" is not of the form NAME=value"},
	{CONFIG("\"Env\":{\"A\":\"1\"}"), WHAT "Env is not a list"},
	{CONFIG("\"Env\":[null]"), WHAT "Env[0] is not a string"},
	{CONFIG("\"User\":1000"), WHAT "User is not a string"},
	{CONFIG("\"WorkingDir\":[]"), WHAT "WorkingDir is not a string"},
	{CONFIG("\"Cmd\":\"sh\""), WHAT "Cmd is not a list"},
	{CONFIG("\"Entrypoint\":[[]]"), WHAT "Entrypoint[0] is not a string"},
	{CONFIG("\"Shell\":{}"), WHAT "Shell is not a list"},
	{CONFIG("\"ExposedPorts\":[]"), WHAT "ExposedPorts is not an object"},
	{CONFIG("\"Volumes\":{\"/v\":1}"), WHAT "the value of \"/v\" in Volumes is not an object"},
	{CONFIG("\"Labels\":{\"a\":1}"), WHAT "the value of \"a\" in Labels is not a string"},
	{CONFIG("\"ArgsEscaped\":1"), WHAT "ArgsEscaped is not true or false"},
	{CONFIG("\"Healthcheck\":[]"), WHAT "Healthcheck is not an object"},
	{CONFIG("\"Healthcheck\":{\"Interval\":-1}"), WHAT "Healthcheck: Interval is negative"},
	{CONFIG("\"Healthcheck\":{\"Retries\":\"3\"}"),
		WHAT "Healthcheck: Retries is not an integer"},
};

static void test_broken(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(broken); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		slip_autoimage img = {0};
		int rc = slip_image_parse(broken[i].text, strlen(broken[i].text), &img, &err);
		is_str(rc < 0 ? err.msg : NULL, broken[i].error, "broken %zu", i);
		ok(!img.raw, "nothing comes out");
	}
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoimage img = {0};
	static const char nul[] = CONFIG("\"Env\":[\"A=\\u0000\"]");
	is_int(slip_image_parse(nul, strlen(nul), &img, &err), -1, "NUL in a value is refused");
}

static void test_limits(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoimage img = {0};
	slip_autobuf text;

	slip_buf_init(&text, SLIP_MAX_CONFIG + 1);
	slip_buf_add_str(&text, "{\"config\":{\"Env\":[\"A=1\"");
	for (int i = 0; i < SLIP_MAX_CONFIG_ITEMS; i++)
		slip_buf_add_str(&text, ",\"A=1\"");
	slip_buf_add_str(&text, "]}" ROOTFS);
	is_int(slip_image_parse(text.data, text.len, &img, &err), -1, "too many variables");
	is_str(err.msg, WHAT "Env has 10001 items, more than 10000", "are refused");
	is_int(err.code, SLIP_E_LIMIT, "as a limit");
	slip_err_clear(&err);
	slip_buf_clear(&text);
	slip_buf_add_str(&text, "{\"history\":[{}");
	for (int i = 0; i < SLIP_MAX_HISTORY; i++)
		slip_buf_add_str(&text, ",{}");
	slip_buf_add_str(&text, "]" ROOTFS);
	is_int(slip_image_parse(text.data, text.len, &img, &err), -1, "too much history");
	is_str(err.msg, WHAT "history has 2001 items, more than 2000", "is refused");
	slip_err_clear(&err);
	while (!text.overflow)
		slip_buf_add_char(&text, ' ');
	is_int(slip_image_parse(text.data, text.len, &img, &err), -1, "one byte too many");
	is_str(err.msg, "image configuration is larger than 4194304 bytes", "is refused unread");
}

static void test_layers(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoimage img = {0};

	parse(&img, real[2].text);
	is_int(slip_image_check_layers(&img, 3, &err), -1, "a layer without diff id");
	is_str(err.msg, "image configuration has 2 diff_ids for the manifest's 3 layers",
		"is named");
	slip_err_clear(&err);
	img.history[0].empty_layer = true;
	is_int(slip_image_check_layers(&img, 2, &err), -1, "a layer without history");
	is_str(err.msg,
		"image configuration has 1 history entries with a layer for the manifest's 2 "
		"layers",
		"is named");
}

static void test_chain(void)
{
	struct slip_digest ids[3], chain, expected, next;
	static const char *const text[] = {D1, D2, D3};

	for (size_t i = 0; i < 3; i++)
		is_int(slip_digest_parse(text[i], &ids[i], NULL), 0, "a digest");
	slip_chain_id(ids, 0, &chain);
	ok(!slip_digest_is_set(&chain), "no layers, no chain");
	slip_chain_id(ids, 1, &chain);
	is_str(chain.s, D1, "the first is its own chain");
	slip_chain_id(ids, 2, &chain);
	slip_digest_of(D1 " " D2, strlen(D1 " " D2), &expected);
	is_str(chain.s, expected.s, "then parent, blank, layer");
	slip_chain_next(&chain, &ids[2], &next);
	slip_chain_id(ids, 3, &chain);
	is_str(chain.s, next.s, "step by step as at once");
	is_str(chain.s, "sha256:50127c0d6b338be78246434b4bce23ecf75e505158ea0bbd15effeb162fbf3ec",
		"and as sha256sum says");
}

int main(void)
{
	test_round_trip();
	test_fields();
	test_change();
	test_from_scratch();
	test_broken();
	test_limits();
	test_layers();
	test_chain();
	return done_testing();
}
