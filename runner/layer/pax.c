#include "config.h"

#include "runner/layer/pax.h"

#include "runner/base/limits.h"
#include "runner/layer/entry.h"

#define XATTR_PREFIX "SCHILY.xattr."
#define SPARSE_PREFIX "GNU.sparse."

struct record {
	char key[512]; /* a name of a file attribute has at most 255 bytes */
	const char *value;
	size_t len;
};

void slip_pax_init(struct slip_pax *pax)
{
	*pax = (struct slip_pax){0};
	slip_map_init(&pax->xattrs, free);
}

void slip_pax_release(struct slip_pax *pax)
{
	free(pax->path);
	free(pax->linkpath);
	free(pax->sparse_name);
	slip_map_release(&pax->xattrs);
	slip_sparse_release(&pax->map);
	*pax = (struct slip_pax){0};
}

static int bad_record(const char *why, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DIGEST, 0, "extended header: %s", why);
}

int slip_pax_number(const char *p, size_t n, uint64_t *out, struct slip_err *err)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return bad_record("a number has other characters than digits", err);
		if (v > (INT64_MAX - (uint64_t)(p[i] - '0')) / 10)
			return bad_record("a number is too large", err);
		v = v * 10 + (uint64_t)(p[i] - '0');
	}
	if (n == 0)
		return bad_record("a number is missing", err);
	*out = v;
	return 0;
}

/* Cut the next record off *p..end. */
static int next_record(const char **p, const char *end, struct record *rec, struct slip_err *err)
{
	const char *blank = memchr(*p, ' ', (size_t)(end - *p));
	uint64_t total;

	if (!blank)
		return bad_record("a record without a length", err);
	if (slip_pax_number(*p, (size_t)(blank - *p), &total, err) < 0)
		return -1;
	if (total > (uint64_t)(end - *p) || total < (uint64_t)(blank - *p) + 4)
		return bad_record("a record's length is wrong", err);
	const char *key = blank + 1, *last = *p + total - 1;
	const char *eq = memchr(key, '=', (size_t)(last - key));
	if (*last != '\n' || !eq || eq == key)
		return bad_record("a record is not KEY=VALUE and a newline", err);
	size_t n = (size_t)(eq - key);
	/* A longer key is none that we know, so its beginning is as good. */
	if (n >= sizeof(rec->key))
		n = sizeof(rec->key) - 1;
	memcpy(rec->key, key, n);
	rec->key[n] = '\0';
	if (strlen(rec->key) != n)
		return bad_record("a key holds a NUL byte", err);
	rec->value = eq + 1;
	rec->len = (size_t)(last - rec->value);
	*p += total;
	return 0;
}

static int set_text(const struct record *rec, char **out, struct slip_err *err)
{
	if (memchr(rec->value, '\0', rec->len))
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "extended header: %s holds a NUL byte", rec->key);
	free(*out);
	*out = rec->len ? slip_xstrndup(rec->value, rec->len) : NULL;
	return 0;
}

static int set_number(const struct record *rec, bool *has, uint64_t *out, struct slip_err *err)
{
	*has = rec->len > 0;
	return *has ? slip_pax_number(rec->value, rec->len, out, err) : 0;
}

static int set_id(const struct record *rec, bool *has, uint32_t *out, struct slip_err *err)
{
	uint64_t v = 0;

	if (set_number(rec, has, &v, err) < 0)
		return -1;
	if (v >= UINT32_MAX) /* the last one means "leave it" to chown(2) */
		return slip_err_set(
			err, SLIP_E_DIGEST, 0, "extended header: %s is no id of a user", rec->key);
	*out = (uint32_t)v;
	return 0;
}

/* [-]seconds[.fraction]. What is beyond 64 bits is as good as any time out of range. */
static int set_mtime(const struct record *rec, struct slip_pax *pax, struct slip_err *err)
{
	const char *p = rec->value, *end = p + rec->len;
	bool negative = p < end && *p == '-';
	uint64_t sec = 0;
	uint32_t nsec = 0, unit = 100000000;
	const char *start = p += negative;

	pax->has_mtime = rec->len > 0;
	if (!pax->has_mtime)
		return 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		sec = sec > INT64_MAX / 16 ? sec : sec * 10 + (uint64_t)(*p - '0');
	size_t digits = (size_t)(p - start);
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10)
			nsec += unit * (uint32_t)(*p - '0');
	if (p < end || digits == 0)
		return bad_record("mtime is no number", err);
	pax->mtime = negative ? -(int64_t)sec : (int64_t)sec;
	pax->mtime_nsec = nsec;
	if (negative && nsec > 0) { /* -1.25 is 0.75 after -2 */
		pax->mtime--;
		pax->mtime_nsec = 1000000000 - nsec;
	}
	return 0;
}

static int set_xattr(const struct record *rec, struct slip_pax *pax, struct slip_err *err)
{
	const char *name = rec->key + sizeof(XATTR_PREFIX) - 1;

	if (!slip_entry_keeps_xattr(name))
		return 0;
	if (strlen(name) > SLIP_MAX_NAME)
		return bad_record("the name of a file attribute is too long", err);
	if (rec->len > SLIP_MAX_XATTR_VALUE)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"file attribute %s is larger than %llu bytes", name, SLIP_MAX_XATTR_VALUE);
	pax->xattrs_size += strlen(name) + rec->len;
	if (pax->xattrs_size > SLIP_MAX_XATTRS)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"file attributes are larger than %llu bytes", SLIP_MAX_XATTRS);
	struct slip_xattr *x = slip_xmalloc(sizeof(*x) + rec->len);
	x->len = rec->len;
	memcpy(x->value, rec->value, rec->len);
	slip_map_set(&pax->xattrs, name, x);
	return 0;
}

/* Version 0.1: "offset,length,offset,length". */
static int parse_map(const struct record *rec, struct slip_pax *pax, struct slip_err *err)
{
	const char *p = rec->value, *end = p + rec->len;
	uint64_t pair[2];

	slip_sparse_release(&pax->map);
	for (size_t i = 0; p < end; i++) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma ? comma : end;
		if (slip_pax_number(p, (size_t)(stop - p), &pair[i & 1], err) < 0)
			return -1;
		if ((i & 1) && slip_sparse_add(&pax->map, pair[0], pair[1], err) < 0)
			return -1;
		p = comma ? comma + 1 : end;
		if (p == end && (comma || !(i & 1)))
			return bad_record("a sparse map has an odd number of values", err);
	}
	return 0;
}

static int set_version(const struct record *rec, unsigned *out, struct slip_err *err)
{
	uint64_t v;

	if (slip_pax_number(rec->value, rec->len, &v, err) < 0)
		return -1;
	if (v > 1)
		return bad_record("sparse files of this version are not known", err);
	*out = (unsigned)v;
	return 0;
}

static int set_sparse(const struct record *rec, struct slip_pax *pax, struct slip_err *err)
{
	const char *key = rec->key + sizeof(SPARSE_PREFIX) - 1;
	uint64_t v;

	pax->sparse = true;
	if (slip_streq(key, "major"))
		return set_version(rec, &pax->sparse_major, err);
	if (slip_streq(key, "minor"))
		return set_version(rec, &pax->sparse_minor, err);
	if (slip_streq(key, "name"))
		return set_text(rec, &pax->sparse_name, err);
	if (slip_streq(key, "size") || slip_streq(key, "realsize"))
		return set_number(rec, &pax->has_realsize, &pax->realsize, err);
	if (slip_streq(key, "map"))
		return parse_map(rec, pax, err);
	if (slip_streq(key, "offset")) {
		if (pax->has_offset)
			return bad_record("a sparse extent without a length", err);
		return set_number(rec, &pax->has_offset, &pax->offset, err);
	}
	if (slip_streq(key, "numbytes")) {
		if (!pax->has_offset)
			return bad_record("a sparse extent without an offset", err);
		pax->has_offset = false;
		if (slip_pax_number(rec->value, rec->len, &v, err) < 0)
			return -1;
		return slip_sparse_add(&pax->map, pax->offset, v, err);
	}
	return slip_streq(key, "numblocks") ? 0 : bad_record("unknown sparse record", err);
}

static int set_record(const struct record *rec, struct slip_pax *pax, struct slip_err *err)
{
	if (slip_streq(rec->key, "path"))
		return set_text(rec, &pax->path, err);
	if (slip_streq(rec->key, "linkpath"))
		return set_text(rec, &pax->linkpath, err);
	if (slip_streq(rec->key, "size"))
		return set_number(rec, &pax->has_size, &pax->size, err);
	if (slip_streq(rec->key, "uid"))
		return set_id(rec, &pax->has_uid, &pax->uid, err);
	if (slip_streq(rec->key, "gid"))
		return set_id(rec, &pax->has_gid, &pax->gid, err);
	if (slip_streq(rec->key, "mtime"))
		return set_mtime(rec, pax, err);
	if (slip_starts_with(rec->key, XATTR_PREFIX))
		return set_xattr(rec, pax, err);
	if (slip_starts_with(rec->key, SPARSE_PREFIX))
		return set_sparse(rec, pax, err);
	return 0;
}

int slip_pax_parse(const char *p, size_t n, struct slip_pax *pax, struct slip_err *err)
{
	const char *end = p + n;
	struct record rec;

	while (p < end)
		if (next_record(&p, end, &rec, err) < 0 || set_record(&rec, pax, err) < 0)
			return -1;
	if (pax->has_offset)
		return bad_record("a sparse extent without a length", err);
	return 0;
}

int slip_pax_check_global(const char *p, size_t n, struct slip_err *err)
{
	static const char *const loud[] = {"path", "linkpath", "size", "uid", "gid", "mtime"};
	const char *end = p + n;
	struct record rec;

	while (p < end) {
		if (next_record(&p, end, &rec, err) < 0)
			return -1;
		bool bad = slip_starts_with(rec.key, XATTR_PREFIX) ||
			   slip_starts_with(rec.key, SPARSE_PREFIX);
		for (size_t i = 0; i < SLIP_ARRAY_LEN(loud); i++)
			bad = bad || slip_streq(rec.key, loud[i]);
		if (bad)
			return slip_err_set(err, SLIP_E_DIGEST, 0,
				"a global extended header sets %s for all entries, which readers "
				"understand differently",
				rec.key);
	}
	return 0;
}
