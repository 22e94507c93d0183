/*
 * The stage kind `build`: from the spec's keys to a build request, and back to outputs.
 */
#ifndef SLIP_BUILD_KIND_H
#define SLIP_BUILD_KIND_H

#include "runner/engine/kind.h"

extern const struct slip_kind slip_kind_build;

#endif
