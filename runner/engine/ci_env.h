/*
 * A captured CI environment, replayed: `slipway plan --ci-env FILE` on a laptop sees the facts that
 * the job saw.
 *
 * The file is what `env` or `env -0` printed there: NAME=VALUE, ended by LF, or by NUL where the
 * file holds one (values of several lines need that). In the first form blank lines and lines that
 * begin with '#' are passed over. Variables of a CI system that this process has are forgotten, so
 * that two systems do not mix; what belongs to a machine (PATH, HOME, TMPDIR, ...) stays as it is
 * here. A replay is no CI: nothing is pushed without --push, and no job's time runs out.
 */
#ifndef SLIP_ENGINE_CI_ENV_H
#define SLIP_ENGINE_CI_ENV_H

#include "runner/base/err.h"
#include "runner/base/strv.h"

/* NAME=VALUE items of a capture, those of a machine left out. SLIP_E_USAGE names the line. */
int slip_ci_env_parse(const char *text, size_t len, const char *name, struct slip_strv *out,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Read the file and change this process' environment. Before there is a second thread. */
int slip_ci_env_replay(const char *file, struct slip_err *err) SLIP_MUST_CHECK;

#endif
