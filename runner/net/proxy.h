/*
 * Which proxy a request takes: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, by the rules Go programs use.
 *
 * Each is looked for in lower case first. HTTP_PROXY in upper case is ignored when REQUEST_METHOD
 * is set (in a CGI program it is a request header). Entries of NO_PROXY: "*", "example.com" (and
 * everything below it), ".example.com" (only below), an address, a CIDR block, each but the last
 * with an optional ":port". Loopback never goes through a proxy.
 */
#ifndef SLIP_NET_PROXY_H
#define SLIP_NET_PROXY_H

#include "runner/net/url.h"

struct slip_proxy_env {
	const char *https_proxy; /* borrowed; NULL or "" for none */
	const char *http_proxy;
	const char *no_proxy;
};

void slip_proxy_env_read(struct slip_proxy_env *env);
/* The proxy's URL, borrowed from env; "" when the request goes straight to its host. */
const char *slip_proxy_for(const struct slip_proxy_env *env, const struct slip_url *url);

#endif
