#include "config.h"

#include "steps/build/request.h"

#include "runner/oci/ref.h"
#include "runner/report/log_options.h"
#include "steps/context/obtain.h"

#define AT(member) offsetof(struct slip_build_request, member)

static const char *const formats[] = {"", "docker", "oci", NULL};
/* In the order of enum slip_context_modes. */
static const char *const context_modes[] = {"auto", "git", "keep", NULL};
static const char *const compressions[] = {"gzip", "zstd", NULL};
/* In the order of enum slip_isolation_mode. */
static const char *const isolations[] = {"auto", "namespaces", "chroot", "in-place", "none", NULL};

/* Accepted so that a command line of kaniko's works; the text is why nothing has to be done. */
#define IGNORED_BOOL(name, why)                                                                    \
	{                                                                                          \
		name, 0, SLIP_OPT_BOOL, AT(ignored), NULL, why, NULL, NULL,                        \
			SLIP_OPT_NO_EFFECT | SLIP_OPT_HIDDEN                                       \
	}
#define IGNORED_TEXT(name, why)                                                                    \
	{                                                                                          \
		name, 0, SLIP_OPT_STRING, AT(ignored_text), "VALUE", why, NULL, NULL,              \
			SLIP_OPT_NO_EFFECT | SLIP_OPT_HIDDEN                                       \
	}

const struct slip_opt slip_build_options[] = {
	{"context", 'c', SLIP_OPT_STRING, AT(context), "DIR|URL",
		"What COPY and ADD read: a directory, an archive (tar://FILE, - for standard "
		"input, https://...), a repository (git://..., https://....git#REF:SUBDIR), or an "
		"object (s3://..., gs://..., Azure).",
		"."},
	{"context-sub-path", 0, SLIP_OPT_STRING, AT(context_sub_path), "DIR",
		"The directory inside the context that is used."},
	{"git", 0, SLIP_OPT_LIST, AT(git), "NAME=VALUE",
		"For a repository: branch, depth, insecure-skip-tls, keep-git-dir, "
		"recurse-submodules, single-branch."},
	{"dockerfile", 'f', SLIP_OPT_STRING, AT(dockerfile), "FILE",
		"The Dockerfile: a path from here, or from the context.", "Dockerfile"},
	{"context-modes", 0, SLIP_OPT_CHOICE, AT(context_modes), "auto|git|keep",
		"Modes of files that git tracks: 0644 or 0755, whatever the umask of the checkout "
		"was "
		"(git; auto where there is an index), or as on disk (keep).",
		"auto", context_modes},
	{"build-arg", 0, SLIP_OPT_LIST, AT(build_args), "NAME[=VALUE]",
		"A value for an ARG; without =VALUE that of the environment variable."},
	{"label", 0, SLIP_OPT_LIST, AT(labels), "NAME=VALUE",
		"A label of the image; wins over a LABEL of the same name."},
	{"annotation", 0, SLIP_OPT_LIST, AT(annotations), "NAME=VALUE",
		"An annotation of the image's manifest, which is OCI's then. May be given often."},
	{"target", 0, SLIP_OPT_STRING, AT(target), "STAGE",
		"The stage to build; the last one otherwise."},
	{"custom-platform", 0, SLIP_OPT_STRING, AT(platform), "OS/ARCH[/VARIANT]",
		"The platform to build for; this machine's otherwise."},
	{"customPlatform", .alias_of = "custom-platform"},

	{"destination", 'd', SLIP_OPT_LIST, AT(destinations), "IMAGE",
		"Where to push: registry/repository:tag. May be given often."},
	{"no-push", 0, SLIP_OPT_BOOL, AT(no_push), NULL, "Build only, push no image."},
	{"oci-layout-path", 0, SLIP_OPT_STRING, AT(oci_layout_path), "DIR",
		"Also write the image as an OCI layout."},
	{"tar-path", 0, SLIP_OPT_STRING, AT(tar_path), "FILE",
		"Also write the image as an archive for `docker load`."},
	{"tarPath", .alias_of = "tar-path"},
	{"digest-file", 0, SLIP_OPT_STRING, AT(digest_file), "FILE",
		"Write the image's digest there, without a newline."},
	{"image-name-with-digest-file", 0, SLIP_OPT_STRING, AT(image_name_with_digest_file), "FILE",
		"Write a line repository@digest for every destination."},
	{"image-name-tag-with-digest-file", 0, SLIP_OPT_STRING, AT(image_name_tag_with_digest_file),
		"FILE", "Write a line repository:tag@digest for every destination."},
	{"image-format", 0, SLIP_OPT_CHOICE, AT(image_format), "docker|oci",
		"Media types of the image; those of the base image otherwise.", NULL, formats},
	{"compression", 0, SLIP_OPT_CHOICE, AT(compression), "gzip|zstd",
		"How layers are compressed.", "gzip", compressions},
	{"compression-level", 0, SLIP_OPT_INT, AT(compression_level), "N",
		"Level of the compression; -1 is the fast default.", "-1"},

	{"cache", 0, SLIP_OPT_BOOL, AT(cache), NULL, "Use and fill the layer cache."},
	{"cache-repo", 0, SLIP_OPT_STRING, AT(cache_repo), "REPOSITORY|oci:DIR",
		"Where cached layers are kept; <first destination>/cache otherwise."},
	{"cache-dir", 0, SLIP_OPT_STRING, AT(cache_dir), "DIR",
		"The local store; $SLIPWAY_STORE or ~/.cache/slipway otherwise."},
	{"cache-ttl", 0, SLIP_OPT_DURATION, AT(cache_ttl), "DURATION",
		"Cached layers older than this are not used.", "336h"},
	{"cache-run-layers", 0, SLIP_OPT_BOOL, AT(cache_run_layers), NULL,
		"Cache RUN and WORKDIR (the default; =false switches it off).", "true"},
	{"cache-copy-layers", 0, SLIP_OPT_BOOL, AT(cache_copy_layers), NULL,
		"Cache COPY and ADD too."},
	{"no-push-cache", 0, SLIP_OPT_BOOL, AT(no_push_cache), NULL,
		"Use the cache repository without writing to it."},

	{"isolation", 0, SLIP_OPT_CHOICE, AT(isolation), "MODE",
		"How a RUN is isolated: auto, namespaces or none.", "auto", isolations},
	{"reproducible", 0, SLIP_OPT_BOOL, AT(reproducible), NULL,
		"The same digest for the same input: all times are $SOURCE_DATE_EPOCH, or 0."},
	{"skip-push-permission-check", 0, SLIP_OPT_BOOL, AT(skip_push_permission_check), NULL,
		"Do not ask the registries for push rights before the build."},

	SLIP_REGISTRY_FLAGS(struct slip_build_request),

	SLIP_LOG_OPTIONS(struct slip_build_request),

	IGNORED_BOOL("force", "every build has a root of its own, nothing is overwritten"),
	IGNORED_BOOL("cleanup", "a build leaves nothing behind"),
	IGNORED_BOOL("pre-cleanup", "every build has a root of its own, nothing is in its way"),
	IGNORED_BOOL("preserve-context", "the context is never written to"),
	IGNORED_BOOL("single-snapshot", "the image is the same, with a layer for each instruction"),
	IGNORED_BOOL("whitelist-var-run", "the build has a /var/run of its own"),
	IGNORED_BOOL("skip-unused-stages", "unused stages are never built"),
	IGNORED_BOOL("force-build-metadata", "layers are as BuildKit makes them"),
	IGNORED_BOOL("use-new-run", "changes are found without hashing the root"),
	IGNORED_BOOL("compressed-caching", "layers are compressed once, to disk"),
	IGNORED_BOOL("ignore-var-run", "the build has a /var/run of its own"),
	IGNORED_TEXT("snapshot-mode", "changes are found without hashing the root"),
	IGNORED_TEXT("snapshotMode", "changes are found without hashing the root"),
	IGNORED_TEXT("kaniko-dir", "the work directory is in the store"),
	IGNORED_TEXT("azure-container-registry-config", "credentials come from config.json"),
	IGNORED_TEXT("push-retry", "requests are always retried"),
	IGNORED_TEXT("image-download-retry", "requests are always retried"),
	IGNORED_TEXT("image-fs-extract-retry", "requests are always retried"),
	{NULL},
};

void slip_build_request_init(struct slip_build_request *r)
{
	memset(r, 0, sizeof(*r));
	slip_opt_defaults(slip_build_options, r);
}

void slip_build_request_release(struct slip_build_request *r)
{
	slip_opt_release(slip_build_options, r);
}

static int check_pairs(const struct slip_strv *sv, const char *flag, struct slip_err *err)
{
	for (size_t i = 0; i < sv->n; i++) {
		const char *equals = strchr(sv->v[i], '=');
		if (!equals || equals == sv->v[i])
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"--%s takes NAME=VALUE, not \"%s\"", flag, sv->v[i]);
	}
	return 0;
}

static int check_destinations(const struct slip_strv *names, struct slip_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		struct slip_ref ref;
		if (slip_ref_parse(names->v[i], SLIP_REF_TAG_DEFAULT, &ref, err) < 0)
			return slip_err_wrap(err, "--destination %s", names->v[i]);
		slip_ref_release(&ref);
	}
	return 0;
}

int slip_build_request_check(const struct slip_build_request *r, struct slip_err *err)
{
	if (!r->destinations.n && !r->no_push)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"where to? Give --destination, or --no-push to build only");
	if (r->cache && !r->cache_repo && !r->destinations.n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--cache without a destination needs --cache-repo (a repository or "
			"oci:DIR)");
	if (r->image_name_with_digest_file && !r->destinations.n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--image-name-with-digest-file needs a --destination");
	if (r->image_name_tag_with_digest_file && !r->destinations.n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--image-name-tag-with-digest-file needs a --destination");
	if (r->annotations.n && r->image_format == SLIP_FORMAT_DOCKER)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--annotation: Docker's image format has none; use --image-format oci");
	if (check_pairs(&r->annotations, "annotation", err) < 0 ||
		check_destinations(&r->destinations, err) < 0)
		return -1;
	if (slip_context_check_git(&r->git, err) < 0)
		return -1;
	return check_pairs(&r->labels, "label", err);
}
