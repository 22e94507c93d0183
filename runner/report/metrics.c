/*
 * metrics.txt: OpenMetrics text, for GitLab's metrics report, which compares a merge request with
 * its target, and for a push gateway. All are gauges: each run stands for itself. Peak memory is
 * the largest resident set of any one process of the run that has ended, or of this one.
 */
#include "config.h"

#include "runner/report/files.h"

#include <sys/resource.h>

static void head(struct slip_buf *out, const char *name, const char *unit, const char *help)
{
	slip_buf_addf(out, "# TYPE %s gauge\n", name);
	if (unit)
		slip_buf_addf(out, "# UNIT %s %s\n", name, unit);
	slip_buf_addf(out, "# HELP %s %s\n", name, help);
}

static void count(
	struct slip_buf *out, const char *name, const char *unit, const char *help, long long value)
{
	head(out, name, unit, help);
	slip_buf_addf(out, "%s %lld\n", name, value);
}

static long long peak_memory(void)
{
	struct rusage self = {0}, children = {0};
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return 1024LL * (self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss);
}

void slip_report_metrics(const struct slip_model *m, struct slip_buf *out)
{
	long long hits = 0, misses = 0, pulled = 0, pushed = 0;
	head(out, "slipway_pipeline_seconds", "seconds", "Duration of the pipeline.");
	slip_buf_addf(out, "slipway_pipeline_seconds %.3f\n", m->seconds);
	head(out, "slipway_stage_seconds", "seconds", "Duration of a stage.");
	for (size_t i = 0; i < m->n; i++) {
		const struct slip_model_stage *s = m->stages[i];
		/* A stage's id needs no escaping: letters, digits, '-' and '_'. */
		slip_buf_addf(out, "slipway_stage_seconds{stage=\"%s\"} %.3f\n", s->id, s->seconds);
		hits += s->hits;
		misses += s->misses;
		pulled += s->pulled;
		pushed += s->pushed;
	}
	count(out, "slipway_exit_status", NULL, "Exit status, by the table in exit-status.md.",
		(long long)m->exit_status);
	count(out, "slipway_cache_hits", NULL, "Instructions from the cache.", hits);
	count(out, "slipway_cache_misses", NULL, "Instructions that were executed.", misses);
	count(out, "slipway_pulled_bytes", "bytes", "Layers from registries.", pulled);
	count(out, "slipway_pushed_bytes", "bytes", "Blobs into registries.", pushed);
	count(out, "slipway_findings", NULL, "Entries of lint.sarif.", (long long)m->n_findings);
	count(out, "slipway_peak_memory_bytes", "bytes", "Largest resident set of a process.",
		peak_memory());
	slip_buf_add_str(out, "# EOF\n");
}
