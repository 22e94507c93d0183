/*
 * Worker threads. The only place that starts threads, besides the transfer thread of net/.
 *
 * Two pools exist in a running program, made by main: one with a thread per processor for layer/
 * (hash, compress, inflate), one of blocking workers for transfers and stages. A task runs once, on
 * any thread; it must not wait for a task of its own pool that may be queued behind it. Tasks
 * inherit the submitting thread's log scope.
 */
#ifndef SLIP_BASE_POOL_H
#define SLIP_BASE_POOL_H

#include "runner/base/err.h"

struct slip_pool;
struct slip_pool *slip_pool_new(size_t threads); /* threads start when first needed */
/* Or all of them now: while a library is being loaded no thread can be started. */
void slip_pool_start(struct slip_pool *pool);
/* Runs what is queued to its end. Tasks must have been waited for before. */
void slip_pool_free(struct slip_pool *pool);
size_t slip_pool_threads(const struct slip_pool *pool);
size_t slip_pool_processors(void); /* usable ones: affinity, quota and memory limit, at least 1 */

struct slip_task;
typedef int slip_task_fn(void *arg, struct slip_err *err);
/* Queue fn(arg). The task is the caller's until waited for. */
struct slip_task *slip_pool_submit(struct slip_pool *pool, slip_task_fn *fn, void *arg);
/* Wait for the end, release the task, hand over its result (0, or -1 with its error in *err). */
int slip_task_wait(struct slip_task *task, struct slip_err *err) SLIP_MUST_CHECK;
bool slip_task_is_done(struct slip_task *task);

#endif
