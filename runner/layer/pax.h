/*
 * PAX extended headers: "LENGTH KEY=VALUE\n" records about the next entry (POSIX pax, "pax
 * Extended Header"; GNU tar manual, "PAX 0"/"PAX 1" for sparse files).
 *
 * An empty value takes back what an earlier record of its key said, as POSIX has it; of repeated
 * records the last one counts. Keys that a layer has no use for are ignored.
 */
#ifndef SLIP_LAYER_PAX_H
#define SLIP_LAYER_PAX_H

#include "runner/base/map.h"
#include "runner/layer/sparse.h"

struct slip_pax {
	char *path; /* NULL: not said */
	char *linkpath;
	bool has_size;
	bool has_uid;
	bool has_gid;
	bool has_mtime;
	uint64_t size;
	uint32_t uid;
	uint32_t gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	struct slip_map xattrs; /* only those that layers keep; values are struct slip_xattr */
	size_t xattrs_size;

	bool sparse; /* any GNU.sparse record */
	unsigned sparse_major; /* 1: the map precedes the data */
	unsigned sparse_minor;
	char *sparse_name;
	bool has_realsize;
	uint64_t realsize;
	struct slip_sparse map; /* versions 0.0 and 0.1 */
	bool has_offset; /* 0.0: an offset waits for its length */
	uint64_t offset;
};

void slip_pax_init(struct slip_pax *pax);
void slip_pax_release(struct slip_pax *pax);
int slip_pax_parse(
	const char *p, size_t n, struct slip_pax *pax, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * A global header speaks about all entries that follow, and readers differ in whether they listen.
 * Those that say nothing about name, size, owner or attributes (git's commit id) are fine.
 */
int slip_pax_check_global(const char *p, size_t n, struct slip_err *err) SLIP_MUST_CHECK;
/* Decimal digits and nothing else, at most INT64_MAX. */
int slip_pax_number(const char *p, size_t n, uint64_t *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
