/*
 * Registry maps and mirrors: where pulls of a registry really go. Pure.
 *
 * "docker.io=mirror.example.com/hub;quay.io=http://cache:5000" as of kaniko's --registry-map (lists
 * by ';', several values add up, order counts), and plain targets of --registry-mirror, which are
 * maps of Docker Hub. Every spelling of Docker Hub is the same key.
 */
#ifndef SLIP_REGISTRY_MIRROR_H
#define SLIP_REGISTRY_MIRROR_H

#include "runner/base/strv.h"
#include "runner/oci/ref.h"

struct slip_mirror {
	char *from; /* a host as of slip_host_key */
	const char *scheme; /* "http", "https", or NULL when the target names none */
	char *host;
	char *prefix; /* put before the repository: "" or "hub/" */
};

struct slip_mirrors {
	struct slip_mirror *items;
	size_t n;
	size_t cap;
};

/* Both lists may be NULL. out is initialised by the call, and empty on failure. SLIP_E_USAGE. */
int slip_mirrors_parse(const struct slip_strv *maps, const struct slip_strv *hub_mirrors,
	struct slip_mirrors *out, struct slip_err *err) SLIP_MUST_CHECK;
/* One more, last in order; nothing on failure. */
int slip_mirrors_add(struct slip_mirrors *m, const char *from, const char *target,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_mirrors_release(struct slip_mirrors *m);

/*
 * The name under which everything about a host is kept: lower-case, without scheme, trailing path
 * or dot; Docker Hub is registry-1.docker.io however it is written. The text is the caller's.
 */
char *slip_host_key(const char *name);

#endif
