/*
 * How registries are spoken to: the flags that `build` and `push` share, one table of them, and the
 * spec's `registries`, which say the same for a pipeline.
 */
#ifndef SLIP_IMAGE_REGISTRIES_H
#define SLIP_IMAGE_REGISTRIES_H

#include "runner/base/json.h"
#include "runner/base/opt.h"
#include "runner/registry/registry.h"
#include "runner/spec/spec.h"

/* A member `registries` of what an option table fills. */
struct slip_registry_flags {
	bool insecure;
	bool insecure_pull;
	struct slip_strv insecure_registries;
	bool skip_tls_verify;
	bool skip_tls_verify_pull;
	struct slip_strv skip_tls_verify_registries;
	struct slip_strv registry_certificates;
	struct slip_strv registry_client_certs;
	struct slip_strv registry_mirrors;
	struct slip_strv registry_maps;
	bool skip_default_registry_fallback;
	/* From the spec, not from flags; the strings are those of the JSON they were read from. */
	struct slip_registry_login *logins;
	size_t n_logins;
};

/* For who has nothing but these flags. */
struct slip_registry_set {
	struct slip_registry_flags registries;
};

/* One row of T's table for each flag above. */
#define SLIP_REGISTRY_FLAG(T, flag, kind, member, what, text)                                      \
	{                                                                                          \
		.name = flag, .type = kind, .offset = offsetof(T, registries.member),              \
		.metavar = what, .help = text,                                                     \
	}
#define SLIP_REGISTRY_FLAGS(T)                                                                     \
	SLIP_REGISTRY_FLAG(T, "insecure", SLIP_OPT_BOOL, insecure, NULL,                           \
		"Push over plain HTTP where HTTPS fails."),                                        \
		SLIP_REGISTRY_FLAG(T, "insecure-pull", SLIP_OPT_BOOL, insecure_pull, NULL,         \
			"Pull over plain HTTP where HTTPS fails."),                                \
		SLIP_REGISTRY_FLAG(T, "insecure-registry", SLIP_OPT_LIST, insecure_registries,     \
			"HOST",                                                                    \
			"Plain HTTP for this registry where HTTPS fails. May be given often."),    \
		SLIP_REGISTRY_FLAG(T, "skip-tls-verify", SLIP_OPT_BOOL, skip_tls_verify, NULL,     \
			"Push without verifying certificates."),                                   \
		SLIP_REGISTRY_FLAG(T, "skip-tls-verify-pull", SLIP_OPT_BOOL, skip_tls_verify_pull, \
			NULL, "Pull without verifying certificates."),                             \
		SLIP_REGISTRY_FLAG(T, "skip-tls-verify-registry", SLIP_OPT_LIST,                   \
			skip_tls_verify_registries, "HOST",                                        \
			"Do not verify this registry's certificate. May be given often."),         \
		SLIP_REGISTRY_FLAG(T, "registry-certificate", SLIP_OPT_LIST,                       \
			registry_certificates, "HOST=FILE",                                        \
			"A CA certificate (PEM) for a registry. May be given often."),             \
		SLIP_REGISTRY_FLAG(T, "registry-client-cert", SLIP_OPT_LIST,                       \
			registry_client_certs, "HOST=CERT,KEY",                                    \
			"A client certificate for a registry. May be given often."),               \
		SLIP_REGISTRY_FLAG(T, "registry-mirror", SLIP_OPT_LIST, registry_mirrors,          \
			"HOST[/PREFIX]",                                                           \
			"Pull Docker Hub's images from there. May be given often."),               \
		SLIP_REGISTRY_FLAG(T, "registry-map", SLIP_OPT_LIST, registry_maps,                \
			"HOST=HOST[/PREFIX]",                                                      \
			"Pull one registry's images from another; several with ';'. May be given " \
			"often."),                                                                 \
		SLIP_REGISTRY_FLAG(T, "skip-default-registry-fallback", SLIP_OPT_BOOL,             \
			skip_default_registry_fallback, NULL,                                      \
			"Fail when no mirror or map has an image, without asking its own "         \
			"registry.")

/* What the flags and the CI system say, for a client; borrows from f. */
void slip_registries_options(
	const struct slip_registry_flags *f, struct slip_registry_options *out);
/* A client that does as they say; f must outlive it. */
int slip_registries_open(const struct slip_registry_flags *f, struct slip_http **http,
	struct slip_registry **registry, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * Add what a pipeline's `registries` say: flags to f, logins with their hosts to the JSON array
 * `logins`, which travels beside the flags to the stage's process. A secret in a file goes as the
 * file's name, since it may change while the stage runs.
 */
int slip_registries_from_spec(const struct slip_pipeline *p, struct slip_registry_flags *f,
	struct slip_json *logins, struct slip_err *err) SLIP_MUST_CHECK;
/* The request to that process: what the table names in `target`, and the logins; the caller's. */
struct slip_json *slip_registries_to_json(
	const struct slip_opt *table, const void *target, struct slip_json *logins);
/*
 * There: fill `target`, whose flags are f, and f's logins: their strings borrow from `request`, the
 * array is the caller's to free. Passwords are masked.
 */
int slip_registries_from_json(const struct slip_opt *table, const struct slip_json *request,
	void *target, struct slip_registry_flags *f, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * For a plan: add who would log in for this image to the list `registries` of out, once a host.
 * Asks nothing of the network.
 */
int slip_registries_explain(struct slip_registry *registry, const char *image,
	struct slip_json *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
