/* Every key of the spec: one line each. S is the struct that the table at hand describes. */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/spec/spec_internal.h"

#define SECONDS 1000000000LL
#define HOURS (3600 * SECONDS)
#define F(k, t, member, h, ...)                                                                    \
	{                                                                                          \
		.key = k, .type = FIELD_##t, .offset = offsetof(S, member), .help = h, __VA_ARGS__ \
	}
#define FIELDS(table) .fields = (table), .n = SLIP_ARRAY_LEN(table), .size = sizeof(S)

/* --- small objects ---------------------------------------------------------------------------- */

#define S struct slip_param
static const struct slip_field param_fields[] = {
	F("default", TEXT, dflt, "Value when none is given; without it one must be given."),
	F("description", TEXT, description, "What it is for.", .flags = FIELD_LITERAL),
	F("options", LIST, options, "The values it may have.", .flags = FIELD_LITERAL),
};
static const struct slip_object param_object = {
	FIELDS(param_fields), .name = "a parameter", .shorthand = "default"};
#undef S

static const char *const secret_sources[] = {"env", "file", NULL};

#define S struct slip_secret
static const struct slip_field secret_fields[] = {
	F("env", TEXT, env, "Environment variable that holds it.",
		.flags = FIELD_LITERAL | FIELD_NONEMPTY),
	F("file", TEXT, file, "File that holds it.", .flags = FIELD_NONEMPTY),
	F("optional", BOOL, optional, "Its absence is no error."),
};
static const struct slip_object secret_object = {FIELDS(secret_fields), .name = "a secret",
	.exactly_one = secret_sources,
	.exactly_one_message = "a secret comes from exactly one of \"env\" and \"file\"",
	.exactly_one_example = "{env: TOKEN}"};
#undef S

#define SOURCE_MESSAGE "a credential comes from exactly one of \"env\" and \"file\""
static const char *const user_sources[] = {"env", "file", "value", NULL};

#define S struct slip_source_value
#define SOURCE_FIELDS                                                                              \
	F("env", TEXT, env, "Environment variable that holds it.",                                 \
		.flags = FIELD_LITERAL | FIELD_NONEMPTY),                                          \
		F("file", TEXT, file, "File that holds it.", .flags = FIELD_NONEMPTY)
static const struct slip_field user_fields[] = {
	SOURCE_FIELDS,
	F("value", TEXT, literal, "The name itself.", .flags = FIELD_NONEMPTY),
};
static const struct slip_object user_object = {FIELDS(user_fields), .name = "a user",
	.shorthand = "value", .exactly_one = user_sources, .exactly_one_message = SOURCE_MESSAGE,
	.exactly_one_example = "{env: TOKEN}"};
static const struct slip_field password_fields[] = {SOURCE_FIELDS};
static const struct slip_object password_object = {FIELDS(password_fields),
	.name = "a password or token", .exactly_one = secret_sources,
	.exactly_one_message = SOURCE_MESSAGE, .exactly_one_example = "{env: TOKEN}"};
#undef S

#define S struct slip_spec_registry
static const struct slip_field registry_fields[] = {
	F("user", OBJECT, user, "User name.", .object = &user_object),
	F("password", OBJECT, password, "Password: {env: NAME} or {file: PATH}.",
		.object = &password_object),
	F("token", OBJECT, token, "Bearer token for the registry: {env: NAME} or {file: PATH}.",
		.object = &password_object),
	F("ca", TEXT, ca, "PEM file with the authorities to trust for this registry."),
	F("client-cert", TEXT, client_cert, "PEM file with the client certificate."),
	F("client-key", TEXT, client_key, "PEM file with the client certificate's key."),
	F("mirrors", LIST, mirrors, "host[:port][/prefix] to pull from first, in order."),
	F("insecure", BOOL, insecure, "Allow plain HTTP."),
	F("skip-tls-verify", BOOL, skip_tls_verify, "Accept any certificate."),
};
static const struct slip_object registry_object = {FIELDS(registry_fields), .name = "a registry"};
#undef S

#define S struct slip_spec_cache
static const struct slip_field cache_fields[] = {
	F("enabled", BOOL, enabled, "Use a layer cache (true when this map is present)."),
	F("repo", TEXT, repo, "Repository that holds the cached layers."),
	F("ttl", DURATION, ttl, "Entries older than this are not used."),
	F("dir", TEXT, dir, "The local store; $SLIPWAY_STORE or ~/.cache/slipway otherwise."),
	F("copy-layers", BOOL, copy_layers, "Cache the layers of COPY and ADD."),
	F("run-layers", BOOL, run_layers, "Cache the layers of RUN."),
	F("no-push", BOOL, no_push, "Use the cache, but add nothing to it."),
};
static const struct slip_object cache_object = {
	FIELDS(cache_fields), .name = "cache", .shorthand = "enabled"};
#undef S

#define S struct slip_spec_retry
static const struct slip_field retry_fields[] = {
	F("max", INT, max, "How often to try again, 0 to 5.", .max = 5),
	F("on", LIST, on, "What to retry: infra (the default), timeout, exit:<n>.",
		.check = CHECK_RETRY_ON),
	F("backoff", DURATION, backoff, "Pause before the first retry; it doubles. 2s to 60s.",
		.min = 2 * SECONDS, .max = 60 * SECONDS),
};
static const struct slip_object retry_object = {
	FIELDS(retry_fields), .name = "retry", .shorthand = "max"};
#undef S

#define STAGE_TIMEOUT .min = SECONDS, .max = HOURS * 24 * 7

#define S struct slip_spec_defaults
static const struct slip_field defaults_fields[] = {
	F("container", TEXT, container, "Image to run commands in."),
	F("timeout", DURATION, timeout, "Time limit of each stage.", STAGE_TIMEOUT),
	F("retry", OBJECT, retry, "When to try a stage again.", .object = &retry_object),
};
static const struct slip_object defaults_object = {FIELDS(defaults_fields), .name = "defaults"};
#undef S

/* --- stage kinds ------------------------------------------------------------------------------ */

#define S struct slip_run_spec
static const char *const shells[] = {"sh", "bash", "busybox", "pwsh", NULL};
static const struct slip_field run_fields[] = {
	F("script", TEXT, script, "Commands for the shell.",
		.flags = FIELD_REQUIRED | FIELD_NONEMPTY),
	F("shell", CHOICE, shell, "The shell that runs the script; sh by default.",
		.choices = shells),
};
static const struct slip_object run_object = {
	FIELDS(run_fields), .name = "run", .shorthand = "script"};
#undef S

#define S struct slip_dotnet_spec
static const char *const verbosities[] = {
	"quiet", "minimal", "normal", "detailed", "diagnostic", NULL};
static const struct slip_field dotnet_fields[] = {
	F("project", TEXT, project, "Project or solution file."),
	F("configuration", TEXT, configuration, "Build configuration; Release by default."),
	F("framework", TEXT, framework, "Target framework, as in net8.0."),
	F("runtime", TEXT, runtime, "Runtime identifier, as in linux-musl-x64."),
	F("self-contained", BOOL, self_contained, "Publish the runtime with the application."),
	F("single-file", BOOL, single_file, "Publish one file."),
	F("trimmed", BOOL, trimmed, "Leave out code that is not reached."),
	F("ready-to-run", BOOL, ready_to_run, "Compile ahead of time, keeping the JIT."),
	F("aot", BOOL, aot, "Compile to native code."),
	F("version", TEXT, version, "The MSBuild property Version."),
	F("output", TEXT, output, "Directory for the published files."),
	F("properties", MAP, properties, "MSBuild properties."),
	F("sources", LIST, sources, "NuGet sources to restore from."),
	F("config-file", TEXT, config_file, "NuGet configuration file."),
	F("locked", BOOL, locked, "Fail when packages.lock.json is out of date."),
	F("no-restore", BOOL, no_restore, "Do not restore packages."),
	F("verbosity", CHOICE, verbosity, "How much dotnet prints.", .choices = verbosities),
	F("args", LIST, args, "More arguments for dotnet publish."),
};
static const struct slip_object dotnet_object = {FIELDS(dotnet_fields), .name = "dotnet-publish"};
#undef S

#define S struct slip_named_values
static const struct slip_field named_values_fields[] = {
	F("values", LIST, values, "The values.", .flags = FIELD_NONEMPTY),
};
static const struct slip_object mirrors_object = {
	FIELDS(named_values_fields), .name = "a list of mirrors", .shorthand = "values"};
static const struct slip_object axis_object = {
	FIELDS(named_values_fields), .name = "a matrix axis", .shorthand = "values"};
#undef S

#define S struct slip_tag_rule
static const char *const tag_types[] = {"schedule", "semver", "edge", "ref", "raw", "sha", NULL};
static const char *const tag_events[] = {"branch", "tag", "pr", NULL};
static const char *const sha_formats[] = {"short", "long", NULL};
static const struct slip_field tag_fields[] = {
	F("type", CHOICE, type, "What the tag is made of.", .flags = FIELD_REQUIRED | FIELD_LITERAL,
		.choices = tag_types),
	F("enable", BOOL, enable, "Whether the rule counts; true by default."),
	F("priority", INT, priority, "Order of the rules, highest first; the type's by default.",
		.max = 100000),
	F("prefix", TEXT, prefix, "Put before the tag, instead of the type's or the flavor's."),
	F("suffix", TEXT, suffix, "Put behind the tag, instead of the flavor's."),
	F("pattern", TEXT, pattern,
		"semver, schedule: {{version}}, {{major}}.{{minor}}, {{date 'YYYYMMDD'}}, ..."),
	F("value", TEXT, value, "raw: the tag; semver: a version instead of the git tag."),
	F("event", CHOICE, event, "ref: for which pipelines; branch by default.",
		.choices = tag_events),
	F("branch", TEXT, branch, "edge: the branch; the default branch otherwise."),
	F("format", CHOICE, format, "sha: 7 digits (short, the default) or all.",
		.choices = sha_formats),
};

/* A key of another type would do nothing, silently. */
static void finish_tag(struct slip_decoder *d, const struct slip_yaml_node *node, void *base)
{
	static const struct {
		const char *key;
		unsigned types;
	} keys[] = {
		{"pattern", 1U << SLIP_TAG_SCHEDULE | 1U << SLIP_TAG_SEMVER},
		{"value", 1U << SLIP_TAG_SEMVER | 1U << SLIP_TAG_RAW},
		{"event", 1U << SLIP_TAG_REF},
		{"branch", 1U << SLIP_TAG_EDGE},
		{"format", 1U << SLIP_TAG_SHA},
	};
	const struct slip_tag_rule *r = base;
	if (!slip_value_is_set(&r->type))
		return;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		const struct slip_yaml_node *value = slip_yaml_get(node, keys[i].key);
		if (value && !(keys[i].types & 1U << r->type.num))
			slip_diags_add(d->diags, value->pos, "\"%s\" means nothing to type %s",
				keys[i].key, r->type.text);
	}
	if (r->type.num == SLIP_TAG_RAW && !slip_yaml_get(node, "value"))
		slip_diags_add(d->diags, node->pos, "a raw tag needs a \"value\"");
}
static const struct slip_object tag_object = {
	FIELDS(tag_fields), .name = "a tag rule", .shorthand = "type", .finish = finish_tag};
#undef S

#define S struct slip_tag_flavor
static const char *const latest_choices[] = {"auto", "true", "false", NULL};
static const struct slip_field flavor_fields[] = {
	F("latest", CHOICE, latest, "The tag latest: as the first rule says (auto), or not.",
		.choices = latest_choices),
	F("prefix", TEXT, prefix, "Put before every tag that has no prefix of its own."),
	F("suffix", TEXT, suffix, "Put behind every tag that has no suffix of its own."),
	F("prefix-latest", BOOL, prefix_latest, "The prefix is for latest, too."),
	F("suffix-latest", BOOL, suffix_latest, "The suffix is for latest, too."),
};
static const struct slip_object flavor_object = {FIELDS(flavor_fields), .name = "flavor"};
#undef S

#define S struct slip_build_spec
static const char *const isolations[] = {"auto", "namespaces", "chroot", "in-place", "none", NULL};
static const char *const context_modes[] = {"auto", "git", "keep", NULL};
static const char *const compressions[] = {"gzip", "zstd", NULL};
static const char *const image_formats[] = {"docker", "oci", NULL};
static const char *const snapshot_modes[] = {"full", "redo", "time", NULL};
static const struct slip_field build_fields[] = {
	F("context", TEXT, context, "Directory or URL of the build context; . by default."),
	F("context-sub-path", TEXT, context_sub_path, "Directory inside the context to use."),
	F("context-modes", CHOICE, context_modes,
		"Modes of files that git tracks: as git records them, or as on disk.",
		.choices = context_modes),
	F("dockerfile", TEXT, dockerfile, "The Dockerfile; Dockerfile by default."),
	F("git", MAP, git, "Options of a git context: branch, single-branch, depth, ..."),
	F("target", TEXT, target, "Stage of the Dockerfile to build; the last by default."),
	F("platform", TEXT, platform, "os/arch[/variant] to build for."),
	F("custom-platform", TEXT, platform, "Another name of platform."),
	F("build-args", MAP, build_args, "Values of ARGs; without a value, the environment's.",
		.flags = FIELD_KEYS),
	F("labels", MAP, labels, "Labels of the image."),
	F("annotations", MAP, annotations, "Annotations of the manifest."),
	F("secrets", LIST, secrets, "Secrets of the spec offered to RUN --mount=type=secret.",
		.flags = FIELD_LITERAL),
	F("ignore-paths", LIST, ignore_paths, "Paths that no snapshot looks at."),
	F("ignore-var-run", BOOL, ignore_var_run, "Leave /var/run out of snapshots."),
	F("destinations", LIST, destinations, "References to push the image to."),
	F("tags", OBJECTS, tags, "Rules for the tags of destinations that have none.",
		.object = &tag_object),
	F("flavor", OBJECT, flavor, "What the tags have in common.", .object = &flavor_object),
	F("oci-labels", BOOL, oci_labels,
		"Labels org.opencontainers.image.* from what the CI tells."),
	F("source-date-epoch", TEXT, source_date_epoch,
		"The image's time: commit (that of the commit), or seconds since 1970."),
	F("no-push", BOOL, no_push, "Build without pushing the image."),
	F("oci-layout-path", TEXT, oci_layout_path, "Write the image as an OCI layout."),
	F("tar-path", TEXT, tar_path, "Write the image as a docker-archive."),
	F("digest-file", TEXT, digest_file, "Write the image's digest to this file."),
	F("image-name-with-digest-file", TEXT, image_name_with_digest_file,
		"Write repository@digest of each destination to this file."),
	F("image-name-tag-with-digest-file", TEXT, image_name_tag_with_digest_file,
		"Write repository:tag@digest of each destination to this file."),
	F("image-format", CHOICE, image_format, "Media types of the image.",
		.choices = image_formats),
	F("compression", CHOICE, compression, "Compression of new layers.",
		.choices = compressions),
	F("compression-level", INT, compression_level, "Level of the compression; -1: the default.",
		.min = -1, .max = 22),
	F("compressed-caching", BOOL, compressed_caching, "Taken for kaniko's sake; no effect."),
	F("cache", OBJECT, cache, "The layer cache.", .object = &cache_object),
	F("isolation", CHOICE, isolation, "How RUN is isolated; it must then hold.",
		.choices = isolations),
	F("reproducible", BOOL, reproducible, "Leave times out, so that builds are identical."),
	F("single-snapshot", BOOL, single_snapshot, "One layer for each stage."),
	F("snapshot-mode", CHOICE, snapshot_mode, "What counts as a changed file.",
		.choices = snapshot_modes),
	F("use-new-run", BOOL, use_new_run, "Taken for kaniko's sake; no effect."),
	F("skip-unused-stages", BOOL, skip_unused_stages, "Build only what the target needs."),
	F("force-build-metadata", BOOL, force_build_metadata,
		"A layer also for instructions that change nothing."),
	F("cleanup", BOOL, cleanup, "Remove the unpacked root file system at the end."),
	F("preserve-context", BOOL, preserve_context, "Taken for kaniko's sake; no effect."),
	F("materialize", BOOL, materialize, "Unpack the result even when all steps are cached."),
	F("insecure", BOOL, insecure, "Allow plain HTTP when pushing."),
	F("insecure-pull", BOOL, insecure_pull, "Allow plain HTTP when pulling."),
	F("insecure-registries", LIST, insecure_registries, "Registries to speak plain HTTP to."),
	F("skip-tls-verify", BOOL, skip_tls_verify, "Accept any certificate when pushing."),
	F("skip-tls-verify-pull", BOOL, skip_tls_verify_pull,
		"Accept any certificate when pulling."),
	F("skip-tls-verify-registries", LIST, skip_tls_verify_registries,
		"Registries whose certificates are not checked."),
	F("registry-certificates", MAP, registry_certificates, "PEM file by registry."),
	F("registry-client-certs", MAP, registry_client_certs,
		"Client certificate and key, \"cert,key\", by registry."),
	F("registry-mirrors", LIST, registry_mirrors, "Mirrors of Docker Hub."),
	F("registry-maps", NAMED, registry_maps, "Registries to pull from instead, by registry.",
		.object = &mirrors_object),
	F("skip-default-registry-fallback", BOOL, skip_default_registry_fallback,
		"Fail when no mirror has the image."),
	F("push-retry", INT, push_retry, "How often to push again.", .max = 100),
	F("image-download-retry", INT, image_download_retry, "How often to pull again.",
		.max = 100),
	F("image-fs-extract-retry", INT, image_fs_extract_retry, "How often to unpack again.",
		.max = 100),
	F("push-ignore-immutable-tag-errors", BOOL, push_ignore_immutable_tag_errors,
		"A tag that exists already and cannot be moved is no error."),
	F("skip-push-permission-check", BOOL, skip_push_permission_check,
		"Do not check the right to push before building."),
	F("credential-helpers", LIST, credential_helpers, "Credential helpers to use."),
};
static const struct slip_object build_object = {FIELDS(build_fields), .name = "build"};
#undef S

#define S struct slip_push_spec
static const struct slip_field push_fields[] = {
	F("source", TEXT, source, "OCI layout, docker-archive or reference of the image.",
		.flags = FIELD_REQUIRED | FIELD_NONEMPTY),
	F("destinations", LIST, destinations, "References to push to.",
		.flags = FIELD_REQUIRED | FIELD_NONEMPTY),
	F("digest-file", TEXT, digest_file, "Write the image's digest to this file."),
	F("image-name-with-digest-file", TEXT, image_name_with_digest_file,
		"Write repository@digest of each destination to this file."),
	F("insecure", BOOL, insecure, "Allow plain HTTP."),
	F("skip-tls-verify", BOOL, skip_tls_verify, "Accept any certificate."),
	F("push-retry", INT, push_retry, "How often to push again.", .max = 100),
};
static const struct slip_object push_object = {FIELDS(push_fields), .name = "push"};
#undef S

static const char *const kubeconfig_sources[] = {"file", "secret", NULL};

#define S struct slip_kubeconfig_spec
static const struct slip_field kubeconfig_fields[] = {
	F("file", TEXT, file, "The file.", .flags = FIELD_NONEMPTY),
	F("secret", TEXT, secret, "The secret of the spec whose value is the file's text.",
		.flags = FIELD_LITERAL | FIELD_NONEMPTY),
};
static const struct slip_object kubeconfig_object = {FIELDS(kubeconfig_fields),
	.name = "a kubeconfig", .shorthand = "file", .exactly_one = kubeconfig_sources,
	.exactly_one_message = "a kubeconfig comes from exactly one of \"file\" and \"secret\"",
	.exactly_one_example = "{secret: KUBECONFIG}"};
#undef S

static void finish_deploy(struct slip_decoder *d, const struct slip_yaml_node *node, void *base)
{
	const struct slip_deploy_spec *deploy = base;
	if (deploy->manifests.n || slip_yaml_get(node, "manifests") ||
		slip_yaml_get(node, "kustomize"))
		return;
	slip_diags_add(d->diags, node->pos, "deploy needs the key \"manifests\" or \"kustomize\"");
	slip_diags_hint(d->diags, "for example manifests: [k8s/*.yaml]");
}

#define S struct slip_deploy_spec
static const char *const dry_runs[] = {"none", "client", "server", NULL};
static const struct slip_field deploy_fields[] = {
	F("manifests", LIST, manifests,
		"Kubernetes manifests: files, globs, and directories with *.yaml, *.yml and "
		"*.json.",
		.flags = FIELD_NONEMPTY),
	F("kustomize", TEXT, kustomize, "Directory with a kustomization to build and apply.",
		.flags = FIELD_NONEMPTY),
	F("replace", MAP, replace, "Literal text in the manifests, and what to put in its place."),
	F("images", MAP, images, "Image names in the manifests, and the references to use."),
	F("namespace", TEXT, namespace_name,
		"Namespace of all objects; one that names another is an error."),
	F("kubeconfig", OBJECT, kubeconfig, "Configuration file with cluster and credentials.",
		.object = &kubeconfig_object),
	F("context", TEXT, kube_context, "Context of that file."),
	F("wait", DURATION, wait, "Wait as long for the rollout.", .max = HOURS * 24),
	F("server-side", BOOL, server_side, "Apply on the server; true by default."),
	F("dry-run", CHOICE, dry_run,
		"client: only check; server: let the server check; none by default.",
		.choices = dry_runs),
	F("diff", BOOL, diff, "Show what will change; true by default."),
};
static const struct slip_object deploy_object = {
	FIELDS(deploy_fields), .name = "deploy", .finish = finish_deploy};
#undef S

/* --- stages ----------------------------------------------------------------------------------- */

#define S struct slip_need
static const struct slip_field need_fields[] = {
	F("stage", TEXT, stage, "Name of the stage.", .flags = FIELD_REQUIRED | FIELD_LITERAL),
	F("required", BOOL, required, "Skip this stage when that one was skipped.",
		.flags = FIELD_LITERAL),
};
static const struct slip_object need_object = {
	FIELDS(need_fields), .name = "an item of needs", .shorthand = "stage"};
#undef S

#define S struct slip_matrix_cell
static const struct slip_field cell_rest =
	F("values", MAP, values, "Values by axis.", .check = CHECK_NAME);
static const struct slip_object cell_object = {
	.size = sizeof(S), .name = "a matrix cell", .rest = &cell_rest};
#undef S

#define S struct slip_matrix
static const struct slip_field matrix_fields[] = {
	F("include", OBJECTS, include, "Cells to add.", .object = &cell_object),
	F("exclude", OBJECTS, exclude, "Cells to leave out.", .object = &cell_object),
	F("fail-fast", BOOL, fail_fast, "Stop the other cells when one fails; true by default.",
		.flags = FIELD_LITERAL),
	F("max-parallel", INT, max_parallel, "So many cells at once, within --jobs.",
		.flags = FIELD_LITERAL, .min = 1, .max = SLIP_MAX_MATRIX_CELLS),
};
static const struct slip_field matrix_rest =
	F("axes", NAMED, axes, "Values of an axis.", .object = &axis_object, .check = CHECK_NAME);
static const struct slip_object matrix_object = {
	FIELDS(matrix_fields), .name = "matrix", .rest = &matrix_rest};
#undef S

#define S struct slip_allow_failure
static const struct slip_field allow_failure_fields[] = {
	F("enabled", BOOL, enabled, "The stage may fail."),
	F("exit-codes", LIST, exit_codes, "Only these exit statuses are allowed.",
		.item = FIELD_INT, .min = 1, .max = 255, .flags = FIELD_NONEMPTY),
};
static const struct slip_object allow_failure_object = {
	FIELDS(allow_failure_fields), .name = "allow-failure", .shorthand = "enabled"};
#undef S

#define S struct slip_artifacts_spec
static const char *const artifact_times[] = {"success", "failure", "always", NULL};
static const struct slip_field artifacts_fields[] = {
	F("paths", LIST, paths, "Globs of the files to keep, relative to the workspace.",
		.flags = FIELD_REQUIRED | FIELD_NONEMPTY, .check = CHECK_RELATIVE_PATH),
	F("exclude", LIST, exclude, "Globs of files to leave out.", .check = CHECK_RELATIVE_PATH),
	F("when", CHOICE, when, "On which end of the stage; success by default.",
		.choices = artifact_times),
};
static const struct slip_object artifacts_object = {
	FIELDS(artifacts_fields), .name = "artifacts", .shorthand = "paths"};
#undef S

static const char *const kind_names[SLIP_STAGE_KINDS] = {
	[SLIP_STAGE_RUN] = "run",
	[SLIP_STAGE_DOTNET_PUBLISH] = "dotnet-publish",
	[SLIP_STAGE_BUILD] = "build",
	[SLIP_STAGE_PUSH] = "push",
	[SLIP_STAGE_DEPLOY] = "deploy",
};

/* Exactly one kind; a stage with a misspelt kind has had its hint from the unknown key. */
static void finish_stage(struct slip_decoder *d, const struct slip_yaml_node *node, void *base)
{
	struct slip_pipeline_stage *stage = base;
	const char *found = NULL;
	stage->pos = node->pos;
	stage->has_needs = slip_yaml_get(node, "needs") != NULL;
	for (size_t i = 0; i < node->n; i++) {
		const struct slip_field *field =
			slip_object_find(&slip_object_stage, node->keys[i]->text);
		if (!field || !(field->flags & FIELD_KIND))
			continue;
		if (found) {
			slip_diags_add(d->diags, node->keys[i]->pos,
				"a stage has one kind; this one has \"%s\" and \"%s\"", found,
				field->key);
			slip_diags_hint(d->diags, "make two stages of it");
			continue;
		}
		found = field->key;
		for (int k = 0; k < SLIP_STAGE_KINDS; k++) {
			if (slip_streq(kind_names[k], found))
				stage->kind = (enum slip_stage_kind)k;
		}
	}
	if (found)
		return;
	slip_diags_add(d->diags, node->pos, "the stage has no kind");
	slip_diags_hint(d->diags, "add one of run, dotnet-publish, build, push, deploy");
}

#define S struct slip_pipeline_stage
static const struct slip_field stage_fields[] = {
	F("name", TEXT, name, "Name of the stage, unique in the file.",
		.flags = FIELD_REQUIRED | FIELD_LITERAL, .check = CHECK_STAGE_NAME),
	F("needs", OBJECTS, needs,
		"Stages that come first; the one before by default, [] for none.",
		.flags = FIELD_LATE, .object = &need_object),
	F("if", CONDITION, condition,
		"Run only when this expression is true; success() by default.",
		.flags = FIELD_LATE),
	F("matrix", OBJECT, matrix, "Run once for each combination of these values.",
		.flags = FIELD_LATE, .object = &matrix_object),
	F("container", TEXT, container, "Image to run the command in."),
	F("env", MAP, env, "Environment of the command.", .check = CHECK_ENV_NAME),
	F("secrets", LIST, secrets, "Secrets of the spec that the stage gets.",
		.flags = FIELD_LITERAL),
	F("timeout", DURATION, timeout, "Time limit, as in 90s, 30m or 2h.", STAGE_TIMEOUT),
	F("retry", OBJECT, retry, "When to try again.", .object = &retry_object),
	F("allow-failure", OBJECT, allow_failure, "The pipeline goes on when this stage fails.",
		.object = &allow_failure_object),
	F("artifacts", OBJECT, artifacts, "Files to keep.", .object = &artifacts_object),
	F("outputs", MAP, outputs,
		"Values for later stages: names that the command sets, or expressions.",
		.flags = FIELD_LATE | FIELD_KEYS | FIELD_RESULT, .check = CHECK_NAME),
	F("working-dir", TEXT, working_dir, "Directory of the command, relative to the workspace.",
		.check = CHECK_RELATIVE_PATH),
	F("run", OBJECT, run, "Run commands.", .flags = FIELD_KIND, .object = &run_object),
	F("dotnet-publish", OBJECT, dotnet_publish, "Publish a .NET project.", .flags = FIELD_KIND,
		.object = &dotnet_object),
	F("build", OBJECT, build, "Build an image.", .flags = FIELD_KIND, .object = &build_object),
	F("push", OBJECT, push, "Push an image that exists.", .flags = FIELD_KIND,
		.object = &push_object),
	F("deploy", OBJECT, deploy, "Apply Kubernetes manifests.", .flags = FIELD_KIND,
		.object = &deploy_object),
};
const struct slip_object slip_object_stage = {
	FIELDS(stage_fields), .name = "a stage", .finish = finish_stage};
#undef S

#define S struct slip_pipeline
static const struct slip_field pipeline_fields[] = {
	F("version", INT, version, "Version of this format: 1.",
		.flags = FIELD_REQUIRED | FIELD_LITERAL),
	F("name", TEXT, name, "Name of the pipeline.", .flags = FIELD_LITERAL | FIELD_NONEMPTY),
	F("include", LIST, include, "More files of this format, below this file's directory.",
		.flags = FIELD_LITERAL, .check = CHECK_RELATIVE_PATH),
	F("params", NAMED, params, "Parameters and their defaults.", .flags = FIELD_LATE,
		.check = CHECK_NAME, .object = &param_object),
	F("env", MAP, env, "Environment of all commands.", .check = CHECK_ENV_NAME),
	F("secrets", NAMED, secrets, "Secrets, and where they come from.", .check = CHECK_NAME,
		.object = &secret_object),
	F("registries", NAMED, registries, "Credentials and options by registry host.",
		.object = &registry_object),
	F("cache", OBJECT, cache, "Layer cache of all builds.", .object = &cache_object),
	F("defaults", OBJECT, defaults, "Values for stages that do not have their own.",
		.object = &defaults_object),
	F("stages", OBJECTS, stages, "The stages.", .flags = FIELD_LATE | FIELD_NONEMPTY,
		.object = &slip_object_stage),
	F("finally", OBJECTS, finally, "Stages that run at the end, whatever happened.",
		.flags = FIELD_LATE, .object = &slip_object_stage),
};
const struct slip_object slip_object_pipeline = {FIELDS(pipeline_fields), .name = "the spec"};
#undef S

const char *slip_stage_kind_name(enum slip_stage_kind kind)
{
	return kind_names[kind];
}

const char *const *slip_stage_kind_outputs(enum slip_stage_kind kind)
{
	static const char *const none[] = {NULL};
	static const char *const image[] = {"ref", "digest", "image", NULL};
	static const char *const dotnet[] = {"output", NULL};
	static const char *const deploy[] = {"objects", "images", NULL};
	switch (kind) {
	case SLIP_STAGE_BUILD:
	case SLIP_STAGE_PUSH:
		return image;
	case SLIP_STAGE_DOTNET_PUBLISH:
		return dotnet;
	case SLIP_STAGE_DEPLOY:
		return deploy;
	case SLIP_STAGE_RUN:
	case SLIP_STAGE_KINDS:
		break;
	}
	return none;
}
