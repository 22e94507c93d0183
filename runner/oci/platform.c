#include "config.h"

#include "runner/oci/platform.h"

#include "runner/oci/oci_internal.h"

#include <ctype.h>

#define TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

#if defined(__x86_64__)
#define HOST_ARCH "amd64"
#elif defined(__aarch64__)
#define HOST_ARCH "arm64"
#elif defined(__arm__) && __ARM_ARCH >= 7
#define HOST_ARCH "arm"
#define HOST_VARIANT "v7"
#elif defined(__arm__) && __ARM_ARCH == 6
#define HOST_ARCH "arm"
#define HOST_VARIANT "v6"
#elif defined(__arm__)
#define HOST_ARCH "arm"
#define HOST_VARIANT "v5"
#elif defined(__i386__)
#define HOST_ARCH "386"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define HOST_ARCH "ppc64le"
#elif defined(__s390x__)
#define HOST_ARCH "s390x"
#elif defined(__riscv) && __riscv_xlen == 64
#define HOST_ARCH "riscv64"
#elif defined(__loongarch64)
#define HOST_ARCH "loong64"
#elif defined(__mips64) && defined(__MIPSEL__)
#define HOST_ARCH "mips64le"
#else
#error "name this architecture as Go does"
#endif
#ifndef HOST_VARIANT
#define HOST_VARIANT ""
#endif

/* GOOS and GOARCH values: what a single word may be. */
static const char *const known_os[] = {
	"aix",
	"android",
	"darwin",
	"dragonfly",
	"freebsd",
	"hurd",
	"illumos",
	"ios",
	"js",
	"linux",
	"nacl",
	"netbsd",
	"openbsd",
	"plan9",
	"solaris",
	"wasip1",
	"windows",
	"zos",
};

static const char *const known_arch[] = {
	"386",
	"amd64",
	"arm",
	"arm64",
	"arm64be",
	"armbe",
	"loong64",
	"mips",
	"mips64",
	"mips64le",
	"mipsle",
	"ppc",
	"ppc64",
	"ppc64le",
	"riscv",
	"riscv64",
	"s390",
	"s390x",
	"sparc",
	"sparc64",
	"wasm",
};

/* Other spellings. A NULL variant keeps the one that is written. */
static const struct {
	const char *alias, *arch, *variant;
} arch_aliases[] = {
	{"aarch64", "arm64", NULL},
	{"armel", "arm", "v6"},
	{"armhf", "arm", "v7"},
	{"i386", "386", NULL},
	{"i486", "386", NULL},
	{"i586", "386", NULL},
	{"i686", "386", NULL},
	{"x86-64", "amd64", NULL},
	{"x86_64", "amd64", NULL},
};

static const struct {
	const char *arch, *written, *variant;
} variant_aliases[] = {
	{"amd64", "v1", ""},
	{"arm", "", "v7"},
	{"arm", "5", "v5"},
	{"arm", "6", "v6"},
	{"arm", "7", "v7"},
	{"arm", "8", "v8"},
	{"arm64", "8", ""},
	{"arm64", "9", "v9"},
	{"arm64", "9.0", "v9"},
	{"arm64", "v8", ""},
	{"arm64", "v8.0", ""},
	{"arm64", "v9.0", "v9"},
};

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slip_streq(s, list[i]))
			return true;
	return false;
}

static void set_part(char part[SLIP_PLATFORM_PART], const char *s)
{
	snprintf(part, SLIP_PLATFORM_PART, "%s", s);
}

static bool is_token(const char *s)
{
	return strlen(s) < SLIP_PLATFORM_PART && s[strspn(s, TOKEN)] == '\0';
}

static bool is_printable(const char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

int slip_platform_set(struct slip_platform *p, const char *os, const char *arch,
	const char *variant, const char *os_version, struct slip_err *err)
{
	const char *tokens[] = {os ? os : "", arch ? arch : "", variant ? variant : ""};
	struct slip_platform out = {0};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(tokens); i++)
		if (!is_token(tokens[i]))
			return slip_err_set(err, SLIP_E_REGISTRY, 0,
				"\"%s\" is not the name of a platform",
				slip_oci_quote(tokens[i]).s);
	if (os_version && (strlen(os_version) >= SLIP_PLATFORM_PART || !is_printable(os_version)))
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "\"%s\" is not a version of a system",
			slip_oci_quote(os_version).s);
	set_part(out.os, tokens[0]);
	set_part(out.arch, tokens[1]);
	set_part(out.variant, tokens[2]);
	set_part(out.os_version, os_version ? os_version : "");
	*p = out;
	return 0;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

void slip_platform_normalise(struct slip_platform *p)
{
	lower(p->os);
	lower(p->arch);
	lower(p->variant);
	if (slip_streq(p->os, "macos"))
		set_part(p->os, "darwin");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(arch_aliases); i++) {
		if (!slip_streq(p->arch, arch_aliases[i].alias))
			continue;
		set_part(p->arch, arch_aliases[i].arch);
		if (arch_aliases[i].variant)
			set_part(p->variant, arch_aliases[i].variant);
		break;
	}
	if (slip_streq(p->arch, "386"))
		set_part(p->variant, "");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(variant_aliases); i++) {
		if (!slip_streq(p->arch, variant_aliases[i].arch) ||
			!slip_streq(p->variant, variant_aliases[i].written))
			continue;
		set_part(p->variant, variant_aliases[i].variant);
		break;
	}
}

static int bad_platform(struct slip_err *err, const char *s, const char *why)
{
	return slip_err_set(err, SLIP_E_USAGE, 0,
		"invalid platform \"%s\": %s; write os/arch[/variant], such as linux/arm64",
		slip_oci_quote(s).s, why);
}

/* "os(version+feature)": cut the parenthesis off the word and read it. */
static int parse_os_options(
	const char *s, char *word, struct slip_platform *p, struct slip_err *err)
{
	char *open = strchr(word, '(');

	if (!open)
		return 0;
	size_t n = strlen(word);
	if (word[n - 1] != ')')
		return bad_platform(err, s, "\")\" is missing");
	word[n - 1] = '\0';
	*open = '\0';
	char *feature = strchr(open + 1, '+');
	if (feature) {
		*feature = '\0';
		p->has_features = true;
	}
	if (!is_token(open + 1))
		return bad_platform(err, s, "the version has other than letters, digits, _ . -");
	set_part(p->os_version, open + 1);
	return 0;
}

static int parse_single(const char *s, const char *word, const struct slip_platform *dflt,
	struct slip_platform *p, struct slip_err *err)
{
	struct slip_platform as_os = *p, as_arch = *p;

	set_part(as_os.os, word);
	set_part(as_os.arch, dflt->arch);
	set_part(as_os.variant, dflt->variant);
	slip_platform_normalise(&as_os);
	set_part(as_arch.os, dflt->os);
	set_part(as_arch.arch, word);
	slip_platform_normalise(&as_arch);
	if (is_one_of(as_os.os, known_os, SLIP_ARRAY_LEN(known_os)))
		*p = as_os;
	else if (is_one_of(as_arch.arch, known_arch, SLIP_ARRAY_LEN(known_arch)))
		*p = as_arch;
	else
		return bad_platform(err, s, "neither a known system nor a known architecture");
	return 0;
}

int slip_platform_parse(const char *s, const struct slip_platform *dflt, struct slip_platform *out,
	struct slip_err *err)
{
	struct slip_platform p = {0}, host;
	slip_autostrv words = {0};

	slip_platform_host(&host);
	slip_strv_split(&words, s, '/');
	if (words.n > 3)
		return bad_platform(err, s, "it has more than three parts");
	if (parse_os_options(s, words.v[0], &p, err) < 0)
		return -1;
	for (size_t i = 0; i < words.n; i++)
		if (!words.v[i][0] || !is_token(words.v[i]))
			return bad_platform(err, s,
				"a part is empty, too long, or has other than letters, digits, _ . "
				"-");
	if (words.n == 1) {
		if (parse_single(s, words.v[0], dflt ? dflt : &host, &p, err) < 0)
			return -1;
	} else {
		set_part(p.os, words.v[0]);
		set_part(p.arch, words.v[1]);
		set_part(p.variant, words.n == 3 ? words.v[2] : "");
		slip_platform_normalise(&p);
	}
	*out = p;
	return 0;
}

char *slip_platform_print(const struct slip_platform *p)
{
	if (!p->os[0] && !p->arch[0])
		return slip_xstrdup("unknown");
	return slip_xasprintf("%s/%s%s%s", p->os[0] ? p->os : "unknown",
		p->arch[0] ? p->arch : "unknown", p->variant[0] ? "/" : "", p->variant);
}

void slip_platform_host(struct slip_platform *out)
{
	*out = (struct slip_platform){.os = "linux", .arch = HOST_ARCH, .variant = HOST_VARIANT};
}

bool slip_platform_equal(const struct slip_platform *a, const struct slip_platform *b)
{
	struct slip_platform x = *a, y = *b;

	slip_platform_normalise(&x);
	slip_platform_normalise(&y);
	return slip_streq(x.os, y.os) && slip_streq(x.arch, y.arch) &&
	       slip_streq(x.variant, y.variant);
}

/* A list of acceptable platforms that is being filled. */
struct acceptable {
	struct slip_platform *list;
	size_t n;
};

static void accept(struct acceptable *a, const char *arch, const char *variant)
{
	if (a->n == SLIP_PLATFORM_MAX_ACCEPTABLE)
		slip_bug("more acceptable platforms than expected");
	struct slip_platform *p = &a->list[a->n++];
	*p = a->list[0];
	set_part(p->arch, arch);
	set_part(p->variant, variant);
	slip_platform_normalise(p);
}

/* arch/v<from> ... arch/v<to>, downwards. */
static void accept_versions(struct acceptable *a, const char *arch, int from, int to)
{
	char variant[] = "v0";

	for (int v = from; v >= to; v--) {
		variant[1] = (char)('0' + v);
		accept(a, arch, variant);
	}
}

/* The digit after "v" in "v7", or after "v8." in "v8.3"; -1 when the variant has another form. */
static int variant_digit(const char *variant, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(variant, prefix, n) != 0 || !isdigit((unsigned char)variant[n]) ||
		variant[n + 1] != '\0')
		return -1;
	return variant[n] - '0';
}

/* Armv9.x has everything of Armv8.(x+5); all of them run 32-bit code. */
static void accept_arm64(struct acceptable *a, const char *variant)
{
	int minor9 = slip_streq(variant, "v9") ? 0 : variant_digit(variant, "v9.");
	int minor8 = slip_streq(variant, "") ? 0 : variant_digit(variant, "v8.");
	char text[] = "v8.0";

	if (minor9 < 0 && minor8 < 0)
		return;
	text[1] = '9';
	for (int m = minor9 - 1; m >= 0; m--) {
		text[3] = (char)('0' + m);
		accept(a, "arm64", text);
	}
	if (minor9 >= 0)
		minor8 = minor9 + 6 > 10 ? 10 : minor9 + 6;
	text[1] = '8';
	for (int m = minor8 - 1; m >= 0; m--) {
		text[3] = (char)('0' + m);
		accept(a, "arm64", text);
	}
	accept_versions(a, "arm", 8, 5);
}

size_t slip_platform_acceptable(
	const struct slip_platform *want, struct slip_platform out[SLIP_PLATFORM_MAX_ACCEPTABLE])
{
	struct acceptable a = {.list = out, .n = 1};

	out[0] = *want;
	slip_platform_normalise(&out[0]);
	const char *variant = out[0].variant;
	if (slip_streq(out[0].arch, "amd64")) {
		accept_versions(&a, "amd64", variant_digit(variant, "v") - 1, 1);
		accept(&a, "386", "");
	} else if (slip_streq(out[0].arch, "arm")) {
		accept_versions(&a, "arm", variant_digit(variant, "v") - 1, 5);
	} else if (slip_streq(out[0].arch, "arm64")) {
		accept_arm64(&a, variant);
	}
	return a.n;
}

int slip_platform_rank(const struct slip_platform *want, const struct slip_platform *have)
{
	struct slip_platform list[SLIP_PLATFORM_MAX_ACCEPTABLE];
	size_t n = slip_platform_acceptable(want, list);

	if (have->has_features)
		return -1;
	if (want->os_version[0] && !slip_streq(want->os_version, have->os_version))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (slip_platform_equal(&list[i], have))
			return (int)i;
	return -1;
}
