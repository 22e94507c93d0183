/*
 * The context `ci`: the same names whether GitLab, Jenkins or a checkout on a laptop filled them
 * in. The tables are in ci.c, docs/pipeline.md has the rest. Values that are not known are absent.
 */
#ifndef SLIP_ENGINE_CI_H
#define SLIP_ENGINE_CI_H

#include "runner/base/json.h"

/* Reads the environment and the .git of `workspace` (absolute). The object is the caller's. */
struct slip_json *slip_ci_read(const char *workspace);
/*
 * "gitlab" (GITLAB_CI is exactly true), "jenkins", "generic" (CI is true and no more is known) or
 * "local". GITLAB_CI=false is how programs say that they only play GitLab: local, too.
 */
const char *slip_ci_provider(void);
/*
 * Seconds until the CI system ends this job (GitLab: CI_JOB_TIMEOUT after CI_JOB_STARTED_AT, or
 * after this program's start where that is not told or cannot be true); 0 when not known.
 */
double slip_ci_time_left(void);
/* Lower case, anything but letters and digits as '-', at most 63 bytes, no '-' at the ends. */
char *slip_ci_slug(const char *text);

#endif
