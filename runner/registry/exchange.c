#include "config.h"

#include "runner/registry/exchange.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"

#define WARNING_MAX 1000

void slip_exchange_init(struct slip_exchange *x, struct slip_registry *r,
	const struct slip_target *target, const char *action, const char *method)
{
	memset(x, 0, sizeof(*x));
	x->registry = r;
	x->target = target;
	x->action = action;
	slip_http_request_init(&x->http, method, NULL);
}

void slip_exchange_release(struct slip_exchange *x)
{
	slip_strv_release(&x->headers);
	slip_url_release(&x->location);
	slip_url_release(&x->answered);
	free(x->path);
	free(x->login);
}

void slip_exchange_set_path(struct slip_exchange *x, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *rest = slip_xvasprintf(fmt, ap);
	va_end(ap);
	free(x->path);
	x->path = slip_xasprintf("/v2/%s/%s", x->target->repo, rest);
}

/* --- places -------------------------------------------------------------------------------------
 */

static bool is_inside(enum slip_url_zone zone)
{
	return zone == SLIP_ZONE_PRIVATE || zone == SLIP_ZONE_LINK_LOCAL ||
	       zone == SLIP_ZONE_LOOPBACK;
}

int slip_exchange_check_zone(struct slip_registry *r, const struct slip_target *target,
	const struct slip_url *url, const char *what, struct slip_err *err)
{
	enum slip_url_zone zone = slip_url_zone(url->host);
	slip_autofree char *host = slip_url_print_host(url);
	if (!is_inside(zone) || slip_hosts_is_insecure(&r->hosts, host) ||
		(zone == slip_url_zone(target->host->name) && zone != SLIP_ZONE_LINK_LOCAL))
		return 0;
	return slip_err_set(err, SLIP_E_REGISTRY, 0,
		"%s: the registry leads to an address inside of the network (%s %s); if that is "
		"meant, add --insecure-registry %s",
		target->host->name, what, host, host);
}

/* A place trusts its own certificates and the registry's: companies sign both with one. */
void slip_exchange_tls(struct slip_registry *r, const struct slip_target *target,
	const struct slip_url *url, struct slip_strv *ca_files, struct slip_http_tls *out)
{
	slip_autofree char *name = slip_url_print_host(url);
	struct slip_host *host = slip_hosts_get(&r->hosts, name);
	slip_host_tls(host, target->access, out);
	if (host == target->host)
		return;
	slip_strv_copy(ca_files, &host->ca_files);
	for (size_t i = 0; i < target->host->ca_files.n; i++)
		if (!slip_strv_has(ca_files, target->host->ca_files.v[i]))
			slip_strv_add(ca_files, target->host->ca_files.v[i]);
	out->ca_files = ca_files;
}

static bool is_own(const struct slip_exchange *x, const struct slip_url *url)
{
	const char *other;
	const char *scheme = slip_host_scheme(x->target->host, x->target->access, &other);
	struct slip_url own = {0};
	if (other) /* nothing but the first contact itself */
		return false;
	if (slip_host_url(x->target->host, scheme, "/", &own, NULL) != 0)
		return false;
	bool same = slip_url_same_origin(&own, url);
	slip_url_release(&own);
	return same;
}

/* --- sending ------------------------------------------------------------------------------------
 */

static int send_request(struct slip_exchange *x, const struct slip_url *url, const char *header,
	struct slip_http_response *resp, struct slip_err *err)
{
	slip_autostrv headers = {0};
	slip_autostrv ca_files = {0};
	slip_autofree char *text = slip_url_print(url);
	slip_strv_copy(&headers, &x->headers);
	if (header)
		slip_strv_add(&headers, header);
	x->http.url = text;
	x->http.headers = &headers;
	slip_exchange_tls(x->registry, x->target, url, &ca_files, &x->http.tls);
	int rc = slip_http_do(x->registry->http, &x->http, resp, err);
	x->http.url = NULL;
	x->http.headers = NULL;
	return rc;
}

/* Does the failure of one scheme hint at a server that speaks the other? */
static bool hints_at_other(const char *scheme, int rc, const struct slip_http_response *resp,
	const struct slip_err *err)
{
	if (rc == 0) /* web servers answer 400 to plain HTTP on a TLS port */
		return slip_streq(scheme, "http") && resp->status == 400;
	if (err->code != SLIP_E_NET)
		return false;
	if (slip_streq(scheme, "http"))
		return err->status == SLIP_HTTP_RETRYABLE || err->status == SLIP_HTTP_PERMANENT;
	return err->status == SLIP_HTTP_CONNECT || err->status == SLIP_HTTP_TLS;
}

/* First contact: nothing secret is sent, since no challenge is known yet. */
static int settle_scheme(struct slip_exchange *x, const char *scheme, const char *other,
	struct slip_url *url, struct slip_http_response *resp, struct slip_err *err)
{
	struct slip_host *host = x->target->host;
	int rc = send_request(x, url, NULL, resp, err);
	if (!hints_at_other(scheme, rc, resp, err)) {
		if (rc == 0)
			slip_host_learn_scheme(host, scheme);
		return rc;
	}
	slip_autourl second = {0};
	struct slip_http_response answer = {0};
	struct slip_err failure = SLIP_ERR_INIT;
	int second_rc = slip_host_url(host, other, x->path, &second, &failure);
	if (second_rc == 0)
		second_rc = send_request(x, &second, NULL, &answer, &failure);
	/* A refused certificate is an answer too: this is what the host speaks. */
	if (second_rc != 0 && failure.status != SLIP_HTTP_TLS) {
		slip_http_response_release(&answer);
		return rc;
	}
	slip_debug("%s speaks %s", host->name, other);
	slip_host_learn_scheme(host, other);
	slip_http_response_release(resp);
	*resp = answer;
	slip_err_clear(err);
	slip_url_copy(url, &second);
	return second_rc == 0 ? 0 : slip_err_copy(err, &failure);
}

/* --- authorisation ------------------------------------------------------------------------------
 */

static void list_scopes(const struct slip_exchange *x, struct slip_strv *out)
{
	bool is_push = x->target->access == SLIP_ACCESS_PUSH;
	slip_strv_addf(out, "repository:%s:%s", x->target->repo, is_push ? "pull,push" : "pull");
	if (x->mount_from)
		slip_strv_addf(out, "repository:%s:pull", x->mount_from);
}

static int authorise(struct slip_exchange *x, const char *challenged, const char *stale,
	char **header, struct slip_err *err)
{
	slip_autostrv scopes = {0};
	struct slip_authorization a = {0};
	list_scopes(x, &scopes);
	struct slip_token_need need = {
		.target = x->target,
		.scopes = &scopes,
		.challenged = challenged,
		.stale = stale,
	};
	int rc = slip_tokens_get(x->registry, &need, &a, err);
	if (a.login) {
		free(x->login);
		x->login = slip_steal_ptr(&a.login);
	}
	*header = rc == 0 ? slip_steal_ptr(&a.header) : NULL;
	slip_authorization_release(&a);
	return rc;
}

/* Remember how the host wants to be asked; false when it does not say. */
static bool learn_challenge(
	struct slip_exchange *x, const struct slip_http_response *resp, char **scope)
{
	const char *text = slip_http_header(resp, "www-authenticate");
	slip_autochallenges all = {0};
	slip_challenges_parse(text ? text : "Basic", &all);
	const struct slip_challenge *best = slip_challenges_best(&all);
	if (!best)
		return false;
	struct slip_host *host = x->target->host;
	pthread_mutex_lock(&host->lock);
	slip_challenge_copy(&host->challenge, best);
	free(host->challenge.scope);
	host->challenge.scope = NULL;
	pthread_mutex_unlock(&host->lock);
	*scope = slip_xstrdup(best->scope);
	return true;
}

/* A 401 of the registry itself: 0 with *header set when there is something new to try. */
static int renew(struct slip_exchange *x, const struct slip_http_response *resp, const char *stale,
	char **header, struct slip_err *err)
{
	slip_autofree char *scope = NULL;
	*header = NULL;
	if (!learn_challenge(x, resp, &scope))
		return 0;
	if (authorise(x, scope, stale, header, err) != 0)
		return -1;
	if (*header && stale && slip_streq(*header, stale)) {
		free(*header);
		*header = NULL;
	}
	return 0;
}

static int send_authorised(struct slip_exchange *x, struct slip_url *url,
	struct slip_http_response *resp, struct slip_err *err)
{
	slip_autofree char *header = NULL;
	const char *other;
	const char *scheme = slip_host_scheme(x->target->host, x->target->access, &other);
	int rc;
	if (other && x->path) {
		rc = settle_scheme(x, scheme, other, url, resp, err);
	} else {
		if (is_own(x, url) && authorise(x, NULL, NULL, &header, err) != 0)
			return -1;
		rc = send_request(x, url, header, resp, err);
	}
	if (rc != 0 || resp->status != 401 || !is_own(x, url))
		return rc;
	slip_autofree char *fresh = NULL;
	if (renew(x, resp, header, &fresh, err) != 0)
		return -1;
	if (!fresh)
		return 0;
	slip_http_response_release(resp);
	return send_request(x, url, fresh, resp, err);
}

/* --- redirects ----------------------------------------------------------------------------------
 */

bool slip_exchange_is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int follow(struct slip_exchange *x, struct slip_url *url,
	const struct slip_http_response *resp, struct slip_err *err)
{
	slip_autourl next = {0};
	const char *location = slip_http_header(resp, "location");
	if (!location)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "redirect without a Location");
	if (slip_url_join(url, location, &next, err) != 0)
		return slip_err_wrap(err, "redirect");
	if (slip_streq(url->scheme, "https") && slip_streq(next.scheme, "http")) {
		slip_autofree char *text = slip_url_print_public(&next);
		return slip_err_set(
			err, SLIP_E_REGISTRY, 0, "redirect from https to %s refused", text);
	}
	if (slip_exchange_check_zone(x->registry, x->target, &next, "redirect", err) != 0)
		return -1;
	slip_url_copy(url, &next);
	return 0;
}

/* RFC 7234 section 5.5: "299 - text"; shown once each (distribution-spec "Warnings"). */
static void show_warning(struct slip_exchange *x, const struct slip_http_response *resp)
{
	const char *text = slip_http_header(resp, "warning");
	if (!text || !slip_starts_with(text, "299 ") || strlen(text) > WARNING_MAX)
		return;
	struct slip_registry *r = x->registry;
	pthread_mutex_lock(&r->lock);
	bool is_new = !slip_map_has(&r->warnings, text);
	if (is_new)
		slip_map_set(&r->warnings, text, NULL);
	pthread_mutex_unlock(&r->lock);
	if (is_new)
		slip_warn("registry %s: %s", x->target->host->name, text + strlen("299 "));
}

static int first_url(struct slip_exchange *x, struct slip_url *out, struct slip_err *err)
{
	if (x->path) {
		const char *other;
		const char *scheme = slip_host_scheme(x->target->host, x->target->access, &other);
		return slip_host_url(x->target->host, scheme, x->path, out, err);
	}
	slip_url_copy(out, &x->location);
	return 0;
}

static int wait_turn(struct slip_exchange *x, struct slip_err *err)
{
	struct slip_host *host = x->target->host;
	pthread_mutex_lock(&host->lock);
	double left = host->resume_at - slip_clock_monotonic();
	pthread_mutex_unlock(&host->lock);
	return left > 0 ? slip_retry_sleep(left, err) : 0;
}

int slip_exchange_once(
	struct slip_exchange *x, struct slip_http_response *resp, struct slip_err *err)
{
	slip_autourl url = {0};
	memset(resp, 0, sizeof(*resp));
	if (wait_turn(x, err) != 0 || first_url(x, &url, err) != 0)
		return -1;
	for (int hops = 0;; hops++) {
		if (send_authorised(x, &url, resp, err) != 0)
			return -1;
		slip_url_copy(&x->answered, &url);
		show_warning(x, resp);
		if (!slip_exchange_is_redirect(resp->status))
			return 0;
		if (hops == SLIP_MAX_REDIRECTS)
			return slip_err_set(err, SLIP_E_REGISTRY, 0, "more than %d redirects",
				SLIP_MAX_REDIRECTS);
		if (follow(x, &url, resp, err) != 0)
			return -1;
		slip_http_response_release(resp);
	}
}

/* --- retries ------------------------------------------------------------------------------------
 */

static void tell(const struct slip_exchange *x, const struct slip_retry *retry, int rc,
	const struct slip_http_response *resp, const struct slip_err *err, double pause)
{
	slip_autofree char *status = rc == 0 ? slip_xasprintf("status %ld", resp->status) : NULL;
	slip_info("%s %s/%s: %s; attempt %u of %u in %.1f s", x->action, x->target->host->name,
		x->target->repo, rc == 0 ? status : err->msg, retry->made + 1,
		retry->policy->attempts, pause);
}

int slip_exchange_pause(struct slip_exchange *x, struct slip_retry *retry, int rc,
	struct slip_http_response *resp, bool *again, struct slip_err *err)
{
	double pause = 0;
	*again = slip_retry_is_transient(rc, resp, err) &&
		 slip_retry_next(retry, rc == 0 ? resp : NULL, slip_clock_monotonic(),
			 slip_retry_random(), &pause);
	if (!*again)
		return 0;
	tell(x, retry, rc, resp, err, pause);
	if (rc == 0 && slip_http_header(resp, "retry-after")) {
		struct slip_host *host = x->target->host;
		double until = slip_clock_monotonic() + pause;
		pthread_mutex_lock(&host->lock);
		if (until > host->resume_at)
			host->resume_at = until;
		pthread_mutex_unlock(&host->lock);
	}
	slip_http_response_release(resp);
	slip_err_clear(err);
	return slip_retry_sleep(pause, err);
}

int slip_exchange_do(struct slip_exchange *x, struct slip_http_response *resp, struct slip_err *err)
{
	struct slip_retry retry;
	slip_retry_init(&retry, &x->registry->policy);
	for (;;) {
		bool again;
		int rc = slip_exchange_once(x, resp, err);
		if (slip_exchange_pause(x, &retry, rc, resp, &again, err) != 0)
			return -1;
		if (!again)
			return rc;
	}
}
