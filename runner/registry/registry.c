#include "config.h"

#include "runner/registry/registry.h"

#include "runner/registry/credentials.h"
#include "runner/registry/registry_internal.h"

int slip_registry_new(const struct slip_registry_options *opt, struct slip_http *http,
	struct slip_registry **out, struct slip_err *err)
{
	struct slip_registry *r = slip_xcalloc(1, sizeof(*r));
	r->opt = *opt;
	if (slip_hosts_init(&r->hosts, &r->opt, err) != 0) {
		free(r);
		return -1;
	}
	r->http = http;
	r->policy = slip_retry_default;
	if (opt->retry_pause_ms)
		r->policy.base = opt->retry_pause_ms / 1e3;
	if (opt->retry_budget_s)
		r->policy.budget = opt->retry_budget_s;
	slip_tokens_init(&r->tokens);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	slip_map_init(&r->pushes, NULL);
	slip_map_init(&r->warnings, NULL);
	*out = r;
	return 0;
}

void slip_registry_free(struct slip_registry *r)
{
	if (!r)
		return;
	slip_registry_drop_spares(r);
	slip_map_release(&r->warnings);
	slip_map_release(&r->pushes);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	slip_tokens_release(&r->tokens);
	slip_hosts_release(&r->hosts);
	free(r);
}

char *slip_registry_explain_login(struct slip_registry *r, const struct slip_ref *ref)
{
	slip_autocredential credential = {0};
	slip_autofree char *host = slip_host_key(slip_ref_api_host(ref));
	slip_credentials_find(&r->opt, host, ref->path, &credential);
	return slip_credential_describe(&credential);
}
