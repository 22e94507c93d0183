#include "config.h"

#include "runner/base/strv.h"
#include "runner/oci/platform.h"
#include "tests/unit/tap.h"

static const struct slip_platform dflt = {.os = "linux", .arch = "arm", .variant = "v6"};

static const struct {
	const char *text, *want;
} valid[] = {
	{"linux/amd64", "linux/amd64"},
	{"linux/x86_64", "linux/amd64"},
	{"linux/x86-64", "linux/amd64"},
	{"LINUX/AMD64", "linux/amd64"},
	{"linux/amd64/v1", "linux/amd64"},
	{"linux/amd64/v3", "linux/amd64/v3"},
	{"linux/i386", "linux/386"},
	{"linux/i686/v1", "linux/386"},
	{"linux/386", "linux/386"},
	{"linux/aarch64", "linux/arm64"},
	{"linux/arm64/v8", "linux/arm64"},
	{"linux/arm64/8", "linux/arm64"},
	{"linux/arm64/v8.0", "linux/arm64"},
	{"linux/arm64/v8.2", "linux/arm64/v8.2"},
	{"linux/arm64/v9.0", "linux/arm64/v9"},
	{"linux/arm64/9", "linux/arm64/v9"},
	{"linux/arm", "linux/arm/v7"},
	{"linux/arm/7", "linux/arm/v7"},
	{"linux/arm/v6", "linux/arm/v6"},
	{"linux/armhf", "linux/arm/v7"},
	{"linux/armel", "linux/arm/v6"},
	{"macos/arm64", "darwin/arm64"},
	{"windows(10.0.17763)/amd64", "windows/amd64"},
	{"windows(10.0.17763+win32k)/amd64", "windows/amd64"},
	{"linux/riscv64", "linux/riscv64"},
	{"some/thing", "some/thing"},
	{"linux", "linux/arm/v6"},
	{"windows", "windows/arm/v6"},
	{"arm64", "linux/arm64"},
	{"amd64", "linux/amd64"},
	{"aarch64", "linux/arm64"},
	{"armhf", "linux/arm/v7"},
};

#define HINT "; write os/arch[/variant], such as linux/arm64"
#define BAD_PART ": a part is empty, too long, or has other than letters, digits, _ . -" HINT

static const struct {
	const char *text, *error;
} invalid[] = {
	{"", "invalid platform \"\"" BAD_PART},
	{"/", "invalid platform \"/\"" BAD_PART},
	{"linux/", "invalid platform \"linux/\"" BAD_PART},
	{"linux//v7", "invalid platform \"linux//v7\"" BAD_PART},
	{"linux/a b", "invalid platform \"linux/a b\"" BAD_PART},
	{"linux/a\n", "invalid platform \"linux/a\\x0a\"" BAD_PART},
	{"(1)/amd64", "invalid platform \"(1)/amd64\"" BAD_PART},
	{"a/b/c/d", "invalid platform \"a/b/c/d\": it has more than three parts" HINT},
	{"toaster", "invalid platform \"toaster\": neither a known system nor a known "
		    "architecture" HINT},
	{"windows(10/amd64", "invalid platform \"windows(10/amd64\": \")\" is missing" HINT},
	{"windows(a b)/amd64", "invalid platform \"windows(a b)/amd64\": the version has other "
			       "than letters, digits, _ . -" HINT},
};

static const struct {
	const char *want, *list;
} acceptable[] = {
	{"linux/amd64", "linux/amd64 linux/386"},
	{"linux/amd64/v3", "linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/386"},
	{"linux/386", "linux/386"},
	{"linux/arm", "linux/arm/v7 linux/arm/v6 linux/arm/v5"},
	{"linux/arm/v8", "linux/arm/v8 linux/arm/v7 linux/arm/v6 linux/arm/v5"},
	{"linux/arm/v5", "linux/arm/v5"},
	{"linux/arm64", "linux/arm64 linux/arm/v8 linux/arm/v7 linux/arm/v6 linux/arm/v5"},
	{"linux/arm64/v8.2", "linux/arm64/v8.2 linux/arm64/v8.1 linux/arm64 linux/arm/v8 "
			     "linux/arm/v7 linux/arm/v6 linux/arm/v5"},
	{"linux/arm64/v9.1", "linux/arm64/v9.1 linux/arm64/v9 linux/arm64/v8.6 linux/arm64/v8.5 "
			     "linux/arm64/v8.4 linux/arm64/v8.3 linux/arm64/v8.2 linux/arm64/v8.1 "
			     "linux/arm64 linux/arm/v8 linux/arm/v7 linux/arm/v6 linux/arm/v5"},
	{"linux/arm64/strange", "linux/arm64/strange"},
	{"linux/s390x", "linux/s390x"},
	{"windows/amd64", "windows/amd64 windows/386"},
};

static const struct {
	const char *want, *have;
	int rank;
} ranks[] = {
	{"linux/amd64", "linux/amd64", 0},
	{"linux/amd64", "Linux/x86_64", 0},
	{"linux/amd64", "linux/386", 1},
	{"linux/amd64", "linux/amd64/v2", -1},
	{"linux/amd64/v2", "linux/amd64", 1},
	{"linux/amd64", "windows/amd64", -1},
	{"linux/amd64", "linux/arm64", -1},
	{"linux/arm64", "linux/arm64/v8", 0},
	{"linux/arm64", "linux/arm/v7", 2},
	{"linux/arm64", "linux/arm64/v9", -1},
	{"linux/arm/v6", "linux/arm", -1},
	{"linux/arm", "linux/arm/v6", 1},
	{"linux/386", "linux/amd64", -1},
	{"linux/amd64", "unknown/unknown", -1},
	{"windows(10.0.1)/amd64", "windows(10.0.1)/amd64", 0},
	{"windows(10.0.1)/amd64", "windows(10.0.2)/amd64", -1},
	{"windows/amd64", "windows(10.0.2)/amd64", 0},
	{"windows/amd64", "windows(10.0.2+win32k)/amd64", -1},
};

static struct slip_platform parse(const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_platform p = {0};

	if (slip_platform_parse(text, &dflt, &p, &err) < 0)
		fail("%s: %s", text, err.msg);
	return p;
}

static void test_parse(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(valid); i++) {
		struct slip_platform p = parse(valid[i].text);
		slip_autofree char *got = slip_platform_print(&p);
		is_str(got, valid[i].want, "%s", valid[i].text);
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(invalid); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		struct slip_platform p;
		is_int(slip_platform_parse(invalid[i].text, &dflt, &p, &err), -1, "refused: %zu",
			i);
		is_str(err.msg, invalid[i].error, "and says why");
	}
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_platform p, long_one;
	is_int(slip_platform_parse(
		       "linux/"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		       NULL, &long_one, &err),
		-1, "a part is bounded");
	p = parse("windows(10.0.17763+win32k)/amd64");
	is_str(p.os_version, "10.0.17763", "the version is kept");
	ok(p.has_features, "features are seen");
	slip_platform_host(&p);
	slip_platform_normalise(&p);
	struct slip_platform host;
	slip_platform_host(&host);
	ok(memcmp(&p, &host, sizeof(p)) == 0 && host.arch[0], "the host is in normal form");
}

static void test_match(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(acceptable); i++) {
		struct slip_platform want = parse(acceptable[i].want);
		struct slip_platform list[SLIP_PLATFORM_MAX_ACCEPTABLE];
		slip_autostrv names = {0};
		size_t n = slip_platform_acceptable(&want, list);
		for (size_t k = 0; k < n; k++)
			slip_strv_take(&names, slip_platform_print(&list[k]));
		slip_autofree char *got = slip_strv_join(&names, " ");
		is_str(got, acceptable[i].list, "what runs on %s", acceptable[i].want);
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(ranks); i++) {
		struct slip_platform want = parse(ranks[i].want), have = parse(ranks[i].have);
		is_int(slip_platform_rank(&want, &have), ranks[i].rank, "%s for %s", ranks[i].have,
			ranks[i].want);
	}
}

static void test_set(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_platform p;

	is_int(slip_platform_set(&p, "Linux", "x86_64", NULL, "24.04 (LTS)", &err), 0,
		"as other tools write it");
	is_str(p.arch, "x86_64", "kept as written");
	is_str(p.os_version, "24.04 (LTS)", "a version may have any printable text");
	is_int(slip_platform_set(&p, "a/b", NULL, NULL, NULL, &err), -1, "a slash in a part");
	is_str(err.msg, "\"a/b\" is not the name of a platform", "is refused");
	slip_err_clear(&err);
	is_int(slip_platform_set(&p, NULL, NULL, NULL, "\x1b[m", &err), -1,
		"controls in a version");
	is_str(err.msg, "\"\\x1b[m\" is not a version of a system", "are refused");
	p = (struct slip_platform){0};
	slip_autofree char *none = slip_platform_print(&p);
	is_str(none, "unknown", "an empty platform has a name for people");
}

int main(void)
{
	test_parse();
	test_match();
	test_set();
	return done_testing();
}
