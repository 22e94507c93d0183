/*
 * git's index: the names that a checkout tracks. gitformat-index(5), versions 2, 3 and 4. Pure.
 *
 * The checksum at the end is not verified (git itself may leave it out); everything else is
 * checked for its bounds. A split index names only the changes against another file, and is refused
 * as not supported, as is an extension that must be understood.
 */
#ifndef SLIP_ENGINE_GIT_INDEX_H
#define SLIP_ENGINE_GIT_INDEX_H

#include "runner/base/err.h"

enum {
	SLIP_GIT_FILE = 0100644,
	SLIP_GIT_EXECUTABLE = 0100755,
	SLIP_GIT_LINK = 0120000,
	SLIP_GIT_SUBMODULE = 0160000,
};

/* path is relative and clean, NUL-terminated, and valid for the call. */
typedef void slip_git_index_fn(void *ctx, const char *path, unsigned mode);

/* hash_size: 20 (SHA-1) or 32 (SHA-256). SLIP_E_IO when it is no index, or not a supported one. */
int slip_git_index_parse(const void *data, size_t len, size_t hash_size, slip_git_index_fn *fn,
	void *ctx, struct slip_err *err) SLIP_MUST_CHECK;

#endif
