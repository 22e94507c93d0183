#include "config.h"

#include "runner/report/limit.h"

#include "runner/base/map.h"
#include "runner/base/strv.h"

#define LAST_LINES 100

struct limit {
	struct slip_sink inner;
	size_t max;
	struct slip_map stages; /* scope before '/' to struct budget */
};

struct budget {
	size_t used;
	size_t held_back; /* lines */
	struct slip_strv last;
};

static void free_budget(void *p)
{
	struct budget *b = p;
	slip_strv_release(&b->last);
	free(b);
}

static struct budget *budget_of(struct limit *l, const char *scope)
{
	slip_autofree char *stage = slip_xstrndup(scope, strcspn(scope, "/"));
	struct budget *b = slip_map_get(&l->stages, stage);
	if (!b) {
		b = slip_xcalloc(1, sizeof(*b));
		slip_map_set(&l->stages, stage, b);
	}
	return b;
}

static void pass(struct limit *l, const struct slip_record *like, enum slip_record_kind kind,
	const char *text)
{
	struct slip_record r = {
		.kind = kind,
		.level = SLIP_LOG_INFO,
		.elapsed = like->elapsed,
		.scope = like->scope,
		.text = text,
	};
	l->inner.record(l->inner.ctx, &r);
}

static void take_output(struct limit *l, const struct slip_record *r)
{
	struct budget *b = budget_of(l, r->scope);
	size_t len = strlen(r->text) + 1;
	if (!b->held_back && b->used + len <= l->max) {
		b->used += len;
		l->inner.record(l->inner.ctx, r);
		return;
	}
	if (!b->held_back++)
		pass(l, r, SLIP_RECORD_MESSAGE,
			"much output: the rest is in the stage's log file, the last lines follow "
			"if it fails");
	if (b->last.n == LAST_LINES)
		slip_strv_remove(&b->last, 0);
	slip_strv_add(&b->last, r->text);
}

/* The end of a stage, or of an attempt. */
static void take_end(struct limit *l, const struct slip_record *r)
{
	struct budget *b = budget_of(l, r->scope);
	const char *status = slip_record_field(r, "status");
	bool is_good = status && slip_streq(status, "success");
	for (size_t i = 0; i < b->last.n && !is_good; i++)
		pass(l, r, SLIP_RECORD_OUTPUT, b->last.v[i]);
	slip_strv_clear(&b->last);
}

static void record(void *ctx, const struct slip_record *r)
{
	struct limit *l = ctx;
	if (r->kind == SLIP_RECORD_OUTPUT) {
		take_output(l, r);
		return;
	}
	if (r->kind == SLIP_RECORD_EVENT &&
		(slip_streq(r->text, "stage.done") || slip_streq(r->text, "stage.retry")))
		take_end(l, r);
	l->inner.record(l->inner.ctx, r);
}

static void close_limit(void *ctx)
{
	struct limit *l = ctx;
	if (l->inner.close)
		l->inner.close(l->inner.ctx);
	slip_map_release(&l->stages);
	free(l);
}

struct slip_sink slip_limit_sink(struct slip_sink inner, size_t max)
{
	struct limit *l = slip_xcalloc(1, sizeof(*l));
	*l = (struct limit){.inner = inner, .max = max};
	slip_map_init(&l->stages, free_budget);
	return (struct slip_sink){record, close_limit, l};
}
