/*
 * Cache keys, format v1: SHA-256 over named, length-framed parts (docs/formats/cache-key.md).
 *
 * A part is its name and its bytes, each preceded by its length as eight bytes, little end first,
 * so that no two lists of parts give the same stream.
 */
#ifndef SLIP_BUILD_KEY_H
#define SLIP_BUILD_KEY_H

#include "steps/build/stage.h"

struct slip_key;
struct slip_key *slip_key_new(const char *kind); /* starts with the format version and kind */
void slip_key_add(struct slip_key *k, const char *name, const void *p, size_t n);
void slip_key_add_str(struct slip_key *k, const char *name, const char *s); /* NULL: absent */
void slip_key_add_strv(struct slip_key *k, const char *name, const struct slip_strv *sv);
void slip_key_add_int(struct slip_key *k, const char *name, int64_t i);
void slip_key_finish(struct slip_key *k, struct slip_digest *out); /* frees k */

/* The state a stage starts from: scratch, or a base image's manifest. */
void slip_key_of_base(const struct slip_build_stage *s, struct slip_digest *out);
/* A step upon the state `parent`. Reads the context's files for COPY; -1 when it cannot. */
int slip_key_of_step(const struct slip_build_stage *s, const struct slip_digest *parent,
	struct slip_step *step, struct slip_err *err) SLIP_MUST_CHECK;

#endif
