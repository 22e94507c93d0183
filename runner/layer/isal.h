/*
 * One block of gzip by ISA-L, to the same bytes wherever and whenever it is done.
 *
 * ISA-L 2.30 (levels 1 and 2, x86-64) hashes the address of its own stream, bits 16 to 47, where it
 * means the second byte of the input, and so puts one entry at random into its table of matches.
 * The output is valid, but it varies with the address, that is from process to process. The streams
 * here are placed at addresses that all have the same hash, so the entry is always the same one.
 */
#ifndef SLIP_LAYER_ISAL_H
#define SLIP_LAYER_ISAL_H

#include <stddef.h>
#include <stdint.h>

/* The library's levels. */
#define SLIP_ISAL_LEVELS 4

/* Used by one thread at a time. */
struct slip_isal;
struct slip_isal *slip_isal_new(int level);
void slip_isal_free(struct slip_isal *s); /* NULL is fine */

/* A block that ends as after a full flush; returns its length. room: enough for stored blocks. */
size_t slip_isal_block(struct slip_isal *s, const uint8_t *in, size_t n, uint8_t *out, size_t room);

/* The nth address for a stream, n < SLIP_ISAL_PLACES; told apart for its test. */
#define SLIP_ISAL_PLACES 256
uintptr_t slip_isal_place(unsigned n);

#endif
