/* Sizes as people write them. */
#ifndef SLIP_BASE_SIZE_H
#define SLIP_BASE_SIZE_H

#include "runner/base/err.h"

/*
 * Bytes: a number, with K, M, G or T (and an optional iB or B) as powers of 1024. SLIP_E_USAGE
 * otherwise; `what` names the option.
 */
int slip_size_parse(
	const char *text, const char *what, uint64_t *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
