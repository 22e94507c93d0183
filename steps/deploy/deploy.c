#include "config.h"

#include "steps/deploy/deploy.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/map.h"
#include "runner/base/path.h"
#include "runner/oci/ref.h"
#include "steps/deploy/kubeconfig.h"
#include "steps/deploy/kubectl.h"
#include "steps/deploy/manifest.h"
#include "steps/deploy/pin.h"
#include "steps/deploy/rollout.h"
#include "steps/deploy/sources.h"

#define MAX_LIST (64 * SLIP_KIB) /* an output's value */
#define AT(member) offsetof(struct slip_deploy_request, member)

static const char *const hows[] = {"none", "client", "server", NULL};

const struct slip_opt slip_deploy_options[] = {
	{.name = "manifest", .type = SLIP_OPT_LIST, .offset = AT(manifests)},
	{.name = "kustomize", .type = SLIP_OPT_STRING, .offset = AT(kustomize)},
	{.name = "namespace", .type = SLIP_OPT_STRING, .offset = AT(space)},
	{.name = "kubeconfig", .type = SLIP_OPT_STRING, .offset = AT(kubeconfig)},
	{.name = "kubeconfig-text", .type = SLIP_OPT_STRING, .offset = AT(kubeconfig_text)},
	{.name = "context", .type = SLIP_OPT_STRING, .offset = AT(context)},
	{.name = "wait", .type = SLIP_OPT_DURATION, .offset = AT(wait)},
	{.name = "server-side", .type = SLIP_OPT_BOOL, .offset = AT(server_side)},
	{.name = "dry-run", .type = SLIP_OPT_CHOICE, .offset = AT(how), .choices = hows},
	{.name = "diff", .type = SLIP_OPT_BOOL, .offset = AT(diff)},
	{.name = "no-push", .type = SLIP_OPT_BOOL, .offset = AT(no_push)},
	{.name = "output", .type = SLIP_OPT_STRING, .offset = AT(output)},
	{.name = "output-name", .type = SLIP_OPT_STRING, .offset = AT(output_name)},

	SLIP_REGISTRY_FLAGS(struct slip_deploy_request),

	{NULL},
};

void slip_deploy_request_init(struct slip_deploy_request *r)
{
	memset(r, 0, sizeof(*r));
	slip_opt_defaults(slip_deploy_options, r);
}

void slip_deploy_request_release(struct slip_deploy_request *r)
{
	slip_opt_release(slip_deploy_options, r);
}

/* One run. */
struct deploy {
	const struct slip_deploy_request *req;
	const struct slip_deploy_maps *maps;
	struct slip_kubectl kubectl;
	struct slip_kubeconfig kubeconfig;
	struct slip_kube_sources sources;
	struct slip_kube_manifest manifest; /* that is applied */
};

static void deploy_release(struct deploy *d)
{
	slip_kubectl_release(&d->kubectl);
	slip_kubeconfig_release(&d->kubeconfig);
	slip_kube_sources_release(&d->sources);
	slip_kube_manifest_release(&d->manifest);
}

/* --- kubectl ------------------------------------------------------------------------------------
 */

static void make_env(const struct slip_json *env, struct slip_strv *out)
{
	if (!slip_json_len(env))
		return;
	for (char **e = environ; *e; e++) {
		slip_autofree char *name = slip_xstrndup(*e, strcspn(*e, "="));
		if (!slip_json_get(env, name))
			slip_strv_add(out, *e);
	}
	for (const char *name = NULL; (name = slip_json_next_key(env, name));)
		slip_strv_addf(out, "%s=%s", name, slip_json_get_str(env, name, ""));
}

static int set_up_kubectl(struct deploy *d, struct slip_err *err)
{
	const char *env_path = slip_json_get_str(d->maps->env, "KUBECONFIG", getenv("KUBECONFIG"));
	make_env(d->maps->env, &d->kubectl.env);
	if (slip_kubeconfig_open(
		    &d->kubeconfig, d->req->kubeconfig, d->req->kubeconfig_text, env_path, err) < 0)
		return -1;
	if (d->kubeconfig.path)
		slip_strv_addf(&d->kubectl.options, "--kubeconfig=%s", d->kubeconfig.path);
	if (d->req->context)
		slip_strv_addf(&d->kubectl.options, "--context=%s", d->req->context);
	return 0;
}

/* --- the manifests ------------------------------------------------------------------------------
 */

static int read_kustomization(struct deploy *d, struct slip_err *err)
{
	slip_autostrv words = {0};
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_MANIFESTS);
	slip_strv_add(&words, "kustomize");
	slip_strv_add(&words, d->req->kustomize);
	struct slip_kubectl plain = {.env = d->kubectl.env}; /* it goes to no cluster */
	if (slip_kubectl_read(&plain, &words, &text, err) < 0)
		return -1;
	size_t len = text.len;
	return slip_kube_sources_add(
		&d->sources, d->req->kustomize, slip_buf_take(&text), len, err);
}

static int check_uses(const struct deploy *d, const struct slip_kube_replacement *r, size_t n,
	struct slip_err *err)
{
	slip_autostrv names = {0};
	for (size_t i = 0; i < d->sources.n; i++)
		slip_strv_add(&names, d->sources.v[i].name);
	slip_autofree char *list = slip_strv_join(&names, ", ");
	for (size_t i = 0; i < n; i++) {
		if (!r[i].uses)
			return slip_err_set(err, SLIP_E_SPEC, 0,
				"replace: the text \"%s\" is not in %s", r[i].text, list);
	}
	return 0;
}

static int replace(struct deploy *d, struct slip_err *err)
{
	size_t n = 0;
	slip_autofree struct slip_kube_replacement *r =
		slip_xcalloc(slip_json_len(d->maps->replace) + 1, sizeof(*r));
	for (const char *key = NULL; (key = slip_json_next_key(d->maps->replace, key));) {
		if (!*key)
			return slip_err_set(err, SLIP_E_SPEC, 0, "replace: a text is empty");
		r[n++] = (struct slip_kube_replacement){
			.text = key, .value = slip_json_get_str(d->maps->replace, key, "")};
	}
	for (size_t i = 0; n && i < d->sources.n; i++) {
		struct slip_kube_source *s = &d->sources.v[i];
		slip_autobuf out;
		slip_buf_init(&out, SLIP_MAX_MANIFESTS);
		slip_kube_manifest_replace(s->text, s->len, r, n, &out);
		if (slip_buf_check(&out, s->name, err) < 0)
			return -1;
		s->len = out.len;
		free(s->text);
		s->text = slip_buf_take(&out);
	}
	return check_uses(d, r, n, err);
}

/* As helm does it, so that a reader finds the file; a name cannot end the comment. */
static void add_heading(struct slip_buf *out, const char *name)
{
	slip_buf_add_str(out, "---\n# Source: ");
	for (; *name; name++)
		slip_buf_add_char(out, (unsigned char)*name < ' ' ? '?' : *name);
	slip_buf_add_char(out, '\n');
}

static int edit(struct deploy *d, struct slip_pins *pins, struct slip_err *err)
{
	const struct slip_kube_manifest_edits edits = {pins->images, pins->n, d->req->space};
	for (size_t i = 0; i < d->sources.n; i++) {
		const struct slip_kube_source *s = &d->sources.v[i];
		add_heading(&d->manifest.text, s->name);
		if (slip_kube_manifest_add(&d->manifest, s->name, s->text, s->len, &edits, err) < 0)
			return -1;
		if (d->manifest.text.data[d->manifest.text.len - 1] != '\n')
			slip_buf_add_char(&d->manifest.text, '\n');
	}
	if (!d->manifest.objects.n)
		return slip_err_set(err, SLIP_E_SPEC, 0, "the manifests hold no objects");
	if (slip_pins_check(pins, &d->manifest.refs, err) < 0)
		return -1;
	return slip_buf_check(&d->manifest.text, "the manifests' text", err);
}

static int prepare(struct deploy *d, struct slip_err *err)
{
	const struct slip_deploy_request *req = d->req;
	struct slip_pins pins = {0};
	if (slip_kube_sources_read(&d->sources, &req->manifests, err) < 0 ||
		(req->kustomize && read_kustomization(d, err) < 0) || replace(d, err) < 0)
		return -1;
	int rc = slip_pins_make(&pins, d->maps->images, &req->registries, req->no_push, err);
	if (rc == 0)
		rc = edit(d, &pins, err);
	slip_pins_release(&pins);
	return rc;
}

static int write_output(const struct deploy *d, struct slip_err *err)
{
	char bytes[24];
	slip_autofree char *dir = slip_path_dir(d->req->output);
	if (slip_mkdir_p(dir, 0777, err) < 0 ||
		slip_write_file(AT_FDCWD, d->req->output, d->manifest.text.data,
			d->manifest.text.len, 0666, false, err) < 0)
		return -1;
	snprintf(bytes, sizeof(bytes), "%zu", d->manifest.text.len);
	slip_event("stage.artifact", "path", d->req->output_name, "bytes", bytes, NULL);
	return 0;
}

static void add_item(struct slip_buf *out, const char *item)
{
	slip_buf_addf(out, "%s%s", out->len ? "," : "", item);
}

static void tell(const struct deploy *d)
{
	slip_autobuf objects, images;
	slip_buf_init(&objects, MAX_LIST);
	slip_buf_init(&images, MAX_LIST);
	for (size_t i = 0; i < d->manifest.objects.n; i++) {
		slip_autofree char *name = slip_kube_object_print(&d->manifest.objects.v[i]);
		add_item(&objects, name);
	}
	for (size_t i = 0; i < d->manifest.refs.n; i++)
		add_item(&images, d->manifest.refs.v[i]);
	slip_info("%zu object%s in %s: %s", d->manifest.objects.n,
		d->manifest.objects.n == 1 ? "" : "s", d->req->output_name, objects.data);
	slip_event("stage.result", "objects", objects.data, "images", images.data, NULL);
}

/* --- the cluster --------------------------------------------------------------------------------
 */

static void add_words(const struct deploy *d, struct slip_strv *words)
{
	slip_strv_addf(words, "--filename=%s", d->req->output);
	slip_strv_add(words, "--field-manager=slipway");
	if (d->req->server_side && d->req->how != SLIP_DEPLOY_CLIENT)
		slip_strv_add(words, "--server-side");
	if (d->req->space)
		slip_strv_addf(words, "--namespace=%s", d->req->space);
}

/* For information: what stands in its way stands in the apply's way too, or is a missing diff(1).
 */
static int show_difference(const struct deploy *d, struct slip_err *err)
{
	struct slip_err why = SLIP_ERR_INIT;
	slip_autostrv words = {0};
	int status = 0;
	if (!d->req->diff || d->req->how == SLIP_DEPLOY_CLIENT)
		return 0;
	slip_strv_add(&words, "diff");
	add_words(d, &words);
	if (slip_kubectl_run(&d->kubectl, &words, 1, &status, &why) == 0) {
		if (status == 0)
			slip_info("the cluster already is as the manifests say");
		return 0;
	}
	if (slip_err_is(&why, SLIP_E_CANCELLED) || slip_err_is(&why, SLIP_E_NOTFOUND))
		return slip_err_copy(err, &why);
	slip_warn("the difference cannot be shown: %s", why.msg);
	return 0;
}

static int apply(const struct deploy *d, struct slip_err *err)
{
	slip_autostrv words = {0};
	slip_strv_add(&words, "apply");
	add_words(d, &words);
	if (d->req->how != SLIP_DEPLOY_APPLY)
		slip_strv_addf(&words, "--dry-run=%s", hows[d->req->how]);
	if (slip_kubectl_run(&d->kubectl, &words, 0, NULL, err) < 0)
		return -1;
	if (d->req->how != SLIP_DEPLOY_APPLY) {
		slip_info("dry-run: nothing was changed");
		return 0;
	}
	return slip_rollout_follow(
		&d->kubectl, &d->manifest.objects, d->req->space, d->req->wait, err);
}

static int go(struct deploy *d, struct slip_err *err)
{
	if (set_up_kubectl(d, err) < 0 || prepare(d, err) < 0 || write_output(d, err) < 0)
		return -1;
	tell(d);
	if (d->req->no_push) {
		slip_info("outside of CI nothing is deployed; --push does that");
		return 0;
	}
	if (show_difference(d, err) < 0)
		return -1;
	return apply(d, err);
}

int slip_deploy_run(const struct slip_deploy_request *r, const struct slip_deploy_maps *maps,
	struct slip_err *err)
{
	struct deploy d = {.req = r, .maps = maps};
	slip_kube_manifest_init(&d.manifest, 2 * SLIP_MAX_MANIFESTS);
	int rc = go(&d, err);
	deploy_release(&d);
	return rc;
}
