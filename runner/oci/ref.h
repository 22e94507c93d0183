/*
 * Image references: what a person writes for an image in a registry.
 *
 * Grammar and the rules for Docker Hub are those of github.com/distribution/reference: the first
 * component is a host only when it has a '.' or ':', is "localhost" or has upper-case letters;
 * otherwise the host is docker.io, where a name of one component lives in "library/".
 *
 * A parsed reference is safe to put into an URL: every part consists of the grammar's ASCII
 * characters only, a port is at most 65535, a path is at most SLIP_MAX_REPOSITORY bytes and holds
 * neither empty components nor "..". Errors are SLIP_E_USAGE and start with the text that Docker
 * prints ("invalid reference format").
 *
 * Ownership: the strings belong to the struct; a zeroed struct is an empty one.
 */
#ifndef SLIP_OCI_REF_H
#define SLIP_OCI_REF_H

#include "runner/base/digest.h"

#define SLIP_REF_HUB "docker.io"
#define SLIP_REF_DEFAULT_TAG "latest"

struct slip_ref {
	char *domain; /* host or host:port, "docker.io" for Docker Hub */
	char *path; /* repository below the host, "library/alpine" */
	char *tag; /* NULL when there is none */
	struct slip_digest digest; /* not set when there is none */
};

enum slip_ref_tag {
	SLIP_REF_TAG_AS_GIVEN,
	SLIP_REF_TAG_DEFAULT, /* "latest" when neither tag nor digest is given */
};

int slip_ref_parse(const char *s, enum slip_ref_tag dflt, struct slip_ref *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* A repository, such as the one for the cache: a tag or digest is an error. */
int slip_ref_parse_repo(const char *s, struct slip_ref *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_ref_release(struct slip_ref *ref);
void slip_ref_copy(struct slip_ref *dst, const struct slip_ref *src); /* replaces dst */

/* Replace the tag (NULL: remove it), checked against the grammar. */
int slip_ref_set_tag(struct slip_ref *ref, const char *tag, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * A tag made of any text: runs of what a tag cannot hold become one '-', what it cannot begin with
 * goes, and so does what is too long. NULL when no letter, digit or _ is left; else the caller's.
 */
char *slip_ref_sanitise_tag(const char *text);
void slip_ref_set_digest(struct slip_ref *ref, const struct slip_digest *digest); /* NULL: none */

/* "docker.io/library/alpine:3.20@sha256:..."; the text is the caller's. */
char *slip_ref_print(const struct slip_ref *ref);
char *slip_ref_print_familiar(const struct slip_ref *ref); /* "alpine:3.20@sha256:..." */
char *slip_ref_print_repo(const struct slip_ref *ref); /* "docker.io/library/alpine" */

/*
 * What to ask the registry for: the digest when there is one (a tag beside it is information
 * only), else the tag, else "latest". Borrowed from the reference.
 */
const char *slip_ref_target(const struct slip_ref *ref);
/* The host that speaks the distribution API: registry-1.docker.io for Docker Hub. Borrowed. */
const char *slip_ref_api_host(const struct slip_ref *ref);
/* The key of the host's credentials in docker's config.json. Borrowed. */
const char *slip_ref_auth_key(const struct slip_ref *ref);
bool slip_ref_is_hub(const struct slip_ref *ref);
bool slip_ref_same_repo(const struct slip_ref *a, const struct slip_ref *b);

#define slip_autoref slip_cleanup(slip_ref_release) struct slip_ref

#endif
