/* `slipway build`: one image from flags. */
#ifndef SLIP_BUILD_COMMAND_H
#define SLIP_BUILD_COMMAND_H

#include "runner/cli/command.h"

extern const struct slip_cli_command slip_command_build;

#endif
