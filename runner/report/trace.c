#include "config.h"

#include "runner/report/trace.h"

#include "runner/base/io.h"
#include "runner/base/wire.h"

#include <errno.h>

static void close_trace(void *ctx)
{
	struct slip_wire_writer *w = ctx;
	close(w->fd);
	free(w);
}

int slip_trace_sink(const char *path, struct slip_sink *out, struct slip_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open the trace file %s", path);
	struct slip_wire_writer *w = slip_xcalloc(1, sizeof(*w));
	*w = (struct slip_wire_writer){.fd = fd, .is_timed = true};
	*out = (struct slip_sink){slip_wire_write, close_trace, w};
	return 0;
}
