#include "config.h"

#include "runner/layer/tar_write.h"

#include "runner/base/limits.h"

#include <stdlib.h>

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME ".wh..wh..opq"
#define XATTR_KEY "SCHILY.xattr."

struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char unused[12];
};
_Static_assert(sizeof(struct ustar) == SLIP_TAR_BLOCK, "a ustar header is one block");

/* The records of one pax header, collected unordered. */
struct pax {
	struct record {
		char *key;
		const void *value;
		size_t len;
	} * v;
	size_t n;
	size_t cap;
	char numbers[5][24]; /* texts that records point to */
	size_t n_numbers;
};

static void pax_release(struct pax *pax)
{
	for (size_t i = 0; i < pax->n; i++)
		free(pax->v[i].key);
	free(pax->v);
}

static void pax_add(struct pax *pax, char *key, const void *value, size_t len)
{
	slip_grow(pax->v, pax->n, &pax->cap);
	pax->v[pax->n++] = (struct record){.key = key, .value = value, .len = len};
}

static void pax_add_number(struct pax *pax, const char *key, int64_t value)
{
	char *text = pax->numbers[pax->n_numbers++];

	snprintf(text, sizeof(pax->numbers[0]), "%lld", (long long)value);
	pax_add(pax, slip_xstrdup(key), text, strlen(text));
}

static int compare_records(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->key, ((const struct record *)b)->key);
}

/* The length of a record counts its own digits: find the fixed point. */
static size_t record_size(const struct record *r)
{
	size_t rest = strlen(r->key) + r->len + 3; /* blank, "=", newline */
	size_t size = rest + 1;

	for (;;) {
		size_t digits = (size_t)snprintf(NULL, 0, "%zu", size);
		if (rest + digits == size)
			return size;
		size = rest + digits;
	}
}

/* Zero-padded octal that fills the field but for its final NUL. False: it does not fit. */
static bool put_octal(char *field, size_t size, uint64_t value)
{
	char text[24];
	size_t digits = size - 1;

	if (digits * 3 < 64 && value >> (digits * 3) != 0)
		return false;
	snprintf(text, sizeof(text), "%0*llo", (int)digits, (unsigned long long)value);
	memcpy(field, text, digits);
	return true;
}

/* The number in its field, or zero there and a pax record. */
static void put_number(struct pax *pax, const char *key, char *field, size_t size, int64_t value)
{
	if (value >= 0 && put_octal(field, size, (uint64_t)value))
		return;
	(void)put_octal(field, size, 0);
	pax_add_number(pax, key, value);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

static void put_text(char *field, size_t size, const char *s)
{
	memcpy(field, s, strnlen(s, size));
}

/* ustar holds name and prefix with a slash between them that neither has. */
static bool put_split_path(struct ustar *h, const char *path)
{
	size_t len = strlen(path);

	if (len <= sizeof(h->name)) {
		put_text(h->name, sizeof(h->name), path);
		return true;
	}
	/* The slash of a directory's name stays with the name. */
	for (size_t i = len - 1; i-- > 1;) {
		if (path[i] != '/' || i > sizeof(h->prefix))
			continue;
		if (len - i - 1 > sizeof(h->name))
			return false;
		memcpy(h->prefix, path, i);
		put_text(h->name, sizeof(h->name), path + i + 1);
		return true;
	}
	return false;
}

static void put_path(struct pax *pax, struct ustar *h, const char *path)
{
	if (is_ascii(path) && put_split_path(h, path))
		return;
	pax_add(pax, slip_xstrdup("path"), path, strlen(path));
	memset(h->prefix, 0, sizeof(h->prefix));
	put_text(h->name, sizeof(h->name), path);
	/* Cut at a slash, the name of a file would look like a directory's to old readers. */
	size_t n = strnlen(h->name, sizeof(h->name));
	while (h->type != '5' && n > 0 && h->name[n - 1] == '/')
		h->name[--n] = '\0';
}

static void put_link(struct pax *pax, struct ustar *h, const char *link)
{
	if (!is_ascii(link) || strlen(link) > sizeof(h->link))
		pax_add(pax, slip_xstrdup("linkpath"), link, strlen(link));
	put_text(h->link, sizeof(h->link), link);
}

static void put_checksum(struct ustar *h)
{
	unsigned sum = 0;

	memset(h->checksum, ' ', sizeof(h->checksum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += ((const unsigned char *)h)[i];
	(void)put_octal(h->checksum, 7, sum); /* six digits, NUL, blank */
	h->checksum[6] = '\0';
}

static int pax_add_xattrs(struct pax *pax, const struct slip_entry *e, struct slip_err *err)
{
	for (size_t i = 0; i < e->xattrs.n; i++) {
		const char *name = e->xattrs.entries[i].key;
		const struct slip_xattr *x = e->xattrs.entries[i].value;
		if (strchr(name, '='))
			return slip_err_set(err, SLIP_E_IO, 0,
				"%s: attribute %s cannot be stored in a layer, its name has \"=\" "
				"in it; "
				"remove it",
				e->path, name);
		pax_add(pax, slip_xasprintf(XATTR_KEY "%s", name), x->value, x->len);
	}
	return 0;
}

/* The pax header itself: a file named after the entry whose data are the records. */
static int write_pax(struct pax *pax, const char *path, struct slip_buf *out, struct slip_err *err)
{
	static const char padding[SLIP_TAR_BLOCK];
	struct ustar h = {.type = 'x', .magic = "ustar", .version = {'0', '0'}};
	size_t size = 0;
	slip_autofree char *name = slip_xasprintf("PaxHeaders.0/%s", path);

	qsort(pax->v, pax->n, sizeof(*pax->v), compare_records);
	for (size_t i = 0; i < pax->n; i++)
		size += record_size(&pax->v[i]);
	if (size > SLIP_MAX_PAX)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"names and attributes of %s need a tar header of %zu bytes, more than %llu",
			path, size, SLIP_MAX_PAX);
	put_text(h.name, sizeof(h.name), name);
	(void)put_octal(h.mode, sizeof(h.mode), 0644);
	(void)put_octal(h.uid, sizeof(h.uid), 0);
	(void)put_octal(h.gid, sizeof(h.gid), 0);
	(void)put_octal(h.size, sizeof(h.size), size);
	(void)put_octal(h.mtime, sizeof(h.mtime), 0);
	put_checksum(&h);
	slip_buf_add(out, &h, sizeof(h));
	for (size_t i = 0; i < pax->n; i++) {
		const struct record *r = &pax->v[i];
		slip_buf_addf(out, "%zu %s=", record_size(r), r->key);
		slip_buf_add(out, r->value, r->len);
		slip_buf_add_char(out, '\n');
	}
	slip_buf_add(out, padding, (SLIP_TAR_BLOCK - size % SLIP_TAR_BLOCK) % SLIP_TAR_BLOCK);
	return 0;
}

static char type_flag(enum slip_entry_type type)
{
	switch (type) {
	case SLIP_ENTRY_HARDLINK:
		return '1';
	case SLIP_ENTRY_SYMLINK:
		return '2';
	case SLIP_ENTRY_CHAR:
		return '3';
	case SLIP_ENTRY_BLOCK:
		return '4';
	case SLIP_ENTRY_DIR:
		return '5';
	case SLIP_ENTRY_FIFO:
		return '6';
	case SLIP_ENTRY_FILE:
	case SLIP_ENTRY_WHITEOUT:
	case SLIP_ENTRY_OPAQUE:
		break;
	}
	return '0';
}

/* A file of such a name would take another one's place away, wherever the layer is read. */
static bool looks_like_whiteout(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (slip_starts_with(p, WHITEOUT_PREFIX))
			return true;
	}
	return false;
}

/* The name in the archive: whiteouts have theirs only here. */
static char *archive_path(const struct slip_entry *e)
{
	const char *slash = strrchr(e->path, '/');
	int dir_len = slash ? (int)(slash - e->path) + 1 : 0;

	if (e->type == SLIP_ENTRY_WHITEOUT)
		return slip_xasprintf(
			"%.*s" WHITEOUT_PREFIX "%s", dir_len, e->path, e->path + dir_len);
	if (e->type == SLIP_ENTRY_OPAQUE)
		return slip_xasprintf("%s%s" OPAQUE_NAME, e->path, e->path[0] ? "/" : "");
	if (e->type == SLIP_ENTRY_DIR)
		return slip_xasprintf("%s/", e->path[0] ? e->path : ".");
	return slip_xstrdup(e->path);
}

uint64_t slip_tar_data_size(const struct slip_entry *e)
{
	return e->type == SLIP_ENTRY_FILE ? e->size : 0;
}

int slip_tar_write_header(const struct slip_entry *e, struct slip_buf *out, struct slip_err *err)
{
	slip_cleanup(pax_release) struct pax pax = {0};
	struct ustar h = {.type = type_flag(e->type), .magic = "ustar", .version = {'0', '0'}};
	bool is_device = e->type == SLIP_ENTRY_CHAR || e->type == SLIP_ENTRY_BLOCK;
	bool is_mark = e->type == SLIP_ENTRY_WHITEOUT || e->type == SLIP_ENTRY_OPAQUE;
	slip_autofree char *path = archive_path(e);

	if (looks_like_whiteout(e->path))
		return slip_err_set(err, SLIP_E_IO, 0,
			"%s cannot be stored in a layer, where names with " WHITEOUT_PREFIX
			" stand for removed files; rename or remove it",
			e->path);
	/* Times and owners of whiteouts mean nothing; zeros make them the same in every build. */
	(void)put_octal(h.mode, sizeof(h.mode), is_mark ? 0 : e->mode & 07777);
	put_number(&pax, "uid", h.uid, sizeof(h.uid), is_mark ? 0 : e->uid);
	put_number(&pax, "gid", h.gid, sizeof(h.gid), is_mark ? 0 : e->gid);
	put_number(&pax, "size", h.size, sizeof(h.size), (int64_t)slip_tar_data_size(e));
	put_number(&pax, "mtime", h.mtime, sizeof(h.mtime), is_mark ? 0 : e->mtime);
	if (!put_octal(h.major, sizeof(h.major), is_device ? e->dev_major : 0) ||
		!put_octal(h.minor, sizeof(h.minor), is_device ? e->dev_minor : 0))
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"device number %u:%u of %s is larger than tar can say", e->dev_major,
			e->dev_minor, e->path);
	put_path(&pax, &h, path);
	if (e->type == SLIP_ENTRY_SYMLINK || e->type == SLIP_ENTRY_HARDLINK)
		put_link(&pax, &h, e->link);
	if (!is_mark && pax_add_xattrs(&pax, e, err) < 0)
		return -1;
	put_checksum(&h);
	if (pax.n > 0 && write_pax(&pax, path, out, err) < 0)
		return -1;
	slip_buf_add(out, &h, sizeof(h));
	return 0;
}
