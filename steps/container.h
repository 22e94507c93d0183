/*
 * `container: IMAGE`: a stage's command in the root filesystem of an image.
 *
 * The command sees the image's files, the workspace at its own path, and the environment of the
 * image with that of the spec above it; nothing of this process' own. It runs as the image's user,
 * without entrypoint. What it changes outside of the workspace is thrown away; $SLIPWAY_OUTPUT is a
 * file below /dev. Any kind of stage that launches a command can use this.
 */
#ifndef SLIP_STEPS_CONTAINER_H
#define SLIP_STEPS_CONTAINER_H

#include "runner/engine/kind.h"

bool slip_container_is_wanted(const struct slip_kind_input *in);
/* Replace the command in `out` by the request to run it in the stage's container. */
int slip_container_launch(const struct slip_kind_input *in, struct slip_kind_launch *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* perform of such a kind. A command that fails is SLIP_E_COMMAND with its status. */
int slip_container_perform(const struct slip_json *request, struct slip_err *err) SLIP_MUST_CHECK;

/* foresee of such a kind: the image, who would log in for it, isolation. */
int slip_container_foresee(const struct slip_json *request, bool is_probe, struct slip_json *out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
