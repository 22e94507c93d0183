#include "config.h"

#include "steps/build/builder.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/scope.h"
#include "steps/build/evaluate.h"
#include "steps/build/findings.h"
#include "steps/build/output.h"
#include "steps/context/obtain.h"
#include "steps/image/push.h"

#include <errno.h>
#include <sys/stat.h>

#define TELLERS 2 /* of tell.h, beside transfers */

bool slip_builder_caches(const struct slip_builder *b, enum slip_step_kind kind)
{
	if (!b->cache)
		return false;
	return kind == SLIP_STEP_COPY ? b->req->cache_copy_layers : b->req->cache_run_layers;
}

bool slip_builder_keeps_owners(const struct slip_builder *b)
{
	return b->isolation.mode != SLIP_ISOLATION_NONE &&
	       (!b->isolation.user_namespace || b->isolation.ids > 1);
}

int slip_builder_make_dir(
	struct slip_builder *b, const char *prefix, char **path, int *fd, struct slip_err *err)
{
	slip_autofree char *made = NULL;
	if (slip_make_temp_dir(slip_store_work_path(b->store), prefix, &made, err) < 0)
		return -1;
	if (chmod(made, 0755) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "chmod %s", made);
	int opened = open(made, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (opened < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", made);
	*path = slip_steal_ptr(&made);
	*fd = opened;
	return 0;
}

static int open_store(struct slip_builder *b, struct slip_err *err)
{
	struct slip_store_options store = {.path = b->req->cache_dir, .look_only = b->looks_only};
	return b->store ? 0 : slip_store_open(&store, &b->store, err);
}

/* --- inputs -------------------------------------------------------------------------------------
 */

/* The Dockerfile is part of the context, and says what else is needed: this comes first. */
static int load_inputs(struct slip_builder *b, struct slip_err *err)
{
	slip_cleanup(slip_obtained_release) struct slip_obtained here = {0};
	slip_autofree char *path = NULL;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	if (!slip_context_local_dir(b->req->context) && open_store(b, err) < 0)
		return -1;
	struct slip_obtain obtain = {
		.where = b->req->context,
		.git = &b->req->git,
		.work_path = b->store ? slip_store_work_path(b->store) : NULL,
	};
	if (slip_context_obtain(&obtain, &here, err) < 0)
		return -1;
	slip_autofree char *sub_path =
		here.sub_path && b->req->context_sub_path
			? slip_xasprintf("%s/%s", here.sub_path, b->req->context_sub_path)
			: slip_xstrdup(here.sub_path ? here.sub_path : b->req->context_sub_path);
	struct slip_context_options opt = {
		.dir = here.dir,
		.sub_path = sub_path,
		.is_foreign = here.is_ours,
	};
	if (slip_context_open(&opt, &b->context, err) < 0 ||
		slip_context_read_dockerfile(b->context, b->req->dockerfile, &path, &text, err) < 0)
		return -1;
	if (slip_dockerfile_parse(text.data, text.len, path, &b->dockerfile, err) < 0) {
		slip_build_tell_failure(path, err);
		return -1;
	}
	return slip_context_set_modes(
		b->context, (enum slip_context_modes)b->req->context_modes, err);
}

static void read_build_args(struct slip_builder *b)
{
	for (size_t i = 0; i < b->req->build_args.n; i++) {
		const char *arg = b->req->build_args.v[i];
		const char *equals = strchr(arg, '=');
		slip_autofree char *name =
			equals ? slip_xstrndup(arg, (size_t)(equals - arg)) : slip_xstrdup(arg);
		const char *value = equals ? equals + 1 : getenv(name);
		if (!equals && !value)
			slip_warn("--build-arg %s: there is no such environment variable", name);
		slip_smap_set(&b->build_args, name, value ? value : "");
	}
}

/* The image's time: SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs), 0, or now. */
static int read_epoch(struct slip_builder *b, struct slip_err *err)
{
	const char *text = slip_smap_get(&b->build_args, "SOURCE_DATE_EPOCH");
	if (!text)
		text = getenv("SOURCE_DATE_EPOCH");
	b->created = b->req->reproducible ? 0 : slip_clock_now();
	if (!text || !*text)
		return 0;
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (*end || errno || v < 0)
		return slip_err_set(err, SLIP_E_USAGE, 0, "invalid SOURCE_DATE_EPOCH: %s", text);
	b->created = v;
	b->has_epoch = true;
	return 0;
}

static int read_platform(struct slip_builder *b, struct slip_err *err)
{
	slip_platform_host(&b->platform);
	if (!b->req->platform)
		return 0;
	if (slip_platform_parse(b->req->platform, NULL, &b->platform, err) < 0)
		return slip_err_wrap(err, "--custom-platform");
	return 0;
}

/* --- services -----------------------------------------------------------------------------------
 */

/* Could a RUN come up? One in the file, or in a trigger of a base image. */
static bool may_run(const struct slip_dockerfile *df)
{
	for (size_t i = 0; i < df->n_stages; i++) {
		if (!slip_streq(df->stages[i].base, "scratch"))
			return true;
		for (size_t k = 0; k < df->stages[i].instrs.n; k++) {
			if (df->stages[i].instrs.v[k].kind == SLIP_I_RUN)
				return true;
		}
	}
	return false;
}

int slip_builder_open(struct slip_builder *b, enum slip_isolation_mode wanted, struct slip_err *err)
{
	/* Isolation first of all: the process has one thread until then. */
	if (open_store(b, err) < 0 || slip_isolation_enter(wanted, slip_store_work_path(b->store),
					      &b->isolation, err) < 0)
		return -1;
	/* The first request loads libcurl, which takes as long as a small layer. */
	b->cpu = slip_pool_new(slip_pool_processors());
	slip_pool_start(b->cpu);
	b->io = slip_pool_new(SLIP_PUSH_TRANSFERS + TELLERS);
	return slip_registries_open(&b->req->registries, &b->http, &b->registry, err);
}

static int open_services(struct slip_builder *b, struct slip_err *err)
{
	enum slip_isolation_mode wanted = (enum slip_isolation_mode)b->req->isolation;
	if (wanted == SLIP_ISOLATION_AUTO && !may_run(b->dockerfile))
		wanted = SLIP_ISOLATION_NONE;
	if (slip_builder_open(b, wanted, err) < 0)
		return -1;
	if (wanted == SLIP_ISOLATION_NONE && b->req->isolation == SLIP_ISOLATION_AUTO)
		snprintf(b->isolation.why, sizeof(b->isolation.why),
			"none: no instruction runs a command");
	if (!b->req->cache)
		return 0;
	b->digests = slip_digests_new(b);
	return slip_cache_new(b, &b->cache, err);
}

static void free_base(void *base)
{
	slip_base_free(base);
}

void slip_builder_init(struct slip_builder *b, const struct slip_build_request *req)
{
	*b = (struct slip_builder){.req = req};
	slip_smap_init(&b->build_args);
	slip_smap_init(&b->globals);
	slip_map_init(&b->bases, free_base);
}

static void drop_stages(struct slip_builder *b)
{
	for (size_t i = 0; i < b->n_stages; i++)
		slip_build_stage_free(b->stages[i]);
	slip_cleanup_free(&b->stages);
	b->n_stages = 0;
}

void slip_builder_release(struct slip_builder *b)
{
	slip_tell_free(b->tell);
	slip_push_check_free(b->rights);
	slip_cache_free(b->cache);
	slip_digests_free(b->digests);
	drop_stages(b);
	slip_map_release(&b->bases);
	slip_pool_free(b->io);
	slip_pool_free(b->cpu);
	slip_registry_free(b->registry);
	slip_http_free(b->http);
	slip_store_close(b->store);
	slip_context_free(b->context);
	slip_dockerfile_free(b->dockerfile);
	slip_map_release(&b->build_args);
	slip_map_release(&b->globals);
}

/* --- the build ----------------------------------------------------------------------------------
 */

static int evaluate(struct slip_builder *b, struct slip_err *err)
{
	size_t target;
	if (slip_stage_find_target(b->dockerfile, b->req->target, &target, err) < 0 ||
		slip_evaluate_globals(b, err) < 0)
		return -1;
	b->n_stages = b->dockerfile->n_stages;
	b->stages = slip_xcalloc(b->n_stages, sizeof(struct slip_build_stage *));
	for (size_t i = 0; i < b->n_stages; i++)
		b->stages[i] = slip_build_stage_new(b, &b->dockerfile->stages[i]);
	if (slip_builder_stage(b, target, &b->target, err) < 0)
		return -1;
	if (!b->has_told_args)
		slip_build_tell_unused_args(b);
	b->has_told_args = true;
	return 0;
}

/* Everything that may be cached is looked up at once, before the first instruction runs. */
static void probe(struct slip_builder *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n_stages; i++)
		n += b->stages[i]->n_steps;
	slip_autofree struct slip_step **steps = slip_xcalloc(n + 1, sizeof(struct slip_step *));
	n = 0;
	for (size_t i = 0; i < b->n_stages; i++) {
		for (size_t k = 0; k < b->stages[i]->n_steps; k++) {
			if (b->stages[i]->steps[k]->cacheable)
				steps[n++] = b->stages[i]->steps[k];
		}
	}
	if (b->cache && n)
		slip_cache_probe(b->cache, steps, n);
}

/*
 * After probing it is known which RUNs will be executed, and so which roots will have to be there
 * as files: those of the stage up to its last such RUN, all of the stages below it, and their base.
 */
static void mark_files(struct slip_builder *b)
{
	for (size_t i = 0; i < b->n_stages; i++) {
		struct slip_build_stage *s = b->stages[i];
		bool runs = false;
		for (size_t k = 0; k < s->n_steps; k++) {
			if (s->steps[k]->kind != SLIP_STEP_RUN ||
				s->steps[k]->result != SLIP_STEP_PENDING)
				continue;
			runs = true;
			if (k > s->files_until)
				s->files_until = k;
		}
		if (!runs)
			continue;
		while (s->parent) {
			s = s->parent;
			s->files_until = s->n_steps;
		}
		if (s->base)
			s->base->wants_files = true;
	}
}

static int written(int rc, const char *path)
{
	if (rc == 0)
		slip_event("image.written", "path", path, NULL);
	return rc;
}

static int write_outputs(
	struct slip_builder *b, struct slip_build_result *result, struct slip_err *err)
{
	struct slip_output out;
	int rc = slip_output_make(b, &out, err);
	if (rc == 0 && b->cache)
		slip_cache_finish(b->cache);
	if (rc == 0 && b->req->oci_layout_path)
		rc = written(slip_output_layout(&out, b->req->oci_layout_path, err),
			b->req->oci_layout_path);
	if (rc == 0 && b->req->tar_path)
		rc = written(slip_output_archive(&out, b->req->tar_path, err), b->req->tar_path);
	if (rc == 0 && !b->req->no_push)
		rc = slip_output_push(&out, err);
	if (rc == 0)
		rc = slip_output_digest_files(&out, err);
	if (rc == 0) {
		result->digest = out.digest;
		result->config = out.config;
	}
	slip_output_release(&out);
	return rc;
}

static void announce_start(const struct slip_builder *b)
{
	slip_autofree char *platform = slip_platform_print(&b->platform);
	slip_autofree char *file = slip_path_absolute(b->dockerfile->name);
	slip_event("build.start", "dockerfile", b->dockerfile->name, "file", file, "target",
		b->req->target, "context", b->req->context, "platform", platform, "isolation",
		slip_isolation_name(b->isolation.mode), "why", b->isolation.why, NULL);
}

static void count_hits(const struct slip_builder *b, struct slip_build_result *result)
{
	for (size_t i = 0; i < b->n_stages; i++) {
		for (size_t k = 0; k < b->stages[i]->n_steps; k++) {
			result->hits += b->stages[i]->steps[k]->result == SLIP_STEP_HIT;
			result->misses += b->stages[i]->steps[k]->result == SLIP_STEP_BUILT;
		}
	}
}

static struct slip_push_check *start_push_check(struct slip_builder *b)
{
	bool wanted = !b->req->no_push && !b->req->skip_push_permission_check;
	static const struct slip_strv none;
	return slip_push_check_start(b->registry, b->io, wanted ? &b->req->destinations : &none);
}

/* A push that will be refused is what to tell, whatever else went wrong meanwhile. */
static int execute(struct slip_builder *b, struct slip_err *err)
{
	struct slip_err refused = SLIP_ERR_INIT;
	int rc = slip_build_stage_execute(b->target, err);
	if (slip_push_check_wait(b->rights, &refused) == 0)
		return rc;
	slip_err_clear(err);
	return slip_err_copy(err, &refused);
}

int slip_builder_prepare(struct slip_builder *b, struct slip_err *err)
{
	read_build_args(b);
	if (slip_build_request_check(b->req, err) < 0 ||
		(!b->looks_only && slip_output_check(b->req, err) < 0) ||
		read_platform(b, err) < 0 || read_epoch(b, err) < 0 || load_inputs(b, err) < 0)
		return -1;
	return open_services(b, err);
}

int slip_builder_look_up(struct slip_builder *b, struct slip_err *err)
{
	if (evaluate(b, err) < 0)
		return -1;
	probe(b);
	mark_files(b);
	return 0;
}

static int build_once(
	struct slip_builder *b, struct slip_build_result *result, struct slip_err *err)
{
	slip_tell_phase(b->tell, "looking for base images and cached layers");
	if (slip_builder_look_up(b, err) < 0)
		return -1;
	slip_tell_step(b->tell, NULL);
	slip_tell_context(b->tell);
	if (execute(b, err) < 0)
		return -1;
	slip_tell_phase(b->tell, b->req->no_push ? "writing the image" : "pushing the image");
	return write_outputs(b, result, err);
}

/* A layer that the cache promised and has not costs another try, in which it is a miss. */
static int build_without_lost(
	struct slip_builder *b, struct slip_build_result *result, struct slip_err *err)
{
	for (size_t lost = 0;;) {
		struct slip_err why = SLIP_ERR_INIT;
		if (build_once(b, result, &why) == 0)
			return 0;
		size_t now = b->cache ? slip_cache_distrusted(b->cache) : 0;
		if (now == lost || slip_cancel_check(err) < 0)
			return slip_err_copy(err, &why);
		lost = now;
		slip_warn("the cache %s is damaged, what it lost is built again: %s",
			slip_cache_name(b->cache), why.msg);
		drop_stages(b);
	}
}

static int build(struct slip_builder *b, struct slip_build_result *result, struct slip_err *err)
{
	if (slip_builder_prepare(b, err) < 0)
		return -1;
	announce_start(b);
	b->tell = slip_tell_start(b);
	b->rights = start_push_check(b);
	int rc = build_without_lost(b, result, err);
	count_hits(b, result);
	slip_tell_end(b->tell, result, rc == 0);
	if (rc < 0)
		slip_build_tell_failure(b->dockerfile->name, err);
	return rc;
}

int slip_build_image(const struct slip_build_request *req, struct slip_build_result *result,
	struct slip_err *err)
{
	struct slip_builder b;
	memset(result, 0, sizeof(*result));
	slip_builder_init(&b, req);
	int rc = build(&b, result, err);
	slip_builder_release(&b);
	return rc;
}
