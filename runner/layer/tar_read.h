/*
 * A tar reader for layers and archives: ustar, PAX, GNU long names, base-256 numbers.
 *
 * Strict where readers disagree, since a second reading of the same bytes is an attack: a PAX size
 * that contradicts a non-zero ustar size, global PAX headers that rename or resize, NUL in a name,
 * and ".wh." names without a target are refused. Sparse files (GNU 0.0, 0.1, 1.0 and old style) are
 * read as what they stand for, with the map bounded. Names are cleaned; ".." components are
 * refused; an absolute name loses its slash. Every size is bounded by base/limits.h.
 * Facts: POSIX pax "pax Interchange Format", GNU tar manual "Basic Tar Format", OCI layer.md.
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
 * valid until the next call. *more is false at the end of the archive.
 */
int slip_tar_reader_next(struct slip_tar_reader *r, const struct slip_entry **e, bool *more,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Data of the current entry, holes as zeros; *got is 0 at its end. */
int slip_tar_reader_data(struct slip_tar_reader *r, void *buf, size_t n, size_t *got,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Does this block (512 bytes) start a tar archive? For ADD, which goes by content. */
bool slip_tar_is_header(const void *block);

#endif
