#include "config.h"

#include "runner/registry/errors.h"

#include "runner/base/json.h"
#include "runner/base/limits.h"

#define TEXT_MAX 300
#define ERRORS_SHOWN 3

static const char *status_text(long status)
{
	static const struct {
		long status;
		const char *text;
	} table[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++)
		if (table[i].status == status)
			return table[i].text;
	return "";
}

/* --- bodies -------------------------------------------------------------------------------------
 */

static struct slip_json *parse_body(const struct slip_http_response *resp)
{
	struct slip_json *doc = NULL;
	if (!resp->body.data || resp->body.len == 0)
		return NULL;
	if (slip_json_parse(
		    resp->body.data, resp->body.len, "error", SLIP_E_REGISTRY, &doc, NULL) != 0)
		return NULL;
	return doc;
}

bool slip_registry_has_code(const struct slip_http_response *resp, const char *code)
{
	slip_autojson *doc = parse_body(resp);
	const struct slip_json *errors = slip_json_get(doc, "errors");
	for (size_t i = 0; i < slip_json_len(errors); i++)
		if (slip_streq(slip_json_get_str(slip_json_at(errors, i), "code", ""), code))
			return true;
	return false;
}

static void add_detail(struct slip_buf *out, const struct slip_json *detail)
{
	if (slip_json_kind(detail) == SLIP_JSON_STRING)
		slip_buf_addf(out, " (%s)", slip_json_str_value(detail, ""));
	const char *digest = slip_json_get_str(detail, "digest", "");
	if (digest[0])
		slip_buf_addf(out, " (%s)", digest);
}

/* {"errors": [{"code", "message", "detail"}]}; token servers say {"details"} or {"error"}. */
static bool add_json(struct slip_buf *out, const struct slip_http_response *resp)
{
	slip_autojson *doc = parse_body(resp);
	const struct slip_json *errors = slip_json_get(doc, "errors");
	size_t n = slip_json_len(errors);
	for (size_t i = 0; i < n && i < ERRORS_SHOWN; i++) {
		const struct slip_json *e = slip_json_at(errors, i);
		slip_buf_addf(out, "%s%s: %s", i ? "; " : "", slip_json_get_str(e, "code", "?"),
			slip_json_get_str(e, "message", ""));
		add_detail(out, slip_json_get(e, "detail"));
	}
	if (n > 0)
		return true;
	static const char *const keys[] = {"details", "message", "error_description", "error"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		const char *text = slip_json_get_str(doc, keys[i], "");
		if (text[0]) {
			slip_buf_add_str(out, text);
			return true;
		}
	}
	return false;
}

static void flatten(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

char *slip_registry_print_answer(const struct slip_http_response *resp)
{
	slip_autobuf words;
	slip_buf_init(&words, SLIP_MAX_ERROR_BODY);
	if (!add_json(&words, resp) && resp->body.data)
		slip_buf_add_str(&words, resp->body.data);
	if (words.len > TEXT_MAX)
		slip_buf_truncate(&words, TEXT_MAX);
	flatten(words.data);
	const char *text = status_text(resp->status);
	return slip_xasprintf("%ld%s%s%s%s", resp->status, text[0] ? " " : "", text,
		words.len ? ": " : "", words.data);
}

/* --- messages -----------------------------------------------------------------------------------
 */

static const char *remedy(const struct slip_exchange *x, long status)
{
	bool is_push = x->target->access == SLIP_ACCESS_PUSH;
	switch (status) {
	case 401:
		if (x->login && !slip_starts_with(x->login, "no credentials"))
			return "the registry does not take this login: check user and password, "
			       "or the token and its age";
		return "log in with docker login, or give a config.json or DOCKER_AUTH_CONFIG that "
		       "has this host";
	case 403:
		return is_push ? "this login may not push there: check its rights and the name of "
				 "the repository"
			       : "this login may not read that repository";
	case 404:
		return "check the name and the tag; some registries also hide what one may not see";
	case 413:
		return "the registry, or a proxy before it, limits the size of uploads";
	case 429:
		return "the registry's rate limit is used up: log in, or use a mirror "
		       "(--registry-mirror)";
	case 507:
		return "the registry's quota or disk is full";
	default:
		return NULL;
	}
}

static enum slip_err_code code_for(long status)
{
	if (status == 401 || status == 403)
		return SLIP_E_AUTH;
	return status == 404 ? SLIP_E_NOTFOUND : SLIP_E_REGISTRY;
}

int slip_registry_refused(
	const struct slip_exchange *x, const struct slip_http_response *resp, struct slip_err *err)
{
	slip_autofree char *answer = slip_registry_print_answer(resp);
	slip_autobuf more;
	slip_buf_init(&more, SLIP_ERR_MSG_MAX);
	enum slip_err_code code = code_for(resp->status);
	if (code == SLIP_E_AUTH) {
		slip_buf_addf(&more, "; needed: %s on %s",
			x->target->access == SLIP_ACCESS_PUSH ? "pull,push" : "pull",
			x->target->repo);
		slip_buf_addf(&more, "; used: %s", x->login ? x->login : "no credentials");
	}
	if (x->answered.host && !slip_starts_with(x->target->host->name, x->answered.host)) {
		slip_autofree char *where = slip_url_print_public(&x->answered);
		slip_buf_addf(&more, "; answered by %s", where);
	}
	const char *hint = remedy(x, resp->status);
	return slip_err_set(err, code, 0, "%s %s/%s: %s%s%s%s", x->action, x->target->host->name,
		x->target->repo, answer, more.data, hint ? "; " : "", hint ? hint : "");
}

static char *net_remedy(const struct slip_exchange *x, int failure)
{
	const struct slip_registry_environment *env = x->registry->opt.environment;
	if (failure == SLIP_HTTP_TLS)
		return slip_xasprintf(
			"trust its certificate authority: `registries.HOST.ca` or "
			"--registry-certificate HOST=FILE, SSL_CERT_FILE, SSL_CERT_DIR, %s%sor "
			"/etc/docker/certs.d/HOST/ca.crt",
			env && env->ca_file ? env->ca_file : "", env && env->ca_file ? ", " : "");
	if (failure != SLIP_HTTP_CONNECT)
		return NULL;
	if (x->target->host->is_loopback || x->target->host->is_insecure_listed)
		return slip_xstrdup("check name and port, and that the registry is running");
	return slip_xstrdup("check name, port and proxy; for a registry without TLS add "
			    "--insecure-registry HOST");
}

int slip_registry_unanswered(const struct slip_exchange *x, struct slip_err *err)
{
	if (err->code == SLIP_E_CANCELLED)
		return -1;
	slip_autofree char *hint = err->code == SLIP_E_NET ? net_remedy(x, err->status) : NULL;
	if (hint) {
		struct slip_err cause = *err;
		slip_err_clear(err);
		slip_err_set(err, cause.code, 0, "%s; %s", cause.msg, hint);
		err->sys = cause.sys;
		err->status = cause.status;
	}
	return slip_err_wrap(err, "%s %s/%s", x->action, x->target->host->name, x->target->repo);
}
