/* metrics.txt: OpenMetrics text, for GitLab's metrics report and for a push gateway. */
#include "config.h"

#include "runner/report/files.h"

void slip_report_metrics(const struct slip_model *m, struct slip_buf *out)
{
	long long hits = 0, misses = 0;
	slip_buf_addf(out, "slipway_pipeline_seconds %.3f\n", m->seconds);
	slip_buf_addf(out, "slipway_pipeline_exit_status %lld\n", (long long)m->exit_status);
	for (size_t i = 0; i < m->n; i++) {
		/* A stage's id needs no escaping: letters, digits, '-' and '_'. */
		slip_buf_addf(out, "slipway_stage_seconds{stage=\"%s\"} %.3f\n", m->stages[i]->id,
			m->stages[i]->seconds);
		hits += m->stages[i]->hits;
		misses += m->stages[i]->misses;
	}
	slip_buf_addf(out, "slipway_cache_hits %lld\n", hits);
	slip_buf_addf(out, "slipway_cache_misses %lld\n", misses);
	slip_buf_add_str(out, "# EOF\n");
}
