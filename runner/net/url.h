/*
 * URLs of http and https, as far as registries need them (RFC 3986). Pure: text in, struct out.
 *
 * Locations, redirects and token realms come from servers that may be hostile. A parsed URL holds
 * visible ASCII only, no user information and no fragment; its host is lower-case and consists of
 * a name's characters or is a bracketed IPv6 address. What is already percent-encoded stays as it
 * is: an URL that a server signed must go back to it byte by byte.
 *
 * Ownership: the strings belong to the struct; a zeroed struct is an empty one.
 */
#ifndef SLIP_NET_URL_H
#define SLIP_NET_URL_H

#include "runner/base/err.h"

struct slip_url {
	char *scheme; /* "http" or "https" */
	char *host; /* without port; IPv6 in brackets */
	unsigned port; /* the scheme's own when none is written */
	char *path; /* starts with '/' */
	char *query; /* without '?'; NULL when there is none */
};

/* Errors are SLIP_E_REGISTRY and never show a query: it may be a signature. */
int slip_url_parse(const char *s, struct slip_url *out, struct slip_err *err) SLIP_MUST_CHECK;
/* Resolve a reference (a Location header) against base: absolute, "//host", "/path", "path", "?q".
 */
int slip_url_join(const struct slip_url *base, const char *reference, struct slip_url *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_url_release(struct slip_url *u);
void slip_url_copy(struct slip_url *dst, const struct slip_url *src); /* replaces dst */
/* Append "name=value" to the query, the value percent-encoded. */
void slip_url_add_param(struct slip_url *u, const char *name, const char *value);

char *slip_url_print(const struct slip_url *u);
char *slip_url_print_public(const struct slip_url *u); /* for messages: no query */
/* "host" or "host:port"; the scheme's own port is left out. */
char *slip_url_print_host(const struct slip_url *u);
bool slip_url_same_origin(const struct slip_url *a, const struct slip_url *b);
/* Percent-encode all but RFC 3986's unreserved characters. */
char *slip_url_encode(const char *s);

/* Where an address literal leads. Other names than localhost are not looked up: ZONE_NAME. */
enum slip_url_zone {
	SLIP_ZONE_NAME,
	SLIP_ZONE_PUBLIC,
	SLIP_ZONE_PRIVATE, /* RFC 1918, fc00::/7, 100.64/10, unspecified */
	SLIP_ZONE_LINK_LOCAL,
	SLIP_ZONE_LOOPBACK,
};
/* host may have brackets and a port. Every spelling that inet_aton(3) takes is recognised. */
enum slip_url_zone slip_url_zone(const char *host);

#define slip_autourl slip_cleanup(slip_url_release) struct slip_url

#endif
