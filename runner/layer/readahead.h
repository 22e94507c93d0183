/*
 * A source that is read on another thread, one block ahead of its reader: inflating and hashing a
 * layer goes on while its files are written.
 *
 * Reading in larger pieces than the reader's is all that changes; errors come where they belong in
 * the stream. `in` is used by one task at a time, and by nobody once the end was read.
 */
#ifndef SLIP_LAYER_READAHEAD_H
#define SLIP_LAYER_READAHEAD_H

#include "runner/base/pool.h"
#include "runner/layer/source.h"

struct slip_readahead;
struct slip_readahead *slip_readahead_new(struct slip_source in, struct slip_pool *pool);
struct slip_source slip_readahead_source(struct slip_readahead *r);
void slip_readahead_free(struct slip_readahead *r); /* waits for its task; NULL is fine */
void slip_readahead_cleanup(struct slip_readahead **r);

#endif
