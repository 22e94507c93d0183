/*
 * What one image build is asked to do: the values of `slipway build`'s flags, wherever they come
 * from (command line, slipway.yaml, another process). One table, slip_build_options, names them
 * all.
 */
#ifndef SLIP_BUILD_REQUEST_H
#define SLIP_BUILD_REQUEST_H

#include "runner/base/opt.h"
#include "runner/report/log_options.h"
#include "steps/image/registries.h"

enum slip_image_format {
	SLIP_FORMAT_INHERIT, /* the base image's; OCI for FROM scratch */
	SLIP_FORMAT_DOCKER,
	SLIP_FORMAT_OCI,
};

/* The permission bits of the context's files. */
enum slip_context_modes {
	SLIP_MODES_AUTO, /* GIT in a checkout whose index can be read, else KEEP */
	SLIP_MODES_GIT, /* of files that git tracks: as git would record them */
	SLIP_MODES_KEEP, /* as they are on disk */
};

struct slip_build_request {
	/* input */
	char *context;
	char *context_sub_path;
	struct slip_strv git;
	char *dockerfile;
	int context_modes; /* enum slip_context_modes */
	struct slip_strv build_args;
	struct slip_strv labels;
	struct slip_strv annotations; /* of the manifest, which is OCI's then */
	char *target;
	char *platform;
	/* output */
	struct slip_strv destinations;
	bool no_push;
	char *oci_layout_path;
	char *tar_path;
	char *digest_file;
	char *image_name_with_digest_file;
	char *image_name_tag_with_digest_file;
	int image_format; /* enum slip_image_format */
	int compression; /* 0 gzip, 1 zstd */
	int64_t compression_level;
	/* cache */
	bool cache;
	char *cache_repo;
	char *cache_dir;
	int64_t cache_ttl; /* ns */
	bool cache_run_layers;
	bool cache_copy_layers;
	bool no_push_cache;
	/* behaviour */
	int isolation; /* enum slip_isolation_mode */
	bool reproducible;
	bool skip_push_permission_check;
	struct slip_registry_flags registries;
	struct slip_log_flags log;
	/* flags of kaniko's that need nothing here */
	bool ignored;
	char *ignored_text;
};

extern const struct slip_opt slip_build_options[];

void slip_build_request_init(struct slip_build_request *r); /* defaults applied */
void slip_build_request_release(struct slip_build_request *r);
/* What the flags say together: destinations or --no-push, a cache repository, ... */
int slip_build_request_check(
	const struct slip_build_request *r, struct slip_err *err) SLIP_MUST_CHECK;

#endif
