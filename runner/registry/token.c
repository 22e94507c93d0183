#include "config.h"

#include "runner/registry/token.h"

#include "runner/base/clock.h"
#include "runner/base/json.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/registry/credentials.h"
#include "runner/registry/errors.h"

#define CLIENT_ID "slipway"
#define MIN_LIFE 60.0
#define MAX_LIFE (12 * 3600.0)

struct entry {
	pthread_mutex_t lock; /* held while the token is fetched */
	char *header;
	char *login;
	char *challenged; /* scopes that the registry named itself; NULL */
	double expires; /* monotonic */
};

static void free_entry(void *p)
{
	struct entry *e = p;
	pthread_mutex_destroy(&e->lock);
	if (e->header)
		slip_wipe(e->header, strlen(e->header));
	free(e->header);
	free(e->login);
	free(e->challenged);
	free(e);
}

void slip_tokens_init(struct slip_tokens *t)
{
	pthread_mutex_init(&t->lock, NULL);
	slip_map_init(&t->table, free_entry);
}

void slip_tokens_release(struct slip_tokens *t)
{
	slip_map_release(&t->table);
	pthread_mutex_destroy(&t->lock);
}

void slip_authorization_release(struct slip_authorization *a)
{
	if (a->header)
		slip_wipe(a->header, strlen(a->header));
	free(a->header);
	free(a->login);
	memset(a, 0, sizeof(*a));
}

/* --- a token server's answer --------------------------------------------------------------------
 */

static bool is_sendable(const char *token)
{
	for (const char *p = token; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return token[0] != '\0';
}

int slip_token_parse(const char *text, size_t len, char **token, double *life, struct slip_err *err)
{
	slip_autojson *doc = NULL;
	/* The parser's own message may quote what is near the fault. */
	if (slip_json_parse(text, len, "token", SLIP_E_REGISTRY, &doc, NULL) != 0)
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "the token server's answer is not JSON");
	const char *value = slip_json_get_str(doc, "token", "");
	if (!value[0])
		value = slip_json_get_str(doc, "access_token", "");
	if (!is_sendable(value))
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "the token server's answer holds no token");
	double seconds = (double)slip_json_get_int(doc, "expires_in", 0);
	if (seconds < MIN_LIFE)
		seconds = MIN_LIFE;
	*life = seconds < MAX_LIFE ? seconds : MAX_LIFE;
	slip_redact_add(value, strlen(value));
	*token = slip_xstrdup(value);
	return 0;
}

/* --- asking for a token -------------------------------------------------------------------------
 */

struct inquiry {
	struct slip_registry *registry;
	const struct slip_target *target;
	const struct slip_challenge *challenge;
	const struct slip_strv *scopes;
	const struct slip_credential *credential;
	struct slip_exchange context; /* for messages only */
};

static int check_realm(const struct inquiry *q, const struct slip_url *url, struct slip_err *err)
{
	const char *other;
	const char *scheme = slip_host_scheme(q->target->host, q->target->access, &other);
	slip_autofree char *text = slip_url_print_public(url);
	if (slip_streq(url->scheme, "http") && !slip_streq(scheme, "http"))
		return slip_err_set(err, SLIP_E_AUTH, 0,
			"registry %s names a token server without TLS, %s: no login is sent there",
			q->target->host->name, text);
	return slip_exchange_check_zone(q->registry, q->target, url, "token server", err);
}

static void add_field(struct slip_buf *form, const char *name, const char *value)
{
	slip_autofree char *encoded = slip_url_encode(value);
	slip_buf_addf(form, "%s%s=%s", form->len ? "&" : "", name, encoded);
}

/* RFC 6749 section 6, as Docker's token servers take it. */
static void fill_form(const struct inquiry *q, struct slip_buf *form)
{
	slip_autofree char *scope = slip_strv_join(q->scopes, " ");
	add_field(form, "grant_type", "refresh_token");
	add_field(form, "service", q->challenge->service ? q->challenge->service : "");
	add_field(form, "client_id", CLIENT_ID);
	add_field(form, "scope", scope);
	add_field(form, "refresh_token", q->credential->secret);
}

static void add_params(const struct inquiry *q, struct slip_url *url)
{
	if (q->challenge->service)
		slip_url_add_param(url, "service", q->challenge->service);
	for (size_t i = 0; i < q->scopes->n; i++)
		slip_url_add_param(url, "scope", q->scopes->v[i]);
	slip_url_add_param(url, "client_id", CLIENT_ID);
}

static char *basic_header(const struct slip_credential *c)
{
	slip_autofree char *pair = slip_xasprintf("%s:%s", c->user, c->secret);
	slip_autofree char *encoded = slip_base64_encode(pair, strlen(pair));
	char *header = slip_xasprintf("Authorization: Basic %s", encoded);
	slip_wipe(pair, strlen(pair));
	slip_wipe(encoded, strlen(encoded));
	return header;
}

/* One request; the login goes along only to the realm's own origin. */
static int send_inquiry(struct inquiry *q, const struct slip_url *url, bool with_login,
	struct slip_http_response *resp, struct slip_err *err)
{
	bool is_post = q->credential->kind == SLIP_CREDENTIAL_IDENTITY;
	slip_autostrv headers = {0};
	slip_autostrv ca_files = {0};
	slip_autofree char *text = slip_url_print(url);
	slip_autobuf form = {0};
	slip_buf_init(&form, SLIP_MAX_TOKEN);
	struct slip_http_request req;
	slip_http_request_init(&req, is_post ? "POST" : "GET", text);
	if (is_post) {
		fill_form(q, &form);
		slip_strv_add(&headers, "Content-Type: application/x-www-form-urlencoded");
		req.body = form.data;
		req.body_size = (int64_t)form.len;
	}
	if (with_login && q->credential->kind == SLIP_CREDENTIAL_BASIC)
		slip_strv_take(&headers, basic_header(q->credential));
	req.headers = &headers;
	req.max_body = SLIP_MAX_TOKEN;
	slip_exchange_tls(q->registry, q->target, url, &ca_files, &req.tls);
	int rc = slip_http_do(q->registry->http, &req, resp, err);
	slip_buf_wipe(&form);
	return rc;
}

/* Redirects of a GET are followed; an identity token goes nowhere but to its realm. */
static int inquire_once(struct inquiry *q, struct slip_http_response *resp, struct slip_err *err)
{
	slip_autourl realm = {0};
	slip_autourl url = {0};
	if (slip_url_parse(q->challenge->realm, &realm, err) != 0)
		return slip_err_wrap(err, "token realm of %s", q->target->host->name);
	slip_url_copy(&url, &realm);
	if (q->credential->kind != SLIP_CREDENTIAL_IDENTITY)
		add_params(q, &url);
	for (int hops = 0;; hops++) {
		slip_autourl next = {0};
		if (check_realm(q, &url, err) != 0)
			return -1;
		if (send_inquiry(q, &url, slip_url_same_origin(&url, &realm), resp, err) != 0)
			return -1;
		const char *location = slip_http_header(resp, "location");
		if (!slip_exchange_is_redirect(resp->status) || !location ||
			hops == SLIP_MAX_REDIRECTS ||
			q->credential->kind == SLIP_CREDENTIAL_IDENTITY) {
			slip_url_copy(&q->context.answered, &url);
			return 0;
		}
		if (slip_url_join(&url, location, &next, err) != 0)
			return -1;
		slip_http_response_release(resp);
		slip_url_copy(&url, &next);
	}
}

static int inquire(struct inquiry *q, struct slip_http_response *resp, struct slip_err *err)
{
	struct slip_retry retry;
	slip_retry_init(&retry, &q->registry->policy);
	for (;;) {
		bool again;
		int rc = inquire_once(q, resp, err);
		if (slip_exchange_pause(&q->context, &retry, rc, resp, &again, err) != 0)
			return -1;
		if (!again)
			return rc;
	}
}

static int fetch_bearer(struct inquiry *q, struct entry *e, struct slip_err *err)
{
	double asked = slip_clock_monotonic();
	struct slip_http_response resp = {0};
	slip_autofree char *token = NULL;
	double life = MIN_LIFE;
	slip_exchange_init(&q->context, q->registry, q->target, "get a token for", "GET");
	q->context.login = slip_xstrdup(e->login);
	int rc = inquire(q, &resp, err);
	if (rc != 0)
		rc = slip_registry_unanswered(&q->context, err);
	else if (resp.status != 200)
		rc = slip_registry_refused(&q->context, &resp, err);
	else
		rc = slip_token_parse(resp.body.data, resp.body.len, &token, &life, err);
	if (resp.body.data)
		slip_wipe(resp.body.data, resp.body.len);
	slip_http_response_release(&resp);
	slip_exchange_release(&q->context);
	if (rc != 0 || !token)
		return -1;
	e->header = slip_xasprintf("Authorization: Bearer %s", token);
	e->expires = asked + 0.9 * life;
	slip_wipe(token, strlen(token));
	return 0;
}

/* --- the cache ----------------------------------------------------------------------------------
 */

static int set_header(struct inquiry *q, struct entry *e, struct slip_err *err)
{
	const struct slip_credential *c = q->credential;
	if (c->kind == SLIP_CREDENTIAL_BEARER)
		e->header = slip_xasprintf("Authorization: Bearer %s", c->secret);
	else if (q->challenge->scheme == SLIP_CHALLENGE_BEARER)
		return fetch_bearer(q, e, err);
	else if (c->kind == SLIP_CREDENTIAL_BASIC)
		e->header = basic_header(c);
	return 0;
}

/* Credentials are looked up anew each time: files and helpers may have newer ones. */
static int refresh(struct inquiry *q, struct entry *e, struct slip_err *err)
{
	slip_autocredential credential = {0};
	slip_credentials_find(
		&q->registry->opt, q->target->host->name, q->target->repo, &credential);
	free(e->header);
	free(e->login);
	e->header = NULL;
	e->login = slip_credential_describe(&credential);
	e->expires = slip_clock_monotonic() + MAX_LIFE;
	q->credential = &credential;
	int rc = set_header(q, e, err);
	q->credential = NULL;
	return rc;
}

static struct entry *find_entry(
	struct slip_tokens *t, const struct inquiry *q, const struct slip_strv *needed)
{
	const struct slip_challenge *c = q->challenge;
	slip_autofree char *scopes = slip_strv_join(needed, " ");
	slip_autofree char *key = slip_xasprintf("%s\n%d\n%s\n%s\n%s\n%s", q->target->host->name,
		(int)c->scheme, c->realm ? c->realm : "", c->service ? c->service : "",
		q->target->repo, scopes);
	pthread_mutex_lock(&t->lock);
	struct entry *e = slip_map_get(&t->table, key);
	if (!e) {
		e = slip_xcalloc(1, sizeof(*e));
		pthread_mutex_init(&e->lock, NULL);
		slip_map_set(&t->table, key, e);
	}
	pthread_mutex_unlock(&t->lock);
	return e;
}

static bool is_usable(const struct entry *e, const char *stale)
{
	return e->header && slip_clock_monotonic() < e->expires &&
	       (!stale || !slip_streq(stale, e->header));
}

/* What the request needs and what the registry asked for, sorted: one set has one spelling. */
static void join_scopes(
	const struct slip_strv *scopes, const char *challenged, struct slip_strv *out)
{
	slip_autostrv extra = {0};
	slip_strv_copy(out, scopes);
	if (challenged)
		slip_strv_split(&extra, challenged, ' ');
	for (size_t i = 0; i < extra.n; i++)
		if (extra.v[i][0] && !slip_strv_has(out, extra.v[i]))
			slip_strv_add(out, extra.v[i]);
	slip_strv_sort(out);
}

int slip_tokens_get(struct slip_registry *r, const struct slip_token_need *need,
	struct slip_authorization *out, struct slip_err *err)
{
	struct slip_host *host = need->target->host;
	slip_autochallenge challenge = {0};
	slip_autostrv all = {0};
	memset(out, 0, sizeof(*out));
	pthread_mutex_lock(&host->lock);
	slip_challenge_copy(&challenge, &host->challenge);
	pthread_mutex_unlock(&host->lock);
	if (challenge.scheme == SLIP_CHALLENGE_NONE)
		return 0;
	struct inquiry q = {
		.registry = r,
		.target = need->target,
		.challenge = &challenge,
		.scopes = &all,
	};
	struct entry *e = find_entry(&r->tokens, &q, need->scopes);
	pthread_mutex_lock(&e->lock);
	if (need->challenged) {
		free(e->challenged);
		e->challenged = slip_xstrdup(need->challenged);
	}
	join_scopes(need->scopes, e->challenged, &all);
	int rc = is_usable(e, need->stale) ? 0 : refresh(&q, e, err);
	if (rc == 0)
		out->header = slip_xstrdup(e->header);
	out->login = slip_xstrdup(e->login);
	pthread_mutex_unlock(&e->lock);
	return rc;
}
