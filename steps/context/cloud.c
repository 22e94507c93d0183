#include "config.h"

#include "steps/context/cloud.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/net/url.h"
#include "steps/context/download.h"

#include <ctype.h>

#define METADATA_TIMEOUT_MS 2000

const char *slip_cloud_env(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

int slip_cloud_read_file(const char *path, const char *what, char **out, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_CLOUD_FILE);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0) {
		err->code = SLIP_E_USAGE;
		return slip_err_wrap(err, "%s", what);
	}
	size_t start = 0, end = text.len;
	while (end > start && isspace((unsigned char)text.data[end - 1]))
		end--;
	while (start < end && isspace((unsigned char)text.data[start]))
		start++;
	*out = slip_xstrndup(text.data + start, end - start);
	return 0;
}

int slip_cloud_secret(const char *value, const char *what, struct slip_err *err)
{
	if (!value)
		return 0;
	slip_redact_add(value, strlen(value));
	for (const char *c = value; *c; c++) {
		if (*c <= ' ' || *c > '~')
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"%s holds a blank or another character that credentials do not "
				"have",
				what);
	}
	return 0;
}

char *slip_cloud_encode_path(const char *path)
{
	slip_autostrv parts = {0};
	slip_autobuf out;
	slip_buf_init(&out, 3 * strlen(path) + 2);
	slip_strv_split(&parts, path, '/');
	for (size_t i = 0; i < parts.n; i++) {
		slip_autofree char *part = slip_url_encode(parts.v[i]);
		slip_buf_addf(&out, "/%s", part);
	}
	return slip_buf_take(&out);
}

bool slip_cloud_is_name(const char *s)
{
	size_t n = 0;
	for (; s[n]; n++) {
		if (!isalnum((unsigned char)s[n]) && !strchr("._-", s[n]))
			return false;
	}
	return n >= 1 && n <= SLIP_MAX_NAME && isalnum((unsigned char)*s);
}

int slip_cloud_split(const char *where, char **bucket, char **key, struct slip_err *err)
{
	const char *name = strstr(where, "://") + 3;
	size_t n = strcspn(name, "/");
	slip_autofree char *found = slip_xstrndup(name, n);
	if (!slip_cloud_is_name(found))
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "--context %s: \"%s\" is no bucket", where, found);
	if (strlen(name) > SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_USAGE, 0, "--context: the key is too long");
	*bucket = slip_steal_ptr(&found);
	*key = slip_xstrdup(name[n] && name[n + 1] ? name + n + 1 : "context.tar.gz");
	return 0;
}

int slip_cloud_check_endpoint(const char *url, const char *what, struct slip_err *err)
{
	slip_autourl u = {0};
	if (slip_url_parse(url, &u, err) < 0) {
		err->code = SLIP_E_USAGE;
		return slip_err_wrap(err, "%s", what);
	}
	enum slip_url_zone zone = slip_url_zone(u.host);
	if (slip_streq(u.scheme, "https") || zone == SLIP_ZONE_LOOPBACK ||
		zone == SLIP_ZONE_LINK_LOCAL)
		return 0;
	return slip_err_set(err, SLIP_E_USAGE, 0,
		"%s: credentials are sent by https only, not to %s", what, url);
}

static int ask(struct slip_http *http, const struct slip_cloud_question *q,
	struct slip_http_response *resp, struct slip_err *err)
{
	slip_autostrv headers = {0};
	struct slip_http_request req;
	slip_http_request_init(&req, q->method, q->url);
	if (q->headers)
		slip_strv_copy(&headers, q->headers);
	if (q->form) {
		slip_strv_add(&headers, "Content-Type: application/x-www-form-urlencoded");
		req.body = q->form;
		req.body_size = (int64_t)strlen(q->form);
	} else if (slip_streq(q->method, "PUT")) {
		req.body_size = 0;
	}
	req.headers = &headers;
	req.max_body = SLIP_MAX_CLOUD_FILE;
	req.is_direct = q->is_metadata;
	req.timeout_ms = q->is_metadata ? METADATA_TIMEOUT_MS : 0;
	return slip_ask_service(http, &req, q->what, !q->is_metadata, resp, err);
}

int slip_cloud_ask(struct slip_http *http, const struct slip_cloud_question *q,
	struct slip_buf *answer, struct slip_err *err)
{
	struct slip_http_response resp;
	int rc = ask(http, q, &resp, err);
	if (rc == 0)
		slip_buf_add(answer, resp.body.data, resp.body.len);
	slip_http_response_release(&resp);
	return rc < 0 ? -1 : slip_buf_check(answer, q->what, err);
}

int slip_cloud_ask_json(struct slip_http *http, const struct slip_cloud_question *q,
	struct slip_json **answer, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_CLOUD_FILE);
	if (slip_cloud_ask(http, q, &text, err) < 0)
		return -1;
	return slip_json_parse(text.data, text.len, q->what, SLIP_E_AUTH, answer, err);
}
