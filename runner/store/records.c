#include "config.h"

#include "runner/base/log.h"
#include "runner/store/store_internal.h"

#include <errno.h>

/* A record's file is the SHA-256 of the rest in hexadecimal, a newline, the rest. */
#define CHECKSUM_SIZE ((size_t)SLIP_HEX_SIZE) /* the newline stands where the NUL would */

bool slip_store_check_record(const char *text, size_t len, const char **payload, size_t *n)
{
	struct slip_digest digest;

	if (len < CHECKSUM_SIZE || text[CHECKSUM_SIZE - 1] != '\n')
		return false;
	slip_digest_of(text + CHECKSUM_SIZE, len - CHECKSUM_SIZE, &digest);
	if (memcmp(text, slip_digest_hex(&digest), CHECKSUM_SIZE - 1) != 0)
		return false;
	*payload = text + CHECKSUM_SIZE;
	*n = len - CHECKSUM_SIZE;
	return true;
}

static int record_path(const char *kind, const char *key, char **path, struct slip_err *err)
{
	if (slip_store_check_name("kind of a record", kind, err) < 0 ||
		slip_store_check_name("key of a record", key, err) < 0)
		return -1;
	*path = slip_xasprintf(SLIP_STORE_RECORDS "/%s/%s", kind, key);
	return 0;
}

/* 1: absent. */
static int read_record(const struct slip_store_root *root, const char *path, struct slip_buf *text,
	struct stat *st, struct slip_err *err)
{
	slip_autoclose int fd =
		openat(root->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 || fstat(fd, st) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s/%s", root->path, path);
	return slip_read_rest(fd, path, text, err);
}

int slip_store_get_record(struct slip_store *s, const char *kind, const char *key,
	struct slip_buf *out, int64_t *mtime, struct slip_err *err)
{
	slip_autofree char *path = NULL;
	slip_autobuf text = {0};
	const char *payload;
	size_t n;
	struct stat st = {0};

	if (record_path(kind, key, &path, err) < 0)
		return -1;
	slip_buf_init(&text, CHECKSUM_SIZE + out->max);
	for (const struct slip_store_root *r = NULL; (r = slip_store_next_root(s, r));) {
		slip_buf_clear(&text);
		int rc = read_record(r, path, &text, &st, err);
		if (rc < 0)
			return -1;
		if (rc == 1)
			continue;
		if (slip_store_check_record(text.data, text.len, &payload, &n)) {
			slip_buf_add(out, payload, n);
			if (mtime)
				*mtime = st.st_mtim.tv_sec;
			return slip_buf_check(out, path, err);
		}
		slip_warn("%s/%s is damaged and not used", r->path, path);
	}
	return slip_err_set(err, SLIP_E_NOTFOUND, 0, "no record %s/%s", kind, key);
}

static int write_record(struct slip_store *s, int fd, const void *p, size_t n, struct slip_err *err)
{
	struct slip_digest digest;
	slip_autobuf text = {0};

	slip_digest_of(p, n, &digest);
	slip_buf_init(&text, CHECKSUM_SIZE + n);
	slip_buf_addf(&text, "%s\n", slip_digest_hex(&digest));
	slip_buf_add(&text, p, n);
	if (slip_write_all(fd, text.data, text.len, err) < 0)
		return slip_err_wrap(err, "record in %s", s->work_path);
	return 0;
}

static int make_kind(struct slip_store *s, const char *kind, struct slip_err *err)
{
	slip_autofree char *dir = slip_xasprintf(SLIP_STORE_RECORDS "/%s", kind);

	if (mkdirat(s->home.fd, dir, 0700) < 0 && errno != EEXIST)
		return slip_err_set(err, SLIP_E_IO, errno, "mkdir %s/%s", s->home.path, dir);
	return 0;
}

int slip_store_put_record(struct slip_store *s, const char *kind, const char *key, const void *p,
	size_t n, struct slip_err *err)
{
	slip_autofree char *path = NULL;

	if (record_path(kind, key, &path, err) < 0 || make_kind(s, kind, err) < 0)
		return -1;
	slip_autofree char *temp = slip_store_fresh_name(s, "record");
	slip_autoclose int fd =
		openat(s->workfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "create a file in %s", s->work_path);
	if (write_record(s, fd, p, n, err) == 0 && slip_store_publish(s, fd, temp, path, err) == 0)
		return 0;
	(void)unlinkat(s->workfd, temp, 0);
	return -1;
}
