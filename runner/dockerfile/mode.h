/*
 * --chmod: octal (0 to 07777) or symbolic as chmod(1) takes it, with a umask of 0.
 */
#ifndef SLIP_DOCKERFILE_MODE_H
#define SLIP_DOCKERFILE_MODE_H

#include "runner/base/err.h"

#define SLIP_MODE_MAX_OPS 32

struct slip_mode_op {
	uint16_t who; /* the bits this operation may touch */
	char op; /* + - = */
	uint16_t bits; /* permission bits, before masking with who */
	char copy; /* u, g or o: take that class' bits; 0: none */
	bool x_if; /* X: execute for directories and where somebody may execute already */
};

struct slip_mode {
	bool octal; /* then bits are the mode, and also that of parents created on the way */
	uint16_t bits;
	size_t n_ops;
	struct slip_mode_op ops[SLIP_MODE_MAX_OPS];
};

int slip_mode_parse(const char *text, struct slip_mode *out, struct slip_err *err) SLIP_MUST_CHECK;
/* The new permission bits (07777) of a file or directory that had `mode`. */
uint32_t slip_mode_apply(const struct slip_mode *m, uint32_t mode, bool is_dir);

#endif
