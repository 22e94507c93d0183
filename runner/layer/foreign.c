#include "config.h"

#include "runner/layer/inflate_internal.h"

#include <archive.h>
#include <dlfcn.h>

/*
 * bzip2 and xz, by libarchive's filters around its raw format.
 *
 * The library is loaded when the first such archive is met, since its own dependencies (libxml2,
 * ICU) would otherwise cost every start of the program several milliseconds.
 */
#define FUNCTIONS(X)                                                                               \
	X(archive_read_new)                                                                        \
	X(archive_read_support_filter_bzip2)                                                       \
	X(archive_read_support_filter_xz)                                                          \
	X(archive_read_support_format_empty)                                                       \
	X(archive_read_support_format_raw)                                                         \
	X(archive_read_open)                                                                       \
	X(archive_read_next_header)                                                                \
	X(archive_read_data)                                                                       \
	X(archive_read_free)                                                                       \
	X(archive_error_string)

struct library {
#define MEMBER(name) __typeof__(&name) name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

struct foreign {
	struct library lib;
	void *handle;
	struct archive *a;
	struct slip_feed *feed;
	struct slip_err feed_err; /* what the source said, behind libarchive's back */
	bool empty;
};

static int load(struct foreign *x, struct slip_err *err)
{
	x->handle = dlopen(SLIP_LIBARCHIVE_SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!x->handle)
		return slip_err_set(err, SLIP_E_IO, 0, "bzip2 and xz archives need %s: %s",
			SLIP_LIBARCHIVE_SONAME, dlerror());
#define LOAD(name)                                                                                 \
	x->lib.name = (__typeof__(&name))(uintptr_t)dlsym(x->handle, #name);                       \
	if (!x->lib.name)                                                                          \
		return slip_err_set(err, SLIP_E_IO, 0, "%s has no function %s",                    \
			SLIP_LIBARCHIVE_SONAME, #name);
	FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}

static la_ssize_t give_input(struct archive *a, void *ctx, const void **buf)
{
	struct foreign *x = ctx;

	(void)a;
	if (slip_feed_fill(x->feed, &x->feed_err) < 0)
		return ARCHIVE_FATAL;
	*buf = slip_feed_at(x->feed);
	size_t n = slip_feed_left(x->feed);
	x->feed->pos = x->feed->len;
	return (la_ssize_t)n;
}

static int failed(struct foreign *x, struct slip_err *err)
{
	if (x->feed_err.code != SLIP_E_NONE)
		return slip_err_copy(err, &x->feed_err);
	const char *why = x->lib.archive_error_string(x->a);
	return slip_inflate_corrupt("bzip2 or xz", why ? why : "invalid data", err);
}

static int foreign_open(struct slip_feed *f, void **state, struct slip_err *err)
{
	struct foreign *x = slip_xcalloc(1, sizeof(*x));
	struct archive_entry *entry;

	*state = x;
	x->feed = f;
	if (load(x, err) < 0)
		return -1;
	x->a = x->lib.archive_read_new();
	if (!x->a)
		return slip_err_set(err, SLIP_E_IO, 0, "libarchive is out of memory");
	/* ARCHIVE_WARN would mean an external program; opening then fails on its own. */
	x->lib.archive_read_support_filter_bzip2(x->a);
	x->lib.archive_read_support_filter_xz(x->a);
	x->lib.archive_read_support_format_empty(x->a);
	x->lib.archive_read_support_format_raw(x->a);
	if (x->lib.archive_read_open(x->a, x, NULL, give_input, NULL) != ARCHIVE_OK)
		return failed(x, err);
	int r = x->lib.archive_read_next_header(x->a, &entry);
	x->empty = r == ARCHIVE_EOF;
	return r == ARCHIVE_OK || x->empty ? 0 : failed(x, err);
}

static int foreign_read(
	void *state, struct slip_feed *f, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct foreign *x = state;
	la_ssize_t r = x->empty ? 0 : x->lib.archive_read_data(x->a, buf, n);

	(void)f;
	if (r < 0)
		return failed(x, err);
	*got = (size_t)r;
	return 0;
}

static void foreign_close(void *state)
{
	struct foreign *x = state;

	if (x->a)
		x->lib.archive_read_free(x->a);
	/* Not unloaded: ICU does not like to come back. */
	free(x);
}

const struct slip_inflate_engine slip_inflate_foreign = {
	.open = foreign_open,
	.read = foreign_read,
	.close = foreign_close,
};
