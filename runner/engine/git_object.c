#include "config.h"

#include "runner/engine/git_object.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/layer/inflate_zlib.h"

#include <dirent.h>

#define MAX_PACKS 1000
#define MAX_RAW 32
#define FANOUT_AT 8
#define NAMES_AT (FANOUT_AT + 256 * 4)

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool to_raw(const char *name, size_t size, uint8_t raw[MAX_RAW])
{
	if (size > MAX_RAW || strlen(name) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(name[2 * i]), low = digit(name[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		raw[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* --- loose objects ---------------------------------------------------------------------------- */

/* "commit 123", NUL, and so many bytes. */
enum slip_git_object_kind slip_git_object_read_loose(
	const struct slip_git_place *place, const char *name, struct slip_buf *out)
{
	uint8_t raw[MAX_RAW];
	slip_autobuf file, text;
	slip_buf_init(&file, out->max);
	slip_buf_init(&text, out->max);
	slip_buf_clear(out);
	if (!to_raw(name, place->hash_size, raw))
		return SLIP_GIT_NONE;
	slip_autofree char *path =
		slip_xasprintf("%s/objects/%.2s/%s", place->common, name, name + 2);
	if (slip_read_file(AT_FDCWD, path, &file, NULL) < 0 ||
		slip_zlib_inflate(file.data, file.len, &text, NULL) < 0)
		return SLIP_GIT_NONE;
	bool is_commit = slip_starts_with(text.data, "commit ");
	const char *nul = memchr(text.data, '\0', text.len);
	if (!nul || (!is_commit && !slip_starts_with(text.data, "tag ")))
		return SLIP_GIT_NONE;
	slip_buf_add(out, nul + 1, text.len - (size_t)(nul - text.data) - 1);
	return is_commit ? SLIP_GIT_COMMIT : SLIP_GIT_TAG;
}

/* --- packs ------------------------------------------------------------------------------------ */

static bool read_at(int fd, uint64_t at, void *p, size_t n)
{
	return at <= INT64_MAX && pread(fd, p, n, (off_t)at) == (ssize_t)n;
}

static bool read32_at(int fd, uint64_t at, uint32_t *out)
{
	uint8_t raw[4];
	if (!read_at(fd, at, raw, sizeof(raw)))
		return false;
	*out = get32(raw);
	return true;
}

/* The place of a name among the sorted names of an index. */
static bool search_index(int fd, const uint8_t *name, size_t size, uint32_t *n, uint32_t *place)
{
	uint32_t low = 0, high;
	if ((name[0] && !read32_at(fd, FANOUT_AT + 4 * (uint64_t)(name[0] - 1), &low)) ||
		!read32_at(fd, FANOUT_AT + 4 * (uint64_t)name[0], &high) ||
		!read32_at(fd, FANOUT_AT + 4 * 255, n) || high > *n)
		return false;
	while (low < high) {
		uint8_t found[MAX_RAW];
		uint32_t middle = low + (high - low) / 2;
		if (!read_at(fd, NAMES_AT + (uint64_t)middle * size, found, size))
			return false;
		int order = memcmp(name, found, size);
		if (order == 0) {
			*place = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* Behind the names stand a checksum for each, then 4 bytes of offset; large ones are behind those.
 */
static bool find_offset(int fd, const uint8_t *name, size_t size, uint64_t *offset)
{
	static const uint8_t version2[] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};
	uint8_t magic[sizeof(version2)];
	uint32_t n, place, small, high, low;
	if (!read_at(fd, 0, magic, sizeof(magic)) || memcmp(magic, version2, sizeof(magic)) != 0 ||
		!search_index(fd, name, size, &n, &place))
		return false;
	uint64_t offsets = NAMES_AT + (uint64_t)n * (size + 4);
	if (!read32_at(fd, offsets + 4 * (uint64_t)place, &small))
		return false;
	*offset = small;
	if (!(small & 0x80000000U))
		return true;
	uint64_t large = offsets + 4 * (uint64_t)n + 8 * (uint64_t)(small & 0x7fffffffU);
	if (!read32_at(fd, large, &high) || !read32_at(fd, large + 4, &low))
		return false;
	*offset = (uint64_t)high << 32 | low;
	return true;
}

/* Type and size in a few bytes, 7 bits each after the first; then a zlib stream. */
static enum slip_git_object_kind read_packed(int fd, uint64_t offset, struct slip_buf *out)
{
	slip_autofree uint8_t *chunk = slip_xmalloc(out->max);
	ssize_t n = offset <= INT64_MAX ? pread(fd, chunk, out->max, (off_t)offset) : -1;
	size_t at = 0;
	if (n <= 0)
		return SLIP_GIT_NONE;
	unsigned kind = chunk[0] >> 4 & 7;
	while (at < (size_t)n && chunk[at] & 0x80)
		at++;
	if (++at >= (size_t)n || (kind != SLIP_GIT_COMMIT && kind != SLIP_GIT_TAG) ||
		slip_zlib_inflate(chunk + at, (size_t)n - at, out, NULL) < 0)
		return SLIP_GIT_NONE;
	return (enum slip_git_object_kind)kind;
}

static enum slip_git_object_kind search_pack(
	int dirfd, const char *index, const uint8_t *name, size_t size, struct slip_buf *out)
{
	uint64_t offset;
	slip_autoclose int fd = openat(dirfd, index, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !find_offset(fd, name, size, &offset))
		return SLIP_GIT_NONE;
	slip_autofree char *pack =
		slip_xasprintf("%.*s.pack", (int)(strlen(index) - strlen(".idx")), index);
	slip_autoclose int pack_fd = openat(dirfd, pack, O_RDONLY | O_CLOEXEC);
	return pack_fd < 0 ? SLIP_GIT_NONE : read_packed(pack_fd, offset, out);
}

enum slip_git_object_kind slip_git_object_read(
	const struct slip_git_place *place, const char *name, struct slip_buf *out)
{
	uint8_t raw[MAX_RAW];
	enum slip_git_object_kind kind = slip_git_object_read_loose(place, name, out);
	if (kind != SLIP_GIT_NONE || !to_raw(name, place->hash_size, raw))
		return kind;
	slip_autofree char *path = slip_path_join(place->common, "objects/pack");
	DIR *d = opendir(path);
	size_t seen = 0;
	for (struct dirent *e; d && seen < MAX_PACKS && (e = readdir(d)); seen++) {
		slip_buf_clear(out);
		if (!slip_ends_with(e->d_name, ".idx"))
			continue;
		kind = search_pack(dirfd(d), e->d_name, raw, place->hash_size, out);
		if (kind != SLIP_GIT_NONE)
			break;
	}
	if (d)
		closedir(d);
	return kind;
}

bool slip_git_object_header(const struct slip_buf *object, const char *name, char **out)
{
	size_t n = strlen(name);
	for (const char *line = object->data; *line && *line != '\n';) {
		size_t len = strcspn(line, "\n");
		if (len > n && strncmp(line, name, n) == 0 && line[n] == ' ') {
			*out = slip_xstrndup(line + n + 1, len - n - 1);
			return true;
		}
		line += len + (line[len] == '\n');
	}
	return false;
}
