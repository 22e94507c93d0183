#include "config.h"

#include "steps/deploy/kind.h"

#include "runner/base/path.h"
#include "runner/base/redact.h"
#include "steps/deploy/deploy.h"

/* The request beside the flags and logins: maps of strings. */
#define KEY_REPLACE "replace"
#define KEY_IMAGES "images"
#define KEY_ENV "env"
#define KEY_SECRETS "secrets"

static void describe(const struct slip_kind_input *in, struct slip_buf *out)
{
	const struct slip_deploy_spec *d = &in->stage->deploy;
	slip_buf_add_str(out, "apply");
	for (size_t i = 0; i < d->manifests.n; i++)
		slip_buf_addf(out, "%s %s", i ? "," : "", d->manifests.v[i].text);
	if (slip_value_is_set(&d->kustomize))
		slip_buf_addf(
			out, "%s kustomization %s", d->manifests.n ? "," : "", d->kustomize.text);
	for (size_t i = 0; i < d->images.n; i++)
		slip_buf_addf(out, ", image %s", slip_value_text(&d->images.v[i].value, ""));
	if (slip_value_is_set(&d->kube_context))
		slip_buf_addf(out, ", in the context %s", d->kube_context.text);
	if (slip_value_is_set(&d->namespace_name))
		slip_buf_addf(out, ", in the namespace %s", d->namespace_name.text);
	if (slip_value_int(&d->dry_run, SLIP_DEPLOY_DRY_RUN_NONE) != SLIP_DEPLOY_DRY_RUN_NONE)
		slip_buf_addf(out, ", dry-run by the %s", d->dry_run.text);
	if (!in->is_push_allowed)
		slip_buf_addf(out, ", not deployed: %s", in->push_refusal);
}

static struct slip_json *map_json(const struct slip_value_map *m)
{
	struct slip_json *obj = slip_json_object();
	for (size_t i = 0; i < m->n; i++)
		slip_json_set_str(obj, m->v[i].name.text, slip_value_text(&m->v[i].value, ""));
	return obj;
}

static void add_strings(struct slip_json *obj, const struct slip_map *m)
{
	for (size_t i = 0; i < m->n; i++)
		slip_json_set_str(obj, m->entries[i].key, m->entries[i].value);
}

/* Where the edited manifests go: beside logs and reports, or into a directory of that name. */
static void set_output(const struct slip_kind_input *in, struct slip_deploy_request *r)
{
	slip_autofree char *dir = slip_path_join(in->workspace, in->out_dir);
	r->output = slip_xasprintf("%s/deploy/%s.yaml", dir, in->id);
	size_t n = strlen(in->workspace);
	bool is_inside = slip_path_is_below(r->output, in->workspace) && n > 1;
	r->output_name = slip_xstrdup(is_inside ? r->output + n + 1 : r->output);
}

static void fill(const struct slip_kind_input *in, struct slip_deploy_request *r)
{
	const struct slip_deploy_spec *d = &in->stage->deploy;
	for (size_t i = 0; i < d->manifests.n; i++)
		slip_strv_add(&r->manifests, d->manifests.v[i].text);
	r->kustomize = slip_xstrdup(d->kustomize.text);
	r->space = slip_xstrdup(d->namespace_name.text);
	r->kubeconfig = slip_xstrdup(d->kubeconfig.file.text);
	if (slip_value_is_set(&d->kubeconfig.secret))
		r->kubeconfig_text =
			slip_xstrdup(slip_smap_get(in->secrets, d->kubeconfig.secret.text));
	r->context = slip_xstrdup(d->kube_context.text);
	r->wait = slip_value_int(&d->wait, 0);
	r->server_side = slip_value_bool(&d->server_side, true);
	r->how = (int)slip_value_int(&d->dry_run, SLIP_DEPLOY_DRY_RUN_NONE);
	r->diff = slip_value_bool(&d->diff, true);
	r->no_push = !in->is_push_allowed;
	set_output(in, r);
}

/* An optional secret that is absent: kubectl's defaults may be another cluster. */
static int check_kubeconfig(
	const struct slip_deploy_spec *d, const struct slip_deploy_request *r, struct slip_err *err)
{
	const struct slip_value *secret = &d->kubeconfig.secret;
	if (!slip_value_is_set(secret) || r->kubeconfig_text || r->no_push)
		return 0;
	return slip_err_set(err, SLIP_E_USAGE, 0, "%s:%u:%u: the secret \"%s\" has no value here",
		secret->pos.file, secret->pos.line, secret->pos.col, secret->text);
}

static int launch(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	const struct slip_deploy_spec *d = &in->stage->deploy;
	struct slip_deploy_request r;
	slip_autojson *logins = slip_json_array();
	slip_deploy_request_init(&r);
	fill(in, &r);
	int rc = check_kubeconfig(d, &r, err);
	if (rc == 0)
		rc = slip_registries_from_spec(in->pipeline, &r.registries, logins, err);
	if (rc == 0) {
		struct slip_json *env = slip_json_object(), *secrets = slip_json_object();
		out->request = slip_registries_to_json(slip_deploy_options, &r, logins);
		slip_json_set(out->request, KEY_REPLACE, map_json(&d->replace));
		slip_json_set(out->request, KEY_IMAGES, map_json(&d->images));
		add_strings(env, in->env);
		add_strings(env, in->secrets);
		if (slip_value_is_set(&d->kubeconfig.secret))
			slip_json_remove(env, d->kubeconfig.secret.text);
		add_strings(secrets, in->secrets);
		slip_json_set(out->request, KEY_ENV, env);
		slip_json_set(out->request, KEY_SECRETS, secrets);
	}
	slip_deploy_request_release(&r);
	return rc;
}

static int perform(const struct slip_json *request, struct slip_err *err)
{
	struct slip_deploy_request r;
	const struct slip_json *secrets = slip_json_get(request, KEY_SECRETS);
	const struct slip_deploy_maps maps = {
		.replace = slip_json_get(request, KEY_REPLACE),
		.images = slip_json_get(request, KEY_IMAGES),
		.env = slip_json_get(request, KEY_ENV),
	};
	for (const char *name = NULL; (name = slip_json_next_key(secrets, name));) {
		const char *value = slip_json_get_str(secrets, name, "");
		slip_redact_add(value, strlen(value));
	}
	slip_deploy_request_init(&r);
	int rc = slip_registries_from_json(slip_deploy_options, request, &r, &r.registries, err);
	if (rc == 0)
		rc = slip_deploy_run(&r, &maps, err);
	free(r.registries.logins);
	slip_deploy_request_release(&r);
	return rc;
}

const struct slip_kind slip_kind_deploy = {
	.kind = SLIP_STAGE_DEPLOY,
	.takes_secrets = true,
	.describe = describe,
	.launch = launch,
	.perform = perform,
};
