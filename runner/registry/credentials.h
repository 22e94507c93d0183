/*
 * Where credentials come from. The first source that has an entry for the repository wins:
 *
 *   1. logins given by the caller (the spec's `registries:`)
 *   2. the configuration given by the caller (directory, file or JSON text)
 *   3. DOCKER_AUTH_CONFIG: JSON text, or a file that holds it
 *   4. DOCKER_CONFIG: directory, file or JSON text; without it $HOME/.docker
 *   5. /kaniko/.docker
 *   6. REGISTRY_AUTH_FILE, else $XDG_RUNTIME_DIR/containers/auth.json and
 *      $XDG_CONFIG_HOME/containers/auth.json (~/.config)
 *   7. the variables that the caller names (a CI system's)
 *
 * Nothing is kept: files and helpers are asked again for each token, since they may rotate. Every
 * secret read is registered with the redactor before it is handed out.
 */
#ifndef SLIP_REGISTRY_CREDENTIALS_H
#define SLIP_REGISTRY_CREDENTIALS_H

#include "runner/registry/registry.h"

enum slip_credential_kind {
	SLIP_CREDENTIAL_NONE,
	SLIP_CREDENTIAL_BASIC, /* user and password */
	SLIP_CREDENTIAL_IDENTITY, /* secret is a refresh token for the token server */
	SLIP_CREDENTIAL_BEARER, /* secret is what the registry itself takes */
};

struct slip_credential {
	enum slip_credential_kind kind;
	char *user; /* NULL unless BASIC */
	char *secret;
	char *source; /* for people: "DOCKER_AUTH_CONFIG"; NULL when there is none */
	char *notes; /* for people: what was looked at in vain and why, one line each */
};

/* Never fails: a broken source is one that has nothing, and said in notes. */
void slip_credentials_find(const struct slip_registry_options *opt, const char *host,
	const char *repo, struct slip_credential *out);
void slip_credential_release(struct slip_credential *c); /* wipes the secret */
/* "user bob from FILE (skipped: ...)" or "no credentials (looked at: ...)"; the caller's. */
char *slip_credential_describe(const struct slip_credential *c);

#define slip_autocredential slip_cleanup(slip_credential_release) struct slip_credential

#endif
