#include "config.h"

#include "steps/deploy/rollout.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"

#include <ctype.h>
#include <poll.h>

#define MAX_ANSWER (16 * SLIP_MIB)
#define MAX_PODS 10
#define MAX_EVENTS 10
#define JOB_PAUSE_MS 1000

struct rollout {
	const struct slip_kubectl *kubectl;
	const struct slip_kube_object *object;
	const char *space;
	char *name; /* as kubectl's */
	double deadline; /* monotonic */
};

char *slip_kube_object_print(const struct slip_kube_object *o)
{
	char *text = *o->group ? slip_xasprintf("%s.%s/%s", o->kind, o->group, o->name)
			       : slip_xasprintf("%s/%s", o->kind, o->name);
	for (char *p = text; *p && *p != '.' && *p != '/'; p++)
		*p = (char)tolower((unsigned char)*p);
	return text;
}

static void add_space(const struct rollout *r, struct slip_strv *words)
{
	if (r->space)
		slip_strv_addf(words, "--namespace=%s", r->space);
}

/* A list's items, or NULL with a line in the log: what is only told does not fail. */
static struct slip_json *list(const struct rollout *r, struct slip_strv *words)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_json *answer = NULL;
	slip_autobuf text;
	slip_buf_init(&text, MAX_ANSWER);
	slip_strv_add(words, "--output=json");
	add_space(r, words);
	if (slip_kubectl_read(r->kubectl, words, &text, &err) < 0 ||
		slip_json_parse(
			text.data, text.len, "kubectl's answer", SLIP_E_NET, &answer, &err) < 0)
		slip_debug("%s", err.msg);
	return answer;
}

/* --- why not ------------------------------------------------------------------------------------
 */

static void describe_container(const struct slip_json *status, struct slip_buf *out)
{
	const struct slip_json *state = slip_json_get(status, "state");
	const struct slip_json *why = slip_json_get(state, "waiting");
	if (!why)
		why = slip_json_get(state, "terminated");
	if (!why)
		return;
	slip_buf_addf(out, ", container %s: %s", slip_json_get_str(status, "name", "?"),
		slip_json_get_str(why, "reason", "not running"));
	if (slip_json_get(why, "exitCode"))
		slip_buf_addf(
			out, " (exit code %lld)", (long long)slip_json_get_int(why, "exitCode", 0));
	const char *message = slip_json_get_str(why, "message", "");
	if (*message)
		slip_buf_addf(out, ": %s", message);
}

void slip_rollout_describe_pod(const struct slip_json *pod, struct slip_buf *out)
{
	static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
	const struct slip_json *status = slip_json_get(pod, "status");
	slip_buf_addf(out, "pod %s: %s",
		slip_json_get_str(slip_json_get(pod, "metadata"), "name", "?"),
		slip_json_get_str(status, "phase", "unknown"));
	for (size_t k = 0; k < SLIP_ARRAY_LEN(lists); k++) {
		const struct slip_json *containers = slip_json_get(status, lists[k]);
		for (size_t i = 0; i < slip_json_len(containers); i++)
			describe_container(slip_json_at(containers, i), out);
	}
	/* A pod that no node takes has no containers yet. */
	const struct slip_json *conditions = slip_json_get(status, "conditions");
	for (size_t i = 0; i < slip_json_len(conditions); i++) {
		const struct slip_json *c = slip_json_at(conditions, i);
		const char *message = slip_json_get_str(c, "message", "");
		if (slip_streq(slip_json_get_str(c, "type", ""), "PodScheduled") &&
			slip_streq(slip_json_get_str(c, "status", ""), "False") && *message)
			slip_buf_addf(out, ", %s", message);
	}
}

static bool is_ready(const struct slip_json *pod)
{
	const struct slip_json *conditions =
		slip_json_get(slip_json_get(pod, "status"), "conditions");
	for (size_t i = 0; i < slip_json_len(conditions); i++) {
		const struct slip_json *c = slip_json_at(conditions, i);
		if (slip_streq(slip_json_get_str(c, "type", ""), "Ready"))
			return slip_streq(slip_json_get_str(c, "status", ""), "True");
	}
	return false;
}

/* Tells the pods that are not ready; the first one's line goes to `first`. */
static void tell_pods(const struct rollout *r, struct slip_buf *first)
{
	const struct slip_kube_object *o = r->object;
	slip_autostrv words = {0};
	slip_strv_add(&words, "get");
	slip_strv_add(&words, "pods");
	if (o->selector)
		slip_strv_addf(&words, "--selector=%s", o->selector);
	else
		slip_strv_addf(&words, "--selector=job-name=%s", o->name);
	slip_autojson *answer = list(r, &words);
	const struct slip_json *pods = slip_json_get(answer, "items");
	size_t told = 0;
	for (size_t i = 0; i < slip_json_len(pods) && told < MAX_PODS; i++) {
		if (is_ready(slip_json_at(pods, i)))
			continue;
		slip_autobuf line;
		slip_buf_init(&line, SLIP_MAX_LOG_LINE);
		slip_rollout_describe_pod(slip_json_at(pods, i), &line);
		slip_warn("%s", line.data);
		if (told++ == 0)
			slip_buf_add_str(first, line.data);
	}
	if (answer && !slip_json_len(pods))
		slip_warn("%s has no pods", r->name);
}

/* Of the object itself, and of what is named after it: its replica sets, its pods. */
static bool is_about(const struct slip_json *event, const char *name)
{
	const char *about = slip_json_get_str(slip_json_get(event, "involvedObject"), "name", "");
	size_t n = strlen(name);
	return strncmp(about, name, n) == 0 && (about[n] == '\0' || about[n] == '-');
}

static void tell_events(const struct rollout *r)
{
	slip_autostrv words = {0};
	slip_strv_add(&words, "get");
	slip_strv_add(&words, "events");
	slip_strv_add(&words, "--sort-by=.metadata.creationTimestamp");
	slip_autojson *answer = list(r, &words);
	const struct slip_json *events = slip_json_get(answer, "items");
	const struct slip_json *last[MAX_EVENTS];
	size_t n = 0;
	for (size_t i = slip_json_len(events); i > 0 && n < MAX_EVENTS; i--) {
		const struct slip_json *event = slip_json_at(events, i - 1);
		if (is_about(event, r->object->name))
			last[n++] = event;
	}
	for (; n > 0; n--) {
		const struct slip_json *about = slip_json_get(last[n - 1], "involvedObject");
		slip_info("event: %s %s/%s: %s: %s", slip_json_get_str(last[n - 1], "type", ""),
			slip_json_get_str(about, "kind", ""), slip_json_get_str(about, "name", ""),
			slip_json_get_str(last[n - 1], "reason", ""),
			slip_json_get_str(last[n - 1], "message", ""));
	}
}

static int explain(const struct rollout *r, struct slip_err *err)
{
	if (!err || slip_err_is(err, SLIP_E_CANCELLED))
		return -1;
	slip_autobuf first;
	slip_buf_init(&first, SLIP_MAX_LOG_LINE);
	tell_pods(r, &first);
	tell_events(r);
	slip_err_wrap(err, "%s%s%s%s%s", r->name, r->space ? " in the namespace " : "",
		r->space ? r->space : "", first.len ? ": " : "", first.data);
	return -1;
}

/* --- waiting ------------------------------------------------------------------------------------
 */

static int64_t seconds_left(const struct rollout *r)
{
	double left = r->deadline - slip_clock_monotonic();
	return left < 1 ? 1 : (int64_t)left;
}

static int wait_rollout(const struct rollout *r, struct slip_err *err)
{
	slip_autostrv words = {0};
	slip_strv_add(&words, "rollout");
	slip_strv_add(&words, "status");
	slip_strv_add(&words, r->name);
	slip_strv_addf(&words, "--timeout=%llds", (long long)seconds_left(r));
	add_space(r, &words);
	return slip_kubectl_run(r->kubectl, &words, 0, NULL, err);
}

/* 1 when it is complete, 0 when it runs, -1 when it failed. */
static int judge_job(const struct slip_json *job, struct slip_err *err)
{
	const struct slip_json *conditions =
		slip_json_get(slip_json_get(job, "status"), "conditions");
	for (size_t i = 0; i < slip_json_len(conditions); i++) {
		const struct slip_json *c = slip_json_at(conditions, i);
		const char *type = slip_json_get_str(c, "type", "");
		if (!slip_streq(slip_json_get_str(c, "status", ""), "True"))
			continue;
		if (slip_streq(type, "Complete"))
			return 1;
		if (slip_streq(type, "Failed")) {
			slip_err_set(err, SLIP_E_COMMAND, 0, "the job failed: %s: %s",
				slip_json_get_str(c, "reason", ""),
				slip_json_get_str(c, "message", ""));
			if (err)
				err->status = 1;
			return -1;
		}
	}
	return 0;
}

static int look_at_job(const struct rollout *r, int *verdict, struct slip_err *err)
{
	slip_autostrv words = {0};
	slip_autojson *job = NULL;
	slip_autobuf text;
	slip_buf_init(&text, MAX_ANSWER);
	slip_strv_add(&words, "get");
	slip_strv_add(&words, r->name);
	slip_strv_add(&words, "--output=json");
	add_space(r, &words);
	if (slip_kubectl_read(r->kubectl, &words, &text, err) < 0 ||
		slip_json_parse(text.data, text.len, "kubectl's answer", SLIP_E_NET, &job, err) < 0)
		return -1;
	*verdict = judge_job(job, err);
	return *verdict < 0 ? -1 : 0;
}

/* kubectl can wait for one condition only, and a job ends in one of two. */
static int wait_job(const struct rollout *r, struct slip_err *err)
{
	for (int verdict = 0;;) {
		if (look_at_job(r, &verdict, err) < 0)
			return -1;
		if (verdict > 0) {
			slip_info("%s is complete", r->name);
			return 0;
		}
		if (slip_clock_monotonic() >= r->deadline)
			return slip_err_set(err, SLIP_E_TIMEOUT, 0, "the job is not complete");
		struct pollfd p = {.fd = slip_cancel_fd(), .events = POLLIN};
		(void)poll(&p, 1, JOB_PAUSE_MS);
		if (slip_cancel_check(err) < 0)
			return -1;
	}
}

typedef int wait_fn(const struct rollout *r, struct slip_err *err);

static wait_fn *waiter(const struct slip_kube_object *o)
{
	static const struct {
		const char *group;
		const char *kind;
		wait_fn *wait;
	} table[] = {
		{"apps", "DaemonSet", wait_rollout},
		{"apps", "Deployment", wait_rollout},
		{"apps", "StatefulSet", wait_rollout},
		{"batch", "Job", wait_job},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(table); i++) {
		if (slip_streq(o->group, table[i].group) && slip_streq(o->kind, table[i].kind))
			return o->is_manual ? NULL : table[i].wait;
	}
	return NULL;
}

/* Reports show each object as a step; one that is begun and not done has failed. */
static void tell_begin(const struct rollout *r, size_t i, size_t n)
{
	char step[24], steps[24];
	snprintf(step, sizeof(step), "%zu", i + 1);
	snprintf(steps, sizeof(steps), "%zu", n);
	slip_event("step.start", "step", step, "steps", steps, "text", r->name, NULL);
}

static void tell_done(size_t i, size_t n, double began)
{
	char step[24], steps[24], seconds[32];
	snprintf(step, sizeof(step), "%zu", i + 1);
	snprintf(steps, sizeof(steps), "%zu", n);
	snprintf(seconds, sizeof(seconds), "%.2f", slip_clock_monotonic() - began);
	slip_event("step.done", "step", step, "steps", steps, "seconds", seconds, NULL);
}

int slip_rollout_follow(const struct slip_kubectl *k, const struct slip_kube_objects *objects,
	const char *space, int64_t wait_ns, struct slip_err *err)
{
	double deadline = slip_clock_monotonic() + (double)wait_ns / 1e9;
	for (size_t i = 0; i < objects->n; i++) {
		const struct slip_kube_object *o = &objects->v[i];
		double began = slip_clock_monotonic();
		wait_fn *wait = wait_ns > 0 ? waiter(o) : NULL;
		slip_autofree char *name = slip_kube_object_print(o);
		struct rollout r = {k, o, o->space ? o->space : space, name, deadline};
		tell_begin(&r, i, objects->n);
		if (wait && wait(&r, err) < 0)
			return explain(&r, err);
		tell_done(i, objects->n, began);
	}
	return 0;
}
