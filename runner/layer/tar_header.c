#include "config.h"

#include "runner/base/limits.h"
#include "runner/layer/tar_internal.h"
#include "runner/layer/tar_read.h"

#define WHITEOUT ".wh."
#define AUFS ".wh..wh."
#define OPAQUE ".wh..wh..opq"

_Static_assert(sizeof(struct slip_tar_block) == SLIP_TAR_BLOCK, "a tar block has 512 bytes");

bool slip_tar_block_is_zero(const void *block)
{
	const char *p = block;

	return p[0] == 0 && memcmp(p, p + 1, SLIP_TAR_BLOCK - 1) == 0;
}

bool slip_tar_block_is_gnu(const struct slip_tar_block *b)
{
	return memcmp(b->magic, "ustar  ", 8) == 0;
}

/* Two's complement, most significant byte first; the top bit marks the format and is no digit. */
static int base256(
	const char *field, size_t n, const char *what, int64_t *out, struct slip_err *err)
{
	const uint8_t *b = (const uint8_t *)field;
	int64_t v = b[0] & 0x40 ? (int64_t)b[0] - 256 : b[0] & 0x7f;

	for (size_t i = 1; i < n; i++)
		if (__builtin_mul_overflow(v, 256, &v) || __builtin_add_overflow(v, b[i], &v))
			return slip_err_set(err, SLIP_E_LIMIT, 0, "the %s is too large", what);
	*out = v;
	return 0;
}

int slip_tar_number(
	const char *field, size_t n, const char *what, int64_t *out, struct slip_err *err)
{
	const char *end = field + n;
	int64_t v = 0;

	if (field[0] & 0x80)
		return base256(field, n, what, out, err);
	while (field < end && *field == ' ')
		field++;
	/* At most 12 digits of 3 bits: no overflow. */
	for (; field < end && *field >= '0' && *field <= '7'; field++)
		v = v * 8 + (*field - '0');
	while (field < end && (*field == ' ' || *field == '\0'))
		field++;
	if (field < end)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "the %s is no octal number", what);
	*out = v;
	return 0;
}

int slip_tar_unsigned(const char *field, size_t n, const char *what, uint64_t max, uint64_t *out,
	struct slip_err *err)
{
	int64_t v;

	if (slip_tar_number(field, n, what, &v, err) < 0)
		return -1;
	if (v < 0 || (uint64_t)v > max)
		return slip_err_set(
			err, SLIP_E_LIMIT, 0, "the %s %lld is out of range", what, (long long)v);
	*out = (uint64_t)v;
	return 0;
}

/* Old tars summed signed characters. */
static bool is_checksum_right(const struct slip_tar_block *b)
{
	const uint8_t *p = (const uint8_t *)b;
	int64_t want, plus = 0, minus = 0;

	if (slip_tar_number(b->checksum, sizeof(b->checksum), "checksum", &want, NULL) < 0)
		return false;
	for (size_t i = 0; i < SLIP_TAR_BLOCK; i++) {
		bool own = i >= offsetof(struct slip_tar_block, checksum) &&
			   i < offsetof(struct slip_tar_block, type);
		plus += own ? ' ' : p[i];
		minus += own ? ' ' : (int8_t)p[i];
	}
	return want == plus || want == minus;
}

bool slip_tar_is_header(const void *block)
{
	struct slip_tar_block b;

	memcpy(&b, block, sizeof(b));
	return !slip_tar_block_is_zero(&b) && is_checksum_right(&b);
}

char *slip_tar_block_name(const struct slip_tar_block *b)
{
	size_t max = sizeof(b->prefix);

	if (memcmp(b->magic, "ustar", 6) != 0)
		max = 0;
	else if (memcmp(b->trailer + 8, "tar", 4) == 0)
		max = 131; /* star keeps times behind a shorter prefix */
	size_t prefix = strnlen(b->prefix, max);
	return slip_xasprintf("%.*s%s%.*s", (int)prefix, b->prefix, prefix ? "/" : "",
		(int)strnlen(b->name, sizeof(b->name)), b->name);
}

int slip_tar_extents(
	const char (*pairs)[24], size_t n, struct slip_sparse *map, struct slip_err *err)
{
	for (size_t i = 0; i < n && pairs[i][0] != '\0'; i++) {
		uint64_t offset, len;
		if (slip_tar_unsigned(pairs[i], 12, "sparse offset", INT64_MAX, &offset, err) < 0 ||
			slip_tar_unsigned(
				pairs[i] + 12, 12, "sparse length", INT64_MAX, &len, err) < 0 ||
			slip_sparse_add(map, offset, len, err) < 0)
			return -1;
	}
	return 0;
}

int slip_tar_clean_name(const char *raw, const char *what, char **out, struct slip_err *err)
{
	size_t max = strlen(raw), len = 0;

	if (max == 0)
		return slip_err_set(err, SLIP_E_DIGEST, 0, "the %s is empty", what);
	slip_autofree char *clean = slip_xmalloc(max + 1);
	for (const char *p = raw; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && memcmp(p, "..", 2) == 0)
			return slip_err_set(err, SLIP_E_DIGEST, 0,
				"the %s \"%.200s\" has a \"..\" component, which could lead out of "
				"the root",
				what, raw);
		if (n > SLIP_MAX_NAME)
			return slip_err_set(err, SLIP_E_LIMIT, 0,
				"the %s \"%.200s...\" has a component of more than %d bytes", what,
				raw, SLIP_MAX_NAME);
		if (n > 0 && !(n == 1 && *p == '.')) {
			if (len > 0)
				clean[len++] = '/';
			memcpy(clean + len, p, n);
			len += n;
		}
		p += n + (p[n] == '/');
	}
	clean[len] = '\0';
	if (len >= SLIP_MAX_PATH)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"the %s \"%.200s...\" has %d bytes or more", what, raw, SLIP_MAX_PATH);
	*out = slip_steal_ptr(&clean);
	return 0;
}

static int bad_whiteout(const struct slip_entry *e, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DIGEST, 0,
		"\"%.200s\" is no valid whiteout: the name after \".wh.\" must be one of a file",
		e->path);
}

/* The same path with another last component; "" leaves the parent. */
static void replace_base(struct slip_entry *e, size_t base, const char *name)
{
	char *path = base == 0 || *name ? slip_xasprintf("%.*s%s", (int)base, e->path, name)
					: slip_xstrndup(e->path, base - 1);

	free(e->path);
	e->path = path;
}

int slip_tar_translate_whiteout(struct slip_entry *e, bool *ignore, struct slip_err *err)
{
	const char *slash = strrchr(e->path, '/');
	size_t base = slash ? (size_t)(slash - e->path) + 1 : 0;
	const char *name = e->path + base;

	*ignore = false;
	for (const char *p = e->path; p < name; p += strcspn(p, "/") + 1) {
		*ignore = *ignore || slip_starts_with(p, AUFS);
		if (!*ignore && slip_starts_with(p, WHITEOUT))
			return bad_whiteout(e, err);
	}
	if (*ignore || !slip_starts_with(name, WHITEOUT))
		return 0;
	*ignore = slip_starts_with(name, AUFS) && !slip_streq(name, OPAQUE);
	if (*ignore)
		return 0;
	slip_autofree char *target = slip_xstrdup(name + sizeof(WHITEOUT) - 1);
	bool opaque = slip_streq(name, OPAQUE);
	if (e->type == SLIP_ENTRY_DIR || slip_streq(target, "") || slip_streq(target, ".") ||
		slip_streq(target, ".."))
		return bad_whiteout(e, err);
	replace_base(e, base, opaque ? "" : target);
	e->type = opaque ? SLIP_ENTRY_OPAQUE : SLIP_ENTRY_WHITEOUT;
	e->size = 0;
	free(e->link); /* aufs made whiteouts as hard links */
	e->link = NULL;
	return 0;
}
