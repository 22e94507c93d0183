/*
 * changed('glob', ...): did the commits of this pipeline touch such a file? Asked of git, where it
 * is installed; true whenever the answer cannot be known (no git, shallow clone, no base), so that
 * a condition never skips work by mistake.
 */
#ifndef SLIP_ENGINE_CHANGED_H
#define SLIP_ENGINE_CHANGED_H

#include "runner/engine/facts.h"

int slip_changed_call(const struct slip_facts *f, const struct slip_json *globs,
	struct slip_json **out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
