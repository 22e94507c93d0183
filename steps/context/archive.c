#include "config.h"

#include "steps/context/archive.h"

#include "runner/base/limits.h"
#include "runner/layer/unpack.h"

#include <errno.h>
#include <sys/stat.h>

/* A source that counts: an empty stream is no archive, and an endless one must end. */
struct counted {
	struct slip_source in;
	uint64_t bytes;
};

static int read_counted(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct counted *c = ctx;
	if (slip_source_read(&c->in, buf, n, got, err) < 0)
		return -1;
	c->bytes += *got;
	if (c->bytes > SLIP_MAX_CONTEXT_ARCHIVE)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "it is larger than %llu bytes",
			(unsigned long long)SLIP_MAX_CONTEXT_ARCHIVE);
	return 0;
}

/* What an archive of this size may reasonably become. Pipes have none, and get the absolute bound.
 */
static uint64_t max_unpacked(const struct stat *st)
{
	if (!S_ISREG(st->st_mode) ||
		(uint64_t)st->st_size > SLIP_MAX_UNPACKED / SLIP_MAX_CONTEXT_RATIO)
		return SLIP_MAX_UNPACKED;
	uint64_t max = (uint64_t)st->st_size * SLIP_MAX_CONTEXT_RATIO;
	return max > SLIP_MAX_CONTEXT_SMALL ? max : SLIP_MAX_CONTEXT_SMALL;
}

int slip_context_unpack(int fd, int dirfd, const char *label, struct slip_err *err)
{
	struct counted counted = {.in = slip_source_fd(&fd)};
	struct slip_source in = {.read = read_counted, .ctx = &counted};
	struct slip_unpacked done;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat the archive %s", label);
	struct slip_unpack opt = {
		.rootfd = dirfd,
		.form = SLIP_UNPACK_MERGE,
		.max_bytes = max_unpacked(&st),
		.max_entries = SLIP_MAX_CONTEXT_ENTRIES,
		.is_archive = true,
	};
	if (slip_unpack_layer(in, &opt, &done, err) < 0)
		return slip_err_wrap(err, "the context %s", label);
	if (!done.entries)
		return slip_err_set(err, SLIP_E_USAGE, 0, "the context %s is %s", label,
			counted.bytes ? "an archive without entries" : "empty");
	return 0;
}
