/*
 * Dockerfile text to tree. The language is that of BuildKit's built-in frontend, stable channel.
 *
 * Errors are SLIP_E_DOCKERFILE, "<name>:<line>: <what is wrong>", followed by a quotation of the
 * lines and, where known, what to write instead. The first error ends the parse. The whole file is
 * checked, also the stages nobody needs. Text is bounded by SLIP_MAX_DOCKERFILE and refused when it
 * holds a NUL byte. Nothing is expanded.
 */
#ifndef SLIP_DOCKERFILE_PARSE_H
#define SLIP_DOCKERFILE_PARSE_H

#include "runner/dockerfile/ast.h"

/* name is what messages call the file. */
int slip_dockerfile_parse(const char *text, size_t len, const char *name,
	struct slip_dockerfile **out, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * All findings of a file instead of the first: after an instruction that is wrong, reading goes on
 * with the next. Lines and columns count from 1. -1 when the text is too large to be looked at.
 */
typedef void slip_dockerfile_report(void *arg, int line, int col, const char *message);
int slip_dockerfile_check(const char *text, size_t len, const char *name,
	slip_dockerfile_report *report, void *arg, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * One ONBUILD trigger, as stored in an image's config: exactly one instruction, none of FROM,
 * MAINTAINER and ONBUILD, with \ as the escape character. Lines count from 1 within the trigger.
 */
int slip_dockerfile_parse_trigger(
	const char *text, struct slip_instr **out, struct slip_err *err) SLIP_MUST_CHECK;

/*
 * An exec form. 1: text is a JSON array of strings, now in out (replaced). 0: it is not JSON and
 * thus shell form. -1: a JSON array that holds something else than strings.
 */
int slip_dockerfile_exec_form(
	const char *text, struct slip_strv *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
