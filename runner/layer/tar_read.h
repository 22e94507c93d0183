/*
 * A tar reader for layers and archives: ustar, PAX, GNU long names, base-256 numbers.
 *
 * Strict where readers disagree, since a second reading of the same bytes is an attack: a PAX size
 * that contradicts a non-zero ustar size, global PAX headers that rename or resize, data behind
 * entries that have none, two names for one entry, NUL in a name, and ".wh." names without a target
 * are refused. Sparse files (GNU 0.0, 0.1, 1.0 and old style) are read as what they stand for, with
 * the map bounded. Names are cleaned; ".." components are refused; an absolute name loses its
 * slash. Names and sizes of headers are bounded by base/limits.h; the size of a file is the
 * caller's to judge, before reading it. Attributes that layers do not keep are left out. Facts:
 * POSIX pax "pax Interchange Format", GNU tar manual "Basic Tar Format", OCI layer.md.
 */
#ifndef SLIP_LAYER_TAR_READ_H
#define SLIP_LAYER_TAR_READ_H

#include "runner/layer/entry.h"
#include "runner/layer/source.h"

struct slip_tar_reader;
/* whiteouts: translate ".wh." names (layers); otherwise they are ordinary files (ADD). */
struct slip_tar_reader *slip_tar_reader_new(struct slip_source in, bool whiteouts);
void slip_tar_reader_free(struct slip_tar_reader *r);
void slip_tar_reader_cleanup(struct slip_tar_reader **r);
/*
 * The next entry, skipping what is left of the previous one's data. *e belongs to the reader and is
 * valid until the next call. *more is false at the end of the archive; what the source holds after
 * that is not read.
 */
int slip_tar_reader_next(struct slip_tar_reader *r, const struct slip_entry **e, bool *more,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Data of the current entry, holes as zeros; *got is 0 at its end. */
int slip_tar_reader_data(struct slip_tar_reader *r, void *buf, size_t n, size_t *got,
	struct slip_err *err) SLIP_MUST_CHECK;
/* The same without a copy: *p is the reader's, valid until the next call; NULL in a hole. */
int slip_tar_reader_piece(struct slip_tar_reader *r, const uint8_t **p, size_t *n, bool *hole,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Did the archive end with its end marker (two zero blocks), as it should, or just stop? */
bool slip_tar_reader_is_complete(const struct slip_tar_reader *r);
/* Does this block (512 bytes) start a tar archive? For ADD, which goes by content. */
bool slip_tar_is_header(const void *block);

#endif
