/*
 * RUN: a command in the stage's root file system, and the layer of what it changed.
 */
#ifndef SLIP_BUILD_RUN_H
#define SLIP_BUILD_RUN_H

#include "runner/layer/write.h"
#include "steps/build/stage.h"

/*
 * Run the step upon s->rootfs, write its changes and follow them in the index. *dir is the
 * directory that holds them, for the next mount; the caller's.
 */
int slip_run_write(struct slip_build_stage *s, struct slip_step *step, struct slip_layer_writer *w,
	char **dir, struct slip_err *err) SLIP_MUST_CHECK;

#endif
