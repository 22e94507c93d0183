#include "config.h"

#include "runner/engine/git_index.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"

#define HEADER 12
#define STAT_SIZE 40 /* times, device, inode, mode, owner, size */
#define MODE_AT 24
#define FLAG_EXTENDED 0x4000
#define PREFIX_TOO_LONG SIZE_MAX

struct reader {
	const unsigned char *p;
	const unsigned char *end;
	unsigned version;
	size_t hash_size;
	struct slip_buf name; /* of the entry before: version 4 says what is kept of it */
};

static int broken(const char *what, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_IO, 0, "git's index is broken: %s", what);
}

static unsigned get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static size_t left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

/* How many bytes of the name before go: 7 bits a byte, each but the last counts from one more. */
static size_t read_cut(struct reader *r)
{
	size_t v = 0;
	for (size_t i = 0; i < 4 && r->p < r->end; i++) {
		unsigned char c = *r->p++;
		v = v << 7 | (c & 0x7f);
		if (!(c & 0x80))
			return v;
		v++;
	}
	return PREFIX_TOO_LONG;
}

/* The name at r->p, up to its NUL; what follows it depends on the version. */
static int read_name(struct reader *r, const unsigned char *entry, struct slip_err *err)
{
	size_t keep = 0;
	if (r->version == 4) {
		size_t cut = read_cut(r);
		if (cut > r->name.len)
			return broken("a name begins with more than the one before has", err);
		keep = r->name.len - cut;
	}
	const unsigned char *nul = memchr(r->p, '\0', left(r));
	if (!nul)
		return broken("a name has no end", err);
	slip_buf_truncate(&r->name, keep);
	slip_buf_add(&r->name, r->p, (size_t)(nul - r->p));
	if (r->name.overflow || !r->name.len)
		return broken("a name is empty or too long", err);
	slip_autofree char *clean = slip_path_clean_rooted(r->name.data);
	if (!slip_streq(clean, r->name.data))
		return broken("a name is no relative path", err);
	r->p = nul + 1;
	if (r->version < 4) {
		size_t size = ((size_t)(nul - entry) + 8) & ~(size_t)7;
		if (size > (size_t)(r->end - entry))
			return broken("it ends in an entry", err);
		r->p = entry + size;
	}
	return 0;
}

static int read_entry(struct reader *r, unsigned *mode, struct slip_err *err)
{
	const unsigned char *entry = r->p;
	size_t fixed = STAT_SIZE + r->hash_size + 2;
	if (left(r) < fixed + 2)
		return broken("it ends in an entry", err);
	*mode = get32(entry + MODE_AT);
	unsigned flags = get16(entry + fixed - 2);
	if (flags & FLAG_EXTENDED && r->version < 3)
		return broken("an entry of version 2 has more flags", err);
	r->p += fixed + (flags & FLAG_EXTENDED ? 2 : 0);
	return read_name(r, entry, err);
}

/* Upper-case names may be passed over. */
static int check_extensions(struct reader *r, struct slip_err *err)
{
	while (left(r) > r->hash_size) {
		if (left(r) < 8 || get32(r->p + 4) > left(r) - 8)
			return broken("an extension is larger than the file", err);
		/* "sdir" allows entries that are directories, which have no file here. */
		if ((*r->p < 'A' || *r->p > 'Z') && memcmp(r->p, "sdir", 4) != 0)
			return slip_err_set(err, SLIP_E_IO, 0,
				"git's index has the extension \"%.4s\", which is not supported%s",
				(const char *)r->p,
				memcmp(r->p, "link", 4) == 0
					? " (git update-index --no-split-index)"
					: "");
		r->p += 8 + get32(r->p + 4);
	}
	return 0;
}

int slip_git_index_parse(const void *data, size_t len, size_t hash_size, slip_git_index_fn *fn,
	void *ctx, struct slip_err *err)
{
	struct reader r = {
		.p = data, .end = (const unsigned char *)data + len, .hash_size = hash_size};
	if (len < HEADER + hash_size || memcmp(data, "DIRC", 4) != 0)
		return broken("it does not begin as one", err);
	r.version = get32(r.p + 4);
	uint32_t n = get32(r.p + 8);
	if (r.version < 2 || r.version > 4)
		return slip_err_set(err, SLIP_E_IO, 0,
			"git's index has version %u, known are 2 to 4", r.version);
	r.p += HEADER;
	slip_buf_init(&r.name, SLIP_MAX_PATH);
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		unsigned mode = 0;
		rc = read_entry(&r, &mode, err);
		if (rc == 0)
			fn(ctx, r.name.data, mode);
	}
	if (rc == 0)
		rc = check_extensions(&r, err);
	slip_buf_release(&r.name);
	return rc;
}
