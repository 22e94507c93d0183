#include "config.h"

#include "steps/build/foresee.h"

#include "runner/base/log.h"
#include "runner/dockerfile/scope.h"
#include "steps/context/obtain.h"

#define MAX_TEXT 200 /* of a step; the whole answer is one record */

/* --- where it goes -----------------------------------------------------------------------------
 */

void slip_foresee_isolation(const struct slip_isolation *isolation, struct slip_json *out)
{
	struct slip_json *v = slip_json_object();
	slip_json_set_str(v, "mode", slip_isolation_name(isolation->mode));
	slip_json_set_str(v, "why", isolation->why);
	slip_json_set(out, "isolation", v);
}

/* The bases that are known without expanding or asking anything. */
static int base_logins(const struct slip_builder *b, struct slip_json *out, struct slip_err *err)
{
	const struct slip_dockerfile *df = b->dockerfile;
	for (size_t i = 0; i < df->n_stages; i++) {
		const char *base = df->stages[i].base;
		if (slip_streq(base, "scratch") || strchr(base, '$') ||
			slip_stage_find_base(df, i, base) != SLIP_STAGE_NONE)
			continue;
		if (slip_registries_explain(b->registry, base, out, err) < 0)
			return slip_err_wrap(err, "FROM %s", base);
	}
	return 0;
}

static int say_where(const struct slip_builder *b, struct slip_json *out, struct slip_err *err)
{
	const struct slip_build_request *req = b->req;
	slip_autofree char *platform = b->dockerfile ? slip_platform_print(&b->platform) : NULL;
	slip_autostrv destinations = {0};
	slip_json_set_str(out, "platform", platform);
	slip_foresee_isolation(&b->isolation, out);
	for (size_t i = 0; i < req->destinations.n; i++) {
		slip_autoref ref = {0};
		if (slip_ref_parse(req->destinations.v[i], SLIP_REF_TAG_DEFAULT, &ref, err) < 0)
			return -1;
		slip_autofree char *text = slip_ref_print(&ref);
		slip_strv_add(&destinations, text);
		if (slip_registries_explain(b->registry, text, out, err) < 0)
			return -1;
	}
	slip_json_set(out, "destinations", slip_json_strings(&destinations));
	if (b->cache)
		slip_json_set_str(out, "cache", slip_cache_name(b->cache));
	const struct slip_ref *cache = b->cache ? slip_cache_repo(b->cache) : NULL;
	slip_autofree char *repo = cache ? slip_ref_print_repo(cache) : NULL;
	if (repo && slip_registries_explain(b->registry, repo, out, err) < 0)
		return -1;
	return b->dockerfile ? base_logins(b, out, err) : 0;
}

/* --- what would be executed --------------------------------------------------------------------
 */

/* What happens to a stage; by its place in builder->stages. */
struct fate {
	bool is_executed; /* its steps are made where they are not cached */
	bool is_opened; /* its files are read: those of its base, and of its first n steps */
	size_t n_steps;
};

static size_t index_of(const struct slip_builder *b, const struct slip_build_stage *s)
{
	size_t i = 0;
	while (b->stages[i] != s)
		i++;
	return i;
}

static void open_whole(const struct slip_builder *b, struct fate *fates, struct slip_build_stage *s)
{
	struct fate *f = &fates[index_of(b, s)];
	f->is_executed = true;
	f->is_opened = true;
	f->n_steps = s->n_steps;
}

/* A stage only uses stages before it: from the last to the first, each is looked at once. */
static struct fate *decide(const struct slip_builder *b)
{
	struct fate *fates = slip_xcalloc(b->n_stages + 1, sizeof(*fates));
	fates[index_of(b, b->target)].is_executed = true;
	for (size_t i = b->n_stages; i-- > 0;) {
		struct slip_build_stage *s = b->stages[i];
		struct fate *f = &fates[i];
		for (size_t k = 0; f->is_executed && k < s->n_steps; k++) {
			const struct slip_step *step = s->steps[k];
			if (step->result != SLIP_STEP_PENDING)
				continue;
			f->is_opened = true;
			f->n_steps = k > f->n_steps ? k : f->n_steps;
			if (step->kind == SLIP_STEP_COPY && step->copy.from == SLIP_FROM_STAGE)
				open_whole(b, fates, step->copy.from_stage);
		}
		if (!f->is_executed || !s->parent)
			continue;
		fates[index_of(b, s->parent)].is_executed = true;
		if (f->is_opened)
			open_whole(b, fates, s->parent);
	}
	return fates;
}

static struct slip_json *print_step(const struct slip_step *step)
{
	struct slip_json *v = slip_json_object();
	slip_autofree char *text = slip_xstrndup(step->label, MAX_TEXT);
	bool is_hit = step->result == SLIP_STEP_HIT;
	slip_json_set_int(v, "line", step->start_line);
	slip_json_set_str(v, "text", text);
	slip_json_set_str(v, "cache", is_hit ? "hit" : step->cacheable ? "miss" : "off");
	if (is_hit) {
		slip_json_set_str(v, "source", step->hit_source);
		slip_json_set_int(v, "bytes", (int64_t)step->layer.desc.size);
	}
	return v;
}

static void print_stages(
	const struct slip_builder *b, const struct fate *fates, struct slip_json *out)
{
	struct slip_json *stages = slip_json_array();
	for (size_t i = 0; i < b->n_stages; i++) {
		const struct slip_build_stage *s = b->stages[i];
		if (!fates[i].is_executed)
			continue;
		struct slip_json *v = slip_json_object();
		struct slip_json *steps = slip_json_array();
		for (size_t k = 0; k < s->n_steps; k++)
			slip_json_append(steps, print_step(s->steps[k]));
		slip_json_set_str(v, "name", s->name);
		slip_json_set_str(v, "base", s->ast->base);
		slip_json_set_str(v, "digest", s->base ? s->base->digest.s : NULL);
		slip_json_set(v, "steps", steps);
		slip_json_append(stages, v);
	}
	slip_json_set(out, "stages", stages);
}

/* --- bytes -------------------------------------------------------------------------------------
 */

/* Blobs that travel; each counts once. */
struct traffic {
	struct slip_map seen;
	int64_t blobs;
	int64_t bytes;
};

static void add_blob(struct traffic *t, const struct slip_layer *l)
{
	if (slip_map_has(&t->seen, l->desc.digest.s))
		return;
	slip_map_set(&t->seen, l->desc.digest.s, NULL);
	t->blobs++;
	t->bytes += (int64_t)l->desc.size;
}

static struct slip_json *print_traffic(struct traffic *t)
{
	struct slip_json *v = slip_json_object();
	slip_json_set_int(v, "blobs", t->blobs);
	slip_json_set_int(v, "bytes", t->bytes);
	slip_map_release(&t->seen);
	return v;
}

static void pull_layer(const struct slip_builder *b, struct traffic *t, const struct slip_layer *l)
{
	if (!slip_store_has_blob(b->store, &l->desc.digest))
		add_blob(t, l);
}

static void pull_base(const struct slip_builder *b, struct traffic *t, const struct slip_base *base)
{
	for (size_t i = 0; base && i < base->layers.n; i++)
		pull_layer(b, t, &base->layers.v[i]);
}

/* At most: an unpacked tree of the base in the store, or its index, makes it less. */
static struct slip_json *foresee_pull(const struct slip_builder *b, const struct fate *fates)
{
	struct traffic t = {0};
	slip_map_init(&t.seen, NULL);
	for (size_t i = 0; i < b->n_stages; i++) {
		const struct slip_build_stage *s = b->stages[i];
		if (fates[i].is_opened)
			pull_base(b, &t, s->base);
		for (size_t k = 0; k < fates[i].n_steps; k++) {
			if (s->steps[k]->result == SLIP_STEP_HIT)
				pull_layer(b, &t, &s->steps[k]->layer);
		}
		for (size_t k = 0; fates[i].is_executed && k < s->n_steps; k++) {
			const struct slip_step *step = s->steps[k];
			if (step->result == SLIP_STEP_PENDING && step->kind == SLIP_STEP_COPY &&
				step->copy.from == SLIP_FROM_IMAGE)
				pull_base(b, &t, step->copy.from_base);
		}
	}
	return print_traffic(&t);
}

/* Is the blob in the repository, or can the registry put it there itself? */
static int needs_upload(const struct slip_builder *b, const struct slip_ref *dest,
	const struct slip_layer *l, bool *needs, struct slip_err *err)
{
	bool has = false;
	*needs = false;
	if (slip_registry_has_blob(b->registry, dest, &l->desc.digest, &has, err) < 0)
		return -1;
	if (has)
		return 0;
	slip_autofree char *repo = slip_ref_print_repo(dest);
	size_t host = strcspn(repo, "/") + 1;
	*needs = !l->where || strncmp(l->where, repo, host) != 0;
	return 0;
}

static int foresee_push_to(const struct slip_builder *b, const char *destination, struct traffic *t,
	struct slip_err *err)
{
	slip_autoref dest = {0};
	if (slip_ref_parse(destination, SLIP_REF_TAG_DEFAULT, &dest, err) < 0)
		return -1;
	slip_map_release(&t->seen);
	slip_map_init(&t->seen, NULL);
	for (const struct slip_build_stage *s = b->target; s; s = s->parent) {
		size_t n_base = s->base ? s->base->layers.n : 0;
		for (size_t i = 0; i < n_base + s->n_steps; i++) {
			const struct slip_layer *l =
				i < n_base ? &s->base->layers.v[i] : &s->steps[i - n_base]->layer;
			bool is_known = i < n_base || s->steps[i - n_base]->result == SLIP_STEP_HIT;
			bool needs = false;
			if (is_known && needs_upload(b, &dest, l, &needs, err) < 0)
				return -1;
			if (needs)
				add_blob(t, l);
		}
	}
	return 0;
}

static int64_t count_made(const struct slip_builder *b)
{
	int64_t made = 0;
	for (const struct slip_build_stage *s = b->target; s; s = s->parent) {
		for (size_t k = 0; k < s->n_steps; k++)
			made += s->steps[k]->result == SLIP_STEP_PENDING;
	}
	return made;
}

static int foresee_push(const struct slip_builder *b, struct slip_json *out, struct slip_err *err)
{
	struct traffic t = {0};
	int rc = 0;
	slip_map_init(&t.seen, NULL);
	for (size_t i = 0; rc == 0 && i < b->req->destinations.n; i++)
		rc = foresee_push_to(b, b->req->destinations.v[i], &t, err);
	struct slip_json *v = print_traffic(&t);
	slip_json_set_int(v, "made", count_made(b));
	slip_json_set(out, "push", v);
	return rc;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

/* Why the Dockerfile cannot be read now, though it may be when the stage runs; or NULL. */
static const char *why_later(const struct slip_build_request *req)
{
	const struct slip_context_options context = {
		.dir = slip_context_local_dir(req->context),
		.sub_path = req->context_sub_path,
	};
	if (!context.dir)
		return "the context is fetched when the stage runs";
	slip_autostrv places = {0};
	slip_context_dockerfile_places(&context, req->dockerfile, &places);
	for (size_t i = 0; i < places.n; i++) {
		if (access(places.v[i], F_OK) == 0)
			return NULL;
	}
	return "there is no Dockerfile yet";
}

static int foresee(
	struct slip_builder *b, bool is_probe, struct slip_json *out, struct slip_err *err)
{
	const char *later = why_later(b->req);
	if (later) {
		slip_json_set_str(out, "note", later);
		if (slip_builder_open(b, (enum slip_isolation_mode)b->req->isolation, err) < 0)
			return -1;
		return say_where(b, out, err);
	}
	if (slip_builder_prepare(b, err) < 0 || say_where(b, out, err) < 0)
		return -1;
	if (!is_probe)
		return 0;
	if (slip_builder_look_up(b, err) < 0)
		return -1;
	slip_autofree struct fate *fates = decide(b);
	print_stages(b, fates, out);
	slip_json_set(out, "pull", foresee_pull(b, fates));
	return b->req->no_push ? 0 : foresee_push(b, out, err);
}

int slip_build_foresee(const struct slip_build_request *req, bool is_probe, struct slip_json *out,
	struct slip_err *err)
{
	struct slip_builder b;
	slip_builder_init(&b, req);
	b.looks_only = true;
	int rc = foresee(&b, is_probe, out, err);
	slip_builder_release(&b);
	return rc;
}
