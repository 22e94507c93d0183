/*
 * Inflating anything, foreign formats included. What comes out is bounded, and whoever reads in
 * small pieces gets the same as whoever reads in large ones.
 */
#include "config.h"

#include "runner/layer/inflate.h"

#define MAX_OUTPUT (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *p;
	size_t n;
	size_t step;
};

static int read_memory(void *ctx, void *buf, size_t n, size_t *got, struct slip_err *err)
{
	struct memory *m = ctx;

	(void)err;
	*got = m->n < m->step ? m->n : m->step;
	*got = *got < n ? *got : n;
	if (*got > 0)
		memcpy(buf, m->p, *got);
	m->p += *got;
	m->n -= *got;
	return 0;
}

static int inflate(const uint8_t *data, size_t size, size_t step, struct slip_digest *digest)
{
	struct memory m = {.p = data, .n = size, .step = step};
	slip_cleanup(slip_inflate_cleanup) struct slip_inflate *z = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	uint64_t n = 0;

	if (slip_inflate_new((struct slip_source){.read = read_memory, .ctx = &m}, false,
		    MAX_OUTPUT, &z, &err) < 0)
		return -1;
	if (slip_inflate_finish(z, digest, &n, &err) < 0)
		return -1;
	if (n > MAX_OUTPUT)
		slip_bug("%llu bytes of output", (unsigned long long)n);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_digest a, b;

	if (size > 4096)
		return 0;
	int rc = inflate(data, size, SIZE_MAX, &a);
	if (inflate(data, size, 3, &b) != rc)
		slip_bug("accepted and refused, depending on the size of reads");
	if (rc == 0 && !slip_digest_equal(&a, &b))
		slip_bug("the output depends on the size of reads");
	return 0;
}
