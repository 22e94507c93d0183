#include "config.h"

#include "runner/store/layout.h"

#include "runner/base/limits.h"
#include "runner/oci/layout_text.h"
#include "runner/oci/media.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#define COPY_SIZE ((size_t)256 * 1024)

struct slip_layout {
	int fd;
	char *path;
};

static int check_marker(int fd, const char *path, struct slip_err *err)
{
	slip_autobuf text = {0};

	slip_buf_init(&text, SLIP_MAX_MANIFEST);
	if (slip_read_file(fd, SLIP_LAYOUT_FILE, &text, err) < 0 ||
		slip_layout_text_check(text.data, text.len, err) < 0)
		return slip_err_wrap(err, "%s is not an OCI image layout", path);
	return 0;
}

static int create(int fd, const char *path, struct slip_err *err)
{
	if ((mkdirat(fd, "blobs", 0755) < 0 && errno != EEXIST) ||
		(mkdirat(fd, "blobs/sha256", 0755) < 0 && errno != EEXIST))
		return slip_err_set(err, SLIP_E_IO, errno, "mkdir %s/blobs/sha256", path);
	if (faccessat(fd, SLIP_LAYOUT_FILE, F_OK, 0) == 0)
		return 0;
	return slip_write_file(fd, SLIP_LAYOUT_FILE, SLIP_LAYOUT_MARKER, strlen(SLIP_LAYOUT_MARKER),
		0644, false, err);
}

int slip_layout_open(
	const char *path, bool may_create, struct slip_layout **out, struct slip_err *err)
{
	if (may_create && slip_mkdir_p(path, 0755, err) < 0)
		return -1;
	slip_autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return slip_err_set(err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno,
			"open the OCI image layout %s", path);
	if (may_create && create(fd, path, err) < 0)
		return -1;
	if (check_marker(fd, path, err) < 0)
		return -1;
	struct slip_layout *l = slip_xcalloc(1, sizeof(*l));
	l->fd = slip_steal_fd(&fd);
	l->path = slip_xstrdup(path);
	*out = l;
	return 0;
}

void slip_layout_close(struct slip_layout *l)
{
	if (!l)
		return;
	slip_cleanup_close(&l->fd);
	free(l->path);
	free(l);
}

void slip_layout_cleanup(struct slip_layout **l)
{
	slip_layout_close(*l);
}

bool slip_layout_has_blob(struct slip_layout *l, const struct slip_digest *digest, uint64_t size)
{
	slip_autofree char *path = slip_layout_text_blob_path(digest);
	struct stat st;

	return fstatat(l->fd, path, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

/* Hash `size` bytes of in, writing them to out unless that is -1. */
static int hash_copy(
	int in, int out, uint64_t size, struct slip_digest *digest, struct slip_err *err)
{
	slip_autofree char *buf = slip_xmalloc_io(COPY_SIZE);
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();

	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE;
		ssize_t n = pread(in, buf, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return slip_err_set(err, SLIP_E_IO, errno, "read");
		if (n == 0)
			return slip_err_set(err, SLIP_E_DIGEST, 0, "ends after %llu of %llu bytes",
				(unsigned long long)at, (unsigned long long)size);
		slip_sha256_add(h, buf, (size_t)n);
		if (out >= 0 && slip_write_all(out, buf, (size_t)n, err) < 0)
			return -1;
		at += (uint64_t)n;
	}
	slip_sha256_finish_digest(h, digest);
	return 0;
}

/* A name beside the final one, so that a reader of the layout never takes it for a blob. */
static char *temporary_name(void)
{
	static atomic_uint next;

	return slip_xasprintf("blobs/.slipway-%ld-%u", (long)getpid(), atomic_fetch_add(&next, 1));
}

/* Only what nobody may write to is linked: otherwise a later writer would change both. */
static bool link_blob(struct slip_layout *l, int fd, const char *name)
{
	char link[32];
	struct stat st;

	if (fstat(fd, &st) < 0 || (st.st_mode & 0222) != 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, link, l->fd, name, AT_SYMLINK_FOLLOW) == 0;
}

/* Bring the bytes in under a temporary name: shared with fd where possible, copied otherwise. */
static int bring(struct slip_layout *l, const char *name, int fd, uint64_t size,
	struct slip_digest *digest, struct slip_err *err)
{
	if (link_blob(l, fd, name))
		return hash_copy(fd, -1, size, digest, err);
	slip_autoclose int out = openat(l->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "create %s/%s", l->path, name);
	bool is_shared = ioctl(out, FICLONE, fd) == 0;
	return hash_copy(fd, is_shared ? -1 : out, size, digest, err);
}

int slip_layout_put_blob_fd(struct slip_layout *l, const struct slip_digest *digest, uint64_t size,
	int fd, struct slip_err *err)
{
	slip_autofree char *path = slip_layout_text_blob_path(digest);
	slip_autofree char *name = temporary_name();
	struct slip_digest actual;
	struct stat st;
	int rc = 0;

	if (slip_layout_has_blob(l, digest, size))
		return 0;
	if (fstat(fd, &st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "stat blob %s", digest->s);
	if ((uint64_t)st.st_size != size)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "blob %s has %llu bytes instead of %llu",
			digest->s, (unsigned long long)st.st_size, (unsigned long long)size);
	if (bring(l, name, fd, size, &actual, err) < 0)
		rc = slip_err_wrap(err, "blob %s", digest->s);
	else if (!slip_digest_equal(digest, &actual))
		rc = slip_err_set(err, SLIP_E_DIGEST, 0, "blob %s has bytes with digest %s",
			digest->s, actual.s);
	else if (renameat(l->fd, name, l->fd, path) < 0)
		rc = slip_err_set(err, SLIP_E_IO, errno, "rename to %s/%s", l->path, path);
	/* After a rename to a link of the same inode the temporary name is still there. */
	(void)unlinkat(l->fd, name, 0);
	return rc;
}

int slip_layout_put_blob(struct slip_layout *l, const struct slip_digest *digest, const void *p,
	size_t n, struct slip_err *err)
{
	slip_autofree char *path = slip_layout_text_blob_path(digest);
	struct slip_digest actual;

	slip_digest_of(p, n, &actual);
	if (!slip_digest_equal(digest, &actual))
		return slip_err_set(err, SLIP_E_DIGEST, 0, "blob %s has bytes with digest %s",
			digest->s, actual.s);
	if (slip_layout_has_blob(l, digest, n))
		return 0;
	if (slip_write_file(l->fd, path, p, n, 0644, false, err) < 0)
		return slip_err_wrap(err, "%s", l->path);
	return 0;
}

int slip_layout_open_blob(struct slip_layout *l, const struct slip_digest *digest, int *fd,
	uint64_t *size, struct slip_err *err)
{
	slip_autofree char *path = slip_layout_text_blob_path(digest);
	struct stat st;
	slip_autoclose int opened = openat(l->fd, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (opened < 0)
		return slip_err_set(err, errno == ENOENT ? SLIP_E_NOTFOUND : SLIP_E_IO, errno,
			"open %s/%s", l->path, path);
	if (fstat(opened, &st) < 0 || !S_ISREG(st.st_mode))
		return slip_err_set(
			err, SLIP_E_IO, 0, "%s/%s is not a regular file", l->path, path);
	if (size)
		*size = (uint64_t)st.st_size;
	*fd = slip_steal_fd(&opened);
	return 0;
}

/* The text of index.json; empty when there is none. */
static int read_index(struct slip_layout *l, struct slip_buf *text, struct slip_err *err)
{
	struct slip_err failure = SLIP_ERR_INIT;

	slip_buf_init(text, SLIP_MAX_MANIFEST);
	if (slip_read_file(l->fd, SLIP_LAYOUT_INDEX, text, &failure) == 0 ||
		slip_err_is(&failure, SLIP_E_NOTFOUND))
		return 0;
	slip_err_copy(err, &failure);
	return slip_err_wrap(err, "%s", l->path);
}

static int replace_index(struct slip_layout *l, const struct slip_descriptor *desc,
	const char *ref_name, struct slip_err *err)
{
	slip_autobuf old = {0};
	slip_autofree char *text = NULL;

	if (read_index(l, &old, err) < 0 ||
		slip_layout_text_put(
			old.len ? old.data : NULL, old.len, desc, ref_name, &text, err) < 0 ||
		slip_write_file(l->fd, SLIP_LAYOUT_INDEX, text, strlen(text), 0644, false, err) < 0)
		return slip_err_wrap(err, "index of %s", l->path);
	return 0;
}

int slip_layout_add_manifest(struct slip_layout *l, const struct slip_descriptor *desc,
	const char *ref_name, struct slip_err *err)
{
	/* Two writers must not lose each other's entry. Without locks (NFS) there is no help. */
	(void)flock(l->fd, LOCK_EX);
	int rc = replace_index(l, desc, ref_name, err);
	(void)flock(l->fd, LOCK_UN);
	return rc;
}

int slip_layout_find(struct slip_layout *l, const char *ref_name, struct slip_descriptor *out,
	struct slip_err *err)
{
	slip_autobuf text = {0};
	slip_autoindex index = {0};
	const struct slip_descriptor *found;

	if (read_index(l, &text, err) < 0)
		return -1;
	if (text.len == 0)
		return slip_err_set(err, SLIP_E_NOTFOUND, 0, "%s holds no image", l->path);
	if (slip_index_parse(text.data, text.len, SLIP_MEDIA_OCI_INDEX, &index, err) < 0 ||
		slip_layout_text_find(&index, ref_name, &found, err) < 0)
		return slip_err_wrap(err, "%s", l->path);
	slip_descriptor_copy(out, found);
	return 0;
}
