#include "config.h"

#include "runner/layer/source.h"

#include "runner/base/io.h"

static int read_fd(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	const int *fd = ctx;

	return slip_read_upto(*fd, buf, n, got, err);
}

struct slip_source slip_source_fd(const int *fd)
{
	return (struct slip_source){.read = read_fd, .ctx = (void *)(uintptr_t)fd};
}
