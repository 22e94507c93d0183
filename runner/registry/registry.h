/*
 * A client for container registries (OCI distribution-spec v1.1; Docker token authentication).
 *
 * One client serves all hosts of a build and all threads: credentials, tokens and what was learnt
 * about a host (speaks HTTP, how it authenticates, ...) live in it. Calls block. Bytes that come in
 * are checked against the digest asked for before a call succeeds. Requests are retried by the
 * policy of retry.h; an error after that says host, repository and what to do:
 *   SLIP_E_AUTH       401/403, with the credential source that was used and those skipped
 *   SLIP_E_NOTFOUND   404 of a manifest or blob
 *   SLIP_E_DIGEST     bytes differ from their digest or size
 *   SLIP_E_NET        no answer
 *   SLIP_E_REGISTRY   any other answer
 * It hands bytes to sinks and knows no store.
 */
#ifndef SLIP_REGISTRY_REGISTRY_H
#define SLIP_REGISTRY_REGISTRY_H

#include "runner/base/strv.h"
#include "runner/net/http.h"
#include "runner/oci/descriptor.h"
#include "runner/oci/ref.h"

struct slip_registry;

/* A secret of the caller's: its text, or a file that is read anew for each token. */
struct slip_registry_secret {
	const char *text;
	const char *file;
};

/*
 * What is given for one host (the spec's `registries:`): user and password, or a token that the
 * registry itself takes. Wins over every file.
 */
struct slip_registry_login {
	const char *host;
	const char *user;
	struct slip_registry_secret password;
	struct slip_registry_secret token;
};

/*
 * What the environment may say of registries, as names of variables: the client knows none of a CI
 * system's by itself. Each is read when it is needed.
 */
struct slip_registry_variables {
	const char *host;
	const char *user; /* NULL: the user is `fixed_user` */
	const char *fixed_user;
	const char *password;
	const char *within; /* an image's name: a login for it and what is below; NULL: for all */
};
struct slip_registry_environment {
	const struct slip_registry_variables *logins; /* asked last, in order */
	size_t n_logins;
	const char *ca_file; /* a PEM file to trust for the hosts in ... */
	const char *const *ca_hosts; /* ... these; ends with NULL */
	/* A mirror of Docker Hub, the first that is set, where none is configured; ends with NULL.
	 */
	const char *const *hub_mirrors;
};

/*
 * The struct is copied, what it points to is borrowed until slip_registry_free. Values as of
 * kaniko's flags of the same name.
 */
struct slip_registry_options {
	bool insecure; /* --insecure: pushes may use HTTP */
	bool insecure_pull; /* --insecure-pull */
	const struct slip_strv *insecure_hosts; /* --insecure-registry, both ways */
	bool skip_tls_verify; /* --skip-tls-verify, both ways */
	bool skip_tls_verify_pull; /* --skip-tls-verify-pull */
	const struct slip_strv *skip_tls_hosts; /* --skip-tls-verify-registry */
	const struct slip_strv *certificates; /* --registry-certificate host=file */
	const struct slip_strv *client_certs; /* --registry-client-cert host=cert,key */
	const struct slip_strv *mirrors; /* --registry-mirror, for docker.io */
	const struct slip_strv *maps; /* --registry-map host=target[;host=target] */
	bool skip_default_fallback; /* --skip-default-registry-fallback */
	const char *docker_config; /* directory, file or JSON text; NULL: as of credentials.h */
	const struct slip_registry_login *logins;
	size_t n_logins;
	const struct slip_registry_environment *environment; /* NULL: none */
	unsigned retry_pause_ms; /* upper bound of the first pause; 0: the policy's */
	unsigned retry_budget_s; /* --retry-budget; 0: the policy's */
};

/* The options are copied; what they point to is borrowed until the registry is freed. */
int slip_registry_new(const struct slip_registry_options *opt, struct slip_http *http,
	struct slip_registry **out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_registry_free(struct slip_registry *r); /* NULL is fine */

struct slip_manifest_bytes {
	char *bytes; /* the caller's; followed by a NUL */
	size_t len;
	char *media_type; /* Content-Type without parameters; "" when there was none */
	struct slip_digest digest; /* of the bytes */
	char *host; /* that answered: a mirror's, a map's, or the reference's own */
};
void slip_manifest_bytes_release(struct slip_manifest_bytes *m);

/* GET a manifest or index by tag or digest, through maps and mirrors. */
int slip_registry_get_manifest(struct slip_registry *r, const struct slip_ref *ref,
	struct slip_manifest_bytes *out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * GET a blob of ref's repository into sink; a broken transfer is resumed by Range. The sink sees
 * the bytes once and in order, on the transfer thread, at most as many as the descriptor promises;
 * digest and size are only known to be right when the call succeeds, so what it got is to be thrown
 * away on failure (after SLIP_E_DIGEST a second call may fare better).
 */
int slip_registry_get_blob(struct slip_registry *r, const struct slip_ref *ref,
	const struct slip_descriptor *desc, slip_http_sink *sink, void *ctx,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_registry_has_blob(struct slip_registry *r, const struct slip_ref *ref,
	const struct slip_digest *digest, bool *has, struct slip_err *err) SLIP_MUST_CHECK;

enum slip_push_how {
	SLIP_PUSH_EXISTED,
	SLIP_PUSH_MOUNTED,
	SLIP_PUSH_UPLOADED,
};
/*
 * Open a blob's bytes for upload, only asked for when they are really needed: *fd is then closed by
 * the client. It may be asked again when an upload has to start anew.
 */
typedef int slip_blob_opener(
	void *ctx, const struct slip_descriptor *desc, int *fd, struct slip_err *err);
/* Where a blob to be pushed can be had; everything is borrowed. */
struct slip_blob_source {
	const struct slip_strv
		*mounts; /* repositories on the same host that may have it; or NULL */
	slip_blob_opener *open;
	void *ctx;
	bool is_small; /* and at hand: sending it costs less than asking whether it is there */
	bool takes_open; /* the upload that slip_registry_check_push left open is for this one */
};
/*
 * Make a blob exist in ref's repository: HEAD, mount, upload; a small one that takes an open upload
 * is sent without HEAD. Threads that push the same blob share one upload.
 */
int slip_registry_push_blob(struct slip_registry *r, const struct slip_ref *ref,
	const struct slip_descriptor *desc, const struct slip_blob_source *source,
	enum slip_push_how *how, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * PUT under ref's tag, or under the bytes' digest when ref has none. When the registry misses a
 * blob that it had (SLIP_E_REGISTRY, err->status SLIP_REGISTRY_BLOB_UNKNOWN), pushing the blobs
 * once more and repeating the call helps.
 */
#define SLIP_REGISTRY_BLOB_UNKNOWN 1
int slip_registry_put_manifest(struct slip_registry *r, const struct slip_ref *ref,
	const char *media_type, const void *bytes, size_t len,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * May we push there? Opens an upload, which the first blob for the repository that takes_open uses
 * if it comes soon; otherwise it is cancelled.
 */
int slip_registry_check_push(
	struct slip_registry *r, const struct slip_ref *ref, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Which credentials would be used for ref's repository, for people ("user bob from
 * /kaniko/.docker/config.json") and why others were not; never a secret. The text is the caller's.
 */
char *slip_registry_explain_login(struct slip_registry *r, const struct slip_ref *ref);
/* The same without a client and at length: a line for every source that was looked at. */
void slip_registry_print_login(const struct slip_registry_options *opt, const char *host,
	const char *repo, struct slip_buf *out);

#endif
