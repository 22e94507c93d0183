#include "config.h"

#include "runner/net/url.h"

#include "runner/base/buf.h"
#include "runner/base/limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

static bool is_visible(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~' || *s == '\\')
			return false;
	return true;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static unsigned default_port(const char *scheme)
{
	return slip_streq(scheme, "https") ? 443 : 80;
}

/* Length of the host at the start of an authority; 0 when it is none. */
static size_t host_length(const char *s, size_t len)
{
	size_t n = 0;
	if (len > 0 && s[0] == '[') {
		while (n < len && s[n] != ']')
			n++;
		if (n == len)
			return 0;
		for (size_t i = 1; i < n; i++)
			if (!strchr("0123456789abcdefABCDEF:.", s[i]))
				return 0;
		return n > 2 ? n + 1 : 0;
	}
	while (n < len && (is_alnum(s[n]) || strchr("-._", s[n])))
		n++;
	return n;
}

static int parse_port(const char *s, size_t len, unsigned *port)
{
	unsigned value = 0;
	if (len == 0 || len > 5)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + (unsigned)(s[i] - '0');
	}
	if (value == 0 || value > 65535)
		return -1;
	*port = value;
	return 0;
}

static int parse_authority(struct slip_url *u, const char *s, size_t len, struct slip_err *err)
{
	size_t host = host_length(s, len);
	if (host == 0)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "URL without a valid host name");
	u->port = default_port(u->scheme);
	if (host < len &&
		(s[host] != ':' || parse_port(s + host + 1, len - host - 1, &u->port) != 0))
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "URL with a malformed host: %.*s", (int)host, s);
	u->host = slip_xstrndup(s, host);
	for (char *c = u->host; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	return 0;
}

/* Split "path?query#fragment"; an empty path is "/". */
static void set_path(struct slip_url *u, const char *s)
{
	size_t all = strcspn(s, "#");
	size_t path = strcspn(s, "?#");
	free(u->path);
	free(u->query);
	u->path = path > 0 ? slip_xstrndup(s, path) : slip_xstrdup("/");
	u->query = path < all ? slip_xstrndup(s + path + 1, all - path - 1) : NULL;
}

int slip_url_parse(const char *s, struct slip_url *out, struct slip_err *err)
{
	slip_autourl u = {0};
	if (strlen(s) > SLIP_MAX_URL)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "URL is longer than %llu bytes",
			(unsigned long long)SLIP_MAX_URL);
	if (!is_visible(s))
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "URL with illegal characters");
	if (strncasecmp(s, "https://", 8) == 0)
		u.scheme = slip_xstrdup("https");
	else if (strncasecmp(s, "http://", 7) == 0)
		u.scheme = slip_xstrdup("http");
	else
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "URL is neither http nor https");
	const char *authority = s + strlen(u.scheme) + 3;
	size_t len = strcspn(authority, "/?#");
	if (memchr(authority, '@', len))
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "URL with user information");
	if (parse_authority(&u, authority, len, err) != 0)
		return -1;
	if (authority[len] == '/') {
		set_path(&u, authority + len);
	} else {
		slip_autofree char *rooted = slip_xasprintf("/%s", authority + len);
		set_path(&u, rooted);
	}
	*out = u;
	memset(&u, 0, sizeof(u));
	return 0;
}

/* RFC 3986 section 5.2.4, for a path that starts with '/'. */
static char *remove_dot_segments(const char *path)
{
	slip_autobuf b;
	slip_buf_init(&b, SLIP_MAX_URL + 1);
	while (*path) {
		size_t len = 1 + strcspn(path + 1, "/");
		bool last = path[len] == '\0';
		if (len == 2 && path[1] == '.') {
			if (last)
				slip_buf_add_char(&b, '/');
		} else if (len == 3 && path[1] == '.' && path[2] == '.') {
			while (b.len > 0 && b.data[b.len - 1] != '/')
				slip_buf_truncate(&b, b.len - 1);
			if (b.len > 0)
				slip_buf_truncate(&b, b.len - 1);
			if (last)
				slip_buf_add_char(&b, '/');
		} else {
			slip_buf_add(&b, path, len);
		}
		path += len;
	}
	return slip_buf_take(&b);
}

static int join_relative(const struct slip_url *base, const char *reference, struct slip_url *out,
	struct slip_err *err)
{
	slip_autourl u = {0};
	slip_url_copy(&u, base);
	if (!is_visible(reference) || strlen(reference) > SLIP_MAX_URL)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "URL with illegal characters");
	slip_autofree char *text = NULL;
	if (reference[0] == '/') {
		text = slip_xstrdup(reference);
	} else if (reference[0] == '?') {
		text = slip_xasprintf("%s%s", base->path, reference);
	} else {
		int dir = (int)(strrchr(base->path, '/') - base->path) + 1;
		text = slip_xasprintf("%.*s%s", dir, base->path, reference);
	}
	set_path(&u, text);
	if (reference[0] != '/' && reference[0] != '?') {
		char *clean = remove_dot_segments(u.path);
		free(u.path);
		u.path = clean;
	}
	*out = u;
	memset(&u, 0, sizeof(u));
	return 0;
}

int slip_url_join(const struct slip_url *base, const char *reference, struct slip_url *out,
	struct slip_err *err)
{
	if (reference[0] == '\0')
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "empty URL");
	if (strncmp(reference, "//", 2) == 0) {
		slip_autofree char *text = slip_xasprintf("%s:%s", base->scheme, reference);
		return slip_url_parse(text, out, err);
	}
	/* "name:" before any '/', '?' or '#' is a scheme; which ones are legal is parse's business.
	 */
	if (reference[strcspn(reference, ":/?#")] == ':')
		return slip_url_parse(reference, out, err);
	return join_relative(base, reference, out, err);
}

void slip_url_release(struct slip_url *u)
{
	free(u->scheme);
	free(u->host);
	free(u->path);
	free(u->query);
	memset(u, 0, sizeof(*u));
}

void slip_url_copy(struct slip_url *dst, const struct slip_url *src)
{
	struct slip_url copy = {
		.scheme = slip_xstrdup(src->scheme),
		.host = slip_xstrdup(src->host),
		.port = src->port,
		.path = slip_xstrdup(src->path),
		.query = slip_xstrdup(src->query),
	};
	slip_url_release(dst);
	*dst = copy;
}

void slip_url_add_param(struct slip_url *u, const char *name, const char *value)
{
	slip_autofree char *encoded = slip_url_encode(value);
	char *query = u->query && u->query[0] ? slip_xasprintf("%s&%s=%s", u->query, name, encoded)
					      : slip_xasprintf("%s=%s", name, encoded);
	free(u->query);
	u->query = query;
}

char *slip_url_print_host(const struct slip_url *u)
{
	if (u->port == default_port(u->scheme))
		return slip_xstrdup(u->host);
	return slip_xasprintf("%s:%u", u->host, u->port);
}

char *slip_url_print_public(const struct slip_url *u)
{
	slip_autofree char *host = slip_url_print_host(u);
	return slip_xasprintf("%s://%s%s", u->scheme, host, u->path);
}

char *slip_url_print(const struct slip_url *u)
{
	char *text = slip_url_print_public(u);
	if (!u->query)
		return text;
	char *full = slip_xasprintf("%s?%s", text, u->query);
	free(text);
	return full;
}

bool slip_url_same_origin(const struct slip_url *a, const struct slip_url *b)
{
	return slip_streq(a->scheme, b->scheme) && slip_streq(a->host, b->host) &&
	       a->port == b->port;
}

char *slip_url_encode(const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *out = slip_xreallocarray(NULL, strlen(s) + 1, 3);
	char *p = out;
	for (; *s; s++) {
		if (is_alnum(*s) || strchr("-._~", *s)) {
			*p++ = *s;
		} else {
			*p++ = '%';
			*p++ = hex[(unsigned char)*s >> 4];
			*p++ = hex[(unsigned char)*s & 15];
		}
	}
	*p = '\0';
	return out;
}

static enum slip_url_zone zone_of_ipv4(uint32_t a)
{
	if (a >> 24 == 127)
		return SLIP_ZONE_LOOPBACK;
	if (a >> 16 == 0xa9fe)
		return SLIP_ZONE_LINK_LOCAL;
	if (a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 22 == 0x191 ||
		a >> 24 == 0)
		return SLIP_ZONE_PRIVATE;
	return SLIP_ZONE_PUBLIC;
}

static enum slip_url_zone zone_of_ipv6(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_V4MAPPED(a) || (IN6_IS_ADDR_V4COMPAT(a) && !IN6_IS_ADDR_UNSPECIFIED(a))) {
		uint32_t v4;
		memcpy(&v4, a->s6_addr + 12, sizeof(v4));
		return zone_of_ipv4(ntohl(v4));
	}
	if (IN6_IS_ADDR_LOOPBACK(a))
		return SLIP_ZONE_LOOPBACK;
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return SLIP_ZONE_LINK_LOCAL;
	if ((a->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_UNSPECIFIED(a))
		return SLIP_ZONE_PRIVATE;
	return SLIP_ZONE_PUBLIC;
}

enum slip_url_zone slip_url_zone(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	size_t len = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
	slip_autofree char *name = slip_xstrndup(host + (host[0] == '['), len - (host[0] == '['));
	if (host[0] == '[')
		return inet_pton(AF_INET6, name, &v6) == 1 ? zone_of_ipv6(&v6) : SLIP_ZONE_NAME;
	len = strlen(name);
	if (len > 0 && name[len - 1] == '.')
		name[--len] = '\0';
	if (strcasecmp(name, "localhost") == 0 ||
		(len > 10 && strcasecmp(name + len - 10, ".localhost") == 0))
		return SLIP_ZONE_LOOPBACK;
	if (inet_aton(name, &v4))
		return zone_of_ipv4(ntohl(v4.s_addr));
	return SLIP_ZONE_NAME;
}
