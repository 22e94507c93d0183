#include "config.h"

#include "runner/net/proxy.h"

#include "runner/base/strv.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

static const char *lookup(const char *lower, const char *upper)
{
	const char *value = getenv(lower);
	return value && value[0] ? value : getenv(upper);
}

void slip_proxy_env_read(struct slip_proxy_env *env)
{
	bool is_cgi = getenv("REQUEST_METHOD") != NULL;
	env->https_proxy = lookup("https_proxy", "HTTPS_PROXY");
	env->http_proxy = is_cgi ? getenv("http_proxy") : lookup("http_proxy", "HTTP_PROXY");
	env->no_proxy = lookup("no_proxy", "NO_PROXY");
}

struct address {
	uint8_t bytes[16];
	unsigned bits; /* 32 or 128; 0 when it is none */
};

static struct address parse_address(const char *s, size_t len)
{
	struct address a = {.bits = 0};
	slip_autofree char *text = NULL;
	if (len > 1 && s[0] == '[' && s[len - 1] == ']')
		text = slip_xstrndup(s + 1, len - 2);
	else
		text = slip_xstrndup(s, len);
	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.bits = 32;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.bits = 128;
	return a;
}

static bool has_prefix(const struct address *a, const struct address *net, unsigned bits)
{
	if (a->bits != net->bits || bits > net->bits)
		return false;
	if (memcmp(a->bytes, net->bytes, bits / 8) != 0)
		return false;
	unsigned rest = bits % 8;
	unsigned mask = 0xffU & (0xff00U >> rest);
	return rest == 0 || ((a->bytes[bits / 8] ^ net->bytes[bits / 8]) & mask) == 0;
}

static bool matches_block(const char *entry, const char *slash, const struct address *host)
{
	struct address net = parse_address(entry, (size_t)(slash - entry));
	char *end;
	unsigned long bits = strtoul(slash + 1, &end, 10);
	return net.bits && *end == '\0' && end != slash + 1 && bits <= net.bits &&
	       has_prefix(host, &net, (unsigned)bits);
}

static bool matches_name(const char *entry, size_t len, const char *host)
{
	size_t host_len = strlen(host);
	if (len > 1 && entry[0] == '*' && entry[1] == '.') {
		entry++;
		len--;
	}
	if (len == 0 || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
		return false;
	return len == host_len || entry[0] == '.' || host[host_len - len - 1] == '.';
}

static bool matches(const char *entry, const struct slip_url *url)
{
	struct address host = parse_address(url->host, strlen(url->host));
	if (slip_streq(entry, "*"))
		return true;
	const char *slash = strchr(entry, '/');
	if (slash)
		return matches_block(entry, slash, &host);
	struct address literal = parse_address(entry, strlen(entry));
	if (literal.bits)
		return has_prefix(&host, &literal, literal.bits);
	size_t len = strlen(entry);
	const char *colon = strrchr(entry, ':');
	if (colon) {
		char *end;
		unsigned long port = strtoul(colon + 1, &end, 10);
		if (*end != '\0' || end == colon + 1 || port != url->port)
			return false;
		len = (size_t)(colon - entry);
		literal = parse_address(entry, len);
		if (literal.bits)
			return has_prefix(&host, &literal, literal.bits);
	}
	return matches_name(entry, len, url->host);
}

const char *slip_proxy_for(const struct slip_proxy_env *env, const struct slip_url *url)
{
	bool is_tls = slip_streq(url->scheme, "https");
	const char *proxy = is_tls ? env->https_proxy : env->http_proxy;
	if (!proxy || !proxy[0] || slip_url_zone(url->host) == SLIP_ZONE_LOOPBACK)
		return "";
	slip_autostrv entries = {0};
	if (env->no_proxy)
		slip_strv_split(&entries, env->no_proxy, ',');
	for (size_t i = 0; i < entries.n; i++) {
		char *entry = entries.v[i] + strspn(entries.v[i], " \t");
		entry[strcspn(entry, " \t")] = '\0';
		if (entry[0] && matches(entry, url))
			return "";
	}
	return proxy;
}
