#include "config.h"

#include "steps/build/cache.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/store/layout.h"
#include "steps/build/builder.h"
#include "steps/image/result.h"

#include <pthread.h>

#define RECORD_KIND "cache"
#define ANNOTATION_DIFF_ID "dev.slipway.cache.diff-id"
#define ANNOTATION_CREATED "dev.slipway.cache.created"
#define LAYOUT_PREFIX "oci:"

struct upload {
	struct slip_cache *cache;
	struct slip_layer layer;
	struct slip_digest key;
	struct slip_task *task;
};

struct slip_cache {
	struct slip_builder *b;
	char *name; /* as given or derived */
	struct slip_ref repo; /* unless it is a layout */
	struct slip_layout *layout; /* NULL: a registry, or nothing to read */
	char *layout_path; /* NULL: a registry */
	int64_t ttl; /* seconds */
	pthread_mutex_t layout_lock; /* one index.json, several uploads */
	pthread_mutex_t distrust_lock;
	struct slip_map distrusted; /* digests of layers */
	bool warned;
	struct upload **uploads;
	size_t n_uploads;
	size_t cap_uploads;
};

/* What an entry says: the layer, and when it was made. */
struct entry {
	struct slip_layer layer;
	int64_t created;
};

static void entry_release(struct entry *e)
{
	slip_layer_release(&e->layer);
}

/* --- open ---------------------------------------------------------------------------------------
 */

static int derive_name(struct slip_cache *c, struct slip_err *err)
{
	const struct slip_build_request *req = c->b->req;
	if (req->cache_repo) {
		c->name = slip_xstrdup(req->cache_repo);
		return 0;
	}
	slip_autoref dest = {0};
	if (slip_ref_parse(req->destinations.v[0], SLIP_REF_TAG_DEFAULT, &dest, err) < 0)
		return -1;
	slip_autofree char *repo = slip_ref_print_repo(&dest);
	c->name = slip_xasprintf("%s/cache", repo);
	return 0;
}

int slip_cache_new(struct slip_builder *b, struct slip_cache **out, struct slip_err *err)
{
	struct slip_cache *c = slip_xcalloc(1, sizeof(*c));
	c->b = b;
	pthread_mutex_init(&c->layout_lock, NULL);
	pthread_mutex_init(&c->distrust_lock, NULL);
	slip_map_init(&c->distrusted, NULL);
	c->ttl = b->req->cache_ttl / 1000000000;
	int rc = derive_name(c, err);
	if (rc == 0 && slip_starts_with(c->name, LAYOUT_PREFIX)) {
		c->layout_path = slip_xstrdup(c->name + strlen(LAYOUT_PREFIX));
		bool create = !b->req->no_push_cache;
		struct slip_err why = SLIP_ERR_INIT;
		if (slip_layout_open(c->layout_path, create, &c->layout, &why) < 0)
			slip_warn("the cache %s is not used: %s", c->name, why.msg);
	} else if (rc == 0) {
		rc = slip_ref_parse_repo(c->name, &c->repo, err);
	}
	if (rc < 0) {
		slip_err_wrap(err, "--cache-repo");
		slip_cache_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void slip_cache_free(struct slip_cache *c)
{
	if (!c)
		return;
	slip_cache_finish(c);
	slip_layout_close(c->layout);
	slip_ref_release(&c->repo);
	pthread_mutex_destroy(&c->layout_lock);
	pthread_mutex_destroy(&c->distrust_lock);
	slip_map_release(&c->distrusted);
	free(c->layout_path);
	free(c->uploads);
	free(c->name);
	free(c);
}

const char *slip_cache_name(const struct slip_cache *c)
{
	return c->name;
}

const struct slip_ref *slip_cache_repo(const struct slip_cache *c)
{
	return c->layout_path ? NULL : &c->repo;
}

/* --- entries ------------------------------------------------------------------------------------
 */

/* The local record of an entry: its descriptor with the annotations that a manifest carries. */
static char *print_record(const struct slip_layer *l, int64_t created)
{
	char time[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(created, time);
	slip_autojson *v = slip_descriptor_to_json(&l->desc);
	slip_json_set_str(v, "diffId", l->diff_id.s);
	slip_json_set_str(v, "created", time);
	return slip_json_print(v);
}

static int parse_record(const char *text, size_t len, struct entry *e, struct slip_err *err)
{
	slip_autojson *v = NULL;
	memset(e, 0, sizeof(*e));
	if (slip_json_parse(text, len, "the cache record", SLIP_E_REGISTRY, &v, err) < 0 ||
		slip_descriptor_from_json(v, "layer", &e->layer.desc, err) < 0)
		return -1;
	if (slip_digest_parse(slip_json_get_str(v, "diffId", ""), &e->layer.diff_id, err) < 0 ||
		slip_clock_parse_rfc3339(slip_json_get_str(v, "created", ""), &e->created, err) <
			0) {
		entry_release(e);
		return -1;
	}
	return 0;
}

/* An entry as an image of one layer: what `docker pull` can read, diff id and time on top. */
static int parse_entry(
	const char *text, size_t len, const char *type, struct entry *e, struct slip_err *err)
{
	slip_automanifest m = {0};
	memset(e, 0, sizeof(*e));
	if (slip_manifest_parse(text, len, type, &m, err) < 0)
		return -1;
	const char *diff_id = slip_smap_get(&m.annotations, ANNOTATION_DIFF_ID);
	const char *created = slip_smap_get(&m.annotations, ANNOTATION_CREATED);
	if (m.n_layers != 1 || !diff_id || !created)
		return slip_err_set(err, SLIP_E_REGISTRY, 0, "it is no slipway cache entry");
	if (slip_digest_parse(diff_id, &e->layer.diff_id, err) < 0 ||
		slip_clock_parse_rfc3339(created, &e->created, err) < 0)
		return -1;
	slip_descriptor_init(&e->layer.desc);
	slip_descriptor_copy(&e->layer.desc, &m.layers[0]);
	return 0;
}

static char *print_entry(const struct slip_layer *l, int64_t created, struct slip_image *image,
	struct slip_digest *config, char **config_text)
{
	char time[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(created, time);
	slip_image_add_diff_id(image, &l->diff_id);
	*config_text = slip_image_print(image, config);
	slip_automanifest m = {0};
	slip_manifest_init(&m, SLIP_MEDIA_OCI);
	slip_descriptor_set(&m.config, SLIP_MEDIA_OCI_CONFIG, config, strlen(*config_text));
	slip_autodescriptor layer = {0};
	slip_descriptor_init(&layer);
	slip_descriptor_copy(&layer, &l->desc);
	const char *oci = slip_media_convert(layer.media_type, SLIP_MEDIA_OCI);
	if (oci)
		slip_descriptor_set(&layer, oci, &l->desc.digest, l->desc.size);
	slip_manifest_add_layer(&m, &layer);
	slip_smap_set(&m.annotations, ANNOTATION_DIFF_ID, l->diff_id.s);
	slip_smap_set(&m.annotations, ANNOTATION_CREATED, time);
	return slip_manifest_print(&m, NULL);
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* Power cuts and clean-ups leave entries without their bytes: these must miss, not fail later. */
static int check_size(const struct entry *e, uint64_t size, struct slip_err *err)
{
	if (size == e->layer.desc.size)
		return 0;
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "its blob has %llu bytes instead of %llu",
		(unsigned long long)size, (unsigned long long)e->layer.desc.size);
}

static int read_local(
	struct slip_cache *c, const struct slip_digest *key, struct entry *e, struct slip_err *err)
{
	slip_autobuf text;
	slip_autoclose int fd = -1;
	uint64_t size = 0;
	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	if (slip_store_get_record(
		    c->b->store, RECORD_KIND, slip_digest_hex(key), &text, NULL, err) < 0 ||
		parse_record(text.data, text.len, e, err) < 0)
		return -1;
	if (slip_store_open_blob(c->b->store, &e->layer.desc.digest, &fd, &size, err) == 0 &&
		check_size(e, size, err) == 0)
		return 0;
	entry_release(e);
	return -1;
}

static int read_layout(
	struct slip_cache *c, const struct slip_digest *key, struct entry *e, struct slip_err *err)
{
	slip_autodescriptor desc = {0};
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	slip_autoclose int fd = -1;
	slip_autoclose int layer = -1;
	uint64_t size = 0;
	struct slip_digest digest;
	if (!c->layout)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "there is no layout");
	if (slip_layout_find(c->layout, slip_digest_hex(key), &desc, err) < 0 ||
		slip_layout_open_blob(c->layout, &desc.digest, &fd, NULL, err) < 0 ||
		slip_read_rest(fd, "cache entry", &text, err) < 0)
		return -1;
	slip_digest_of(text.data, text.len, &digest);
	if (!slip_digest_equal(&digest, &desc.digest))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "its bytes are not those of its digest");
	if (parse_entry(text.data, text.len, desc.media_type, e, err) < 0)
		return -1;
	if (slip_layout_open_blob(c->layout, &e->layer.desc.digest, &layer, &size, err) < 0 ||
		check_size(e, size, err) < 0) {
		entry_release(e);
		return -1;
	}
	e->layer.where = slip_xstrdup(c->name);
	return 0;
}

static int read_registry(
	struct slip_cache *c, const struct slip_digest *key, struct entry *e, struct slip_err *err)
{
	slip_autoref ref = {0};
	slip_ref_copy(&ref, &c->repo);
	slip_cleanup(slip_manifest_bytes_release) struct slip_manifest_bytes m;
	memset(&m, 0, sizeof(m));
	if (slip_ref_set_tag(&ref, slip_digest_hex(key), err) < 0 ||
		slip_registry_get_manifest(c->b->registry, &ref, &m, err) < 0 ||
		parse_entry(m.bytes, m.len, m.media_type, e, err) < 0)
		return -1;
	e->layer.where = slip_ref_print_repo(&c->repo);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct slip_cache *c, const struct slip_digest *key, struct entry *e,
		struct slip_err *err);
} sources[] = {
	{"store", read_local},
	{"layout", read_layout},
	{"registry", read_registry},
};

static bool is_fresh(const struct slip_cache *c, const struct entry *e)
{
	return c->ttl <= 0 || e->created + c->ttl > slip_clock_now();
}

void slip_cache_distrust(struct slip_cache *c, const struct slip_digest *layer)
{
	pthread_mutex_lock(&c->distrust_lock);
	slip_map_set(&c->distrusted, layer->s, c);
	pthread_mutex_unlock(&c->distrust_lock);
}

size_t slip_cache_distrusted(struct slip_cache *c)
{
	pthread_mutex_lock(&c->distrust_lock);
	size_t n = c->distrusted.n;
	pthread_mutex_unlock(&c->distrust_lock);
	return n;
}

static bool is_trusted(struct slip_cache *c, const struct entry *e)
{
	pthread_mutex_lock(&c->distrust_lock);
	bool is = !slip_map_get(&c->distrusted, e->layer.desc.digest.s);
	pthread_mutex_unlock(&c->distrust_lock);
	return is;
}

struct probe {
	struct slip_cache *c;
	struct slip_step *step;
	struct slip_err failure; /* other than not found */
};

static int probe_task(void *arg, struct slip_err *err)
{
	struct probe *p = arg;
	struct slip_cache *c = p->c;
	(void)err;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(sources); i++) {
		if (i > 0 && (sources[i].read == read_layout) != (c->layout_path != NULL))
			continue;
		struct entry e;
		struct slip_err why = SLIP_ERR_INIT;
		if (sources[i].read(c, &p->step->key, &e, &why) < 0) {
			if (!slip_err_is(&why, SLIP_E_NOTFOUND))
				p->failure = why;
			continue;
		}
		if (!is_fresh(c, &e) || !is_trusted(c, &e)) {
			entry_release(&e);
			continue;
		}
		p->step->layer = e.layer;
		p->step->layer.from_cache = true;
		p->step->result = SLIP_STEP_HIT;
		p->step->hit_source = sources[i].name;
		return 0;
	}
	return 0;
}

void slip_cache_probe(struct slip_cache *c, struct slip_step **steps, size_t n)
{
	slip_autofree struct probe *probes = slip_xcalloc(n + 1, sizeof(*probes));
	slip_autofree struct slip_task **tasks = slip_xcalloc(n + 1, sizeof(struct slip_task *));
	for (size_t i = 0; i < n; i++) {
		probes[i].c = c;
		probes[i].step = steps[i];
		tasks[i] = slip_pool_submit(c->b->io, probe_task, &probes[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (slip_task_wait(tasks[i], NULL) < 0)
			continue;
		if (!slip_err_is(&probes[i].failure, SLIP_E_NONE) && !c->warned) {
			slip_warn("the cache cannot be read: %s", probes[i].failure.msg);
			c->warned = true;
		}
	}
}

/* --- writing ------------------------------------------------------------------------------------
 */

static int open_stored(void *ctx, const struct slip_descriptor *desc, int *fd, struct slip_err *err)
{
	struct slip_builder *b = ctx;
	return slip_store_open_blob(b->store, &desc->digest, fd, NULL, err);
}

static int write_registry(struct slip_cache *c, const struct upload *u, const char *manifest,
	const char *config_text, const struct slip_digest *config, struct slip_err *err)
{
	struct slip_builder *b = c->b;
	struct slip_digest stored;
	enum slip_push_how how;
	struct slip_blob_source source = {.open = open_stored, .ctx = b};
	slip_autoref ref = {0};
	slip_autodescriptor desc = {0};
	slip_descriptor_init(&desc);
	slip_descriptor_set(&desc, SLIP_MEDIA_OCI_CONFIG, config, strlen(config_text));
	slip_ref_copy(&ref, &c->repo);
	double start = slip_clock_monotonic();
	if (slip_store_put_blob(b->store, config_text, strlen(config_text), &stored, err) < 0 ||
		slip_registry_push_blob(b->registry, &c->repo, &u->layer.desc, &source, &how, err) <
			0)
		return -1;
	slip_tell_push(how, &u->layer.desc, slip_clock_monotonic() - start);
	if (slip_registry_push_blob(b->registry, &c->repo, &desc, &source, &how, err) < 0 ||
		slip_ref_set_tag(&ref, slip_digest_hex(&u->key), err) < 0)
		return -1;
	return slip_registry_put_manifest(
		b->registry, &ref, SLIP_MEDIA_OCI_MANIFEST, manifest, strlen(manifest), err);
}

static int write_layout(struct slip_cache *c, const struct upload *u, const char *manifest,
	const char *config_text, const struct slip_digest *config, struct slip_err *err)
{
	slip_autodescriptor desc = {0};
	slip_autoclose int fd = -1;
	struct slip_digest digest;
	slip_digest_of(manifest, strlen(manifest), &digest);
	slip_descriptor_init(&desc);
	slip_descriptor_set(&desc, SLIP_MEDIA_OCI_MANIFEST, &digest, strlen(manifest));
	if (!c->layout)
		return 0;
	if (slip_store_open_blob(c->b->store, &u->layer.desc.digest, &fd, NULL, err) < 0 ||
		slip_layout_put_blob_fd(
			c->layout, &u->layer.desc.digest, u->layer.desc.size, fd, err) < 0 ||
		slip_layout_put_blob(c->layout, config, config_text, strlen(config_text), err) <
			0 ||
		slip_layout_put_blob(c->layout, &digest, manifest, strlen(manifest), err) < 0)
		return -1;
	pthread_mutex_lock(&c->layout_lock);
	int rc = slip_layout_add_manifest(c->layout, &desc, slip_digest_hex(&u->key), err);
	pthread_mutex_unlock(&c->layout_lock);
	return rc;
}

static int upload_task(void *arg, struct slip_err *err)
{
	struct upload *u = arg;
	struct slip_cache *c = u->cache;
	slip_autoimage image = {0};
	slip_image_init(&image);
	image.platform = c->b->platform;
	struct slip_digest config;
	slip_autofree char *config_text = NULL;
	slip_autofree char *manifest =
		print_entry(&u->layer, slip_clock_now(), &image, &config, &config_text);
	if (c->layout_path)
		return write_layout(c, u, manifest, config_text, &config, err);
	return write_registry(c, u, manifest, config_text, &config, err);
}

void slip_cache_put(struct slip_cache *c, const struct slip_step *s)
{
	slip_autofree char *record = print_record(&s->layer, slip_clock_now());
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_store_put_record(c->b->store, RECORD_KIND, slip_digest_hex(&s->key), record,
		    strlen(record), &err) < 0)
		slip_warn("the cache record of this step is not kept: %s", err.msg);
	if (c->b->req->no_push_cache)
		return;
	struct upload *u = slip_xcalloc(1, sizeof(*u));
	u->cache = c;
	u->key = s->key;
	slip_layer_copy(&u->layer, &s->layer);
	u->task = slip_pool_submit(c->b->io, upload_task, u);
	slip_grow(c->uploads, c->n_uploads, &c->cap_uploads);
	c->uploads[c->n_uploads++] = u;
}

void slip_cache_finish(struct slip_cache *c)
{
	for (size_t i = 0; i < c->n_uploads; i++) {
		struct upload *u = c->uploads[i];
		struct slip_err err = SLIP_ERR_INIT;
		if (slip_task_wait(u->task, &err) < 0)
			slip_warn("the cache is not written: %s", err.msg);
		slip_layer_release(&u->layer);
		free(u);
	}
	c->n_uploads = 0;
}
