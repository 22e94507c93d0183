/*
 * Tar headers for layers, as bytes; data and padding are the writer's (write.h).
 *
 * ustar wherever ustar can say it. Otherwise a pax header of the same entry comes first, with its
 * records sorted by key and nothing in it that depends on time, process or machine: long or
 * non-ASCII names, sizes from 8 GiB, ids from 2097152, times before 1970, attributes as
 * SCHILY.xattr.<name>. A field that a pax record replaces is zero, never a contradicting value.
 * Facts: POSIX "pax Interchange Format", OCI image-spec layer.md.
 */
#ifndef SLIP_LAYER_TAR_WRITE_H
#define SLIP_LAYER_TAR_WRITE_H

#include "runner/base/buf.h"
#include "runner/layer/entry.h"

#define SLIP_TAR_BLOCK ((size_t)512)

/* Bytes of data that follow the header: `size` of files, nothing for all others. */
uint64_t slip_tar_data_size(const struct slip_entry *e);
/*
 * Append the header of an entry to out, whole blocks. Fails where tar cannot say it: SLIP_E_LIMIT
 * for attributes larger than readers take, SLIP_E_IO for an attribute's name with "=" in it and for
 * paths with a component that starts with ".wh.".
 */
int slip_tar_write_header(
	const struct slip_entry *e, struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
