#include "config.h"

#include "runner/base/limits.h"
#include "runner/store/store_internal.h"

#include <errno.h>

struct verify {
	const struct slip_store_root *root;
	slip_store_report *report;
	void *ctx;
	uint64_t checked;
	uint64_t bad;
};

static void finding(struct verify *v, const char *path, const char *text)
{
	v->bad++;
	if (v->report)
		v->report(v->ctx, path, text);
}

static int hash_file(int fd, struct slip_digest *out, struct slip_err *err)
{
	const size_t size = (size_t)256 * 1024;
	slip_autofree char *buf = slip_xmalloc_io(size);
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();

	for (;;) {
		size_t got;
		if (slip_read_upto(fd, buf, size, &got, err) < 0)
			return -1;
		if (got == 0)
			break;
		slip_sha256_add(h, buf, got);
	}
	slip_sha256_finish_digest(h, out);
	return 0;
}

/* A file that went away meanwhile, by pruning or replacement, is no finding: -1 then, too. */
static int open_entry(struct verify *v, const char *path)
{
	struct stat st;
	slip_autoclose int fd =
		openat(v->root->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		if (errno != ENOENT)
			finding(v, path, strerror(errno));
		return -1;
	}
	v->checked++;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		finding(v, path, "not a regular file");
		return -1;
	}
	return slip_steal_fd(&fd);
}

static void verify_blob(struct verify *v, const char *name)
{
	slip_autofree char *path = slip_xasprintf(SLIP_STORE_BLOBS "/%s", name);
	slip_autofree char *text = slip_xasprintf(SLIP_DIGEST_PREFIX "%s", name);
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_digest expected;
	struct slip_digest actual;
	slip_autoclose int fd = open_entry(v, path);

	if (fd < 0)
		return;
	if (slip_digest_parse(text, &expected, NULL) < 0) {
		finding(v, path, "not the name of a blob");
	} else if (hash_file(fd, &actual, &err) < 0) {
		finding(v, path, err.msg);
	} else if (!slip_digest_equal(&expected, &actual)) {
		slip_autofree char *what = slip_xasprintf("its bytes have digest %s", actual.s);
		finding(v, path, what);
	}
}

static void verify_record(struct verify *v, const char *kind, const char *key)
{
	slip_autofree char *path = slip_xasprintf(SLIP_STORE_RECORDS "/%s/%s", kind, key);
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf text = {0};
	const char *payload;
	size_t n;
	slip_autoclose int fd = open_entry(v, path);

	if (fd < 0)
		return;
	slip_buf_init(&text, SLIP_MAX_RECORD);
	if (slip_read_rest(fd, path, &text, &err) < 0)
		finding(v, path, err.msg);
	else if (!slip_store_check_record(text.data, text.len, &payload, &n))
		finding(v, path, "its bytes do not have the checksum in its first line");
}

static int verify_root(struct verify *v, struct slip_err *err)
{
	slip_autostrv blobs = {0};
	slip_autostrv kinds = {0};

	if (slip_store_list(v->root->fd, SLIP_STORE_BLOBS, &blobs, err) < 0 ||
		slip_store_list(v->root->fd, SLIP_STORE_RECORDS, &kinds, err) < 0)
		return -1;
	for (size_t i = 0; i < blobs.n; i++)
		verify_blob(v, blobs.v[i]);
	for (size_t i = 0; i < kinds.n; i++) {
		slip_autofree char *dir = slip_xasprintf(SLIP_STORE_RECORDS "/%s", kinds.v[i]);
		slip_autostrv keys = {0};
		if (slip_store_list(v->root->fd, dir, &keys, err) < 0)
			return -1;
		for (size_t k = 0; k < keys.n; k++)
			verify_record(v, kinds.v[i], keys.v[k]);
	}
	return 0;
}

int slip_store_verify(
	struct slip_store *s, slip_store_report *report, void *ctx, struct slip_err *err)
{
	struct verify v = {.report = report, .ctx = ctx};

	while ((v.root = slip_store_next_root(s, v.root))) {
		if (verify_root(&v, err) < 0)
			return slip_err_wrap(err, "verify %s", v.root->path);
	}
	if (v.bad > 0)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"%llu of %llu files in the store %s are damaged; remove them",
			(unsigned long long)v.bad, (unsigned long long)v.checked,
			slip_store_path(s));
	return 0;
}
