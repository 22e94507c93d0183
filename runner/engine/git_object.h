/*
 * Commits and tags of a repository, read without git: loose objects, and those of packs
 * (gitformat-pack(5), indexes of version 2) that are stored whole. One that a pack stores as the
 * difference from another counts as not there, as does a damaged one: what is asked here is worth
 * knowing and never needed.
 */
#ifndef SLIP_ENGINE_GIT_OBJECT_H
#define SLIP_ENGINE_GIT_OBJECT_H

#include "runner/base/buf.h"
#include "runner/engine/git.h"

enum slip_git_object_kind {
	SLIP_GIT_NONE,
	SLIP_GIT_COMMIT = 1, /* numbers as in packs */
	SLIP_GIT_TAG = 4,
};

/*
 * The content of the object with that hexadecimal name into out (cleared before, and bounded by its
 * maximum); NONE when there is none of these kinds.
 */
enum slip_git_object_kind slip_git_object_read(
	const struct slip_git_place *place, const char *name, struct slip_buf *out);
/* Loose objects only. */
enum slip_git_object_kind slip_git_object_read_loose(
	const struct slip_git_place *place, const char *name, struct slip_buf *out);
/*
 * The value of a header ("committer", "object"), which ends at an empty line; false when there is
 * none. The caller's.
 */
bool slip_git_object_header(const struct slip_buf *object, const char *name, char **out);

#endif
