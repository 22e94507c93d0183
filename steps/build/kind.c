#include "config.h"

#include "steps/build/kind.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/scope.h"
#include "steps/build/builder.h"
#include "steps/build/foresee.h"
#include "steps/context/obtain.h"
#include "steps/image/result.h"
#include "steps/image/tags.h"

/* How a key's value becomes the option's. */
enum shape {
	ONE, /* a scalar */
	LIST, /* --option once an item */
	PAIRS, /* --option name=value */
	NAMED_LISTS, /* --option name=value, once a value */
};

struct key {
	const char *name; /* in the spec, for messages */
	const char *option; /* NULL: known to the spec, but not here yet */
	enum shape shape;
	size_t offset;
};

#define KEY(member) offsetof(struct slip_build_spec, member)

/* One row for every key of `build:`; cache keys are below. */
static const struct key keys[] = {
	{"context", "context", ONE, KEY(context)},
	{"context-sub-path", "context-sub-path", ONE, KEY(context_sub_path)},
	{"git", "git", PAIRS, KEY(git)},
	{"context-modes", "context-modes", ONE, KEY(context_modes)},
	{"dockerfile", "dockerfile", ONE, KEY(dockerfile)},
	{"target", "target", ONE, KEY(target)},
	{"platform", "custom-platform", ONE, KEY(platform)},
	{"build-args", "build-arg", PAIRS, KEY(build_args)},
	{"labels", "label", PAIRS, KEY(labels)},
	{"annotations", "annotation", PAIRS, KEY(annotations)},
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
	{"single-snapshot", "single-snapshot", ONE, KEY(single_snapshot)},
	{"preserve-context", "preserve-context", ONE, KEY(preserve_context)},
	{"credential-helpers", NULL, LIST, KEY(credential_helpers)},
	{"ignore-paths", NULL, LIST, KEY(ignore_paths)},
	{"materialize", NULL, ONE, KEY(materialize)},
	{"push-ignore-immutable-tag-errors", NULL, ONE, KEY(push_ignore_immutable_tag_errors)},
	{"secrets", NULL, LIST, KEY(secrets)},
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
	if (!k->option)
		return 0; /* refused before anything ran */
	switch (k->shape) {
	case LIST:
		return set_list(r, k, field, err);
	case PAIRS:
		return set_pairs(r, k, field, err);
	case NAMED_LISTS:
		return set_named_lists(r, k, field, err);
	case ONE:
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

/* --- before the run ----------------------------------------------------------------------------
 */

/* Where a key was written; NULL: it was not. */
static const struct slip_value *first_value(const struct key *k, const void *object)
{
	const void *field = (const char *)object + k->offset;
	const struct slip_value *v = field;
	const struct slip_values *list = field;
	const struct slip_value_map *map = field;
	const struct slip_named_lists *lists = field;
	switch (k->shape) {
	case LIST:
		return list->n ? &list->v[0] : NULL;
	case PAIRS:
		return map->n ? &map->v[0].name : NULL;
	case NAMED_LISTS:
		return lists->n ? &lists->v[0].name : NULL;
	case ONE:
	default:
		return slip_value_is_set(v) ? v : NULL;
	}
}

/* The Dockerfile that the stage will read, if it can be known and is there: the caller's. */
static char *find_dockerfile(const struct slip_pipeline_stage *s)
{
	const struct slip_build_spec *b = &s->build;
	const struct slip_context_options context = {
		.dir = slip_context_local_dir(slip_value_text(&b->context, ".")),
		.sub_path = b->context_sub_path.text,
	};
	if (b->dockerfile.is_expr || b->context.is_expr || b->context_sub_path.is_expr ||
		s->working_dir.is_expr || !context.dir)
		return NULL;
	slip_autostrv places = {0};
	slip_context_dockerfile_places(
		&context, slip_value_text(&b->dockerfile, "Dockerfile"), &places);
	for (size_t i = 0; i < places.n; i++) {
		slip_autofree char *path =
			slip_value_is_set(&s->working_dir)
				? slip_path_join(s->working_dir.text, places.v[i])
				: slip_xstrdup(places.v[i]);
		if (access(path, R_OK) == 0)
			return slip_steal_ptr(&path);
	}
	return NULL;
}

static void check_target(
	const struct slip_value *target, const char *path, struct slip_diags *diags)
{
	slip_autobuf text;
	slip_autodockerfile *df = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	size_t index;
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	if (!slip_value_is_set(target) || target->is_expr)
		return;
	if (slip_read_file(AT_FDCWD, path, &text, NULL) < 0 ||
		slip_dockerfile_parse(text.data, text.len, path, &df, NULL) < 0)
		return; /* said elsewhere */
	if (slip_stage_find_target(df, target->text, &index, &err) < 0)
		slip_diags_add(diags, target->pos, "%s: %s", path, err.msg);
}

static void check(const struct slip_kind_check *c)
{
	const struct slip_build_spec *b = &c->stage->build;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		const struct slip_value *v = keys[i].option ? NULL : first_value(&keys[i], b);
		if (v)
			slip_diags_add(
				c->diags, v->pos, "build.%s is not supported yet", keys[i].name);
	}
	slip_autofree char *path = c->dockerfiles ? find_dockerfile(c->stage) : NULL;
	if (!path)
		return;
	slip_strv_add(c->dockerfiles, path);
	check_target(&b->target, path, c->diags);
}

/* --- what the CI tells --------------------------------------------------------------------------
 */

/* "commit" or a number; *is_set is false when the key is absent. */
static int epoch(const struct slip_kind_input *in, int64_t *out, bool *is_set, struct slip_err *err)
{
	const struct slip_value *v = &in->stage->build.source_date_epoch;
	const char *time = slip_json_get_str(slip_json_get(in->ci, "commit"), "time", NULL);
	*is_set = slip_value_is_set(v);
	if (!*is_set)
		return 0;
	if (!slip_streq(v->text, "commit")) {
		if (slip_yaml_int(v->text, out, NULL) == 0 && *out >= 0)
			return 0;
		slip_err_set(err, SLIP_E_SPEC, 0,
			"source-date-epoch is \"commit\" or seconds since 1970, not \"%s\"",
			v->text);
		return at(v, err);
	}
	if (!time)
		slip_err_set(err, SLIP_E_SPEC, 0,
			"the time of the commit is not known here: it is ci.commit.time");
	if (!time || slip_clock_parse_rfc3339(time, out, err) < 0)
		return at(v, err);
	return 0;
}

static int add_option(
	struct slip_build_request *r, const char *option, const char *text, struct slip_err *err)
{
	return slip_opt_set(slip_build_options, r, option, text, err);
}

/* In a plan, a value that an earlier stage gives stands as <stages...>, which is in no reference.
 */
static bool has_late_destination(const struct slip_build_spec *b)
{
	for (size_t i = 0; i < b->destinations.n; i++) {
		if (strchr(b->destinations.v[i].text, '<'))
			return true;
	}
	return false;
}

static int make_destinations(const struct slip_tags_input *facts, const struct slip_strv *tags,
	struct slip_strv *to, struct slip_err *err)
{
	const struct slip_build_spec *b = facts->build;
	if (!has_late_destination(b))
		return slip_tags_destinations(facts, tags, to, err);
	for (size_t i = 0; i < b->destinations.n; i++)
		slip_strv_add(to, b->destinations.v[i].text);
	return 0;
}

/* Before the stage's own labels, which win. */
static int set_facts(
	const struct slip_kind_input *in, struct slip_build_request *r, struct slip_err *err)
{
	const struct slip_build_spec *b = &in->stage->build;
	struct slip_tags_input facts = {b, in->ci, slip_clock_now()};
	slip_autostrv tags = {0}, destinations = {0}, labels = {0};
	int64_t created = facts.now;
	bool has_epoch;
	if (epoch(in, &created, &has_epoch, err) < 0 || slip_tags_make(&facts, &tags, err) < 0 ||
		make_destinations(&facts, &tags, &destinations, err) < 0)
		return -1;
	if (slip_value_bool(&b->oci_labels, false))
		slip_tags_labels(&facts, &tags, created, &labels);
	if (has_epoch) {
		slip_autofree char *arg =
			slip_xasprintf("SOURCE_DATE_EPOCH=%lld", (long long)created);
		if (add_option(r, "build-arg", arg, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < destinations.n; i++) {
		if (add_option(r, "destination", destinations.v[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < labels.n; i++) {
		if (add_option(r, "label", labels.v[i], err) < 0)
			return -1;
	}
	return 0;
}

/* --- the kind -----------------------------------------------------------------------------------
 */

static void describe(const struct slip_kind_input *in, struct slip_buf *out)
{
	const struct slip_build_spec *b = &in->stage->build;
	struct slip_tags_input facts = {b, in->ci, slip_clock_now()};
	slip_autostrv tags = {0}, to = {0};
	slip_buf_addf(out, "%s", slip_value_text(&b->dockerfile, "Dockerfile"));
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_tags_make(&facts, &tags, &why) < 0 ||
		make_destinations(&facts, &tags, &to, &why) < 0)
		slip_buf_addf(out, ", which will fail: %s", why.msg);
	for (size_t i = 0; i < to.n; i++)
		slip_buf_addf(out, "%s %s", i ? "," : " to", to.v[i]);
	if (b->destinations.n && slip_value_bool(&b->no_push, false))
		slip_buf_add_str(out, ", not pushed: no-push");
	else if (b->destinations.n && !in->is_push_allowed)
		slip_buf_addf(out, ", not pushed: %s", in->push_refusal);
}

static int fill(const struct slip_kind_input *in, struct slip_build_request *r,
	struct slip_json *logins, struct slip_err *err)
{
	const struct slip_build_spec *b = &in->stage->build;
	if (set_cache(r, &in->pipeline->cache, err) < 0 || set_cache(r, &b->cache, err) < 0 ||
		set_facts(in, r, err) < 0)
		return -1;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		if (set_key(r, &keys[i], b, err) < 0)
			return -1;
	}
	if (slip_streq(r->context, "-") || slip_streq(r->context, "tar://stdin")) {
		slip_err_set(err, SLIP_E_SPEC, 0,
			"build.context: a stage has no standard input; name a file or an URL");
		return at(&b->context, err);
	}
	if (slip_registries_from_spec(in->pipeline, &r->registries, logins, err) < 0)
		return -1;
	if (!in->is_push_allowed) {
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

static int foresee(
	const struct slip_json *request, bool is_probe, struct slip_json *out, struct slip_err *err)
{
	struct slip_build_request r;
	slip_build_request_init(&r);
	int rc = slip_registries_from_json(slip_build_options, request, &r, &r.registries, err);
	bool is_late = false;
	for (size_t i = 0; rc == 0 && i < r.destinations.n; i++)
		is_late = is_late || strchr(r.destinations.v[i], '<');
	if (is_late)
		slip_json_set_str(out, "note", "more is known when the stages before it have run");
	else if (rc == 0)
		rc = slip_build_foresee(&r, is_probe, out, err);
	free(r.registries.logins);
	slip_build_request_release(&r);
	return rc;
}

const struct slip_kind slip_kind_build = {
	.kind = SLIP_STAGE_BUILD,
	.check = check,
	.describe = describe,
	.launch = launch,
	.perform = perform,
	.foresee = foresee,
};
