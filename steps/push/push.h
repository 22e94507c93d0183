/*
 * `slipway push`: an image that exists, into registries, as it is. Manifests keep their bytes and
 * so their digest; layers are neither unpacked nor compressed anew. An image of a docker-archive
 * has no manifest: it gets one of Docker's format, and keeps its image ID.
 */
#ifndef SLIP_PUSH_PUSH_H
#define SLIP_PUSH_PUSH_H

#include "runner/base/digest.h"
#include "runner/report/log_options.h"
#include "steps/image/registries.h"

struct slip_push_request {
	char *source; /* as of source.h */
	struct slip_strv destinations;
	char *platform;
	bool no_push; /* resolve only */
	bool skip_push_permission_check;
	char *digest_file;
	char *image_name_with_digest_file;
	char *image_name_tag_with_digest_file;
	char *cache_dir;
	struct slip_registry_flags registries;
	struct slip_log_flags log;
	char *ignored_text;
};

extern const struct slip_opt slip_push_options[];

void slip_push_request_init(struct slip_push_request *r); /* defaults applied */
void slip_push_request_release(struct slip_push_request *r);

/*
 * Push, and write the digest files. *digest is the image's in the registries; with no_push it stays
 * unset when the source is an image that no registry has (yet).
 */
int slip_push_run(const struct slip_push_request *r, struct slip_digest *digest,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
