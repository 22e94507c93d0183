#include "config.h"

#include "steps/build/warm.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/scope.h"
#include "steps/build/evaluate.h"
#include "steps/build/fetch.h"

#define AT(member) offsetof(struct slip_warm_request, member)

const struct slip_opt slip_warm_options[] = {
	{"image", 'i', SLIP_OPT_LIST, AT(images), "IMAGE",
		"An image; the same as without --image. May be given often."},
	{"dockerfile", 'd', SLIP_OPT_STRING, AT(dockerfile), "FILE",
		"The images of this Dockerfile's FROM lines."},
	{"build-arg", 0, SLIP_OPT_LIST, AT(build_args), "NAME=VALUE",
		"A value for an ARG that a FROM line uses. May be given often."},
	{"custom-platform", 0, SLIP_OPT_STRING, AT(platform), "OS/ARCH[/VARIANT]",
		"The platform; this machine's otherwise."},
	{"customPlatform", .alias_of = "custom-platform"},
	{"cache-dir", 'c', SLIP_OPT_STRING, AT(cache_dir), "DIR",
		"The local store; $SLIPWAY_STORE or ~/.cache/slipway otherwise."},
	SLIP_REGISTRY_FLAGS(struct slip_warm_request),
	SLIP_LOG_OPTIONS(struct slip_warm_request),
	{"force", 'f', SLIP_OPT_BOOL, AT(ignored), NULL,
		"what is stored is named by its digest, and never stale", NULL, NULL,
		SLIP_OPT_NO_EFFECT | SLIP_OPT_HIDDEN},
	{"cache-ttl", 0, SLIP_OPT_STRING, AT(ignored_text), "VALUE",
		"what is stored is named by its digest, and never stale", NULL, NULL,
		SLIP_OPT_NO_EFFECT | SLIP_OPT_HIDDEN},
	{NULL},
};

/* --- which images -------------------------------------------------------------------------------
 */

static void read_build_args(struct slip_builder *b, const struct slip_strv *args)
{
	for (size_t i = 0; i < args->n; i++) {
		const char *equals = strchr(args->v[i], '=');
		if (!equals)
			continue;
		slip_autofree char *name = slip_xstrndup(args->v[i], (size_t)(equals - args->v[i]));
		slip_smap_set(&b->build_args, name, equals + 1);
	}
}

/* The images that the FROM lines mean: neither earlier stages nor scratch. */
static int add_bases(struct slip_builder *b, struct slip_strv *images, struct slip_err *err)
{
	const struct slip_dockerfile *df = b->dockerfile;
	for (size_t i = 0; i < df->n_stages; i++) {
		slip_autofree char *name = NULL;
		if (slip_evaluate_from(b, &df->stages[i], &name, err) < 0)
			return slip_dockerfile_locate(
				df, df->stages[i].start_line, df->stages[i].end_line, err);
		if (!slip_streq(name, "scratch") &&
			slip_stage_find_base(df, i, name) == SLIP_STAGE_NONE &&
			!slip_strv_has(images, name))
			slip_strv_add(images, name);
	}
	return 0;
}

static int read_dockerfile(
	struct slip_builder *b, const char *path, struct slip_strv *images, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0 ||
		slip_dockerfile_parse(text.data, text.len, path, &b->dockerfile, err) < 0 ||
		slip_evaluate_globals(b, err) < 0)
		return -1;
	return add_bases(b, images, err);
}

/* --- fetching -----------------------------------------------------------------------------------
 */

static int warm_one(struct slip_builder *b, const char *name, struct slip_err *err)
{
	struct slip_base *base;
	if (slip_cancel_check(err) < 0 || slip_base_resolve(b, name, &b->platform, &base, err) < 0)
		return -1;
	if (slip_layers_fetch(b, base->layers.v, base->layers.n, err) < 0)
		return slip_err_wrap(err, "%s", name);
	slip_info("%s is in %s: %zu layers", name, slip_store_path(b->store), base->layers.n);
	return 0;
}

static int warm_all(struct slip_builder *b, const struct slip_strv *images, struct slip_err *err)
{
	struct slip_err first = SLIP_ERR_INIT;
	size_t failed = 0;
	for (size_t i = 0; i < images->n; i++) {
		struct slip_err why = SLIP_ERR_INIT;
		if (warm_one(b, images->v[i], &why) == 0)
			continue;
		if (failed++ == 0)
			first = why;
		else
			slip_error("%s", why.msg);
	}
	return failed ? slip_err_copy(err, &first) : 0;
}

int slip_warm(const struct slip_warm_request *req, struct slip_err *err)
{
	/* Borrows from req, and so is not released. */
	struct slip_build_request build = {.cache_dir = req->cache_dir,
		.platform = req->platform,
		.registries = req->registries};
	struct slip_builder b;
	slip_autostrv images = {0};
	slip_strv_copy(&images, &req->images);
	slip_builder_init(&b, &build);
	slip_platform_host(&b.platform);
	read_build_args(&b, &req->build_args);
	int rc = 0;
	if (req->platform && slip_platform_parse(req->platform, NULL, &b.platform, err) < 0)
		rc = slip_err_wrap(err, "--custom-platform");
	if (rc == 0 && req->dockerfile)
		rc = read_dockerfile(&b, req->dockerfile, &images, err);
	if (rc == 0 && images.n == 0)
		rc = slip_err_set(
			err, SLIP_E_USAGE, 0, "which images? Name them, or give --dockerfile");
	if (rc == 0)
		rc = slip_builder_open(&b, SLIP_ISOLATION_NONE, err);
	if (rc == 0)
		rc = warm_all(&b, &images, err);
	slip_builder_release(&b);
	return rc;
}
