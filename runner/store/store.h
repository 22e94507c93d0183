/*
 * The local store: content-addressed blobs, small records, unpacked trees. docs/formats/store.md
 *
 *	blobs/sha256/<hex>    immutable, 0444; complete from the moment its name exists
 *	records/<kind>/<key>  small files with a checksum, replaced by rename
 *	trees/<key>/root/     unpacked roots, never written after their name exists
 *	tmp/<pid>-<random>/   one work directory a process, locked while it lives
 *
 * Safe for any number of processes and threads: names appear by rename out of the work directory,
 * which is held with flock, whose death the kernel notices; the next start removes what a killed
 * process left. Every open store holds a shared lock, pruning takes it exclusively. Nothing is
 * trusted for being there: what is read whole is checked, `verify` rehashes the rest.
 *
 * A store that cannot be written is read; what this process adds goes to a store of its own below
 * $TMPDIR that ends with it.
 */
#ifndef SLIP_STORE_STORE_H
#define SLIP_STORE_STORE_H

#include "runner/base/digest.h"
#include "runner/base/io.h"

struct slip_store;

struct slip_store_options {
	const char *path; /* NULL: $SLIPWAY_STORE, else $XDG_CACHE_HOME/slipway, else
			     $HOME/.cache/slipway, else one below $TMPDIR that ends with us */
	bool durable; /* everything is on the disk before it gets its name */
	bool look_only; /* the store stays as it is, also absent: additions end with us */
};

int slip_store_open(const struct slip_store_options *opt, struct slip_store **out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_store_close(struct slip_store *s); /* removes this process' work directory */
void slip_store_cleanup(struct slip_store **s);
const char *slip_store_path(const struct slip_store *s);
/* This process' own directory (0700) for uppers, mounts and spools; gone after close. */
const char *slip_store_work_path(const struct slip_store *s);
/* Adds to the error of a write that there is no room, where, and what helps. Returns -1. */
int slip_store_explain(const struct slip_store *s, struct slip_err *err);

/*
 * A blob being written: a file in the work directory that moves to its name when complete. (Not
 * O_TMPFILE: a name in a directory that is cleaned anyway works on every file system.)
 */
struct slip_spool {
	int fd; /* for writing, read back after seeking */
	struct slip_store *store;
	char *name;
};
int slip_spool_open(
	struct slip_store *s, struct slip_spool *sp, struct slip_err *err) SLIP_MUST_CHECK;
/* The caller has computed digest and size over what it wrote; the spool is closed. */
int slip_spool_commit(struct slip_spool *sp, const struct slip_digest *digest, uint64_t size,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_spool_abort(struct slip_spool *sp); /* fine after commit */

bool slip_store_has_blob(struct slip_store *s, const struct slip_digest *digest);
/* SLIP_E_NOTFOUND when absent. *size may be NULL. */
int slip_store_open_blob(struct slip_store *s, const struct slip_digest *digest, int *fd,
	uint64_t *size, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Whole small blobs (manifests, configs) appended to out, at most its maximum. One whose bytes have
 * another digest is removed with a warning and NOTFOUND, so that callers fetch it again.
 */
int slip_store_read_blob(struct slip_store *s, const struct slip_digest *digest,
	struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;
int slip_store_put_blob(struct slip_store *s, const void *p, size_t n, struct slip_digest *digest,
	struct slip_err *err) SLIP_MUST_CHECK;

/*
 * Records: kind and key are [a-z0-9._-]+ and do not start with a dot. NOTFOUND when absent or
 * damaged (with a warning). *mtime (may be NULL) is when it was put.
 */
int slip_store_get_record(struct slip_store *s, const char *kind, const char *key,
	struct slip_buf *out, int64_t *mtime, struct slip_err *err) SLIP_MUST_CHECK;
int slip_store_put_record(struct slip_store *s, const char *kind, const char *key, const void *p,
	size_t n, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * Trees: begin gives an empty directory, 0755 since it becomes a root, commit gives it its name and
 * replaces *path; when another process was first, ours is removed and *path is theirs, so open what
 * it says afterwards. `path` is absolute, for mount(2). A tree that is never committed goes with
 * the work directory.
 */
int slip_store_open_tree(struct slip_store *s, const char *key, int *dirfd, char **path,
	struct slip_err *err) SLIP_MUST_CHECK;
int slip_store_begin_tree(
	struct slip_store *s, int *dirfd, char **path, struct slip_err *err) SLIP_MUST_CHECK;
int slip_store_commit_tree(
	struct slip_store *s, const char *key, char **path, struct slip_err *err) SLIP_MUST_CHECK;

/* Rehash every blob and record; each finding goes to report. SLIP_E_DIGEST when any was bad. */
typedef void slip_store_report(void *ctx, const char *what, const char *finding);
int slip_store_verify(struct slip_store *s, slip_store_report *report, void *ctx,
	struct slip_err *err) SLIP_MUST_CHECK;

struct slip_store_usage {
	uint64_t blobs;
	uint64_t blob_bytes;
	uint64_t records;
	uint64_t trees;
};
int slip_store_usage(
	struct slip_store *s, struct slip_store_usage *u, struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Remove least recently used blobs, records and trees until at most max_bytes remain. While another
 * process has the store open: SLIP_E_IO with sys EWOULDBLOCK, and nothing is removed. What this
 * process looked up before may be gone afterwards.
 */
int slip_store_prune(struct slip_store *s, uint64_t max_bytes, uint64_t *freed,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
