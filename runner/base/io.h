/*
 * Files and descriptors. EINTR and short transfers are handled here and nowhere else.
 * Every descriptor opened is close-on-exec. dirfd may be AT_FDCWD.
 */
#ifndef SLIP_BASE_IO_H
#define SLIP_BASE_IO_H

#include "runner/base/buf.h"
#include "runner/base/strv.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

int slip_write_all(int fd, const void *p, size_t n, struct slip_err *err) SLIP_MUST_CHECK;
/* Read until n bytes or end of file; *got says how many. */
int slip_read_upto(int fd, void *p, size_t n, size_t *got, struct slip_err *err) SLIP_MUST_CHECK;
/* Read the rest of fd into out (appended), at most up to out's maximum. `what` names it. */
int slip_read_rest(
	int fd, const char *what, struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;
/* The whole of a regular file. SLIP_E_NOTFOUND when it does not exist. */
int slip_read_file(
	int dirfd, const char *path, struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Write a file so that a reader, or a power cut, sees the old or the new content: temporary file in
 * the same directory, rename. mode as for open(2), less the umask. durable also fsyncs file and
 * directory.
 */
int slip_write_file(int dirfd, const char *path, const void *p, size_t n, mode_t mode, bool durable,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Copy n bytes between descriptors at their offsets; copy_file_range where possible. */
int slip_copy_bytes(int in, int out, uint64_t n, struct slip_err *err) SLIP_MUST_CHECK;
/* mkdir -p of an ordinary host path; existing directories are fine. */
int slip_mkdir_p(const char *path, mode_t mode, struct slip_err *err) SLIP_MUST_CHECK;
/* The names in a directory, in byte order, without "." and "..". SLIP_E_NOTFOUND when absent. */
int slip_list_names(
	int dirfd, const char *path, struct slip_strv *names, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Remove a tree below a directory descriptor, links not followed, any depth without recursion.
 * Directories that deny their owner are unlocked first. A name that is not there is no error.
 */
int slip_remove_tree(int dirfd, const char *name, struct slip_err *err) SLIP_MUST_CHECK;
/* A fresh directory "<prefix>XXXXXX" of mode 0700 below `parent`; *path is the caller's. */
int slip_make_temp_dir(
	const char *parent, const char *prefix, char **path, struct slip_err *err) SLIP_MUST_CHECK;

#endif
