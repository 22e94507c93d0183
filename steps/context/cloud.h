/*
 * What the object stores share: settings, credential files, small answers.
 *
 * Credentials are registered with the masker where they are first seen, and become parts of
 * requests only when they are visible ASCII: nothing read from a file breaks a header.
 */
#ifndef SLIP_CONTEXT_CLOUD_H
#define SLIP_CONTEXT_CLOUD_H

#include "runner/base/json.h"
#include "runner/net/http.h"

/* An environment variable; NULL when it is not set or empty. */
const char *slip_cloud_env(const char *name);
/* A whole small file without white space at its ends. SLIP_E_USAGE, which names its purpose. */
int slip_cloud_read_file(
	const char *path, const char *what, char **out, struct slip_err *err) SLIP_MUST_CHECK;
/* Mask it; an error when it is not fit for a header. NULL is fine. */
int slip_cloud_secret(const char *value, const char *what, struct slip_err *err) SLIP_MUST_CHECK;

/* "/a%20b/c" from "a b/c": all but the slashes is percent-encoded. */
char *slip_cloud_encode_path(const char *path);
/* A bucket, account or container: letters, digits, "." "-" "_". */
bool slip_cloud_is_name(const char *s);
/* "SCHEME://BUCKET/KEY"; without a key it is context.tar.gz. */
int slip_cloud_split(
	const char *where, char **bucket, char **key, struct slip_err *err) SLIP_MUST_CHECK;
/* Credentials go by https only, or to this machine and its link (metadata services). */
int slip_cloud_check_endpoint(
	const char *url, const char *what, struct slip_err *err) SLIP_MUST_CHECK;

/* One question to a service that gives credentials. */
struct slip_cloud_question {
	const char *what; /* names the service in messages */
	const char *method;
	const char *url;
	const struct slip_strv *headers; /* NULL: none */
	const char *form; /* application/x-www-form-urlencoded body; NULL: none */
	bool is_metadata; /* past proxies, within two seconds, once */
};
int slip_cloud_ask(struct slip_http *http, const struct slip_cloud_question *q,
	struct slip_buf *answer, struct slip_err *err) SLIP_MUST_CHECK;
int slip_cloud_ask_json(struct slip_http *http, const struct slip_cloud_question *q,
	struct slip_json **answer, struct slip_err *err) SLIP_MUST_CHECK;

#endif
