#include "config.h"

#include "steps/context/aws.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/net/url.h"
#include "steps/context/cloud.h"

#include <ctype.h>

#define IMDS "http://169.254.169.254"
#define ECS "http://169.254.170.2"

void slip_aws_release(struct slip_aws *a)
{
	free(a->region);
	free(a->access_key);
	free(a->secret_key);
	free(a->session_token);
	*a = (struct slip_aws){0};
}

static int set(struct slip_aws *a, const char *id, const char *secret, const char *token,
	const char *source, struct slip_err *err)
{
	if (!id || !*id || !secret || !*secret)
		return slip_err_set(
			err, SLIP_E_AUTH, 0, "%s has no key and secret for AWS", source);
	a->access_key = slip_xstrdup(id);
	a->secret_key = slip_xstrdup(secret);
	a->session_token = token && *token ? slip_xstrdup(token) : NULL;
	slip_debug("AWS credentials from %s", source);
	if (slip_cloud_secret(secret, source, err) < 0 || slip_cloud_secret(token, source, err) < 0)
		return -1;
	if (id[strcspn(id, " \t\r\n:")])
		return slip_err_set(err, SLIP_E_USAGE, 0, "%s: malformed access key", source);
	return 0;
}

/* --- files --------------------------------------------------------------------------------------
 */

static char *trimmed(const char *s, size_t n)
{
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	while (n && isspace((unsigned char)*s)) {
		s++;
		n--;
	}
	return slip_xstrndup(s, n);
}

char *slip_aws_ini_get(const char *text, const char *section, const char *key)
{
	slip_autostrv lines = {0};
	bool is_here = false;
	slip_strv_split(&lines, text, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.v[i];
		const char *equals = strchr(line, '=');
		if (*line == '[') {
			slip_autofree char *name = trimmed(line + 1, strcspn(line + 1, "]"));
			is_here = slip_streq(name, section);
		} else if (is_here && equals && *line != '#' && *line != ';') {
			slip_autofree char *name = trimmed(line, (size_t)(equals - line));
			if (slip_streq(name, key))
				return trimmed(equals + 1, strlen(equals + 1));
		}
	}
	return NULL;
}

static const char *profile(void)
{
	const char *name = slip_cloud_env("AWS_PROFILE");
	return name ? name : "default";
}

/* A file of ~/.aws, or what the variable names; *text stays NULL when there is none. */
static int read_aws_file(const char *variable, const char *name, char **text, struct slip_err *err)
{
	const char *given = slip_cloud_env(variable), *home = slip_cloud_env("HOME");
	slip_autofree char *usual = home ? slip_xasprintf("%s/.aws/%s", home, name) : NULL;
	if (given)
		return slip_cloud_read_file(given, variable, text, err);
	if (usual && access(usual, F_OK) == 0)
		return slip_cloud_read_file(usual, "AWS", text, err);
	return 0;
}

static int from_profile(struct slip_aws *a, bool *found, struct slip_err *err)
{
	slip_autofree char *text = NULL;
	if (read_aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials", &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	slip_autofree char *id = slip_aws_ini_get(text, profile(), "aws_access_key_id");
	slip_autofree char *secret = slip_aws_ini_get(text, profile(), "aws_secret_access_key");
	slip_autofree char *token = slip_aws_ini_get(text, profile(), "aws_session_token");
	*found = id != NULL;
	return *found ? set(a, id, secret, token, "the AWS credentials file", err) : 0;
}

static int find_region(struct slip_aws *a, struct slip_err *err)
{
	const char *region = slip_cloud_env("AWS_REGION");
	slip_autofree char *text = NULL;
	if (!region)
		region = slip_cloud_env("AWS_DEFAULT_REGION");
	if (region) {
		a->region = slip_xstrdup(region);
	} else {
		if (read_aws_file("AWS_CONFIG_FILE", "config", &text, err) < 0)
			return -1;
		slip_autofree char *section = slip_streq(profile(), "default")
						      ? slip_xstrdup("default")
						      : slip_xasprintf("profile %s", profile());
		a->region = text ? slip_aws_ini_get(text, section, "region") : NULL;
	}
	if (!a->region)
		a->region = slip_xstrdup("us-east-1");
	return slip_cloud_is_name(a->region)
		       ? 0
		       : slip_err_set(err, SLIP_E_USAGE, 0, "AWS region \"%s\"", a->region);
}

/* --- services -----------------------------------------------------------------------------------
 */

static int from_json(
	struct slip_aws *a, const struct slip_json *v, const char *source, struct slip_err *err)
{
	return set(a, slip_json_get_str(v, "AccessKeyId", NULL),
		slip_json_get_str(v, "SecretAccessKey", NULL), slip_json_get_str(v, "Token", NULL),
		source, err);
}

/* The text of an element without children and entities; the caller's. */
static char *xml_text(const char *xml, const char *element)
{
	slip_autofree char *open = slip_xasprintf("<%s>", element);
	const char *at = strstr(xml, open);
	return at ? slip_xstrndup(at + strlen(open), strcspn(at + strlen(open), "<")) : NULL;
}

static int from_web_identity(struct slip_http *http, struct slip_aws *a, struct slip_err *err)
{
	static const char source[] = "AWS STS (AssumeRoleWithWebIdentity)";
	const char *role = slip_cloud_env("AWS_ROLE_ARN");
	const char *session = slip_cloud_env("AWS_ROLE_SESSION_NAME");
	const char *endpoint = slip_cloud_env("AWS_ENDPOINT_URL_STS");
	slip_autofree char *jwt = NULL;
	if (!role)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
	if (slip_cloud_read_file(slip_cloud_env("AWS_WEB_IDENTITY_TOKEN_FILE"),
		    "AWS_WEB_IDENTITY_TOKEN_FILE", &jwt, err) < 0 ||
		slip_cloud_secret(jwt, "AWS_WEB_IDENTITY_TOKEN_FILE", err) < 0)
		return -1;
	slip_autofree char *url =
		endpoint ? slip_xstrdup(endpoint)
			 : slip_xasprintf("https://sts.%s.amazonaws.com%s/", a->region,
				   slip_starts_with(a->region, "cn-") ? ".cn" : "");
	slip_autofree char *role_text = slip_url_encode(role);
	slip_autofree char *session_text = slip_url_encode(session ? session : "slipway");
	slip_autofree char *jwt_text = slip_url_encode(jwt);
	slip_autofree char *form =
		slip_xasprintf("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s"
			       "&RoleSessionName=%s&WebIdentityToken=%s",
			role_text, session_text, jwt_text);
	struct slip_cloud_question q = {.what = source, .method = "POST", .url = url, .form = form};
	slip_autobuf xml;
	slip_buf_init(&xml, SLIP_MAX_CLOUD_FILE);
	if (slip_cloud_check_endpoint(url, source, err) < 0 ||
		slip_cloud_ask(http, &q, &xml, err) < 0)
		return -1;
	slip_autofree char *id = xml_text(xml.data, "AccessKeyId");
	slip_autofree char *secret = xml_text(xml.data, "SecretAccessKey");
	slip_autofree char *token = xml_text(xml.data, "SessionToken");
	return set(a, id, secret, token, source, err);
}

static int from_container(
	struct slip_http *http, struct slip_aws *a, const char *url, struct slip_err *err)
{
	static const char source[] = "the container's AWS credentials endpoint";
	const char *file = slip_cloud_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *given = slip_cloud_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	slip_autofree char *token = NULL;
	slip_autostrv headers = {0};
	slip_autojson *v = NULL;
	if (file && slip_cloud_read_file(file, source, &token, err) < 0)
		return -1;
	if (!file)
		token = slip_xstrdup(given);
	if (token) {
		slip_strv_addf(&headers, "Authorization: %s", token);
		/* "Basic ..." is as good as a bare token */
		const char *last = strrchr(token, ' ');
		if (slip_cloud_secret(last ? last + 1 : token, source, err) < 0)
			return -1;
	}
	struct slip_cloud_question q = {.what = source,
		.method = "GET",
		.url = url,
		.headers = &headers,
		.is_metadata = true};
	if (slip_cloud_check_endpoint(url, source, err) < 0 ||
		slip_cloud_ask_json(http, &q, &v, err) < 0)
		return -1;
	return from_json(a, v, source, err);
}

static int ask_imds(struct slip_http *http, const char *method, const char *path,
	const char *header, struct slip_buf *answer, struct slip_err *err)
{
	const char *base = slip_cloud_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	slip_autofree char *url = slip_xasprintf("%s/latest/%s", base ? base : IMDS, path);
	slip_autostrv headers = {0};
	slip_strv_add(&headers, header);
	struct slip_cloud_question q = {.what = "the machine's AWS metadata service",
		.method = method,
		.url = url,
		.headers = &headers,
		.is_metadata = true};
	slip_buf_clear(answer);
	if (slip_cloud_check_endpoint(url, q.what, err) < 0)
		return -1;
	return slip_cloud_ask(http, &q, answer, err);
}

static int from_machine(struct slip_http *http, struct slip_aws *a, struct slip_err *err)
{
	static const char source[] = "the machine's role";
	static const char list[] = "meta-data/iam/security-credentials/";
	slip_autojson *v = NULL;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_CLOUD_FILE);
	if (ask_imds(http, "PUT", "api/token", "X-aws-ec2-metadata-token-ttl-seconds: 300", &text,
		    err) < 0 ||
		slip_cloud_secret(text.data, source, err) < 0)
		return -1;
	slip_autofree char *header = slip_xasprintf("X-aws-ec2-metadata-token: %s", text.data);
	if (ask_imds(http, "GET", list, header, &text, err) < 0)
		return -1;
	slip_autofree char *first = slip_xstrndup(text.data, strcspn(text.data, "\r\n"));
	slip_autofree char *role = slip_url_encode(first);
	slip_autofree char *path = slip_xasprintf("%s%s", list, role);
	if (ask_imds(http, "GET", path, header, &text, err) < 0 ||
		slip_json_parse(text.data, text.len, source, SLIP_E_AUTH, &v, err) < 0)
		return -1;
	return from_json(a, v, source, err);
}

static int no_credentials(const struct slip_err *why, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_AUTH, 0,
		"no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
		"AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or AWS_PROFILE%s%s%s",
		why ? " (" : "", why ? why->msg : "", why ? ")" : "");
}

static int find_credentials(struct slip_http *http, struct slip_aws *a, struct slip_err *err)
{
	const char *full = slip_cloud_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *relative = slip_cloud_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *disabled = slip_cloud_env("AWS_EC2_METADATA_DISABLED");
	struct slip_err why = SLIP_ERR_INIT;
	bool found = false;
	if (slip_cloud_env("AWS_ACCESS_KEY_ID"))
		return set(a, slip_cloud_env("AWS_ACCESS_KEY_ID"),
			slip_cloud_env("AWS_SECRET_ACCESS_KEY"),
			slip_cloud_env("AWS_SESSION_TOKEN"), "the environment", err);
	if (slip_cloud_env("AWS_WEB_IDENTITY_TOKEN_FILE"))
		return from_web_identity(http, a, err);
	if (from_profile(a, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	if (full)
		return from_container(http, a, full, err);
	if (relative) {
		slip_autofree char *url = slip_xasprintf(ECS "%s", relative);
		return from_container(http, a, url, err);
	}
	if (disabled && slip_streq(disabled, "true"))
		return no_credentials(NULL, err);
	return from_machine(http, a, &why) == 0 ? 0 : no_credentials(&why, err);
}

int slip_aws_find(struct slip_http *http, struct slip_aws *out, struct slip_err *err)
{
	struct slip_aws a = {0};
	if (find_region(&a, err) < 0 || find_credentials(http, &a, err) < 0) {
		slip_aws_release(&a);
		return -1;
	}
	*out = a;
	return 0;
}
