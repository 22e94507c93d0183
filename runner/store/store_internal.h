/* What the files of store/ share. */
#ifndef SLIP_STORE_STORE_INTERNAL_H
#define SLIP_STORE_STORE_INTERNAL_H

#include "runner/base/strv.h"
#include "runner/store/store.h"

#include <stdatomic.h>

#define SLIP_STORE_BLOBS "blobs/sha256"
#define SLIP_STORE_RECORDS "records"
#define SLIP_STORE_TREES "trees"
#define SLIP_STORE_TMP "tmp"
#define SLIP_STORE_NAME_MAX 200 /* bytes of a record's or tree's key */

/* A directory with the four of above. */
struct slip_store_root {
	int fd; /* -1: not there */
	char *path; /* absolute */
};

struct slip_store {
	struct slip_store_root home; /* takes the writes */
	struct slip_store_root base; /* is only read; not there when home is the shared store */
	char *temporary; /* home is this directory, and ends with us */
	int workfd;
	char *work_name; /* below home's tmp/ */
	char *work_path;
	bool durable;
	bool locks; /* the file system has flock */
	atomic_ullong next; /* for names in the work directory */
};

/* Home, then base. NULL at the end. */
const struct slip_store_root *slip_store_next_root(
	const struct slip_store *s, const struct slip_store_root *prev);
/* "<what>-<n>" that nobody else in this work directory has. */
char *slip_store_fresh_name(struct slip_store *s, const char *what);
int slip_store_check_name(const char *what, const char *name, struct slip_err *err) SLIP_MUST_CHECK;
/* The names in a directory in byte order; none when it does not exist. */
int slip_store_list(
	int dirfd, const char *path, struct slip_strv *names, struct slip_err *err) SLIP_MUST_CHECK;
/* Give a complete file of the work directory its name: mode 0444, on the disk when durable. */
int slip_store_publish(struct slip_store *s, int fd, const char *work_name, const char *path,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Note that something was used, for pruning; at most once an hour, silently where refused. */
void slip_store_touch(int dirfd, const char *path, const struct stat *st);
/* flock, waiting or not; 0, or -1 with errno. *has is false where there are no locks (0 then). */
int slip_store_lock(int fd, int operation, bool *has);
/* Remove a directory of ours, unless something is mounted in it that cannot be unmounted. */
int slip_store_remove_dir(int dirfd, const char *name, struct slip_err *err) SLIP_MUST_CHECK;
/* A record's text without its checksum; false when that is wrong. Points into the text. */
bool slip_store_check_record(const char *text, size_t len, const char **payload, size_t *n);

#endif
