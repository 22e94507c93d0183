#include "config.h"

#include "runner/net/http.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/proc.h"
#include "runner/net/ca.h"
#include "runner/net/http_internal.h"

#include <poll.h>
#include <signal.h>

#define CONNECT_TIMEOUT_MS 10000
#define STALL_SECONDS 30
#define MAX_HOST_CONNECTIONS 16L
#define GUARD_INTERVAL_MS 500
#define IDLE_MS 3600000

struct slip_http {
	char *user_agent;
	long connect_timeout_ms;
	long stall_seconds;
	struct slip_proxy_env proxy;
	struct slip_http_bytes total;

	pthread_mutex_t lock;
	CURLM *multi; /* NULL until the first request */
	pthread_t thread;
	bool stop;
	struct slip_transfer *queue; /* submitted, newest first */
	struct slip_map ca_bundles; /* file names joined by LF -> struct slip_buf */

	struct slip_transfer *active; /* of the transfer thread */
};

static void free_bundle(void *p)
{
	slip_buf_release(p);
	free(p);
}

int slip_http_new(const struct slip_http_options *opt, struct slip_http **out, struct slip_err *err)
{
	if (opt->connect_timeout_ms < 0 || opt->stall_seconds < 0)
		return slip_err_set(err, SLIP_E_USAGE, 0, "HTTP time limits must not be negative");
	struct slip_http *h = slip_xcalloc(1, sizeof(*h));
	h->user_agent =
		slip_xstrdup(opt->user_agent ? opt->user_agent : "slipway/" PACKAGE_VERSION);
	h->connect_timeout_ms =
		opt->connect_timeout_ms ? opt->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	h->stall_seconds = opt->stall_seconds ? opt->stall_seconds : STALL_SECONDS;
	slip_proxy_env_read(&h->proxy);
	pthread_mutex_init(&h->lock, NULL);
	slip_map_init(&h->ca_bundles, free_bundle);
	*out = h;
	return 0;
}

void slip_http_free(struct slip_http *h)
{
	if (!h)
		return;
	if (h->multi) {
		pthread_mutex_lock(&h->lock);
		h->stop = true;
		pthread_mutex_unlock(&h->lock);
		slip_curl.multi_wakeup(h->multi);
		pthread_join(h->thread, NULL);
		slip_curl.multi_cleanup(h->multi);
	}
	slip_map_release(&h->ca_bundles);
	pthread_mutex_destroy(&h->lock);
	free(h->user_agent);
	free(h);
}

/* --- the transfer thread ------------------------------------------------------------------------
 */

static void finish(struct slip_http *h, struct slip_transfer *t, CURLcode code)
{
	for (struct slip_transfer **p = &h->active; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	slip_transfer_conclude(t, code);
	slip_curl.multi_remove_handle(h->multi, t->easy);
	pthread_mutex_lock(&h->lock);
	t->done = true;
	pthread_cond_signal(&t->finished); /* t is the caller's once the lock is open */
	pthread_mutex_unlock(&h->lock);
}

/* Start what was submitted; false when the thread shall end. */
static bool take_queue(struct slip_http *h)
{
	pthread_mutex_lock(&h->lock);
	struct slip_transfer *queue = h->queue;
	bool go_on = !h->stop;
	h->queue = NULL;
	pthread_mutex_unlock(&h->lock);
	struct slip_transfer *oldest_first = NULL;
	while (queue) {
		struct slip_transfer *t = queue;
		queue = t->next;
		t->next = oldest_first;
		oldest_first = t;
	}
	while (oldest_first) {
		struct slip_transfer *t = oldest_first;
		oldest_first = t->next;
		t->next = h->active;
		h->active = t;
		if (slip_curl.multi_add_handle(h->multi, t->easy) != CURLM_OK)
			finish(h, t, CURLE_FAILED_INIT);
	}
	return go_on;
}

static void reap(struct slip_http *h)
{
	int left;
	for (CURLMsg *m = slip_curl.multi_info_read(h->multi, &left); m;
		m = slip_curl.multi_info_read(h->multi, &left)) {
		struct slip_transfer *t = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		slip_curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		finish(h, t, code);
	}
}

static void guard(struct slip_http *h)
{
	double now = slip_clock_monotonic();
	struct slip_transfer *next;
	for (struct slip_transfer *t = h->active; t; t = next) {
		next = t->next;
		if (slip_cancel_check(&t->err) != 0 ||
			slip_transfer_guard(t, now, h->stall_seconds) != 0)
			finish(h, t, CURLE_ABORTED_BY_CALLBACK);
	}
}

static void *run_transfers(void *arg)
{
	struct slip_http *h = arg;
	while (take_queue(h)) {
		int running = 0;
		slip_curl.multi_perform(h->multi, &running);
		reap(h);
		guard(h);
		/* After a signal its descriptor stays readable: polling it again would spin. */
		struct curl_waitfd cancel = {.fd = slip_cancel_fd(), .events = CURL_WAIT_POLLIN};
		bool is_watched = cancel.fd >= 0 && !slip_cancel_requested();
		slip_curl.multi_poll(h->multi, &cancel, is_watched ? 1 : 0,
			h->active ? GUARD_INTERVAL_MS : IDLE_MS, NULL);
	}
	return NULL;
}

/* --- the calling side ---------------------------------------------------------------------------
 */

/* With the lock held. Signals stay with the program's other threads. */
static int start_thread(struct slip_http *h, struct slip_err *err)
{
	if (h->multi)
		return 0;
	if (slip_curl_load(err) != 0)
		return -1;
	CURLM *multi = slip_curl.multi_init();
	if (!multi)
		return slip_err_set(err, SLIP_E_IO, 0, "libcurl cannot make a transfer set");
	slip_curl.multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	slip_curl.multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_HOST_CONNECTIONS);
	h->multi = multi;
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&h->thread, NULL, run_transfers, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		return 0;
	slip_curl.multi_cleanup(multi);
	h->multi = NULL;
	return slip_err_set(err, SLIP_E_IO, rc, "start the transfer thread");
}

/* With the lock held. Bundles are made once: curl compares them to find a connection to reuse. */
static int find_bundle(struct slip_http *h, const struct slip_http_tls *tls,
	const struct slip_buf **out, struct slip_err *err)
{
	bool has_extra = tls->ca_files && tls->ca_files->n > 0;
	*out = NULL;
	if (tls->skip_verify || (!has_extra && slip_ca_file()))
		return 0;
	slip_autofree char *key =
		has_extra ? slip_strv_join(tls->ca_files, "\n") : slip_xstrdup("");
	struct slip_buf *bundle = slip_map_get(&h->ca_bundles, key);
	if (!bundle) {
		bundle = slip_xcalloc(1, sizeof(*bundle));
		slip_buf_init(bundle, SLIP_MAX_CA_BUNDLE);
		if (slip_ca_bundle(tls->ca_files, bundle, err) != 0) {
			free_bundle(bundle);
			return -1;
		}
		slip_map_set(&h->ca_bundles, key, bundle);
	}
	*out = bundle;
	return 0;
}

static int prepare(struct slip_http *h, const struct slip_http_request *req,
	const struct slip_buf **bundle, struct slip_err *err)
{
	pthread_mutex_lock(&h->lock);
	int rc = start_thread(h, err);
	*bundle = NULL;
	if (rc == 0 && slip_starts_with(req->url, "https:"))
		rc = find_bundle(h, &req->tls, bundle, err);
	pthread_mutex_unlock(&h->lock);
	return rc;
}

static void perform(struct slip_http *h, struct slip_transfer *t)
{
	pthread_mutex_lock(&h->lock);
	t->next = h->queue;
	h->queue = t;
	pthread_mutex_unlock(&h->lock);
	slip_curl.multi_wakeup(h->multi);
	pthread_mutex_lock(&h->lock);
	while (!t->done)
		pthread_cond_wait(&t->finished, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

int slip_http_do(struct slip_http *h, const struct slip_http_request *req,
	struct slip_http_response *resp, struct slip_err *err)
{
	memset(resp, 0, sizeof(*resp));
	slip_smap_init(&resp->headers);
	slip_buf_init(&resp->body, req->max_body);
	resp->content_length = -1;
	if (slip_cancel_check(err) != 0)
		return -1;
	const struct slip_buf *bundle;
	if (prepare(h, req, &bundle, err) != 0)
		return -1;
	struct slip_transfer_setup setup = {
		.user_agent = h->user_agent,
		.connect_timeout_ms = h->connect_timeout_ms,
		.proxy = &h->proxy,
		.total = &h->total,
		.ca_bundle = bundle,
	};
	struct slip_transfer t;
	if (slip_transfer_init(&t, req, resp, &setup, err) != 0)
		return -1;
	perform(h, &t);
	int rc = t.result;
	if (rc != 0)
		slip_err_copy(err, &t.err);
	slip_transfer_release(&t);
	return rc;
}

void slip_http_traffic(const struct slip_http *h, uint64_t *received, uint64_t *sent)
{
	*received = h ? atomic_load(&h->total.received) : 0;
	*sent = h ? atomic_load(&h->total.sent) : 0;
}

void slip_http_request_init(struct slip_http_request *r, const char *method, const char *url)
{
	memset(r, 0, sizeof(*r));
	r->method = method;
	r->url = url;
	r->body_fd = -1;
	r->body_size = -1;
	r->max_body = SLIP_MAX_ERROR_BODY;
}

void slip_http_response_release(struct slip_http_response *r)
{
	slip_map_release(&r->headers);
	slip_buf_release(&r->body);
	memset(r, 0, sizeof(*r));
}

const char *slip_http_header(const struct slip_http_response *r, const char *lower_name)
{
	return slip_smap_get(&r->headers, lower_name);
}
