/*
 * The archive of a build context, unpacked into a directory of ours.
 *
 * tar, plain or compressed by gzip, zstd, xz or bzip2, told apart by content. What layer/unpack.h
 * promises holds: nothing outside of the directory is touched, whatever names and links there are.
 * Devices are left out. Bounds: entries, bytes, and bytes relative to the archive's own size where
 * that is known; limits.h. The builder's user owns the files, which layers give to 0:0 anyway.
 */
#ifndef SLIP_CONTEXT_ARCHIVE_H
#define SLIP_CONTEXT_ARCHIVE_H

#include "runner/base/err.h"

/* fd: the archive, read from where it stands to its end. `label` names it in errors. */
int slip_context_unpack(int fd, int dirfd, const char *label, struct slip_err *err) SLIP_MUST_CHECK;

#endif
