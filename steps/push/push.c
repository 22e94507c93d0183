#include "config.h"

#include "steps/push/push.h"

#include "runner/base/log.h"
#include "runner/report/log_options.h"
#include "steps/image/result.h"
#include "steps/push/tree.h"

#define AT(member) offsetof(struct slip_push_request, member)

/* Source and destinations are words of the command line, and options for requests only. */
const struct slip_opt slip_push_options[] = {
	{.name = "source", .type = SLIP_OPT_STRING, .offset = AT(source), .flags = SLIP_OPT_HIDDEN},
	{"destination", 'd', SLIP_OPT_LIST, AT(destinations), "IMAGE",
		"One more destination. May be given often."},
	{"custom-platform", 0, SLIP_OPT_STRING, AT(platform), "OS/ARCH[/VARIANT]",
		"Push this platform's image of an index; the whole index otherwise."},
	{"no-push", 0, SLIP_OPT_BOOL, AT(no_push), NULL, "Only find out what would be pushed."},
	{"digest-file", 0, SLIP_OPT_STRING, AT(digest_file), "FILE",
		"Write the image's digest there, without a newline."},
	{"image-name-with-digest-file", 0, SLIP_OPT_STRING, AT(image_name_with_digest_file), "FILE",
		"Write a line repository@digest for every destination."},
	{"image-name-tag-with-digest-file", 0, SLIP_OPT_STRING, AT(image_name_tag_with_digest_file),
		"FILE", "Write a line repository:tag@digest for every destination."},
	{"cache-dir", 0, SLIP_OPT_STRING, AT(cache_dir), "DIR",
		"The local store; $SLIPWAY_STORE or ~/.cache/slipway otherwise."},
	{"skip-push-permission-check", 0, SLIP_OPT_BOOL, AT(skip_push_permission_check), NULL,
		"Do not ask the registries for push rights first."},

	SLIP_REGISTRY_FLAGS(struct slip_push_request),

	SLIP_LOG_OPTIONS(struct slip_push_request),

	{"push-retry", 0, SLIP_OPT_STRING, AT(ignored_text), "N", "requests are always retried",
		NULL, NULL, SLIP_OPT_NO_EFFECT | SLIP_OPT_HIDDEN},
	{NULL},
};

void slip_push_request_init(struct slip_push_request *r)
{
	memset(r, 0, sizeof(*r));
	slip_opt_defaults(slip_push_options, r);
}

void slip_push_request_release(struct slip_push_request *r)
{
	slip_opt_release(slip_push_options, r);
}

/* One run: the services it uses. */
struct run {
	const struct slip_push_request *req;
	struct slip_platform platform;
	struct slip_push_name name;
	struct slip_store *store;
	struct slip_http *http;
	struct slip_registry *registry;
	struct slip_pool *io;
};

static int check(struct run *r, struct slip_err *err)
{
	if (!r->req->source || !r->req->destinations.n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"push what, and where to? Give a source and at least one destination");
	if (r->req->platform && slip_platform_parse(r->req->platform, NULL, &r->platform, err) < 0)
		return slip_err_wrap(err, "--custom-platform");
	for (size_t i = 0; i < r->req->destinations.n; i++) {
		slip_autoref ref = {0};
		if (slip_ref_parse(r->req->destinations.v[i], SLIP_REF_TAG_DEFAULT, &ref, err) < 0)
			return slip_err_wrap(err, "destination %s", r->req->destinations.v[i]);
	}
	return slip_push_name_parse(r->req->source, &r->name, err);
}

static int open_services(struct run *r, struct slip_err *err)
{
	struct slip_store_options store = {.path = r->req->cache_dir};
	if (slip_store_open(&store, &r->store, err) < 0 ||
		slip_registries_open(&r->req->registries, &r->http, &r->registry, err) < 0)
		return -1;
	r->io = slip_pool_new(SLIP_PUSH_TRANSFERS);
	return 0;
}

static void run_release(struct run *r)
{
	slip_push_name_release(&r->name);
	slip_pool_free(r->io);
	slip_registry_free(r->registry);
	slip_http_free(r->http);
	slip_store_close(r->store);
}

static int push_tree(struct run *r, struct slip_push_source *s, const struct slip_push_tree *t,
	struct slip_err *err)
{
	slip_autofree struct slip_push_blob *blobs = slip_xcalloc(t->n_blobs + 1, sizeof(*blobs));
	for (size_t i = 0; i < t->n_blobs; i++)
		blobs[i] = (struct slip_push_blob){
			.desc = &t->blobs[i], .where = s->where, .host = s->host, .ctx = s};
	struct slip_push push = {
		.registry = r->registry,
		.io = r->io,
		.open = slip_push_source_blob,
		.blobs = blobs,
		.n_blobs = t->n_blobs,
		.documents = t->documents,
		.n_documents = t->n_documents,
	};
	return slip_push_image(&push, &r->req->destinations, err);
}

static int read_and_push(
	struct run *r, struct slip_push_source *s, struct slip_digest *digest, struct slip_err *err)
{
	struct slip_push_tree tree = {0};
	if (slip_push_tree_read(&tree, s, r->req->platform ? &r->platform : NULL, err) < 0)
		return -1;
	*digest = tree.documents[tree.n_documents - 1].digest;
	int rc = r->req->no_push ? 0 : push_tree(r, s, &tree, err);
	slip_push_tree_release(&tree);
	return rc;
}

static int copy(struct run *r, struct slip_digest *digest, struct slip_err *err)
{
	bool asks = !r->req->no_push && !r->req->skip_push_permission_check;
	static const struct slip_strv nowhere;
	struct slip_push_check *rights =
		slip_push_check_start(r->registry, r->io, asks ? &r->req->destinations : &nowhere);
	struct slip_push_source source;
	int rc = slip_push_source_open(&source, &r->name, r->store, r->registry, err);
	bool is_open = rc == 0;
	if (slip_push_check_wait(rights, rc < 0 ? NULL : err) < 0)
		rc = -1;
	slip_push_check_free(rights);
	if (rc == 0)
		rc = read_and_push(r, &source, digest, err);
	if (is_open)
		slip_push_source_release(&source);
	return rc;
}

/* What is not pushed need not exist: the stage that makes it may not have pushed either. */
static int resolve(struct run *r, struct slip_digest *digest, struct slip_err *err)
{
	slip_autoref ref = {0};
	if (r->name.kind != SLIP_PUSH_REGISTRY)
		return copy(r, digest, err);
	if (slip_ref_parse(r->name.path, SLIP_REF_TAG_DEFAULT, &ref, err) < 0)
		return -1;
	if (slip_digest_is_set(&ref.digest) && !r->req->platform) {
		*digest = ref.digest;
		return 0;
	}
	struct slip_err why = SLIP_ERR_INIT;
	if (copy(r, digest, &why) == 0)
		return 0;
	slip_info("the digest is not known yet: %s", why.msg);
	*digest = (struct slip_digest){0};
	return 0;
}

int slip_push_run(
	const struct slip_push_request *req, struct slip_digest *digest, struct slip_err *err)
{
	struct run r = {.req = req};
	struct slip_digest_files files = {
		.digest = req->digest_file,
		.names = req->image_name_with_digest_file,
		.tagged_names = req->image_name_tag_with_digest_file,
	};
	*digest = (struct slip_digest){0};
	int rc = check(&r, err);
	if (rc == 0)
		rc = open_services(&r, err);
	if (rc == 0)
		rc = req->no_push ? resolve(&r, digest, err) : copy(&r, digest, err);
	run_release(&r);
	if (rc == 0 && slip_digest_is_set(digest))
		rc = slip_digest_files_write(&files, &req->destinations, digest, err);
	return rc;
}
