/*
 * `slipway warm`: base images into the local store before a build wants them, as kaniko's warmer
 * does for its cache directory.
 *
 * What is stored are manifest, configuration and layers, of one platform. A build asks the registry
 * which manifest a tag means all the same, and then finds the rest here.
 */
#ifndef SLIP_BUILD_WARM_H
#define SLIP_BUILD_WARM_H

#include "runner/base/opt.h"
#include "runner/report/log_options.h"
#include "steps/image/registries.h"

struct slip_warm_request {
	struct slip_strv images;
	char *dockerfile; /* the images of its FROM lines, too; NULL: none */
	struct slip_strv build_args; /* for those */
	char *platform;
	char *cache_dir;
	struct slip_registry_flags registries;
	struct slip_log_flags log;
	bool ignored;
	char *ignored_text;
};

extern const struct slip_opt slip_warm_options[];

/* Every image is tried; those that fail are told, and the first one's error is the call's. */
int slip_warm(const struct slip_warm_request *req, struct slip_err *err) SLIP_MUST_CHECK;

#endif
