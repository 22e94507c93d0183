/*
 * One entry of a layer: the noun that the tar reader and writer, the unpacker, the diff and the
 * tree index share (OCI image-spec, layer.md).
 *
 * `path` is relative to the root, clean, without leading or trailing slash; "" is the root itself.
 * Whiteouts are entries of their own type with the path of what they remove, so nobody but the tar
 * reader and writer knows the ".wh." spelling.
 */
#ifndef SLIP_LAYER_ENTRY_H
#define SLIP_LAYER_ENTRY_H

#include "runner/base/err.h"
#include "runner/base/map.h"

#include <sys/stat.h>

enum slip_entry_type {
	SLIP_ENTRY_FILE,
	SLIP_ENTRY_DIR,
	SLIP_ENTRY_SYMLINK,
	SLIP_ENTRY_HARDLINK, /* `link` is the path of an entry, relative to the root, clean */
	SLIP_ENTRY_CHAR,
	SLIP_ENTRY_BLOCK,
	SLIP_ENTRY_FIFO,
	SLIP_ENTRY_WHITEOUT, /* removes `path` as lower layers have it */
	SLIP_ENTRY_OPAQUE, /* hides what lower layers have inside directory `path` */
};

struct slip_entry {
	char *path;
	enum slip_entry_type type;
	uint32_t mode; /* permission bits, 07777 at most */
	uint32_t uid;
	uint32_t gid;
	uint64_t size; /* files: bytes */
	int64_t mtime; /* seconds; may be negative */
	uint32_t mtime_nsec;
	uint32_t dev_major; /* devices */
	uint32_t dev_minor;
	char *link; /* symlinks: target as written; hard links: path */
	struct slip_map xattrs; /* name to struct slip_xattr; a zeroed map is none */
};

struct slip_xattr {
	size_t len;
	uint8_t value[];
};

void slip_entry_init(struct slip_entry *e, enum slip_entry_type type, const char *path);
void slip_entry_release(struct slip_entry *e); /* a zeroed entry is fine */
void slip_entry_copy(struct slip_entry *dst, const struct slip_entry *src); /* dst uninitialised */
void slip_entry_set_xattr(struct slip_entry *e, const char *name, const void *value, size_t len);
/* Type, mode, owner, size, times and device from an lstat; path and link stay. -1: a socket. */
int slip_entry_from_stat(struct slip_entry *e, const struct stat *st);
/*
 * Does an attribute of this name travel in layers? security.capability and user.* do, save
 * user.overlay.*, with which a layer could plant marks into a root that becomes an overlay lower.
 */
bool slip_entry_keeps_xattr(const char *name);
/*
 * Read the extended attributes that belong into a layer from an open descriptor, which may be an
 * O_PATH one (then through /proc). A file system without attributes has none, and is no error.
 */
int slip_entry_read_xattrs(struct slip_entry *e, int fd, struct slip_err *err) SLIP_MUST_CHECK;

#endif
