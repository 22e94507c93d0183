#include "config.h"

#include "steps/steps.h"

#include "steps/build/kind.h"
#include "steps/run.h"

const struct slip_kind *const slip_kinds[] = {
	&slip_kind_run,
	&slip_kind_build,
	NULL,
};
