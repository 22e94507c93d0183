#include "config.h"

#include "steps/steps.h"

#include "steps/build/kind.h"
#include "steps/deploy/kind.h"
#include "steps/dotnet_publish.h"
#include "steps/push/kind.h"
#include "steps/run.h"

const struct slip_kind *const slip_kinds[] = {
	&slip_kind_run,
	&slip_kind_dotnet_publish,
	&slip_kind_build,
	&slip_kind_push,
	&slip_kind_deploy,
	NULL,
};
