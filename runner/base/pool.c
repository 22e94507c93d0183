#include "config.h"

#include "runner/base/pool.h"

#include "runner/base/cgroup.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

/* What a thread that compresses may take of the memory limit. */
#define MEMORY_OF_THREAD (16 * SLIP_MIB)

struct slip_task {
	struct slip_pool *pool;
	struct slip_task *next;
	slip_task_fn *fn;
	void *arg;
	char scope[128];
	bool done;
	int rc;
	struct slip_err err;
};

struct slip_pool {
	pthread_mutex_t lock;
	pthread_cond_t work; /* a task was queued, or the pool ends */
	pthread_cond_t done; /* a task ended */
	struct slip_task *first;
	struct slip_task **last;
	pthread_t *threads;
	size_t max;
	size_t started;
	size_t idle;
	size_t queued;
	bool ending;
};

struct slip_pool *slip_pool_new(size_t threads)
{
	struct slip_pool *p = slip_xcalloc(1, sizeof(*p));
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	p->last = &p->first;
	p->max = threads ? threads : 1;
	p->threads = slip_xcalloc(p->max, sizeof(*p->threads));
	return p;
}

size_t slip_pool_threads(const struct slip_pool *p)
{
	return p->max;
}

/* Called with the lock held; NULL when the pool ends. */
static struct slip_task *next_task(struct slip_pool *p)
{
	p->idle++;
	while (!p->first && !p->ending)
		pthread_cond_wait(&p->work, &p->lock);
	p->idle--;
	struct slip_task *t = p->first;
	if (!t)
		return NULL;
	p->first = t->next;
	p->queued--;
	if (!p->first)
		p->last = &p->first;
	return t;
}

static void *worker(void *arg)
{
	struct slip_pool *p = arg;
	pthread_mutex_lock(&p->lock);
	for (struct slip_task *t; (t = next_task(p));) {
		pthread_mutex_unlock(&p->lock);
		slip_log_set_scope(t->scope);
		t->rc = t->fn(t->arg, &t->err);
		pthread_mutex_lock(&p->lock);
		t->done = true;
		pthread_cond_broadcast(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Signals belong to the main thread: workers start with all of them blocked. */
static void start_worker(struct slip_pool *p)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&p->threads[p->started], NULL, worker, p) == 0)
		p->started++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!p->started)
		slip_bug("no thread can be started");
}

void slip_pool_start(struct slip_pool *p)
{
	pthread_mutex_lock(&p->lock);
	for (size_t n = p->started; n < p->max; n++)
		start_worker(p);
	pthread_mutex_unlock(&p->lock);
}

struct slip_task *slip_pool_submit(struct slip_pool *p, slip_task_fn *fn, void *arg)
{
	struct slip_task *t = slip_xcalloc(1, sizeof(*t));
	t->pool = p;
	t->fn = fn;
	t->arg = arg;
	snprintf(t->scope, sizeof(t->scope), "%s", slip_log_scope());
	pthread_mutex_lock(&p->lock);
	*p->last = t;
	p->last = &t->next;
	p->queued++;
	if (p->queued > p->idle && p->started < p->max)
		start_worker(p);
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	return t;
}

bool slip_task_is_done(struct slip_task *t)
{
	pthread_mutex_lock(&t->pool->lock);
	bool done = t->done;
	pthread_mutex_unlock(&t->pool->lock);
	return done;
}

int slip_task_wait(struct slip_task *t, struct slip_err *err)
{
	struct slip_pool *p = t->pool;
	pthread_mutex_lock(&p->lock);
	while (!t->done)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
	int rc = t->rc;
	if (rc < 0)
		slip_err_copy(err, &t->err);
	free(t);
	return rc;
}

void slip_pool_free(struct slip_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->started; i++)
		pthread_join(p->threads[i], NULL);
	free(p->threads);
	pthread_cond_destroy(&p->done);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

size_t slip_pool_processors(void)
{
	cpu_set_t set;
	size_t n = 1;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		n = (size_t)CPU_COUNT(&set);
	struct slip_cgroup group;
	slip_cgroup_read(&group);
	if (group.processors && group.processors < n)
		n = group.processors;
	size_t affordable = group.memory ? (size_t)(group.memory / MEMORY_OF_THREAD) : n;
	return affordable >= n ? n : affordable ? affordable : 1;
}
