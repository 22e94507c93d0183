#include "config.h"

#include "runner/layer/isal.h"

#ifdef HAVE_ISAL

#include "runner/base/mem.h"

#include <isa-l.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static const uint32_t level_sizes[SLIP_ISAL_LEVELS] = {
	0,
	ISAL_DEF_LVL1_LARGE,
	ISAL_DEF_LVL2_LARGE,
	ISAL_DEF_LVL3_LARGE,
};

struct slip_isal {
	struct isal_zstream z; /* first: its address counts */
	int level;
	uint8_t level_buf[];
};

static size_t size_of(int level)
{
	return sizeof(struct slip_isal) + level_sizes[level];
}

/*
 * ISA-L's hash is the low bits (13 at level 1, 15 at level 2) of the CRC-32C of the address without
 * its last 16 bits. A CRC is linear: words whose own CRC has 15 low bits of zero may be added to an
 * address in any combination. The first place is far from where Linux puts programs and libraries.
 */
uintptr_t slip_isal_place(unsigned n)
{
	static const uint32_t neutral[] = {
		0x80ee3, 0x101dc6, 0x203b8c, 0x401740, 0x802e80, 0x1003d58, 0x2001ae8, 0x40035d0};
	uintptr_t word = 0x20000000;

	for (unsigned i = 0; i < SLIP_ARRAY_LEN(neutral); i++)
		word ^= n >> i & 1 ? neutral[i] : 0;
	return word << 16;
}

static void *map_at(uintptr_t where, size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (where ? MAP_FIXED_NOREPLACE : 0);
	void *p = mmap((void *)where, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* Before Linux 4.17 the flag is unknown and the address a wish. */
	if (where && (uintptr_t)p != where) {
		munmap(p, size);
		return NULL;
	}
	return p;
}

struct slip_isal *slip_isal_new(int level)
{
	struct slip_isal *s = NULL;

#ifdef __x86_64__
	for (unsigned n = 0; !s && n < SLIP_ISAL_PLACES; n++)
		s = map_at(slip_isal_place(n), size_of(level));
#endif
	/* Valid anywhere; better than nothing where no address may be asked for. */
	if (!s)
		s = map_at(0, size_of(level));
	if (!s)
		slip_bug("out of memory");
	s->level = level;
	return s;
}

void slip_isal_free(struct slip_isal *s)
{
	if (s)
		munmap(s, size_of(s->level));
}

size_t slip_isal_block(struct slip_isal *s, const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	struct isal_zstream *z = &s->z;

	isal_deflate_stateless_init(z);
	z->level = (uint32_t)s->level;
	z->level_buf = s->level ? s->level_buf : NULL;
	z->level_buf_size = level_sizes[s->level];
	z->gzip_flag = IGZIP_DEFLATE;
	z->flush = FULL_FLUSH;
	z->end_of_stream = 0;
	z->next_in = (uint8_t *)(uintptr_t)in; /* not const in the interface, never written */
	z->avail_in = (uint32_t)n;
	z->next_out = out;
	z->avail_out = (uint32_t)room;
	int result = isal_deflate_stateless(z);
	if (result != COMP_OK || z->avail_in != 0)
		slip_bug("isal_deflate_stateless: %d", result);
	return room - z->avail_out;
}

#else
/* An empty file is not C. */
extern const int slip_isal_absent;
const int slip_isal_absent = 1;
#endif
