/*
 * One document of credentials: docker's config.json or containers' auth.json, as parsed JSON.
 *
 * {"auths": {KEY: {"auth": base64("user:password"), "username", "password", "identitytoken",
 * "registrytoken"}}, "credsStore": NAME, "credHelpers": {HOST: NAME}}
 *
 * A key is a host, with or without scheme, with "/v1/" or "/v2/" (docker login's), or with a
 * repository or a namespace of it behind it (podman's): the longest one that covers the repository
 * wins, and never serves a sibling. Hosts are equal as of slip_host_key; ":443" may be left out.
 * Order: credHelpers, credsStore, auths; one that has nothing leads to the next.
 */
#ifndef SLIP_REGISTRY_AUTH_FILE_H
#define SLIP_REGISTRY_AUTH_FILE_H

#include "runner/base/buf.h"
#include "runner/base/json.h"
#include "runner/registry/credentials.h"

struct slip_auth_query {
	const char *host;
	const char *repo; /* may be "" */
};

/*
 * True when the document holds credentials for the query: *out is then filled. What was looked at
 * in vain is added to notes as a line "<label>: why". No secret gets there.
 */
bool slip_auth_file_find(const struct slip_json *doc, const char *label,
	const struct slip_auth_query *q, struct slip_credential *out, struct slip_buf *notes);
/* Do two spellings mean the same host? */
bool slip_auth_same_host(const char *a, const char *b);

#endif
