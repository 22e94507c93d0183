/*
 * Write a layer: entries in, one compressed blob out, in a single pass.
 *
 *	entries -> tar -> SHA-256 (diff id) -> compress in parallel blocks -> SHA-256 (digest) -> fd
 *
 * Output depends on the entries and the options alone, never on the number of threads, timing or
 * addresses; with ISA-L also on its version and the kind of processor (isal.h), which is why
 * reproducible means zlib.
 *
 * Memory is bounded by a few blocks. The tar is what containerd and BuildKit write: PAX only where
 * ustar cannot say it, whole seconds, no names of users, directories with a slash, no leading "./".
 * The writer emits entries in the order given and trusts paths to be clean.
 */
#ifndef SLIP_LAYER_WRITE_H
#define SLIP_LAYER_WRITE_H

#include "runner/base/digest.h"
#include "runner/base/pool.h"
#include "runner/layer/entry.h"
#include "runner/layer/inflate.h"

struct slip_layer_options {
	enum slip_compression compression; /* NONE, GZIP or ZSTD */
	int level; /* -1: the default of the engine */
	bool reproducible; /* the same bytes on every machine: zlib instead of ISA-L */
	bool clamp_mtime; /* mtimes after max_mtime become max_mtime (SOURCE_DATE_EPOCH) */
	bool one_mtime; /* all of them are max_mtime: no trace of a checkout or a clock */
	int64_t max_mtime;
	int tee_fd; /* also write the plain tar there, as it comes; 0: nowhere */
};

struct slip_layer_result {
	struct slip_digest diff_id;
	struct slip_digest digest; /* of the bytes written to fd */
	uint64_t size; /* of those */
	uint64_t diff_size;
	uint64_t entries;
};

struct slip_layer_writer;
/* fd: where the blob goes, from its current offset; the caller's. pool: for compression. */
struct slip_layer_writer *slip_layer_writer_new(
	const struct slip_layer_options *opt, struct slip_pool *pool, int fd);
/* An entry without data, or whose `size` bytes follow by _data in any number of calls. */
int slip_layer_writer_entry(struct slip_layer_writer *w, const struct slip_entry *e,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_layer_writer_data(
	struct slip_layer_writer *w, const void *p, size_t n, struct slip_err *err) SLIP_MUST_CHECK;
/* A file's entry and its bytes from fd. A file that shrank or grew meanwhile is SLIP_E_IO. */
int slip_layer_writer_file(struct slip_layer_writer *w, const struct slip_entry *e, int fd,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_layer_writer_finish(struct slip_layer_writer *w, struct slip_layer_result *result,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_layer_writer_free(struct slip_layer_writer *w); /* at any time; waits for its tasks */
void slip_layer_writer_cleanup(struct slip_layer_writer **w);

/* "ISA-L 2.30" or "zlib 1.2.13": for `slipway version`. */
const char *slip_layer_gzip_engine(void);

#endif
