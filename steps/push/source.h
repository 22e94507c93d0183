/*
 * Where an image to be pushed comes from.
 *
 *	oci:DIR[:NAME]			an OCI image layout; NAME as of layout_text.h
 *	docker-archive:FILE[:REF]	what `docker save` writes; REF when it holds several images
 *	docker://IMAGE			an image in a registry
 *	DIR				a layout, when it holds a file oci-layout
 *	FILE				an archive, when there is a file of that name or it ends in
 *					.tar, .tar.gz or .tgz
 *	IMAGE				anything else, by tag or digest
 *
 * Bytes of documents are compared with their digest; those of layers are checked by whoever stores
 * them next.
 */
#ifndef SLIP_PUSH_SOURCE_H
#define SLIP_PUSH_SOURCE_H

#include "runner/oci/descriptor.h"
#include "runner/oci/ref.h"
#include "runner/registry/registry.h"
#include "runner/store/layout.h"
#include "runner/store/store.h"

enum slip_push_source_kind {
	SLIP_PUSH_LAYOUT,
	SLIP_PUSH_ARCHIVE,
	SLIP_PUSH_REGISTRY,
};

struct slip_push_name {
	enum slip_push_source_kind kind;
	char *path; /* layout, archive: directory or file; registry: the reference */
	char *image; /* which one there; NULL: the only one */
};

/* What the text means; asks the file system when that does not follow from the text itself. */
int slip_push_name_parse(
	const char *text, struct slip_push_name *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_push_name_release(struct slip_push_name *n);

struct slip_push_source {
	struct slip_store *store; /* the caller's */
	struct slip_registry *registry; /* the caller's */
	struct slip_descriptor root; /* of the image: a manifest or an index */
	struct slip_layout *layout; /* or NULL */
	struct slip_ref ref; /* of the image in a registry */
	char *where; /* its repository; NULL elsewhere */
	char *host; /* that answered for it */
};

int slip_push_source_open(struct slip_push_source *s, const struct slip_push_name *name,
	struct slip_store *store, struct slip_registry *registry,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_push_source_release(struct slip_push_source *s);
/* A manifest or index, appended to out. */
int slip_push_source_read(struct slip_push_source *s, const struct slip_descriptor *desc,
	struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;
/* A slip_blob_opener with the source as ctx; for any thread. */
int slip_push_source_blob(
	void *source, const struct slip_descriptor *desc, int *fd, struct slip_err *err);

/* archive.c: layers, configuration and a manifest made for them go into the store. */
int slip_push_archive_load(const char *path, const char *image, struct slip_store *store,
	struct slip_descriptor *root, struct slip_err *err) SLIP_MUST_CHECK;

#endif
