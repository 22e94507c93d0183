#include "config.h"

#include "runner/base/log.h"
#include "runner/base/pool.h"
#include "tests/unit/tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

struct job {
	int number;
	int result;
	char scope[32];
	bool signals_blocked;
};

static int work(void *arg, struct slip_err *err)
{
	struct job *j = arg;
	sigset_t now;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	j->signals_blocked = sigismember(&now, SIGTERM) == 1;
	snprintf(j->scope, sizeof(j->scope), "%s", slip_log_scope());
	j->result = j->number * 2;
	if (j->number % 7 == 3)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "job %d", j->number);
	return 0;
}

static void test_many(size_t threads)
{
	enum {
		N = 2000
	};
	static struct job jobs[N];
	static struct slip_task *tasks[N];
	memset(jobs, 0, sizeof(jobs));
	struct slip_pool *pool = slip_pool_new(threads);
	is_int(slip_pool_threads(pool), threads ? threads : 1, "%zu threads", threads);
	for (int i = 0; i < N; i++) {
		char scope[32];
		snprintf(scope, sizeof(scope), "s%d", i % 3);
		slip_log_set_scope(scope);
		jobs[i].number = i;
		tasks[i] = slip_pool_submit(pool, work, &jobs[i]);
	}
	slip_log_set_scope("main");
	bool good = true;
	for (int i = N - 1; i >= 0; i--) {
		struct slip_err err = SLIP_ERR_INIT;
		char want[32];
		int rc = slip_task_wait(tasks[i], &err);
		snprintf(want, sizeof(want), "job %d", i);
		good = good && jobs[i].result == 2 * i && jobs[i].signals_blocked &&
		       rc == (i % 7 == 3 ? -1 : 0) && slip_streq(err.msg, rc ? want : "");
		snprintf(want, sizeof(want), "s%d", i % 3);
		good = good && slip_streq(jobs[i].scope, want);
	}
	ok(good, "each task runs once, gives its own result, inherits its scope, takes no signals");
	is_str(slip_log_scope(), "main", "the submitter's scope is its own");
	slip_pool_free(pool);
}

static atomic_int arrived;
static atomic_bool open_gate;

static int gate(void *arg, struct slip_err *err)
{
	(void)arg;
	(void)err;
	atomic_fetch_add(&arrived, 1);
	while (!atomic_load(&open_gate))
		usleep(1000);
	return 0;
}

/* All threads work at once, and a task behind them waits its turn. */
static void test_parallel(void)
{
	struct slip_pool *pool = slip_pool_new(4);
	struct slip_task *tasks[5];
	for (int i = 0; i < 5; i++)
		tasks[i] = slip_pool_submit(pool, gate, NULL);
	for (int i = 0; i < 2000 && atomic_load(&arrived) < 4; i++)
		usleep(1000);
	is_int(atomic_load(&arrived), 4, "four at once");
	ok(!slip_task_is_done(tasks[0]) && !slip_task_is_done(tasks[4]), "none is done");
	atomic_store(&open_gate, true);
	for (int i = 0; i < 5; i++)
		is_int(slip_task_wait(tasks[i], NULL), 0, "task %d", i);
	is_int(atomic_load(&arrived), 5, "the fifth came after");
	slip_pool_free(pool);
}

static int submit_more(void *arg, struct slip_err *err)
{
	struct job inner = {.number = 21};
	struct slip_task *t = slip_pool_submit(arg, work, &inner);
	if (slip_task_wait(t, err) < 0)
		return -1;
	return inner.result == 42 ? 0 : slip_err_set(err, SLIP_E_BUG, 0, "wrong result");
}

int main(void)
{
	test_many(0);
	test_many(1);
	test_many(8);
	test_parallel();
	struct slip_pool *outer = slip_pool_new(2), *inner = slip_pool_new(1);
	struct slip_task *t = slip_pool_submit(outer, submit_more, inner);
	is_int(slip_task_wait(t, NULL), 0, "a task may wait for a task of another pool");
	slip_pool_free(outer);
	slip_pool_free(inner);
	slip_pool_free(NULL);
	slip_pool_free(slip_pool_new(3));
	pass("pools that did nothing end too");
	ok(slip_pool_processors() >= 1 && slip_pool_processors() < 100000, "processors");
	return done_testing();
}
