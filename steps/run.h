/*
 * The kind `run`: the user's shell command.
 *
 * The script is one argument of `sh -e -c`, so it stops at the first command that fails, as in the
 * CI systems that our users come from. `shell` names another interpreter: "bash" also gets -e,
 * several words are taken as they are ("bash -euo pipefail", "python3 -I").
 * With `container` it runs in that image (container.h).
 */
#ifndef SLIP_STEPS_RUN_H
#define SLIP_STEPS_RUN_H

#include "runner/engine/kind.h"

extern const struct slip_kind slip_kind_run;

#endif
