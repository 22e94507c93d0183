/*
 * Placing files upon a root: entries of a new layer, their parents, and the index that follows.
 *
 * Used by COPY, ADD and WORKDIR. Directories on the way are emitted once each, as they are in the
 * root, or new as 0755 with the owner of the copy; a directory never replaces something else, nor
 * the other way round.
 */
#ifndef SLIP_BUILD_PLACE_H
#define SLIP_BUILD_PLACE_H

#include "runner/layer/write.h"
#include "steps/build/copy.h"
#include "steps/build/rootfs.h"

struct slip_place {
	struct slip_rootfs *root;
	struct slip_layer_writer *writer;
	uint32_t origin;
	int64_t now; /* mtime of directories made on the way */
	uint32_t uid; /* and their owner */
	uint32_t gid;
	uint32_t dir_mode;
	bool set_owner; /* --chown: also of what is copied */
	const struct slip_mode *chmod; /* NULL: as in the source */
	struct slip_source_tree *source;
	struct slip_map placed; /* path to struct slip_placed, owned */
	struct slip_placed **pending; /* not written yet */
	size_t n_pending;
	size_t cap_pending;
	struct slip_map links; /* hard link group to path in the image, for --from */
};

/* Something that will be, or is, in the layer. */
struct slip_placed {
	struct slip_entry e;
	bool is_pending;
	const struct slip_copy_item *item; /* where its bytes are; NULL: none */
};

void slip_place_init(struct slip_place *p, struct slip_rootfs *root, struct slip_layer_writer *w);
void slip_place_release(struct slip_place *p);

/* Every directory above `path` (clean, rooted, without links). */
int slip_place_parents(
	struct slip_place *p, const char *path, struct slip_err *err) SLIP_MUST_CHECK;
/* The directory itself, with its parents; made when absent. */
int slip_place_dir(struct slip_place *p, const char *path, struct slip_err *err) SLIP_MUST_CHECK;
/* The same for the destination of a directory's contents, which takes over the time only. */
int slip_place_top(struct slip_place *p, const char *path, int64_t mtime,
	struct slip_err *err) SLIP_MUST_CHECK;
/* An item of a copy at a path; owner and mode rules applied. */
int slip_place_item(struct slip_place *p, const struct slip_copy_item *item, const char *path,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * One operand of COPY or ADD at a destination (clean, without links): a file into a directory or as
 * dest itself, a directory's contents, an archive's entries. Of a directory itself only the time is
 * taken over.
 */
int slip_place_group(struct slip_place *p, const struct slip_copy_plan *plan,
	const struct slip_copy_group *g, const char *dest, bool dest_is_dir,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Write what is pending in path order. Called at the end, and before data that comes in a stream.
 */
int slip_place_flush(struct slip_place *p, struct slip_err *err) SLIP_MUST_CHECK;
/* Is there a directory at path, placed already or in the root? */
bool slip_place_is_dir(const struct slip_place *p, const char *path);
/* Check that `path` can take an entry of this kind. */
int slip_place_check(const struct slip_place *p, const char *path, bool is_dir,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Remember and index an entry that the caller has written itself. */
int slip_place_note(
	struct slip_place *p, const struct slip_entry *e, struct slip_err *err) SLIP_MUST_CHECK;

#endif
