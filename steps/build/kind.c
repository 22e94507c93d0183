#include "config.h"

#include "steps/build/kind.h"

#include "runner/base/log.h"
#include "steps/build/builder.h"
#include "steps/image/result.h"

/* How a key's value becomes the option's. */
enum shape {
	ONE, /* a scalar */
	LIST, /* --option once an item */
	PAIRS, /* --option name=value */
	NAMED_LISTS, /* --option name=value, once a value */
	UNSUPPORTED, /* known to the spec, but not here yet */
};

struct key {
	const char *name; /* in the spec, for messages */
	const char *option;
	enum shape shape;
	size_t offset;
};

#define KEY(member) offsetof(struct slip_build_spec, member)

/* One row for every key of `build:`; cache keys are below. */
static const struct key keys[] = {
	{"context", "context", ONE, KEY(context)},
	{"dockerfile", "dockerfile", ONE, KEY(dockerfile)},
	{"target", "target", ONE, KEY(target)},
	{"platform", "custom-platform", ONE, KEY(platform)},
	{"build-args", "build-arg", PAIRS, KEY(build_args)},
	{"labels", "label", PAIRS, KEY(labels)},
	{"destinations", "destination", LIST, KEY(destinations)},
	{"no-push", "no-push", ONE, KEY(no_push)},
	{"oci-layout-path", "oci-layout-path", ONE, KEY(oci_layout_path)},
	{"tar-path", "tar-path", ONE, KEY(tar_path)},
	{"digest-file", "digest-file", ONE, KEY(digest_file)},
	{"image-name-with-digest-file", "image-name-with-digest-file", ONE,
		KEY(image_name_with_digest_file)},
	{"image-name-tag-with-digest-file", "image-name-tag-with-digest-file", ONE,
		KEY(image_name_tag_with_digest_file)},
	{"image-format", "image-format", ONE, KEY(image_format)},
	{"compression", "compression", ONE, KEY(compression)},
	{"compression-level", "compression-level", ONE, KEY(compression_level)},
	{"isolation", "isolation", ONE, KEY(isolation)},
	{"reproducible", "reproducible", ONE, KEY(reproducible)},
	{"insecure", "insecure", ONE, KEY(insecure)},
	{"insecure-pull", "insecure-pull", ONE, KEY(insecure_pull)},
	{"insecure-registries", "insecure-registry", LIST, KEY(insecure_registries)},
	{"skip-tls-verify", "skip-tls-verify", ONE, KEY(skip_tls_verify)},
	{"skip-tls-verify-pull", "skip-tls-verify-pull", ONE, KEY(skip_tls_verify_pull)},
	{"skip-tls-verify-registries", "skip-tls-verify-registry", LIST,
		KEY(skip_tls_verify_registries)},
	{"registry-certificates", "registry-certificate", PAIRS, KEY(registry_certificates)},
	{"registry-client-certs", "registry-client-cert", PAIRS, KEY(registry_client_certs)},
	{"registry-mirrors", "registry-mirror", LIST, KEY(registry_mirrors)},
	{"registry-maps", "registry-map", NAMED_LISTS, KEY(registry_maps)},
	{"skip-default-registry-fallback", "skip-default-registry-fallback", ONE,
		KEY(skip_default_registry_fallback)},
	{"skip-push-permission-check", "skip-push-permission-check", ONE,
		KEY(skip_push_permission_check)},
	{"skip-unused-stages", "skip-unused-stages", ONE, KEY(skip_unused_stages)},
	{"force-build-metadata", "force-build-metadata", ONE, KEY(force_build_metadata)},
	{"use-new-run", "use-new-run", ONE, KEY(use_new_run)},
	{"compressed-caching", "compressed-caching", ONE, KEY(compressed_caching)},
	{"snapshot-mode", "snapshot-mode", ONE, KEY(snapshot_mode)},
	{"cleanup", "cleanup", ONE, KEY(cleanup)},
	{"ignore-var-run", "ignore-var-run", ONE, KEY(ignore_var_run)},
	{"push-retry", "push-retry", ONE, KEY(push_retry)},
	{"image-download-retry", "image-download-retry", ONE, KEY(image_download_retry)},
	{"image-fs-extract-retry", "image-fs-extract-retry", ONE, KEY(image_fs_extract_retry)},
	{"context-sub-path", NULL, UNSUPPORTED, KEY(context_sub_path)},
	{"single-snapshot", NULL, UNSUPPORTED, KEY(single_snapshot)},
	{"materialize", NULL, UNSUPPORTED, KEY(materialize)},
	{"preserve-context", NULL, UNSUPPORTED, KEY(preserve_context)},
	{"push-ignore-immutable-tag-errors", NULL, UNSUPPORTED,
		KEY(push_ignore_immutable_tag_errors)},
};

#define CACHE_KEY(member) offsetof(struct slip_spec_cache, member)

static const struct key cache_keys[] = {
	{"cache.enabled", "cache", ONE, CACHE_KEY(enabled)},
	{"cache.repo", "cache-repo", ONE, CACHE_KEY(repo)},
	{"cache.ttl", "cache-ttl", ONE, CACHE_KEY(ttl)},
	{"cache.dir", "cache-dir", ONE, CACHE_KEY(dir)},
	{"cache.copy-layers", "cache-copy-layers", ONE, CACHE_KEY(copy_layers)},
	{"cache.run-layers", "cache-run-layers", ONE, CACHE_KEY(run_layers)},
	{"cache.no-push", "no-push-cache", ONE, CACHE_KEY(no_push)},
};

static int at(const struct slip_value *v, struct slip_err *err)
{
	return slip_err_wrap(
		err, "%s:%u:%u", v->pos.file ? v->pos.file : "spec", v->pos.line, v->pos.col);
}

static int set(struct slip_build_request *r, const struct key *k, const struct slip_value *where,
	const char *text, struct slip_err *err)
{
	if (slip_opt_set(slip_build_options, r, k->option, text, err) < 0)
		return at(where, err);
	return 0;
}

static int set_one(struct slip_build_request *r, const struct key *k, const struct slip_value *v,
	struct slip_err *err)
{
	if (!slip_value_is_set(v))
		return 0;
	if (k->shape == UNSUPPORTED) {
		slip_err_set(err, SLIP_E_SPEC, 0, "build.%s is not supported yet", k->name);
		return at(v, err);
	}
	return set(r, k, v, v->text, err);
}

static int set_list(struct slip_build_request *r, const struct key *k,
	const struct slip_values *list, struct slip_err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (set(r, k, &list->v[i], list->v[i].text, err) < 0)
			return -1;
	}
	return 0;
}

static int set_pairs(struct slip_build_request *r, const struct key *k,
	const struct slip_value_map *map, struct slip_err *err)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct slip_value *name = &map->v[i].name, *value = &map->v[i].value;
		slip_autofree char *text =
			value->text ? slip_xasprintf("%s=%s", name->text, value->text)
				    : slip_xstrdup(name->text);
		if (set(r, k, name, text, err) < 0)
			return -1;
	}
	return 0;
}

static int set_named_lists(struct slip_build_request *r, const struct key *k,
	const struct slip_named_lists *lists, struct slip_err *err)
{
	for (size_t i = 0; i < lists->n; i++) {
		const struct slip_named_values *n = &lists->v[i];
		for (size_t j = 0; j < n->values.n; j++) {
			slip_autofree char *text =
				slip_xasprintf("%s=%s", n->name.text, n->values.v[j].text);
			if (set(r, k, &n->name, text, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int set_key(
	struct slip_build_request *r, const struct key *k, const void *object, struct slip_err *err)
{
	const void *field = (const char *)object + k->offset;
	switch (k->shape) {
	case LIST:
		return set_list(r, k, field, err);
	case PAIRS:
		return set_pairs(r, k, field, err);
	case NAMED_LISTS:
		return set_named_lists(r, k, field, err);
	case ONE:
	case UNSUPPORTED:
	default:
		return set_one(r, k, field, err);
	}
}

/* The pipeline's cache settings, then the stage's own. A repository switches the cache on. */
static int set_cache(
	struct slip_build_request *r, const struct slip_spec_cache *c, struct slip_err *err)
{
	if (slip_value_is_set(&c->repo))
		r->cache = true;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cache_keys); i++) {
		if (set_key(r, &cache_keys[i], c, err) < 0)
			return -1;
	}
	return 0;
}

static int refuse_rest(const struct slip_build_spec *b, struct slip_err *err)
{
	const struct slip_value *first = b->secrets.n		   ? &b->secrets.v[0]
					 : b->annotations.n	   ? &b->annotations.v[0].name
					 : b->git.n		   ? &b->git.v[0].name
					 : b->ignore_paths.n	   ? &b->ignore_paths.v[0]
					 : b->credential_helpers.n ? &b->credential_helpers.v[0]
								   : NULL;
	if (!first)
		return 0;
	slip_err_set(err, SLIP_E_SPEC, 0, "build.%s is not supported yet",
		b->secrets.n	    ? "secrets"
		: b->annotations.n  ? "annotations"
		: b->git.n	    ? "git"
		: b->ignore_paths.n ? "ignore-paths"
				    : "credential-helpers");
	return at(first, err);
}

/* --- the kind -----------------------------------------------------------------------------------
 */

static void describe(const struct slip_kind_input *in, struct slip_buf *out)
{
	const struct slip_build_spec *b = &in->stage->build;
	slip_buf_addf(out, "build %s", slip_value_text(&b->dockerfile, "Dockerfile"));
	for (size_t i = 0; i < b->destinations.n; i++)
		slip_buf_addf(out, "%s %s", i ? "," : " to", b->destinations.v[i].text);
	if (b->destinations.n && slip_value_bool(&b->no_push, false))
		slip_buf_add_str(out, ", not pushed: no-push");
	else if (b->destinations.n && !in->is_push_allowed)
		slip_buf_addf(out, ", not pushed: %s", in->push_refusal);
}

static int fill(const struct slip_kind_input *in, struct slip_build_request *r,
	struct slip_json *logins, struct slip_err *err)
{
	const struct slip_build_spec *b = &in->stage->build;
	if (refuse_rest(b, err) < 0 || set_cache(r, &in->pipeline->cache, err) < 0 ||
		set_cache(r, &b->cache, err) < 0)
		return -1;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		if (set_key(r, &keys[i], b, err) < 0)
			return -1;
	}
	if (slip_registries_from_spec(in->pipeline, &r->registries, logins, err) < 0)
		return -1;
	if (!in->is_push_allowed) {
		if (r->destinations.n && !r->no_push)
			slip_info("the image is built, but not pushed: %s", in->push_refusal);
		r->no_push = true;
		r->no_push_cache = true;
	}
	return 0;
}

static int launch(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	struct slip_build_request r;
	slip_build_request_init(&r);
	slip_autojson *logins = slip_json_array();
	int rc = fill(in, &r, logins, err);
	if (rc == 0)
		out->request = slip_registries_to_json(slip_build_options, &r, logins);
	slip_build_request_release(&r);
	return rc;
}

static int perform(const struct slip_json *request, struct slip_err *err)
{
	struct slip_build_request r;
	struct slip_build_result result;
	slip_build_request_init(&r);
	int rc = slip_registries_from_json(slip_build_options, request, &r, &r.registries, err);
	if (rc == 0)
		rc = slip_build_image(&r, &result, err);
	if (rc == 0)
		slip_tell_result(&r.destinations, &result.digest);
	free(r.registries.logins);
	slip_build_request_release(&r);
	return rc;
}

const struct slip_kind slip_kind_build = {
	.kind = SLIP_STAGE_BUILD,
	.describe = describe,
	.launch = launch,
	.perform = perform,
};
