/*
 * Looking at specs and Dockerfiles without running anything: every finding in one list.
 */
#ifndef SLIP_ENGINE_VALIDATE_H
#define SLIP_ENGINE_VALIDATE_H

#include "runner/engine/kind.h"

struct slip_validation {
	const struct slip_kind *const *kinds; /* ends with NULL */
	struct slip_diags diags;
	struct slip_strv files; /* what was looked at; a Dockerfile is looked at once */
};

void slip_validation_release(struct slip_validation *v);
/*
 * A spec with its includes, its stages and the Dockerfiles of these; or one Dockerfile. Findings
 * are no failure: -1 says that the file itself cannot be read.
 */
int slip_validate_spec(
	struct slip_validation *v, const char *path, struct slip_err *err) SLIP_MUST_CHECK;
int slip_validate_dockerfile(
	struct slip_validation *v, const char *path, struct slip_err *err) SLIP_MUST_CHECK;

/* The stage of a spec that was read: is there a kind for it, and does it take the stage's keys? */
void slip_validate_stage(const struct slip_kind *const *kinds,
	const struct slip_pipeline_stage *stage, struct slip_strv *dockerfiles,
	struct slip_diags *diags);
/* Read a spec with its includes; findings are in diags, with -1. */
int slip_validate_read(const char *path, struct slip_pipeline **out, struct slip_diags *diags,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
