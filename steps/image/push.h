/*
 * An image on its way into registries: blobs first, then the documents that name them, tags last.
 *
 * Whatever a repository has, or can mount from another of the same registry, is not sent. Nothing
 * gets a tag before all blobs are in every repository. Everything is borrowed for the call.
 */
#ifndef SLIP_IMAGE_PUSH_H
#define SLIP_IMAGE_PUSH_H

#include "runner/base/pool.h"
#include "runner/registry/registry.h"

/* How many blobs are on their way at once: the threads of a pool that waits for transfers. */
#define SLIP_PUSH_TRANSFERS 8

struct slip_push_blob {
	const struct slip_descriptor *desc;
	const char *where; /* "registry/repository" that has it; NULL: none */
	const char *host; /* the registry that really has it, where maps lead elsewhere; or NULL */
	bool is_small; /* at hand, and sent without asking first (struct slip_blob_source) */
	void *ctx; /* for open */
};

struct slip_push_document {
	const char *media_type;
	const char *bytes;
	size_t len;
	struct slip_digest digest; /* of the bytes */
};

struct slip_push {
	struct slip_registry *registry;
	struct slip_pool *io; /* `open` is called on its threads, and must not wait for its tasks */
	slip_blob_opener *open;
	const struct slip_push_blob *blobs;
	size_t n_blobs;
	/* The image is the last one; those before it are named by it and go in by their digest. */
	const struct slip_push_document *documents;
	size_t n_documents;
};

int slip_push_image(const struct slip_push *p, const struct slip_strv *destinations,
	struct slip_err *err) SLIP_MUST_CHECK;

/* Ask for the right to push to every destination, in the background. */
struct slip_push_check;
struct slip_push_check *slip_push_check_start(
	struct slip_registry *registry, struct slip_pool *io, const struct slip_strv *destinations);
/* Wait for the answers; may be called again, from the same thread. NULL: nothing was asked. */
int slip_push_check_wait(struct slip_push_check *c, struct slip_err *err) SLIP_MUST_CHECK;
void slip_push_check_free(struct slip_push_check *c); /* waits as well; NULL is fine */

#endif
