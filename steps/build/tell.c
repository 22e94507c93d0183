#include "config.h"

#include "steps/build/tell.h"

#include "runner/base/clock.h"
#include "runner/base/log.h"
#include "steps/build/builder.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define MAX_TOLD_IMAGES 5

struct slip_tell {
	struct slip_builder *b;
	double started;
	double phase_started;
	char *phase; /* NULL: none is open */
	struct slip_task *destinations;
	struct slip_task *ticker;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended;
	bool is_over;
	char *doing;
};

static void print_bytes(char out[24], uint64_t n)
{
	snprintf(out, 24, "%llu", (unsigned long long)n);
}

static void print_seconds(char out[24], double since)
{
	snprintf(out, 24, "%.2f", slip_clock_monotonic() - since);
}

/* --- what will happen ---------------------------------------------------------------------------
 */

static char *login_for(struct slip_builder *b, const char *name)
{
	slip_autoref ref = {0};
	if (slip_ref_parse(name, SLIP_REF_TAG_DEFAULT, &ref, NULL) < 0)
		return NULL;
	return slip_registry_explain_login(b->registry, &ref);
}

static int tell_destinations(void *arg, struct slip_err *err)
{
	const struct slip_tell *t = arg;
	struct slip_builder *b = t->b;
	const struct slip_build_request *req = b->req;
	(void)err;
	for (size_t i = 0; i < req->destinations.n && i < MAX_TOLD_IMAGES; i++) {
		const char *name = req->destinations.v[i];
		slip_autofree char *login = req->no_push ? NULL : login_for(b, name);
		slip_event("build.image", "ref", name, "access", req->no_push ? "not pushed" : NULL,
			"login", login, NULL);
	}
	if (!b->cache)
		return 0;
	bool is_remote = slip_cache_repo(b->cache) != NULL;
	slip_autofree char *login = is_remote ? login_for(b, slip_cache_name(b->cache)) : NULL;
	slip_event("build.cache", "repo", slip_cache_name(b->cache), "access",
		req->no_push_cache ? "read only" : NULL, "login", login, NULL);
	return 0;
}

/* --- that it is under way -----------------------------------------------------------------------
 */

static void tell_alive(const struct slip_tell *t)
{
	char seconds[24], pulled[24], pushed[24], read[24];
	uint64_t received, sent, hashed = atomic_load(&t->b->hashed);
	slip_http_traffic(t->b->http, &received, &sent);
	print_seconds(seconds, t->started);
	print_bytes(pulled, received);
	print_bytes(pushed, sent);
	print_bytes(read, hashed);
	slip_event("build.alive", "text", t->doing, "seconds", seconds, "pulled",
		received ? pulled : NULL, "pushed", sent ? pushed : NULL, "read",
		hashed ? read : NULL, NULL);
}

static struct timespec deadline(double seconds)
{
	double at = slip_clock_monotonic() + seconds;
	time_t whole = (time_t)at;
	return (struct timespec){whole, (long)((at - (double)whole) * 1e9)};
}

static int tick(void *arg, struct slip_err *err)
{
	struct slip_tell *t = arg;
	(void)err;
	pthread_mutex_lock(&t->lock);
	while (!t->is_over) {
		struct timespec until = deadline(slip_clock_alive_interval());
		if (pthread_cond_timedwait(&t->ended, &t->lock, &until) == ETIMEDOUT)
			tell_alive(t);
	}
	pthread_mutex_unlock(&t->lock);
	return 0;
}

struct slip_tell *slip_tell_start(struct slip_builder *b)
{
	struct slip_tell *t = slip_xcalloc(1, sizeof(*t));
	pthread_condattr_t monotonic;
	t->b = b;
	t->started = slip_clock_monotonic();
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	t->ticker = slip_pool_submit(b->io, tick, t);
	/* A credential helper may take its time: the build does not wait for it. */
	t->destinations = slip_pool_submit(b->io, tell_destinations, t);
	return t;
}

/* --- phases and steps ---------------------------------------------------------------------------
 */

static void set_doing(struct slip_tell *t, const char *text)
{
	pthread_mutex_lock(&t->lock);
	free(t->doing);
	t->doing = slip_xstrdup(text);
	pthread_mutex_unlock(&t->lock);
}

static void end_phase(struct slip_tell *t)
{
	char seconds[24];
	if (!t->phase)
		return;
	print_seconds(seconds, t->phase_started);
	slip_event("phase.done", "text", t->phase, "seconds", seconds, NULL);
	free(slip_steal_ptr(&t->phase));
}

void slip_tell_phase(struct slip_tell *t, const char *text)
{
	end_phase(t);
	set_doing(t, text);
	t->phase = slip_xstrdup(text);
	t->phase_started = slip_clock_monotonic();
	slip_event("phase.start", "text", text, NULL);
}

void slip_tell_step(struct slip_tell *t, const char *text)
{
	end_phase(t);
	set_doing(t, text);
}

void slip_tell_context(const struct slip_tell *t)
{
	char bytes[24];
	uint64_t hashed = atomic_load(&t->b->hashed);
	print_bytes(bytes, hashed);
	if (hashed)
		slip_event("build.context", "context", t->b->req->context, "bytes", bytes, NULL);
}

/* --- the end ------------------------------------------------------------------------------------
 */

void slip_tell_end(struct slip_tell *t, const struct slip_build_result *result, bool is_good)
{
	char seconds[24], hits[24], misses[24], pulled[24], pushed[24];
	uint64_t received, sent;
	if (is_good)
		end_phase(t);
	slip_http_traffic(t->b->http, &received, &sent);
	print_seconds(seconds, t->started);
	print_bytes(hits, result->hits);
	print_bytes(misses, result->misses);
	print_bytes(pulled, received);
	print_bytes(pushed, sent);
	slip_event(is_good ? "build.done" : "build.failed", "digest",
		is_good ? result->digest.s : NULL, "seconds", seconds, "hits", hits, "misses",
		misses, "pulled", received ? pulled : NULL, "pushed", sent ? pushed : NULL, NULL);
}

void slip_tell_free(struct slip_tell *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_over = true;
	pthread_cond_signal(&t->ended);
	pthread_mutex_unlock(&t->lock);
	(void)!slip_task_wait(t->ticker, NULL);
	(void)!slip_task_wait(t->destinations, NULL);
	pthread_cond_destroy(&t->ended);
	pthread_mutex_destroy(&t->lock);
	free(t->phase);
	free(t->doing);
	free(t);
}
