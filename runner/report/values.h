/*
 * Values that a pipeline leaves for what comes after it: outputs of its stages, and of the image,
 * where there is just one. Names are "STAGE.OUTPUT"; an image also has `tags`, the references that
 * were pushed, separated by blanks. "image.OUTPUT" means the only image whatever its stage's name,
 * unless a stage is called so.
 */
#ifndef SLIP_REPORT_VALUES_H
#define SLIP_REPORT_VALUES_H

#include "runner/report/model.h"

/* The only stage that made or pushed an image; NULL when there is none, or several. */
const struct slip_model_stage *slip_values_only_image(const struct slip_model *m);
/* An output of the stage, or an image's tags, for the caller; NULL when it has no such value. */
char *slip_values_of_stage(const struct slip_model_stage *s, const char *name);
/*
 * The value of a name, the caller's. SLIP_E_USAGE tells which names there are; SLIP_E_LIMIT says
 * that the value has several lines.
 */
int slip_values_find(const struct slip_model *m, const char *name, char **out,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
