#include "config.h"

#include "runner/engine/exec.h"

#include "runner/base/clock.h"
#include "runner/engine/artifacts.h"
#include "runner/engine/ci.h"
#include "runner/engine/failure.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#define TIMEOUT_GRACE 10.0 /* seconds from TERM to KILL for a stage over its time */
#define CANCEL_GRACE 3.0
#define JOB_MARGIN 30.0 /* before the end of the CI job */
#define FINALLY_BUDGET 120.0 /* for `finally` after a signal */
/* A signal for the job reaches our children first, by up to this long (seen: 1.01 s). */
#define OWN_SIGNAL_WAIT 2.0
#define NS 1e9

enum status {
	PENDING,
	RUNNING,
	SUCCESS,
	FAILED,
	TIMED_OUT,
	CANCELLED,
	WARNED,
	SKIPPED,
	N_STATUS,
};

static const char *const status_names[N_STATUS] = {
	"pending", "running", "success", "failed", "timeout", "cancelled", "warned", "skipped"};

static const char *const summary_words[N_STATUS] = {"pending", "running", "succeeded", "failed",
	"over time", "cancelled", "failed as allowed", "skipped"};

struct job {
	const struct slip_plan_node *node;
	enum status status;
	bool has_process;
	bool has_bad_need; /* something it depends on, however far, failed */
	bool is_over_time;
	const struct job *failed_sibling; /* it gives up for this one: fail-fast */
	bool is_job_limit; /* the deadline is what the CI job leaves, not the stage's own */
	struct slip_stage_run run;
	int64_t attempts;
	double started; /* of the first attempt */
	double attempt_started;
	double deadline; /* 0: none */
	double not_before; /* of the next attempt */
	double last_sign;
	struct slip_err err;
};

struct exec {
	struct slip_pipeline_run *run;
	const struct slip_plan *plan;
	struct job *jobs;
	size_t max_running;
	double started;
	double deadline; /* of the pipeline; 0: none */
	double finally_deadline; /* of the job, or after a signal; 0: none */
	bool is_cancelled;
	bool has_failed;
	struct slip_err first; /* why the pipeline failed */
};

static bool is_over(enum status s)
{
	return s != PENDING && s != RUNNING;
}

static bool is_bad(enum status s)
{
	return s == FAILED || s == TIMED_OUT || s == CANCELLED;
}

static double now(void)
{
	return slip_clock_monotonic();
}

/* --- ends ------------------------------------------------------------------------------------- */

static const char *pipeline_status(const struct exec *x)
{
	return x->is_cancelled ? "cancelled" : x->has_failed ? "failed" : "success";
}

/* A matrix stage has the worst status of its cells. */
static void set_facts_status(struct exec *x, const struct job *j)
{
	enum status worst = j->status;
	for (size_t i = 0; i < x->plan->n; i++) {
		enum status s = x->jobs[i].status;
		if (x->plan->nodes[i].stage == j->node->stage && is_bad(s))
			worst = s;
	}
	slip_facts_set_status(&x->run->facts, j->node->stage->name.text, status_names[worst]);
}

static void end_job(struct exec *x, struct job *j, enum status status)
{
	char seconds[32], exit_status[16];
	j->status = status;
	if (is_bad(status) && !x->has_failed) {
		x->has_failed = true;
		x->first = j->err;
	}
	slip_json_set_str(x->run->facts.pipeline, "status", pipeline_status(x));
	set_facts_status(x, j);
	snprintf(seconds, sizeof(seconds), "%.3f", now() - j->started);
	snprintf(exit_status, sizeof(exit_status), "%d",
		j->err.code == SLIP_E_COMMAND ? j->err.status
		: j->err.code		      ? slip_err_exit_status(&j->err)
					      : 0);
	slip_event("stage.done", "status", status_names[status], "seconds", seconds, "exit",
		exit_status, "class", j->err.code ? slip_err_name(j->err.code) : NULL, "error",
		j->err.code ? j->err.msg : NULL, NULL);
}

static void skip_job(struct exec *x, struct job *j, const char *reason)
{
	j->status = SKIPPED;
	set_facts_status(x, j);
	slip_event("stage.skip", "reason", reason, NULL);
}

static bool is_failure_allowed(const struct job *j)
{
	return slip_failure_is_allowed(
		j->run.is_resolved ? &j->run.stage.allow_failure : &j->node->stage->allow_failure,
		&j->err);
}

static bool may_retry(const struct exec *x, const struct job *j, double *delay, int64_t *attempts)
{
	const struct slip_spec_retry *r = &x->run->pipeline->defaults.retry;
	if (j->run.is_resolved && slip_value_is_set(&j->run.stage.retry.max))
		r = &j->run.stage.retry;
	*attempts = slip_value_int(&r->max, 0) + 1;
	*delay = slip_failure_delay(r, j->attempts);
	return !x->is_cancelled && j->attempts < *attempts && slip_failure_is_retried(r, &j->err);
}

/* A cell has failed: the others of its matrix need not go on. */
static void give_up_siblings(struct exec *x, const struct job *failed)
{
	if (!failed->node->matrix || !slip_value_bool(&failed->node->stage->matrix.fail_fast, true))
		return;
	for (size_t i = 0; i < x->plan->n; i++) {
		struct job *j = &x->jobs[i];
		if (j == failed || j->node->stage != failed->node->stage || is_over(j->status))
			continue;
		slip_log_set_scope(j->node->id);
		if (j->status == RUNNING) {
			j->failed_sibling = failed;
			slip_child_stop(&j->run.child, CANCEL_GRACE);
		} else {
			slip_autofree char *why = slip_xasprintf("%s failed", failed->node->name);
			skip_job(x, j, why);
		}
	}
	slip_log_set_scope(failed->node->id);
}

/* The job's error is set: try again, or end it. */
static void fail_job(struct exec *x, struct job *j)
{
	double delay;
	int64_t attempts;
	if (may_retry(x, j, &delay, &attempts)) {
		char next[24], all[24], wait[24];
		snprintf(next, sizeof(next), "%lld", (long long)j->attempts + 1);
		snprintf(all, sizeof(all), "%lld", (long long)attempts);
		snprintf(wait, sizeof(wait), "%.1f", delay);
		slip_event("stage.retry", "attempt", next, "attempts", all, "delay", wait, "error",
			j->err.msg, NULL);
		slip_stage_run_release(&j->run);
		j->status = PENDING;
		j->not_before = now() + delay;
		slip_err_clear(&j->err);
		return;
	}
	if (j->err.code == SLIP_E_CANCELLED)
		end_job(x, j, CANCELLED);
	else if (is_failure_allowed(j))
		end_job(x, j, WARNED);
	else
		end_job(x, j, j->err.code == SLIP_E_TIMEOUT ? TIMED_OUT : FAILED);
	slip_stage_run_release(&j->run);
	if (j->status == FAILED || j->status == TIMED_OUT)
		give_up_siblings(x, j);
}

/* --- starts ----------------------------------------------------------------------------------- */

static void set_deadline(struct exec *x, struct job *j)
{
	double limit = (double)slip_stage_run_timeout(&j->run) / NS;
	j->deadline = limit > 0 ? now() + limit : 0;
	double outer = j->node->is_final ? x->finally_deadline : x->deadline;
	j->is_job_limit = outer > 0 && (j->deadline <= 0 || outer < j->deadline);
	if (j->is_job_limit)
		j->deadline = outer;
}

static void announce_start(struct job *j)
{
	slip_autobuf text;
	slip_buf_init(&text, 4096);
	slip_stage_run_describe(&j->run, &text);
	const struct slip_pos *pos = &j->node->stage->pos;
	slip_autofree char *where = slip_xasprintf("%s:%u", pos->file, pos->line);
	slip_event("stage.start", "kind", slip_stage_kind_name(j->node->stage->kind), "text",
		text.len ? text.data : NULL, "where", where, NULL);
}

static int begin_attempt(struct exec *x, struct job *j)
{
	if (slip_stage_run_resolve(&j->run, &j->err) < 0)
		return -1;
	announce_start(j);
	set_deadline(x, j);
	if (slip_stage_run_start(&j->run, &j->err) < 0)
		return -1;
	j->has_process = true;
	return 0;
}

static void start_job(struct exec *x, struct job *j)
{
	struct slip_view view = {
		.facts = &x->run->facts,
		.is_success =
			j->node->is_final ? !x->has_failed && !x->is_cancelled : !j->has_bad_need,
		.is_failure = j->node->is_final ? x->has_failed : j->has_bad_need,
		.is_cancelled = x->is_cancelled,
	};
	bool is_true = false;
	const char *condition = NULL;
	slip_stage_run_init(&j->run, x->run, j->node, &view);
	j->attempt_started = j->last_sign = now();
	if (!j->attempts++)
		j->started = j->attempt_started;
	j->is_over_time = false;
	if (slip_stage_run_condition(&j->run, &is_true, &condition, &j->err) < 0) {
		fail_job(x, j);
		return;
	}
	if (!is_true) {
		slip_autofree char *why = slip_xasprintf("%s is false", condition ? condition : "");
		bool is_blocked = j->has_bad_need && !j->node->is_final;
		skip_job(x, j, is_blocked ? "a stage that it needs failed" : why);
		slip_stage_run_release(&j->run);
		return;
	}
	j->status = RUNNING;
	if (begin_attempt(x, j) < 0)
		fail_job(x, j);
}

/* May it start now? A job whose needs are over and not to its liking is skipped here. */
static bool is_ready(struct exec *x, struct job *j, bool is_main_over)
{
	if (j->status != PENDING || (j->not_before > now() && !x->is_cancelled))
		return false;
	if (j->node->is_final)
		return is_main_over;
	const char *skipped = NULL;
	j->has_bad_need = false;
	for (size_t i = 0; i < j->node->n_needs; i++) {
		const struct job *need = &x->jobs[j->node->needs[i].node];
		if (!is_over(need->status))
			return false;
		j->has_bad_need |= is_bad(need->status) || need->has_bad_need;
		if (need->status == SKIPPED && j->node->needs[i].is_required)
			skipped = need->node->name;
	}
	if (!skipped && !x->is_cancelled)
		return true;
	slip_log_set_scope(j->node->id);
	slip_autofree char *why = slip_xasprintf("%s was skipped", skipped ? skipped : "");
	skip_job(x, j, x->is_cancelled ? "the pipeline was cancelled" : why);
	slip_log_set_scope("");
	return false;
}

/* Of one stage, or (NULL) of all. */
static size_t count_running(const struct exec *x, const struct slip_pipeline_stage *stage)
{
	size_t n = 0;
	for (size_t i = 0; i < x->plan->n; i++)
		n += x->jobs[i].status == RUNNING && (!stage || x->jobs[i].node->stage == stage);
	return n;
}

static bool has_room(const struct exec *x, const struct job *j)
{
	const struct slip_value *max = &j->node->stage->matrix.max_parallel;
	return !slip_value_is_set(max) || (int64_t)count_running(x, j->node->stage) < max->num;
}

static bool is_main_over(const struct exec *x)
{
	for (size_t i = 0; i < x->plan->n; i++) {
		if (!x->plan->nodes[i].is_final && !is_over(x->jobs[i].status))
			return false;
	}
	return true;
}

/* A stage of the first pass may skip others, which makes more of them ready. */
static void start_ready(struct exec *x)
{
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < x->plan->n && count_running(x, NULL) < x->max_running; i++) {
			struct job *j = &x->jobs[i];
			enum status before = j->status;
			if (has_room(x, j) && is_ready(x, j, is_main_over(x))) {
				slip_log_set_scope(j->node->id);
				start_job(x, j);
				slip_log_set_scope("");
			}
			again |= is_over(j->status) && !is_over(before);
		}
	}
}

/* --- while they run --------------------------------------------------------------------------- */

static void cancel_all(struct exec *x)
{
	if (x->is_cancelled || !slip_cancel_requested())
		return;
	x->is_cancelled = true;
	double budget = now() + FINALLY_BUDGET;
	if (x->finally_deadline <= 0 || budget < x->finally_deadline)
		x->finally_deadline = budget;
	slip_warn("stopping: %s", strsignal(slip_cancel_signal()));
	for (size_t i = 0; i < x->plan->n; i++) {
		if (x->jobs[i].status == RUNNING)
			slip_child_stop(&x->jobs[i].run.child, CANCEL_GRACE);
	}
	slip_json_set_str(x->run->facts.pipeline, "status", pipeline_status(x));
}

static void watch_time(struct job *j)
{
	double t = now();
	if (j->deadline > 0 && t >= j->deadline && !j->is_over_time) {
		j->is_over_time = true;
		slip_warn("over its time of %.0f s: stopping it", j->deadline - j->attempt_started);
		slip_child_stop(&j->run.child, TIMEOUT_GRACE);
	}
	double sign = j->run.child.last_sign > j->last_sign ? j->run.child.last_sign : j->last_sign;
	if (t - sign >= slip_clock_alive_interval()) {
		char seconds[32];
		snprintf(seconds, sizeof(seconds), "%.0f", t - j->attempt_started);
		slip_event("stage.alive", "seconds", seconds, NULL);
		j->last_sign = t;
	}
}

/*
 * GitLab's docker executor signals processes from the highest number down, so our child may be gone
 * before we are told: wait for our own signal before this counts as the command's failure.
 */
static void await_own_signal(struct exec *x, const struct job *j)
{
	int status = j->run.child.status;
	if (j->is_over_time || (status != 128 + SIGTERM && status != 128 + SIGINT) ||
		!x->run->is_ci)
		return;
	struct pollfd p = {.fd = slip_cancel_fd(), .events = POLLIN};
	if (!slip_cancel_requested())
		(void)poll(&p, 1, (int)(OWN_SIGNAL_WAIT * 1000));
	cancel_all(x);
}

static void finish_job(struct exec *x, struct job *j)
{
	j->has_process = false;
	await_own_signal(x, j);
	int rc = slip_stage_run_finish(&j->run, &x->run->facts, &j->err);
	if (rc < 0 && j->is_over_time) {
		slip_err_clear(&j->err);
		slip_err_set(&j->err, SLIP_E_TIMEOUT, 0, "over its time of %.0f s%s",
			j->deadline - j->attempt_started,
			j->is_job_limit && !x->is_cancelled
				? ", all that the time limit of the CI job leaves"
				: "");
	} else if (rc < 0 && j->failed_sibling) {
		slip_err_clear(&j->err);
		slip_err_set(&j->err, SLIP_E_CANCELLED, 0, "stopped, as %s failed",
			j->failed_sibling->node->name);
	} else if (rc < 0 && x->is_cancelled && !j->node->is_final) {
		slip_err_clear(&j->err);
		(void)!slip_cancel_check(&j->err);
	}
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_artifacts_list(&j->run.stage.artifacts, x->run->workspace, rc < 0, &why) < 0)
		slip_warn("%s", why.msg);
	if (rc < 0) {
		fail_job(x, j);
		return;
	}
	end_job(x, j, SUCCESS);
	slip_stage_run_release(&j->run);
}

/* How long poll may sleep: until the next deadline, sign of life, retry or second look. */
static int poll_time(const struct exec *x)
{
	double alive = slip_clock_alive_interval(), t = now(), until = t + alive;
	for (size_t i = 0; i < x->plan->n; i++) {
		const struct job *j = &x->jobs[i];
		const struct slip_child *c = &j->run.child;
		double next[] = {
			j->status == PENDING ? j->not_before : 0,
			j->has_process ? j->last_sign + alive : 0,
			j->has_process && !j->is_over_time ? j->deadline : 0,
			j->has_process ? c->kill_at : 0,
			/* Without pidfd_open (before Linux 5.3, gVisor) the end is noticed so. */
			j->has_process && c->proc.pidfd < 0 ? t + 0.02 : 0,
		};
		for (size_t k = 0; k < SLIP_ARRAY_LEN(next); k++) {
			if (next[k] > t && next[k] < until)
				until = next[k];
			else if (next[k] > 0 && next[k] <= t && k != 0)
				until = t + 0.02 < until ? t + 0.02 : until;
		}
	}
	return (int)((until - t) * 1000) + 1;
}

static void wait_for_something(const struct exec *x)
{
	slip_autofree struct pollfd *p = slip_xcalloc(3 * x->plan->n + 1, sizeof(*p));
	size_t n = 0;
	if (!x->is_cancelled)
		p[n++] = (struct pollfd){.fd = slip_cancel_fd(), .events = POLLIN};
	for (size_t i = 0; i < x->plan->n; i++) {
		if (x->jobs[i].has_process)
			n += slip_child_poll_fds(&x->jobs[i].run.child, p + n);
	}
	(void)poll(p, n, poll_time(x));
}

static void take_from_all(struct exec *x)
{
	for (size_t i = 0; i < x->plan->n; i++) {
		struct job *j = &x->jobs[i];
		if (!j->has_process)
			continue;
		slip_log_set_scope(j->node->id);
		watch_time(j);
		if (slip_child_take(&j->run.child))
			finish_job(x, j);
		slip_log_set_scope("");
	}
}

static bool is_all_over(const struct exec *x)
{
	for (size_t i = 0; i < x->plan->n; i++) {
		if (!is_over(x->jobs[i].status))
			return false;
	}
	return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What the stage will do, as far as that can be said before others have run. */
static void describe_planned(
	struct exec *x, const struct slip_plan_node *node, struct slip_buf *out)
{
	struct slip_view view = {.facts = &x->run->facts, .is_success = true};
	struct slip_stage_run run;
	x->run->facts.is_plan = true;
	slip_stage_run_init(&run, x->run, node, &view);
	if (slip_stage_run_resolve(&run, NULL) == 0)
		slip_stage_run_describe(&run, out);
	slip_stage_run_release(&run);
	x->run->facts.is_plan = false;
}

static void announce_plan(struct exec *x)
{
	char n[24];
	snprintf(n, sizeof(n), "%zu stage%s", x->plan->n, x->plan->n == 1 ? "" : "s");
	const struct slip_json *ci = x->run->facts.ci;
	slip_event("pipeline.start", "name", slip_value_text(&x->run->pipeline->name, NULL),
		"provider", slip_json_get_str(ci, "provider", NULL), "stages", n, "commit",
		slip_json_get_str(slip_json_get(ci, "commit"), "short", NULL), NULL);
	for (size_t i = 0; i < x->plan->n; i++) {
		const struct slip_plan_node *node = &x->plan->nodes[i];
		slip_autobuf text;
		slip_buf_init(&text, 4096);
		describe_planned(x, node, &text);
		slip_log_set_scope(node->id);
		slip_event("stage.plan", "name", node->name, "kind",
			slip_stage_kind_name(node->stage->kind), "text",
			text.len ? text.data : NULL, NULL);
	}
	slip_log_set_scope("");
}

static int exit_status(const struct exec *x)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (x->is_cancelled && slip_cancel_check(&err) < 0)
		return slip_err_exit_status(&err);
	if (x->has_failed)
		return x->first.code == SLIP_E_COMMAND ? 1 : slip_err_exit_status(&x->first);
	for (size_t i = 0; i < x->plan->n; i++) {
		if (x->jobs[i].status == WARNED && x->run->opt->is_soft_exit)
			return 10;
	}
	return 0;
}

static void announce_end(const struct exec *x, int status)
{
	char seconds[32], exit_text[16];
	size_t count[N_STATUS] = {0};
	slip_autobuf summary;
	slip_buf_init(&summary, 256);
	for (size_t i = 0; i < x->plan->n; i++)
		count[x->jobs[i].status]++;
	for (size_t s = 0; s < N_STATUS; s++) {
		if (count[s])
			slip_buf_addf(&summary, "%s%zu %s", summary.len ? ", " : "", count[s],
				summary_words[s]);
	}
	snprintf(seconds, sizeof(seconds), "%.3f", now() - x->started);
	snprintf(exit_text, sizeof(exit_text), "%d", status);
	slip_event("pipeline.done", "status", pipeline_status(x), "exit", exit_text, "summary",
		summary.data, "seconds", seconds, NULL);
}

/*
 * A job that the CI system ends at its time leaves no reports: stop half a minute before, or half
 * way where that is nearer, and let `finally` end before, too.
 */
static void set_job_limit(struct exec *x)
{
	double left = x->run->is_ci ? slip_ci_time_left() : 0;
	if (left <= 0)
		return;
	x->deadline = now() + (left > 2 * JOB_MARGIN ? left - JOB_MARGIN : left / 2);
	x->finally_deadline = now() + left - (left > 2 * JOB_MARGIN ? JOB_MARGIN : left / 2) / 6;
}

/* `finally` may ask for any stage of the file, also when others were named. */
static void skip_unselected(struct exec *x)
{
	const struct slip_pipeline_stages *all = &x->run->pipeline->stages;
	for (size_t i = 0, at = 0; i < all->n; i++, at = 0) {
		while (at < x->plan->n && x->plan->nodes[at].stage != &all->v[i])
			at++;
		if (at == x->plan->n)
			slip_facts_set_status(&x->run->facts, all->v[i].name.text, "skipped");
	}
}

int slip_exec(struct slip_pipeline_run *run, const struct slip_plan *plan)
{
	slip_autofree struct job *jobs = slip_xcalloc(plan->n + 1, sizeof(*jobs));
	struct exec x = {
		.run = run,
		.plan = plan,
		.jobs = jobs,
		.max_running = (size_t)slip_engine_jobs(run->opt),
		.started = now(),
	};
	for (size_t i = 0; i < plan->n; i++)
		jobs[i].node = &plan->nodes[i];
	set_job_limit(&x);
	skip_unselected(&x);
	announce_plan(&x);
	for (;;) {
		cancel_all(&x);
		start_ready(&x);
		if (is_all_over(&x))
			break;
		wait_for_something(&x);
		cancel_all(&x);
		take_from_all(&x);
	}
	slip_child_end_orphans();
	int status = exit_status(&x);
	announce_end(&x, status);
	return status;
}
