/*
 * Credential helpers: programs "docker-credential-<name>" that hold a person's logins or ask a
 * cloud for them (github.com/docker/docker-credential-helpers).
 */
#ifndef SLIP_REGISTRY_HELPER_H
#define SLIP_REGISTRY_HELPER_H

#include "runner/registry/credentials.h"

/*
 * Ask a helper for a server's credentials. 0 with kind NONE when it has none. The name must be of
 * [A-Za-z0-9._-]; it runs without a shell, for at most 30 s, its stderr is dropped.
 */
int slip_helper_get(const char *name, const char *server, struct slip_credential *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
