#include "config.h"

#include "steps/push/kind.h"

#include "steps/image/result.h"
#include "steps/push/push.h"

static void describe(const struct slip_kind_input *in, struct slip_buf *out)
{
	const struct slip_push_spec *p = &in->stage->push;
	slip_buf_addf(out, "push %s", slip_value_text(&p->source, ""));
	for (size_t i = 0; i < p->destinations.n; i++)
		slip_buf_addf(out, "%s %s", i ? "," : " to", p->destinations.v[i].text);
	if (!in->is_push_allowed)
		slip_buf_addf(out, ", not pushed: %s", in->push_refusal);
}

static int set(struct slip_push_request *r, const char *option, const struct slip_value *v,
	struct slip_err *err)
{
	if (!slip_value_is_set(v) || slip_opt_set(slip_push_options, r, option, v->text, err) == 0)
		return 0;
	return slip_err_wrap(
		err, "%s:%u:%u", v->pos.file ? v->pos.file : "spec", v->pos.line, v->pos.col);
}

/* push-retry has nothing to set: requests are always retried. */
static int fill(const struct slip_push_spec *p, struct slip_push_request *r, struct slip_err *err)
{
	for (size_t i = 0; i < p->destinations.n; i++) {
		if (set(r, "destination", &p->destinations.v[i], err) < 0)
			return -1;
	}
	/* One word for both ways here: a copy reads and writes. */
	if (set(r, "source", &p->source, err) < 0 ||
		set(r, "digest-file", &p->digest_file, err) < 0 ||
		set(r, "image-name-with-digest-file", &p->image_name_with_digest_file, err) < 0 ||
		set(r, "insecure", &p->insecure, err) < 0 ||
		set(r, "insecure-pull", &p->insecure, err) < 0 ||
		set(r, "skip-tls-verify", &p->skip_tls_verify, err) < 0)
		return -1;
	return 0;
}

static int launch(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	struct slip_push_request r;
	slip_autojson *logins = slip_json_array();
	slip_push_request_init(&r);
	r.no_push = !in->is_push_allowed;
	int rc = fill(&in->stage->push, &r, err);
	if (rc == 0)
		rc = slip_registries_from_spec(in->pipeline, &r.registries, logins, err);
	if (rc == 0)
		out->request = slip_registries_to_json(slip_push_options, &r, logins);
	slip_push_request_release(&r);
	return rc;
}

static int perform(const struct slip_json *request, struct slip_err *err)
{
	struct slip_push_request r;
	struct slip_digest digest;
	slip_push_request_init(&r);
	int rc = slip_registries_from_json(slip_push_options, request, &r, &r.registries, err);
	if (rc == 0)
		rc = slip_push_run(&r, &digest, err);
	if (rc == 0)
		slip_tell_result(&r.destinations, &digest);
	free(r.registries.logins);
	slip_push_request_release(&r);
	return rc;
}

static int explain(const struct slip_push_request *r, struct slip_json *out, struct slip_err *err)
{
	struct slip_http *http = NULL;
	struct slip_registry *registry = NULL;
	int rc = slip_registries_open(&r->registries, &http, &registry, err);
	for (size_t i = 0; rc == 0 && i < r->destinations.n; i++)
		rc = slip_registries_explain(registry, r->destinations.v[i], out, err);
	slip_json_set(out, "destinations", slip_json_strings(&r->destinations));
	slip_registry_free(registry);
	slip_http_free(http);
	return rc;
}

static int foresee(const struct slip_json *request, bool is_probe SLIP_UNUSED,
	struct slip_json *out, struct slip_err *err)
{
	struct slip_push_request r;
	slip_push_request_init(&r);
	int rc = slip_registries_from_json(slip_push_options, request, &r, &r.registries, err);
	if (rc == 0)
		rc = explain(&r, out, err);
	free(r.registries.logins);
	slip_push_request_release(&r);
	return rc;
}

const struct slip_kind slip_kind_push = {
	.kind = SLIP_STAGE_PUSH,
	.describe = describe,
	.launch = launch,
	.perform = perform,
	.foresee = foresee,
};
