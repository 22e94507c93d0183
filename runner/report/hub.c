#include "config.h"

#include "runner/report/hub.h"

static void pass_on(void *ctx, const struct slip_record *r)
{
	struct slip_hub *h = ctx;
	for (size_t i = 0; i < h->n; i++)
		h->sinks[i].record(h->sinks[i].ctx, r);
}

void slip_hub_add(struct slip_hub *h, struct slip_sink sink)
{
	if (h->n == SLIP_HUB_MAX_SINKS)
		slip_bug("more sinks than a hub takes");
	h->sinks[h->n++] = sink;
}

void slip_hub_listen(struct slip_hub *h)
{
	slip_log_set_listener(pass_on, h);
}

void slip_hub_close(struct slip_hub *h)
{
	slip_log_set_listener(NULL, NULL);
	for (size_t i = 0; i < h->n; i++) {
		if (h->sinks[i].close)
			h->sinks[i].close(h->sinks[i].ctx);
	}
	h->n = 0;
}

const char *slip_record_field(const struct slip_record *r, const char *name)
{
	for (const char *const *f = r->fields; f && f[0]; f += 2) {
		if (slip_streq(f[0], name))
			return f[1];
	}
	return NULL;
}
