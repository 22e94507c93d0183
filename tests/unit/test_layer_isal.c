/* The same block by ISA-L streams at many addresses, and the rule by which those are chosen. */
#include "config.h"

#include "runner/base/mem.h"
#include "runner/layer/isal.h"
#include "tests/unit/tap.h"

#include <string.h>
#include <zlib.h>

#ifdef HAVE_ISAL

#define BLOCK ((size_t)256 * 1024)
#define ROOM (BLOCK + 4096)
#define STREAMS 6

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

/* Three bytes that after an 'a' have this hash. */
static void find_bytes(uint32_t hash, uint8_t *p)
{
	for (uint32_t i = 0x010101; i <= 0xffffff; i++) {
		if ((crc32c('a' | i << 8) & 0x7fff) != hash)
			continue;
		p[0] = (uint8_t)i;
		p[1] = (uint8_t)(i >> 8);
		p[2] = (uint8_t)(i >> 16);
		return;
	}
	slip_bug("no three bytes");
}

/*
 * A block that tells whether the table of matches has an entry of this hash from the beginning. The
 * string of that hash stands at the table's zero (32 KiB), at the end of a short run, where it is
 * not put in; when it comes again it is found there by an empty entry, and not by another.
 */
static void fill(uint8_t *p, uint32_t hash)
{
	static const size_t at = 32768;
	uint8_t text[24] = "abcd, then what follows";

	find_bytes(hash, text + 1);
	memset(p, 'a', BLOCK);
	p[at - 100] = '!';
	memcpy(p + at, text, sizeof(text));
	memset(p + at + sizeof(text), 'z', 1000);
	memcpy(p + at + sizeof(text) + 1000, text, sizeof(text));
}

static uint32_t block_hash(struct slip_isal *s, const uint8_t *in)
{
	static uint8_t out[ROOM];

	return (uint32_t)crc32(0, out, (uInt)slip_isal_block(s, in, BLOCK, out, ROOM));
}

static void test_blocks(int level)
{
	struct slip_isal *streams[STREAMS];
	slip_autofree uint8_t *in = slip_xmalloc(BLOCK);
	int others = 0;

	for (int i = 0; i < STREAMS; i++)
		streams[i] = slip_isal_new(level);
	for (int i = 0; i < STREAMS; i++) {
		fill(in, crc32c((uint32_t)((uintptr_t)streams[i] >> 16)) & 0x7fff);
		for (int j = 0; j < STREAMS; j++)
			others += block_hash(streams[i], in) != block_hash(streams[j], in);
	}
	is_int(others, 0, "level %d: %d streams at once write the same", level, STREAMS);
	for (int i = 0; i < STREAMS; i++)
		slip_isal_free(streams[i]);
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
