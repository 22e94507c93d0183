/*
 * The files that a stage says it makes: `artifacts.paths`, in the pattern language of
 * .dockerignore, relative to the workspace. They stay where they are (stages share the workspace,
 * and the CI system uploads from there); reports list them. A link that leads out of the workspace
 * is refused with a warning, as is a list that matches nothing.
 */
#ifndef SLIP_ENGINE_ARTIFACTS_H
#define SLIP_ENGINE_ARTIFACTS_H

#include "runner/spec/spec.h"

/* Tells each file by an event "stage.artifact" {path, bytes}. `failed`: how the stage ended. */
int slip_artifacts_list(const struct slip_artifacts_spec *a, const char *workspace, bool failed,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
