#include "config.h"

#include "runner/oci/ref.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"
#include "runner/oci/oci_internal.h"

#define HUB_API_HOST "registry-1.docker.io"
#define HUB_AUTH_KEY "https://index.docker.io/v1/"
#define HUB_LEGACY "index.docker.io"
#define HUB_OFFICIAL "library/"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define LOWER_ALNUM LOWER DIGITS
#define ALNUM LOWER UPPER DIGITS
#define WORD ALNUM "_"

#define MAX_TAG 128
#define MAX_DOMAIN 255

/* Part of the text being parsed. */
struct slice {
	const char *p;
	size_t n;
};

static struct slice slice_of(const char *p, const char *end)
{
	return (struct slice){p, (size_t)(end - p)};
}

static size_t span(const char *p, const char *end, const char *set)
{
	const char *q = p;

	while (q < end && strchr(set, *q))
		q++;
	return (size_t)(q - p);
}

static bool slice_has(struct slice s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(set, s.p[i]))
			return true;
	return false;
}

static bool slice_is(struct slice s, const char *text)
{
	return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

SLIP_PRINTF(3, 4)
static int bad_ref(struct slip_err *err, const char *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	slip_autofree char *why = slip_xvasprintf(fmt, ap);
	va_end(ap);
	return slip_err_set(err, SLIP_E_USAGE, 0, "invalid reference format: \"%s\": %s",
		slip_oci_quote(s).s, why);
}

static bool is_hex64(const char *s)
{
	return strlen(s) == SLIP_HEX_SIZE - 1 && strspn(s, "0123456789abcdef") == SLIP_HEX_SIZE - 1;
}

/* The length of a port (":5000") at p; 0 when there is none, SIZE_MAX when it is no good. */
static size_t span_port(const char *p, const char *end)
{
	unsigned int port = 0;

	if (p == end)
		return 0;
	if (*p != ':' || end - p < 2 || end - p > 6)
		return SIZE_MAX;
	for (const char *q = p + 1; q < end; q++) {
		if (*q < '0' || *q > '9')
			return SIZE_MAX;
		port = port * 10 + (unsigned int)(*q - '0');
	}
	return port > 0 && port <= 65535 ? (size_t)(end - p) : SIZE_MAX;
}

/* Labels of letters, digits and inner '-' joined by '.', or an IPv6 address in brackets. */
static bool is_domain(struct slice d)
{
	const char *p = d.p, *end = d.p + d.n;

	if (d.n > 0 && *p == '[') {
		size_t n = span(p + 1, end, "0123456789abcdefABCDEF:");
		if (n == 0 || p + 1 + n == end || p[1 + n] != ']')
			return false;
		return span_port(p + n + 2, end) != SIZE_MAX;
	}
	for (;;) {
		size_t n = span(p, end, ALNUM "-");
		if (n == 0 || p[0] == '-' || p[n - 1] == '-')
			return false;
		p += n;
		if (p == end || *p != '.')
			return span_port(p, end) != SIZE_MAX;
		p++;
	}
}

/* Runs of [a-z0-9] joined by ".", "_", "__" or any number of "-"; components joined by "/". */
static bool is_path(struct slice path)
{
	const char *p = path.p, *end = path.p + path.n;

	for (;;) {
		size_t n = span(p, end, LOWER_ALNUM);
		if (n == 0)
			return false;
		p += n;
		if (p == end)
			return true;
		if (*p == '-')
			p += span(p, end, "-");
		else if (end - p > 1 && p[0] == '_' && p[1] == '_')
			p += 2;
		else if (*p == '.' || *p == '_' || *p == '/')
			p++;
		else
			return false;
	}
}

static bool is_tag(struct slice t)
{
	return t.n > 0 && t.n <= MAX_TAG && strchr(WORD, t.p[0]) &&
	       span(t.p, t.p + t.n, WORD ".-") == t.n;
}

/* Whether the first component of a name is a registry's host rather than a user on Docker Hub. */
static bool is_host(struct slice first)
{
	return slice_is(first, "localhost") || slice_has(first, ".:" UPPER);
}

static int parse_domain(
	const char *s, const char **rest, struct slip_ref *ref, struct slip_err *err)
{
	const char *slash = strchr(s, '/');
	struct slice first = slash ? slice_of(s, slash) : slice_of(s, s);

	*rest = s;
	if (strstr(s, "://"))
		return bad_ref(err, s, "leave out the scheme, write host/repository");
	if (!slash || !is_host(first)) {
		ref->domain = slip_xstrdup(SLIP_REF_HUB);
		return 0;
	}
	if (first.n > MAX_DOMAIN)
		return bad_ref(
			err, s, "the registry's host is longer than %d characters", MAX_DOMAIN);
	slip_autofree char *host = slip_xstrndup(first.p, first.n);
	if (!is_domain(first))
		return bad_ref(err, s, "\"%s\" is not a host or host:port", slip_oci_quote(host).s);
	ref->domain = slip_xstrdup(slip_streq(host, HUB_LEGACY) ? SLIP_REF_HUB : host);
	*rest = slash + 1;
	return 0;
}

static int set_path(const char *s, struct slice path, struct slip_ref *ref, struct slip_err *err)
{
	bool official = slip_ref_is_hub(ref) && !slice_has(path, "/");

	if (path.n == 0)
		return bad_ref(err, s, "the repository name is missing");
	slip_autofree char *name =
		slip_xasprintf("%s%.*s", official ? HUB_OFFICIAL : "", (int)path.n, path.p);
	if (strlen(name) > SLIP_MAX_REPOSITORY)
		return bad_ref(err, s, "repository name must not be more than %d characters",
			SLIP_MAX_REPOSITORY);
	if (slice_has(path, UPPER))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"invalid reference format: repository name (%s) must be lowercase",
			slip_oci_quote(name).s);
	if (!is_path(path))
		return bad_ref(err, s,
			"the repository name may have a-z, 0-9 and between them . _ __ - and /");
	ref->path = slip_steal_ptr(&name);
	return 0;
}

/* "[:tag][@digest]" */
static int parse_suffix(
	const char *s, const char *suffix, struct slip_ref *ref, struct slip_err *err)
{
	if (*suffix == ':') {
		const char *end = suffix + strcspn(suffix, "@");
		struct slice tag = slice_of(suffix + 1, end);
		if (!is_tag(tag))
			return bad_ref(err, s,
				"the tag must be 1 to %d letters, digits, _ . - and not start "
				"with . or -",
				MAX_TAG);
		ref->tag = slip_xstrndup(tag.p, tag.n);
		suffix = end;
	}
	if (*suffix == '@' && slip_digest_parse(suffix + 1, &ref->digest, NULL) < 0)
		return bad_ref(err, s,
			"the digest must be \"sha256:\" and 64 lower-case hexadecimal digits");
	return 0;
}

static int parse_parts(const char *s, struct slip_ref *ref, struct slip_err *err)
{
	const char *rest;

	if (!s[0])
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "invalid reference format: the reference is empty");
	if (is_hex64(s))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"invalid repository name (%s), cannot specify 64-byte hexadecimal strings",
			s);
	if (parse_domain(s, &rest, ref, err) < 0)
		return -1;
	const char *suffix = rest + strcspn(rest, ":@");
	if (set_path(s, slice_of(rest, suffix), ref, err) < 0)
		return -1;
	return parse_suffix(s, suffix, ref, err);
}

int slip_ref_parse(
	const char *s, enum slip_ref_tag dflt, struct slip_ref *out, struct slip_err *err)
{
	slip_autoref ref = {0};

	if (parse_parts(s, &ref, err) < 0)
		return -1;
	if (dflt == SLIP_REF_TAG_DEFAULT && !ref.tag && !slip_digest_is_set(&ref.digest))
		ref.tag = slip_xstrdup(SLIP_REF_DEFAULT_TAG);
	*out = ref;
	ref = (struct slip_ref){0};
	return 0;
}

int slip_ref_parse_repo(const char *s, struct slip_ref *out, struct slip_err *err)
{
	slip_autoref ref = {0};

	if (parse_parts(s, &ref, err) < 0)
		return -1;
	if (ref.tag || slip_digest_is_set(&ref.digest))
		return bad_ref(err, s, "a repository is wanted here: leave out the %s",
			ref.tag ? "tag" : "digest");
	*out = ref;
	ref = (struct slip_ref){0};
	return 0;
}

void slip_ref_release(struct slip_ref *ref)
{
	free(ref->domain);
	free(ref->path);
	free(ref->tag);
	*ref = (struct slip_ref){0};
}

void slip_ref_copy(struct slip_ref *dst, const struct slip_ref *src)
{
	struct slip_ref copy = {
		.domain = slip_xstrdup(src->domain),
		.path = slip_xstrdup(src->path),
		.tag = slip_xstrdup(src->tag),
		.digest = src->digest,
	};

	slip_ref_release(dst);
	*dst = copy;
}

char *slip_ref_sanitise_tag(const char *text)
{
	char tag[MAX_TAG + 1];
	size_t n = 0;
	bool has_name = false, was_replaced = false;
	for (const char *p = text; *p && n < MAX_TAG; p++) {
		bool is_word = strchr(WORD, *p), is_allowed = is_word || strchr(".-", *p);
		if ((n || is_word) && (is_allowed || !was_replaced))
			tag[n++] = is_allowed ? *p : '-';
		was_replaced = !is_allowed;
		has_name |= is_word;
	}
	return has_name ? slip_xstrndup(tag, n) : NULL;
}

int slip_ref_set_tag(struct slip_ref *ref, const char *tag, struct slip_err *err)
{
	if (tag && !is_tag((struct slice){tag, strlen(tag)}))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"invalid tag \"%s\": 1 to %d letters, digits, _ . - and not . or - first",
			slip_oci_quote(tag).s, MAX_TAG);
	char *copy = slip_xstrdup(tag);
	free(ref->tag);
	ref->tag = copy;
	return 0;
}

void slip_ref_set_digest(struct slip_ref *ref, const struct slip_digest *digest)
{
	ref->digest = digest ? *digest : (struct slip_digest){0};
}

static char *print_with(const struct slip_ref *ref, const char *name)
{
	bool has_digest = slip_digest_is_set(&ref->digest);

	return slip_xasprintf("%s%s%s%s%s", name, ref->tag ? ":" : "", ref->tag ? ref->tag : "",
		has_digest ? "@" : "", ref->digest.s);
}

char *slip_ref_print_repo(const struct slip_ref *ref)
{
	return slip_xasprintf("%s/%s", ref->domain, ref->path);
}

char *slip_ref_print(const struct slip_ref *ref)
{
	slip_autofree char *repo = slip_ref_print_repo(ref);

	return print_with(ref, repo);
}

/* The shortest name that means the same repository when it is parsed again. */
static char *familiar_repo(const struct slip_ref *ref)
{
	const char *path = ref->path;

	if (!slip_ref_is_hub(ref))
		return slip_ref_print_repo(ref);
	if (slip_starts_with(path, HUB_OFFICIAL) && !strchr(path + strlen(HUB_OFFICIAL), '/'))
		path += strlen(HUB_OFFICIAL);
	const char *slash = strchr(path, '/');
	if (is_hex64(path) || (slash && is_host(slice_of(path, slash))))
		return slip_ref_print_repo(ref);
	return slip_xstrdup(path);
}

char *slip_ref_print_familiar(const struct slip_ref *ref)
{
	slip_autofree char *repo = familiar_repo(ref);

	return print_with(ref, repo);
}

const char *slip_ref_target(const struct slip_ref *ref)
{
	if (slip_digest_is_set(&ref->digest))
		return ref->digest.s;
	return ref->tag ? ref->tag : SLIP_REF_DEFAULT_TAG;
}

const char *slip_ref_api_host(const struct slip_ref *ref)
{
	return slip_ref_is_hub(ref) ? HUB_API_HOST : ref->domain;
}

const char *slip_ref_auth_key(const struct slip_ref *ref)
{
	return slip_ref_is_hub(ref) ? HUB_AUTH_KEY : ref->domain;
}

bool slip_ref_is_hub(const struct slip_ref *ref)
{
	return slip_streq(ref->domain, SLIP_REF_HUB);
}

bool slip_ref_same_repo(const struct slip_ref *a, const struct slip_ref *b)
{
	return slip_streq(a->domain, b->domain) && slip_streq(a->path, b->path);
}
