/*
 * A stream of bytes to pull from: what downloads, files and decompressors look like to a reader.
 * read gives 1..n bytes in *got, 0 at the end; it may block. Sources are used by one thread.
 */
#ifndef SLIP_LAYER_SOURCE_H
#define SLIP_LAYER_SOURCE_H

#include "runner/base/err.h"

struct slip_source {
	int (*read)(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err);
	void *ctx;
};

/* Reads from *fd, which stays the caller's and must outlive the source. */
struct slip_source slip_source_fd(const int *fd);

static inline int slip_source_read(
	struct slip_source *s, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	return s->read(s->ctx, buf, n, got, err);
}

#endif
