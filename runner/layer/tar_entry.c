#include "config.h"

#include "runner/base/limits.h"
#include "runner/layer/tar_internal.h"

/* Years 1 to 9999: what every format and tool that follows can express. */
#define MIN_MTIME (-62135596800LL)
#define MAX_MTIME 253402300799LL

void slip_tar_prelude_release(struct slip_tar_prelude *p)
{
	slip_pax_release(&p->pax);
	free(p->name);
	free(p->link);
}

static int set_type(
	struct slip_entry *e, const struct slip_tar_block *b, bool slash, struct slip_err *err)
{
	switch (b->type) {
	case '\0': /* before ustar, a slash was what told directories */
		e->type = slash ? SLIP_ENTRY_DIR : SLIP_ENTRY_FILE;
		return 0;
	case '0':
	case '7':
	case 'S':
		e->type = SLIP_ENTRY_FILE;
		if (slash)
			return slip_err_set(
				err, SLIP_E_DIGEST, 0, "a file whose name ends like a directory's");
		return 0;
	case '1':
		e->type = SLIP_ENTRY_HARDLINK;
		return 0;
	case '2':
		e->type = SLIP_ENTRY_SYMLINK;
		return 0;
	case '3':
		e->type = SLIP_ENTRY_CHAR;
		return 0;
	case '4':
		e->type = SLIP_ENTRY_BLOCK;
		return 0;
	case '5':
		e->type = SLIP_ENTRY_DIR;
		return 0;
	case '6':
		e->type = SLIP_ENTRY_FIFO;
		return 0;
	default:
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"entries of type 0x%02x have no meaning in a layer",
			(unsigned char)b->type);
	}
}

static int set_owner_and_mode(struct slip_entry *e, const struct slip_tar_block *b,
	const struct slip_pax *pax, struct slip_err *err)
{
	uint64_t v = pax->uid;
	int64_t mode;

	if (!pax->has_uid &&
		slip_tar_unsigned(b->uid, sizeof(b->uid), "uid", UINT32_MAX - 1, &v, err) < 0)
		return -1;
	e->uid = (uint32_t)v;
	v = pax->gid;
	if (!pax->has_gid &&
		slip_tar_unsigned(b->gid, sizeof(b->gid), "gid", UINT32_MAX - 1, &v, err) < 0)
		return -1;
	e->gid = (uint32_t)v;
	if (slip_tar_number(b->mode, sizeof(b->mode), "mode", &mode, err) < 0)
		return -1;
	e->mode = (uint32_t)(mode & 07777); /* some writers put the file type above it */
	return 0;
}

static int set_mtime(struct slip_entry *e, const struct slip_tar_block *b,
	const struct slip_pax *pax, struct slip_err *err)
{
	int64_t t = pax->mtime;

	if (!pax->has_mtime && slip_tar_number(b->mtime, sizeof(b->mtime), "mtime", &t, err) < 0)
		return -1;
	e->mtime = t < MIN_MTIME ? MIN_MTIME : t > MAX_MTIME ? MAX_MTIME : t;
	e->mtime_nsec = pax->has_mtime && t == e->mtime ? pax->mtime_nsec : 0;
	return 0;
}

static int set_device(struct slip_entry *e, const struct slip_tar_block *b, struct slip_err *err)
{
	uint64_t v;

	if (e->type != SLIP_ENTRY_CHAR && e->type != SLIP_ENTRY_BLOCK)
		return 0;
	if (slip_tar_unsigned(b->devmajor, 8, "device number", UINT32_MAX, &v, err) < 0)
		return -1;
	e->dev_major = (uint32_t)v;
	if (slip_tar_unsigned(b->devminor, 8, "device number", UINT32_MAX, &v, err) < 0)
		return -1;
	e->dev_minor = (uint32_t)v;
	return 0;
}

static int set_link(struct slip_entry *e, const struct slip_tar_block *b,
	const struct slip_tar_prelude *pre, struct slip_err *err)
{
	char plain[sizeof(b->linkname) + 1] = {0};
	const char *raw = pre->pax.linkpath ? pre->pax.linkpath : pre->link;

	if (e->type != SLIP_ENTRY_SYMLINK && e->type != SLIP_ENTRY_HARDLINK)
		return 0;
	if (pre->pax.linkpath && pre->link)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "two link names for one entry");
	memcpy(plain, b->linkname, sizeof(b->linkname));
	if (!raw)
		raw = plain;
	if (e->type == SLIP_ENTRY_HARDLINK) {
		if (slip_tar_clean_name(raw, "hard link's target", &e->link, err) < 0)
			return -1;
		if (*e->link == '\0')
			return slip_err_set(err, SLIP_E_DIGEST, 0, "a hard link to the root");
		return 0;
	}
	if (*raw == '\0' || strlen(raw) >= SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "a symbolic link with %s target",
			*raw ? "a too long" : "no");
	e->link = slip_xstrdup(raw);
	return 0;
}

/* How much of the entry the archive holds; *size is that, until a sparse map says more. */
static int stored_size(const struct slip_tar_block *b, const struct slip_entry *e,
	const struct slip_pax *pax, uint64_t *size, struct slip_err *err)
{
	uint64_t plain;

	if (slip_tar_unsigned(b->size, sizeof(b->size), "size", INT64_MAX, &plain, err) < 0)
		return -1;
	if (pax->has_size && plain != 0 && plain != pax->size)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"header and extended header name different sizes (%llu and %llu)",
			(unsigned long long)plain, (unsigned long long)pax->size);
	*size = pax->has_size ? pax->size : plain;
	if (*size > 0 && e->type != SLIP_ENTRY_FILE)
		return slip_err_set(err, SLIP_E_DIGEST, 0,
			"data behind an entry that is no file, which readers understand "
			"differently");
	return 0;
}

static int set_name(struct slip_entry *e, const struct slip_tar_block *b,
	const struct slip_tar_prelude *pre, bool *slash, struct slip_err *err)
{
	slip_autofree char *plain = slip_tar_block_name(b);
	const char *raw = pre->pax.path;

	if (raw && pre->name)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "two names for one entry");
	if (pre->pax.sparse_name)
		raw = pre->pax.sparse_name;
	if (!raw)
		raw = pre->name ? pre->name : plain;
	*slash = slip_ends_with(raw, "/");
	return slip_tar_clean_name(raw, "name", &e->path, err);
}

int slip_tar_fill_entry(struct slip_entry *e, const struct slip_tar_block *b,
	const struct slip_tar_prelude *pre, uint64_t *stored, struct slip_err *err)
{
	const struct slip_pax *pax = &pre->pax;
	bool slash;

	if (set_name(e, b, pre, &slash, err) < 0)
		return -1;
	if (set_type(e, b, slash, err) < 0 || set_owner_and_mode(e, b, pax, err) < 0 ||
		set_mtime(e, b, pax, err) < 0 || set_device(e, b, err) < 0 ||
		set_link(e, b, pre, err) < 0 || stored_size(b, e, pax, stored, err) < 0)
		return slip_err_wrap(err, "%.200s", e->path);
	return 0;
}
