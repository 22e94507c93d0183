#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/base/sign.h"
#include "runner/net/url.h"
#include "steps/context/cloud.h"
#include "steps/context/stores.h"

#define SCOPE "https://www.googleapis.com/auth/devstorage.read_only"
#define TOKEN_URI "https://oauth2.googleapis.com/token"
#define TOKEN_SECONDS 3600

static const char what_key[] = "GOOGLE_APPLICATION_CREDENTIALS";

/* A header with the token of an answer. */
static int take_token(
	const struct slip_json *answer, const char *source, char **header, struct slip_err *err)
{
	const char *token = slip_json_get_str(answer, "access_token", NULL);
	if (!token || !*token)
		return slip_err_set(err, SLIP_E_AUTH, 0, "%s gave no access token", source);
	if (slip_cloud_secret(token, source, err) < 0)
		return -1;
	*header = slip_xasprintf("Authorization: Bearer %s", token);
	return 0;
}

static int ask_for_token(struct slip_http *http, const char *uri, const char *form, char **header,
	struct slip_err *err)
{
	static const char source[] = "Google's token server";
	slip_autojson *answer = NULL;
	struct slip_cloud_question q = {.what = source, .method = "POST", .url = uri, .form = form};
	if (slip_cloud_check_endpoint(uri, source, err) < 0 ||
		slip_cloud_ask_json(http, &q, &answer, err) < 0)
		return -1;
	return take_token(answer, source, header, err);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

/* A signed claim of being the account (RFC 7523). */
static int make_assertion(
	const struct slip_json *key, const char *uri, char **out, struct slip_err *err)
{
	const char *email = slip_json_get_str(key, "client_email", NULL);
	const char *pem = slip_json_get_str(key, "private_key", NULL);
	slip_autojson *head = slip_json_object(), *claims = slip_json_object();
	slip_autofree uint8_t *signature = NULL;
	size_t n = 0;
	if (!email || !pem)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"%s: a service account's key has client_email and private_key", what_key);
	slip_json_set_str(head, "alg", "RS256");
	slip_json_set_str(head, "typ", "JWT");
	slip_json_set_str(head, "kid", slip_json_get_str(key, "private_key_id", NULL));
	slip_json_set_str(claims, "iss", email);
	slip_json_set_str(claims, "scope", SCOPE);
	slip_json_set_str(claims, "aud", uri);
	slip_json_set_int(claims, "iat", slip_clock_now());
	slip_json_set_int(claims, "exp", slip_clock_now() + TOKEN_SECONDS);
	slip_autofree char *head_text = slip_json_print(head), *text = slip_json_print(claims);
	slip_autofree char *a = slip_base64url_encode(head_text, strlen(head_text));
	slip_autofree char *b = slip_base64url_encode(text, strlen(text));
	slip_autofree char *body = slip_xasprintf("%s.%s", a, b);
	if (slip_sign_rs256(pem, body, strlen(body), &signature, &n, err) < 0)
		return slip_err_wrap(err, "%s", what_key);
	slip_autofree char *c = slip_base64url_encode(signature, n);
	*out = slip_xasprintf("%s.%s", body, c);
	return 0;
}

static int from_service_account(
	struct slip_http *http, const struct slip_json *key, char **header, struct slip_err *err)
{
	const char *uri = slip_json_get_str(key, "token_uri", TOKEN_URI);
	slip_autofree char *assertion = NULL;
	if (make_assertion(key, uri, &assertion, err) < 0)
		return -1;
	slip_autofree char *form = slip_xasprintf(
		"grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer&assertion="
		"%s",
		assertion);
	return ask_for_token(http, uri, form, header, err);
}

static int from_user(
	struct slip_http *http, const struct slip_json *key, char **header, struct slip_err *err)
{
	static const char *const names[] = {"client_id", "client_secret", "refresh_token"};
	slip_autobuf form;
	slip_buf_init(&form, SLIP_MAX_CLOUD_FILE);
	slip_buf_add_str(&form, "grant_type=refresh_token");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		const char *value = slip_json_get_str(key, names[i], "");
		slip_autofree char *text = slip_url_encode(value);
		if (i > 0 && slip_cloud_secret(value, what_key, err) < 0)
			return -1;
		slip_buf_addf(&form, "&%s=%s", names[i], text);
	}
	if (slip_buf_check(&form, what_key, err) < 0)
		return -1;
	const char *uri = slip_json_get_str(key, "token_uri", TOKEN_URI);
	return ask_for_token(http, uri, form.data, header, err);
}

static int from_key_file(
	struct slip_http *http, const char *path, char **header, struct slip_err *err)
{
	slip_autofree char *text = NULL;
	slip_autojson *key = NULL;
	if (slip_cloud_read_file(path, what_key, &text, err) < 0 ||
		slip_json_parse(text, strlen(text), path, SLIP_E_USAGE, &key, err) < 0)
		return -1;
	const char *type = slip_json_get_str(key, "type", "");
	if (slip_streq(type, "service_account"))
		return from_service_account(http, key, header, err);
	if (slip_streq(type, "authorized_user"))
		return from_user(http, key, header, err);
	return slip_err_set(err, SLIP_E_USAGE, 0,
		"%s: credentials of type \"%s\" are not known; service_account and authorized_user "
		"are, and the metadata server",
		path, type);
}

/* --- the machine --------------------------------------------------------------------------------
 */

/* 0 without a header where there is no metadata server. */
static int from_machine(struct slip_http *http, char **header, struct slip_err *err)
{
	static const char source[] = "Google's metadata server";
	const char *host = slip_cloud_env("GCE_METADATA_HOST");
	slip_autofree char *url = slip_xasprintf(
		"http://%s/computeMetadata/v1/instance/service-accounts/default/token",
		host ? host : "169.254.169.254");
	slip_autostrv headers = {0};
	slip_autojson *answer = NULL;
	struct slip_err why = SLIP_ERR_INIT;
	slip_strv_add(&headers, "Metadata-Flavor: Google");
	struct slip_cloud_question q = {.what = source,
		.method = "GET",
		.url = url,
		.headers = &headers,
		.is_metadata = true};
	if (slip_cloud_ask_json(http, &q, &answer, &why) == 0)
		return take_token(answer, source, header, err);
	slip_info("no Google credentials (%s): asking for a public object", why.msg);
	return slip_cancel_check(err);
}

static int find_token(struct slip_http *http, char **header, struct slip_err *err)
{
	const char *path = slip_cloud_env(what_key), *home = slip_cloud_env("HOME");
	slip_autofree char *usual =
		home ? slip_xasprintf(
			       "%s/.config/gcloud/application_default_credentials.json", home)
		     : NULL;
	if (path)
		return from_key_file(http, path, header, err);
	if (usual && access(usual, F_OK) == 0)
		return from_key_file(http, usual, header, err);
	if (slip_cloud_env("STORAGE_EMULATOR_HOST"))
		return 0;
	return from_machine(http, header, err);
}

int slip_gcs_open(struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	const char *server = slip_cloud_env("STORAGE_EMULATOR_HOST");
	slip_autofree char *bucket = NULL, *key = NULL, *header = NULL;
	slip_autostrv headers = {0};
	if (slip_cloud_split(o->request->where, &bucket, &key, err) < 0)
		return -1;
	o->label = slip_xasprintf("gs://%s/%s", bucket, key);
	if (find_token(o->http, &header, err) < 0)
		return slip_err_wrap(err, "the context %s", o->label);
	if (header)
		slip_strv_add(&headers, header);
	slip_autofree char *name = slip_url_encode(key);
	slip_autofree char *url = slip_xasprintf("%s%s/storage/v1/b/%s/o/%s?alt=media",
		server && !strstr(server, "://") ? "http://" : "",
		server ? server : "https://storage.googleapis.com", bucket, name);
	if (header && slip_cloud_check_endpoint(url, "STORAGE_EMULATOR_HOST", err) < 0)
		return -1;
	struct slip_download d = {
		.url = url,
		.headers = &headers,
		.remedy = "set GOOGLE_APPLICATION_CREDENTIALS to the key of a service account that "
			  "may read the object",
	};
	return slip_obtain_spool(o, &d, fd, err);
}
