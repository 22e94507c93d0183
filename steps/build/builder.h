/*
 * One image build: the services it uses and the nouns it owns.
 */
#ifndef SLIP_BUILD_BUILDER_H
#define SLIP_BUILD_BUILDER_H

#include "runner/base/pool.h"
#include "runner/dockerfile/ast.h"
#include "runner/registry/registry.h"
#include "runner/sandbox/isolation.h"
#include "runner/store/store.h"
#include "steps/build/cache.h"
#include "steps/build/context.h"
#include "steps/build/digests.h"
#include "steps/build/request.h"
#include "steps/build/stage.h"
#include "steps/build/tell.h"

#include <stdatomic.h>

struct slip_builder {
	const struct slip_build_request *req;
	struct slip_store *store;
	bool looks_only; /* nothing is kept: the store stays as it is */
	struct slip_http *http;
	struct slip_registry *registry;
	struct slip_pool *cpu; /* hash, compress, inflate */
	struct slip_pool *io; /* transfers: threads that wait */
	struct slip_isolation isolation;
	struct slip_platform platform;
	int64_t created; /* of the image and of what it creates, seconds */
	bool has_epoch; /* SOURCE_DATE_EPOCH gave it: no file is newer */

	struct slip_dockerfile *dockerfile;
	struct slip_context *context;
	struct slip_map build_args; /* name to value */
	bool has_told_args; /* of those that nobody uses; a second try says nothing new */
	struct slip_map globals; /* what FROM lines see: global ARGs and the platform's */
	struct slip_cache *cache; /* NULL: off */
	struct slip_digests *digests; /* for its keys */
	struct slip_tell *tell; /* NULL before build.start */
	atomic_uint_fast64_t hashed; /* bytes of the context */
	struct slip_push_check *rights; /* under way, for who would do much in vain */
	struct slip_map bases; /* "platform name" to struct slip_base */
	struct slip_build_stage **stages;
	size_t n_stages;
	struct slip_build_stage *target;
};

struct slip_build_result {
	struct slip_digest digest; /* of the manifest */
	struct slip_digest config; /* image id */
	size_t hits;
	size_t misses;
};

/* Build, push, write: all that the request asks for. */
int slip_build_image(const struct slip_build_request *req, struct slip_build_result *result,
	struct slip_err *err) SLIP_MUST_CHECK;

/*
 * The first half of a build, for who wants to know what it would do: prepare reads the Dockerfile
 * and opens the services, look_up evaluates all stages and finds what is cached already. Set
 * looks_only before; a context that has to be brought here does not go with it.
 */
int slip_builder_prepare(struct slip_builder *b, struct slip_err *err) SLIP_MUST_CHECK;
int slip_builder_look_up(struct slip_builder *b, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * Without a Dockerfile, for one command in an image: init, open, then base.h and rootfs.h, release.
 * open gives store, isolation, registry and pools, as the request's flags say. The process must
 * have one thread before it.
 */
void slip_builder_init(struct slip_builder *b, const struct slip_build_request *req);
int slip_builder_open(struct slip_builder *b, enum slip_isolation_mode wanted,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_builder_release(struct slip_builder *b);

/* Is this RUN, COPY or WORKDIR to be looked up and stored? */
bool slip_builder_caches(const struct slip_builder *b, enum slip_step_kind kind);

/* Can files of the build have the owners that layers give them? */
bool slip_builder_keeps_owners(const struct slip_builder *b);
/* A fresh directory in the work directory, 0755 since it becomes a root; both are the caller's. */
int slip_builder_make_dir(struct slip_builder *b, const char *prefix, char **path, int *fd,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
