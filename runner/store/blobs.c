#include "config.h"

#include "runner/base/log.h"
#include "runner/store/store_internal.h"

#include <errno.h>

#define BLOB_PATH_SIZE (sizeof(SLIP_STORE_BLOBS) + SLIP_HEX_SIZE)

static void blob_path(const struct slip_digest *digest, char out[BLOB_PATH_SIZE])
{
	snprintf(out, BLOB_PATH_SIZE, SLIP_STORE_BLOBS "/%s", slip_digest_hex(digest));
}

int slip_store_explain(const struct slip_store *s, struct slip_err *err)
{
	if (!err || err->code != SLIP_E_IO || (err->sys != ENOSPC && err->sys != EDQUOT))
		return -1;
	return slip_err_wrap(err,
		"the local store in %s has no room left (see `slipway cache prune`, or place it "
		"elsewhere: --cache-dir or SLIPWAY_STORE)",
		s->home.path);
}

int slip_spool_open(struct slip_store *s, struct slip_spool *sp, struct slip_err *err)
{
	char *name = slip_store_fresh_name(s, "spool");
	int fd = openat(s->workfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*sp = (struct slip_spool){.fd = fd, .store = s, .name = name};
	if (fd >= 0)
		return 0;
	int sys = errno;
	free(sp->name);
	*sp = (struct slip_spool){.fd = -1};
	return slip_err_set(err, SLIP_E_IO, sys, "create a file in %s", s->work_path);
}

static int publish(const struct slip_spool *sp, const struct slip_digest *digest, uint64_t size,
	struct slip_err *err)
{
	char path[BLOB_PATH_SIZE];
	struct stat st;

	if (fstat(sp->fd, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat");
	if ((uint64_t)st.st_size != size)
		return slip_err_set(err, SLIP_E_IO, 0,
			"blob %s has %llu bytes in its file instead of %llu", digest->s,
			(unsigned long long)st.st_size, (unsigned long long)size);
	blob_path(digest, path);
	return slip_store_publish(sp->store, sp->fd, sp->name, path, err);
}

int slip_spool_commit(struct slip_spool *sp, const struct slip_digest *digest, uint64_t size,
	struct slip_err *err)
{
	if (publish(sp, digest, size, err) < 0) {
		slip_spool_abort(sp);
		return -1;
	}
	free(sp->name);
	sp->name = NULL;
	slip_spool_abort(sp);
	return 0;
}

void slip_spool_abort(struct slip_spool *sp)
{
	if (sp->name)
		(void)unlinkat(sp->store->workfd, sp->name, 0);
	free(sp->name);
	if (sp->store)
		slip_cleanup_close(&sp->fd);
	*sp = (struct slip_spool){.fd = -1};
}

bool slip_store_has_blob(struct slip_store *s, const struct slip_digest *digest)
{
	char path[BLOB_PATH_SIZE];

	blob_path(digest, path);
	for (const struct slip_store_root *r = NULL; (r = slip_store_next_root(s, r));) {
		if (faccessat(r->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static int open_in(
	const struct slip_store_root *root, const char *path, struct stat *st, struct slip_err *err)
{
	slip_autoclose int fd =
		openat(root->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return slip_err_set(err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno,
			"open %s/%s", root->path, path);
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))
		return slip_err_set(err, SLIP_E_IO, 0, "%s/%s is not a regular file; remove it",
			root->path, path);
	slip_store_touch(root->fd, path, st);
	return slip_steal_fd(&fd);
}

int slip_store_open_blob(struct slip_store *s, const struct slip_digest *digest, int *fd,
	uint64_t *size, struct slip_err *err)
{
	char path[BLOB_PATH_SIZE];
	struct slip_err failure = SLIP_ERR_INIT;
	struct stat st;

	blob_path(digest, path);
	for (const struct slip_store_root *r = NULL; (r = slip_store_next_root(s, r));) {
		slip_err_clear(&failure);
		int found = open_in(r, path, &st, &failure);
		if (found >= 0) {
			*fd = found;
			if (size)
				*size = (uint64_t)st.st_size;
			return 0;
		}
		if (!slip_err_is(&failure, SLIP_E_NOTFOUND))
			break;
	}
	return slip_err_copy(err, &failure);
}

int slip_store_read_blob(struct slip_store *s, const struct slip_digest *digest,
	struct slip_buf *out, struct slip_err *err)
{
	slip_autoclose int fd = -1;
	struct slip_digest actual;
	size_t before = out->len;
	char path[BLOB_PATH_SIZE];

	if (slip_store_open_blob(s, digest, &fd, NULL, err) < 0 ||
		slip_read_rest(fd, digest->s, out, err) < 0)
		return -1;
	slip_digest_of(out->data + before, out->len - before, &actual);
	if (slip_digest_equal(digest, &actual))
		return 0;
	slip_buf_truncate(out, before);
	blob_path(digest, path);
	slip_warn("%s/%s is damaged: its bytes have digest %s", s->home.path, path, actual.s);
	(void)unlinkat(s->home.fd, path, 0);
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "blob %s is damaged in the store", digest->s);
}

int slip_store_put_blob(struct slip_store *s, const void *p, size_t n, struct slip_digest *digest,
	struct slip_err *err)
{
	struct slip_spool sp;
	struct slip_digest d;

	slip_digest_of(p, n, &d);
	if (slip_spool_open(s, &sp, err) < 0)
		return -1;
	if (slip_write_all(sp.fd, p, n, err) < 0) {
		slip_spool_abort(&sp);
		return slip_store_explain(s, err);
	}
	if (slip_spool_commit(&sp, &d, n, err) < 0)
		return -1;
	*digest = d;
	return 0;
}
