/*
 * The stage kind `push`: an image that exists, to more places. Outputs: ref (by digest), digest,
 * image.
 */
#ifndef SLIP_PUSH_KIND_H
#define SLIP_PUSH_KIND_H

#include "runner/engine/kind.h"

extern const struct slip_kind slip_kind_push;

#endif
