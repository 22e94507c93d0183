/* All stage kinds: one line each in steps.c. */
#ifndef SLIP_STEPS_STEPS_H
#define SLIP_STEPS_STEPS_H

#include "runner/engine/kind.h"

extern const struct slip_kind *const slip_kinds[]; /* ends with NULL */

#endif
