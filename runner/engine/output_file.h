/*
 * The file $SLIPWAY_OUTPUT, in which a command leaves values for its stage's outputs:
 *
 *	name=value
 *	name<<END
 *	several lines
 *	END
 *
 * A later value of a name replaces an earlier one. Blank lines and lines that start with '#' are
 * passed over. A value is at most SLIP_MAX_OUTPUT_VALUE bytes, without the last LF of a block.
 */
#ifndef SLIP_ENGINE_OUTPUT_FILE_H
#define SLIP_ENGINE_OUTPUT_FILE_H

#include "runner/base/err.h"
#include "runner/base/map.h"

#define SLIP_MAX_OUTPUT_VALUE ((size_t)64 << 10)
#define SLIP_MAX_OUTPUT_FILE ((size_t)1 << 20)
#define SLIP_MAX_OUTPUTS 200

/* Values are added to out (a string map). SLIP_E_COMMAND names the line that is wrong. */
int slip_output_file_parse(
	const char *text, size_t len, struct slip_map *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
