/* Values of secrets: read when a stage needs them, registered with the masker before anyone sees.
 */
#ifndef SLIP_ENGINE_SECRET_H
#define SLIP_ENGINE_SECRET_H

#include "runner/base/map.h"
#include "runner/spec/spec.h"

/*
 * Add those that the stage lists to out (name to value). An optional one that is absent is left
 * out; any other is SLIP_E_USAGE. A file's last LF is not part of its value.
 */
int slip_secrets_read(const struct slip_pipeline *p, const struct slip_pipeline_stage *stage,
	const char *workspace, struct slip_map *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
