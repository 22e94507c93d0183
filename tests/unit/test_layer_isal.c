/* The same block by ISA-L streams at many addresses, and the rule by which those are chosen. */
#include "config.h"

#include "runner/base/mem.h"
#include "runner/layer/isal.h"
#include "tests/unit/tap.h"

#include <string.h>

#ifdef HAVE_ISAL

#define BLOCK ((size_t)256 * 1024)
#define ROOM (BLOCK + 4096)
#define STREAMS 24

/* CRC-32C (Castagnoli) of a little-endian word from a register of zero, as the instruction does. */
static uint32_t crc32c(uint32_t word)
{
	for (int i = 0; i < 32; i++)
		word = word >> 1 ^ (word & 1 ? 0x82f63b78 : 0);
	return word;
}

static void test_places(void)
{
	uint32_t first = crc32c((uint32_t)(slip_isal_place(0) >> 16)) & 0x7fff;
	bool is_same = true;
	bool is_apart = true;

	for (unsigned i = 0; i < SLIP_ISAL_PLACES; i++) {
		uintptr_t place = slip_isal_place(i);
		is_same = is_same && (crc32c((uint32_t)(place >> 16)) & 0x7fff) == first;
		for (unsigned j = 0; j < i; j++) {
			uintptr_t other = slip_isal_place(j);
			uintptr_t gap = place > other ? place - other : other - place;
			is_apart = is_apart && gap >= (uintptr_t)1 << 30;
		}
	}
	is_int(crc32c(1), 0xdd45aab8, "the CRC-32C of this test is that of the instruction");
	ok(is_same, "every place has the same hash");
	ok(is_apart, "and a gigabyte of its own");
}

/* Repeats at distances around 64 KiB: what an entry too many in the table of matches changes. */
static void fill(uint8_t *p)
{
	uint32_t random = 1;

	for (size_t i = 0; i < BLOCK; i++) {
		random = random * 1664525 + 1013904223;
		p[i] = i % 4096 < 320 ? (uint8_t) "slipway "[i % 8] : (uint8_t)(random >> 24 & 63);
	}
}

static void test_blocks(int level)
{
	struct slip_isal *streams[STREAMS];
	slip_autofree uint8_t *in = slip_xmalloc(BLOCK);
	slip_autofree uint8_t *first = slip_xmalloc(ROOM);
	slip_autofree uint8_t *out = slip_xmalloc(ROOM);
	size_t first_len = 0;
	int others = 0;

	fill(in);
	for (int i = 0; i < STREAMS; i++)
		streams[i] = slip_isal_new(level);
	for (int i = 0; i < STREAMS; i++) {
		size_t len = slip_isal_block(streams[i], in, BLOCK, i ? out : first, ROOM);
		if (i == 0)
			first_len = len;
		else
			others += len != first_len || memcmp(out, first, len) != 0;
		slip_isal_free(streams[i]);
	}
	is_int(others, 0, "level %d: %d streams at once write the same %zu bytes", level, STREAMS,
		first_len);
}

int main(void)
{
	test_places();
	for (int level = 0; level < SLIP_ISAL_LEVELS; level++)
		test_blocks(level);
	return done_testing();
}

#else
int main(void)
{
	skip("built without ISA-L", "streams at any address write the same");
	return done_testing();
}
#endif
