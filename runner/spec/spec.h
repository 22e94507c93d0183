/*
 * The stage spec, version 1: what `slipway.yaml` says, as structs.
 *
 * slip_pipeline_parse reads everything, reports every finding in one pass, and leaves either a
 * pipeline that is checked (names, needs, cycles, expressions) or nothing. It does no I/O: included
 * files come through a callback.
 *
 * Most values may hold `${{ }}` and so are kept as written; slip_pipeline_stage_resolve evaluates
 * all of a stage once its inputs exist. Keys, types and help texts live in the tables of
 * spec_tables.c, from which decoding, hints, resolving, releasing and the JSON Schema come.
 */
#ifndef SLIP_SPEC_SPEC_H
#define SLIP_SPEC_SPEC_H

#include "runner/spec/diag.h"
#include "runner/spec/expr.h"
#include "runner/spec/yaml.h"

#define SLIP_SPEC_VERSION 1

/* One scalar. A zeroed value is an absent key. */
struct slip_value {
	char *text; /* as written, or as evaluated; NULL when absent */
	struct slip_pos pos;
	enum slip_yaml_type type; /* of the written scalar, or of the evaluated result */
	enum slip_yaml_style style;
	bool is_expr; /* holds ${{ }}: num is not known until resolved */
	/*
	 * What the text means where the key has such a type: bool 0 or 1, integer, duration in
	 * nanoseconds, place of a word in its list of choices (the enums below).
	 */
	int64_t num;
};

/* Arrays own their elements. */
#define SLIP_ARRAY_OF(type)                                                                        \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
	}

struct slip_values {
	struct slip_value *v;
	size_t n;
};

/* value.text is NULL where a key was listed without a value (`build-args: [VERSION]`). */
struct slip_value_entry {
	struct slip_value name;
	struct slip_value value;
};

struct slip_value_map {
	struct slip_value_entry *v;
	size_t n;
};

/* A name with a list: a matrix axis, the mirrors of a host. */
struct slip_named_values {
	struct slip_value name;
	struct slip_values values;
};

struct slip_named_lists {
	struct slip_named_values *v;
	size_t n;
};

/* --- parts of the pipeline ------------------------------------------------------------------- */

struct slip_param {
	struct slip_value name;
	struct slip_value dflt; /* absent: must be given; its type is the parameter's type */
	struct slip_value description;
	struct slip_values options; /* empty: any value */
};

/* Where a secret or a credential comes from: one of the three. */
struct slip_source_value {
	struct slip_value literal; /* only for what is not secret, such as a user name */
	struct slip_value env;
	struct slip_value file;
};

struct slip_secret {
	struct slip_value name;
	struct slip_value env;
	struct slip_value file;
	struct slip_value optional;
};

struct slip_spec_registry {
	struct slip_value name; /* host[:port] */
	struct slip_source_value user;
	struct slip_source_value password;
	struct slip_source_value token;
	struct slip_value ca;
	struct slip_value client_cert;
	struct slip_value client_key;
	struct slip_values mirrors;
	struct slip_value insecure;
	struct slip_value skip_tls_verify;
};

struct slip_spec_cache {
	struct slip_value enabled;
	struct slip_value repo;
	struct slip_value ttl;
	struct slip_value dir;
	struct slip_value copy_layers;
	struct slip_value run_layers;
	struct slip_value no_push;
};

struct slip_spec_retry {
	struct slip_value max;
	struct slip_values on; /* "infra", "timeout", "exit:<n>"; empty: infra */
	struct slip_value backoff;
};

struct slip_spec_defaults {
	struct slip_value container;
	struct slip_value timeout;
	struct slip_spec_retry retry;
};

/* --- stage kinds ------------------------------------------------------------------------------ */

enum slip_stage_kind {
	SLIP_STAGE_RUN,
	SLIP_STAGE_DOTNET_PUBLISH,
	SLIP_STAGE_BUILD,
	SLIP_STAGE_PUSH,
	SLIP_STAGE_DEPLOY,
	SLIP_STAGE_KINDS,
};

struct slip_run_spec {
	struct slip_value script;
	struct slip_value shell; /* absent: sh */
};

struct slip_dotnet_spec {
	struct slip_value project;
	struct slip_value configuration;
	struct slip_value framework;
	struct slip_value runtime;
	struct slip_value self_contained;
	struct slip_value single_file;
	struct slip_value trimmed;
	struct slip_value ready_to_run;
	struct slip_value aot;
	struct slip_value version;
	struct slip_value output;
	struct slip_value_map properties;
	struct slip_values sources;
	struct slip_value config_file;
	struct slip_value locked;
	struct slip_value no_restore;
	struct slip_value verbosity;
	struct slip_values args;
};

enum slip_spec_isolation {
	SLIP_SPEC_ISOLATION_AUTO,
	SLIP_SPEC_ISOLATION_NAMESPACES,
	SLIP_SPEC_ISOLATION_CHROOT,
	SLIP_SPEC_ISOLATION_IN_PLACE,
	SLIP_SPEC_ISOLATION_NONE,
};

enum slip_spec_compression {
	SLIP_SPEC_COMPRESSION_GZIP,
	SLIP_SPEC_COMPRESSION_ZSTD,
};

enum slip_spec_image_format {
	SLIP_SPEC_FORMAT_DOCKER,
	SLIP_SPEC_FORMAT_OCI,
};

enum slip_tag_type {
	SLIP_TAG_SCHEDULE,
	SLIP_TAG_SEMVER,
	SLIP_TAG_EDGE,
	SLIP_TAG_REF,
	SLIP_TAG_RAW,
	SLIP_TAG_SHA,
};

enum slip_tag_event {
	SLIP_TAG_EVENT_BRANCH,
	SLIP_TAG_EVENT_TAG,
	SLIP_TAG_EVENT_PR,
};

enum slip_tag_sha {
	SLIP_TAG_SHA_SHORT,
	SLIP_TAG_SHA_LONG,
};

enum slip_tag_latest {
	SLIP_TAG_LATEST_AUTO,
	SLIP_TAG_LATEST_TRUE,
	SLIP_TAG_LATEST_FALSE,
};

/* A rule that may give the image a tag (steps/image/tags.h). */
struct slip_tag_rule {
	struct slip_value type;
	struct slip_value enable; /* absent: true */
	struct slip_value priority;
	struct slip_value prefix;
	struct slip_value suffix;
	struct slip_value pattern; /* semver, schedule */
	struct slip_value value; /* raw; semver: instead of the git tag */
	struct slip_value event; /* ref */
	struct slip_value branch; /* edge */
	struct slip_value format; /* sha */
};

struct slip_tag_flavor {
	struct slip_value latest;
	struct slip_value prefix;
	struct slip_value suffix;
	struct slip_value prefix_latest;
	struct slip_value suffix_latest;
};

/* A member for every flag of `slipway build`, named as the flag. */
struct slip_build_spec {
	struct slip_value context;
	struct slip_value context_sub_path;
	struct slip_value context_modes;
	struct slip_value dockerfile;
	struct slip_value_map git;
	struct slip_value target;
	struct slip_value platform; /* also written custom-platform */
	struct slip_value_map build_args; /* an entry without value takes the variable's */
	struct slip_value_map labels;
	struct slip_value_map annotations;
	struct slip_values secrets; /* names of the pipeline's secrets */
	struct slip_values ignore_paths;
	struct slip_value ignore_var_run;

	struct slip_values destinations;
	SLIP_ARRAY_OF(struct slip_tag_rule) tags; /* for destinations without a tag */
	struct slip_tag_flavor flavor;
	struct slip_value oci_labels;
	struct slip_value source_date_epoch; /* "commit", or seconds */
	struct slip_value no_push;
	struct slip_value oci_layout_path;
	struct slip_value tar_path;
	struct slip_value digest_file;
	struct slip_value image_name_with_digest_file;
	struct slip_value image_name_tag_with_digest_file;
	struct slip_value image_format;
	struct slip_value compression;
	struct slip_value compression_level;
	struct slip_value compressed_caching;

	struct slip_spec_cache cache;

	struct slip_value isolation;
	struct slip_value reproducible;
	struct slip_value single_snapshot;
	struct slip_value snapshot_mode;
	struct slip_value use_new_run;
	struct slip_value skip_unused_stages;
	struct slip_value force_build_metadata;
	struct slip_value cleanup;
	struct slip_value preserve_context;
	struct slip_value materialize;

	struct slip_value insecure;
	struct slip_value insecure_pull;
	struct slip_values insecure_registries;
	struct slip_value skip_tls_verify;
	struct slip_value skip_tls_verify_pull;
	struct slip_values skip_tls_verify_registries;
	struct slip_value_map registry_certificates;
	struct slip_value_map registry_client_certs; /* "cert,key" */
	struct slip_values registry_mirrors;
	struct slip_named_lists registry_maps;
	struct slip_value skip_default_registry_fallback;
	struct slip_value push_retry;
	struct slip_value image_download_retry;
	struct slip_value image_fs_extract_retry;
	struct slip_value push_ignore_immutable_tag_errors;
	struct slip_value skip_push_permission_check;
	struct slip_values credential_helpers;
};

struct slip_push_spec {
	struct slip_value source; /* OCI layout, docker-archive or registry image */
	struct slip_values destinations;
	struct slip_value digest_file;
	struct slip_value image_name_with_digest_file;
	struct slip_value insecure;
	struct slip_value skip_tls_verify;
	struct slip_value push_retry;
};

struct slip_kubeconfig_spec {
	struct slip_value file;
	struct slip_value secret; /* name of one of the pipeline's secrets, which holds the text */
};

enum slip_deploy_dry_run {
	SLIP_DEPLOY_DRY_RUN_NONE,
	SLIP_DEPLOY_DRY_RUN_CLIENT,
	SLIP_DEPLOY_DRY_RUN_SERVER,
};

struct slip_deploy_spec {
	struct slip_values manifests;
	struct slip_value kustomize;
	struct slip_value_map replace; /* literal text to value */
	struct slip_value_map images; /* image name to reference */
	struct slip_value namespace_name;
	struct slip_kubeconfig_spec kubeconfig;
	struct slip_value kube_context;
	struct slip_value wait; /* duration; absent: do not wait */
	struct slip_value server_side;
	struct slip_value dry_run;
	struct slip_value diff;
};

/* --- a stage ---------------------------------------------------------------------------------- */

struct slip_need {
	struct slip_value stage;
	struct slip_value required; /* true: a skipped stage does not satisfy it */
	size_t index; /* of that stage in pipeline->stages */
};

struct slip_matrix_cell {
	struct slip_value_map values;
};

struct slip_matrix {
	struct slip_named_lists axes;
	SLIP_ARRAY_OF(struct slip_matrix_cell) include;
	SLIP_ARRAY_OF(struct slip_matrix_cell) exclude;
	struct slip_value fail_fast; /* absent: true */
	struct slip_value max_parallel; /* cells at once; absent: as many as --jobs allows */
};

struct slip_allow_failure {
	struct slip_value enabled;
	struct slip_values exit_codes; /* empty: any */
};

enum slip_artifacts_when {
	SLIP_ARTIFACTS_SUCCESS,
	SLIP_ARTIFACTS_FAILURE,
	SLIP_ARTIFACTS_ALWAYS,
};

struct slip_artifacts_spec {
	struct slip_values paths; /* globs relative to the workspace */
	struct slip_values exclude;
	struct slip_value when; /* absent: success */
};

struct slip_pipeline_stage {
	struct slip_value name;
	struct slip_pos pos;
	/* After the checks: an absent key has become the stage before, except in finally. */
	SLIP_ARRAY_OF(struct slip_need) needs;
	bool has_needs; /* the key was written */
	struct slip_value condition; /* `if`; never resolved, for slip_expr_parse_condition */
	struct slip_matrix matrix;
	struct slip_value container;
	struct slip_value_map env;
	struct slip_values secrets;
	struct slip_value timeout;
	struct slip_spec_retry retry;
	struct slip_allow_failure allow_failure;
	struct slip_artifacts_spec artifacts;
	/* Declared outputs. With a value: evaluated after the stage, in the context `result`. */
	struct slip_value_map outputs;
	struct slip_value working_dir;
	enum slip_stage_kind kind;
	struct slip_run_spec run;
	struct slip_dotnet_spec dotnet_publish;
	struct slip_build_spec build;
	struct slip_push_spec push;
	struct slip_deploy_spec deploy;
};

struct slip_pipeline_stages {
	struct slip_pipeline_stage *v;
	size_t n;
};

struct slip_pipeline {
	struct slip_value version;
	struct slip_value name;
	struct slip_values include;
	SLIP_ARRAY_OF(struct slip_param) params;
	struct slip_value_map env;
	SLIP_ARRAY_OF(struct slip_secret) secrets;
	SLIP_ARRAY_OF(struct slip_spec_registry) registries;
	struct slip_spec_cache cache;
	struct slip_spec_defaults defaults;
	struct slip_pipeline_stages stages;
	struct slip_pipeline_stages finally;
	struct slip_strv files; /* every file read; positions borrow these */
};

/*
 * Give the text of an included file: `path` as written, already known to be relative and without
 * "..", and relative to the directory of the first file. Append it to out.
 */
typedef int slip_spec_include_fn(
	void *arg, const char *path, struct slip_buf *out, struct slip_err *err);

struct slip_spec_input {
	const char *file; /* its name in findings */
	const char *text;
	size_t len;
	slip_spec_include_fn *include; /* NULL: `include` is refused */
	void *include_arg;
};

/*
 * 0 with a pipeline, or -1 with findings in diags (sorted) and a summary in err. An included file's
 * entries come before those of the file that includes it, which wins where both define a name.
 */
int slip_pipeline_parse(const struct slip_spec_input *in, struct slip_pipeline **out,
	struct slip_diags *diags, struct slip_err *err) SLIP_MUST_CHECK;
void slip_pipeline_free(struct slip_pipeline *p); /* NULL is fine */
void slip_pipeline_cleanup(struct slip_pipeline **p);
#define slip_autopipeline slip_cleanup(slip_pipeline_cleanup) struct slip_pipeline

/* The key of a kind ("dotnet-publish"), and the outputs every stage of it has (ends with NULL). */
const char *slip_stage_kind_name(enum slip_stage_kind kind);
const char *const *slip_stage_kind_outputs(enum slip_stage_kind kind);
struct slip_pipeline_stage *slip_pipeline_find_stage(
	const struct slip_pipeline *p, const char *name);

/*
 * A copy of the stage with every template evaluated and checked against its key's type, except
 * `if`, `matrix`, `needs` and `outputs`. A list item that is one `${{ }}` with a list as its value
 * becomes those items. dst is the caller's to release; untouched on failure.
 */
int slip_pipeline_stage_resolve(const struct slip_pipeline_stage *src,
	const struct slip_expr_context *ctx, struct slip_pipeline_stage *dst,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_pipeline_stage_release(struct slip_pipeline_stage *s);
/*
 * The same for what belongs to the pipeline: env, secrets, registries, cache and defaults; params
 * and stages are copied as written. Positions and files stay src's, which must live as long.
 */
int slip_pipeline_resolve(const struct slip_pipeline *src, const struct slip_expr_context *ctx,
	struct slip_pipeline **out, struct slip_err *err) SLIP_MUST_CHECK;
/* Evaluate one value: its text when it is no template. *out is the caller's. */
int slip_value_eval(const struct slip_value *v, const struct slip_expr_context *ctx,
	struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;

static inline bool slip_value_is_set(const struct slip_value *v)
{
	return v->text != NULL;
}
static inline bool slip_value_bool(const struct slip_value *v, bool dflt)
{
	return v->text ? v->num != 0 : dflt;
}
static inline int64_t slip_value_int(const struct slip_value *v, int64_t dflt)
{
	return v->text ? v->num : dflt;
}
static inline const char *slip_value_text(const struct slip_value *v, const char *dflt)
{
	return v->text ? v->text : dflt;
}
const struct slip_value *slip_value_map_get(const struct slip_value_map *m, const char *name);

/* The pipeline in its long form: no shorthands, implied needs written out. The caller's. */
struct slip_json *slip_pipeline_print(const struct slip_pipeline *p);

/* One key of one object of the spec; borrowed for the call. Key "*": names of the user's own. */
struct slip_spec_key {
	const char *object; /* "a stage" */
	const char *key;
	const char *type; /* for people */
	const char *help;
	bool required;
};
typedef void slip_spec_key_fn(void *ctx, const struct slip_spec_key *key);
/* All of them, object by object, the pipeline's first. */
void slip_spec_each_key(slip_spec_key_fn *fn, void *ctx);

/* The JSON Schema (draft 2020-12) of the spec; the caller's. */
struct slip_json *slip_spec_schema(void);

#endif
