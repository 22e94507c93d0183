/*
 * Hosts: what is configured and what was learnt about each registry, and which of them to ask.
 *
 * A host is known by its key (mirror.h). Plain HTTP is spoken with loopback hosts, with hosts that
 * were listed as insecure, and where a map's target says http://; with nobody else, whatever fails.
 * Loopback is tried with HTTP first: no certificate would be trusted there in most set-ups, and
 * loading the system's takes longer than a whole small build. Listed hosts are tried with HTTPS
 * first.
 *
 * Certificates come from --registry-certificate and --registry-client-cert, from certs.d/<host>/
 * (*.crt; *.cert with *.key) below ~/.config/containers, /etc/containers and /etc/docker, and from
 * the file that the environment names (struct slip_registry_environment).
 */
#ifndef SLIP_REGISTRY_HOST_H
#define SLIP_REGISTRY_HOST_H

#include "runner/net/url.h"
#include "runner/registry/challenge.h"
#include "runner/registry/mirror.h"
#include "runner/registry/registry.h"

#include <pthread.h>

enum slip_access {
	SLIP_ACCESS_PULL,
	SLIP_ACCESS_PUSH,
};

struct slip_host {
	char *name; /* host[:port] to connect to */
	bool is_loopback;
	bool is_http_target; /* a map says http:// */
	bool is_insecure_listed;
	bool may_http[2]; /* by enum slip_access */
	bool skip_verify[2];
	struct slip_strv ca_files;
	char *client_cert;
	char *client_key;

	/* Learnt; guarded by lock. */
	pthread_mutex_t lock;
	const char *scheme; /* NULL until an answer came */
	struct slip_challenge challenge; /* how to authenticate, no scope; NONE until it asked */
	double resume_at; /* monotonic: it asked everybody to wait until then */
};

struct slip_hosts {
	const struct slip_registry_options *opt;
	struct slip_mirrors mirrors;
	struct slip_map certificates; /* host key -> file */
	struct slip_map client_certs; /* host key -> "cert,key" */
	pthread_mutex_t lock;
	struct slip_map table; /* host key -> struct slip_host */
};

int slip_hosts_init(struct slip_hosts *hosts, const struct slip_registry_options *opt,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_hosts_release(struct slip_hosts *hosts);
/* The host of that name, made when first asked for; lives as long as the table. */
struct slip_host *slip_hosts_get(struct slip_hosts *hosts, const char *name);
bool slip_hosts_is_insecure(const struct slip_hosts *hosts, const char *name);

/* A repository on one host, to be reached for one purpose. */
struct slip_target {
	struct slip_host *host;
	char *repo;
	enum slip_access access;
};

struct slip_targets {
	struct slip_target *items;
	size_t n;
	size_t cap;
};

/* Where to look for a reference, best first. Pushes go to its own host only. Never empty. */
void slip_hosts_targets(struct slip_hosts *hosts, const struct slip_ref *ref,
	enum slip_access access, struct slip_targets *out);
void slip_targets_release(struct slip_targets *t);
#define slip_autotargets slip_cleanup(slip_targets_release) struct slip_targets

/*
 * The scheme to speak; *other is what to try when that fails in a way that hints at the other one
 * (NULL: nothing, the scheme is settled).
 */
const char *slip_host_scheme(struct slip_host *host, enum slip_access access, const char **other);
void slip_host_learn_scheme(struct slip_host *host, const char *scheme);
/* path starts with "/v2/" and consists of what references allow. */
int slip_host_url(const struct slip_host *host, const char *scheme, const char *path,
	struct slip_url *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_host_tls(
	const struct slip_host *host, enum slip_access access, struct slip_http_tls *out);

#endif
