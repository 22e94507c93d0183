/*
 * Shell patterns as Go's path.Match knows them: * and ? not across '/', [a-z] [^a-z], \x.
 * The pattern covers the whole name. Time is at most pattern length times name length.
 */
#ifndef SLIP_DOCKERFILE_GLOB_H
#define SLIP_DOCKERFILE_GLOB_H

#include "runner/base/err.h"

/* SLIP_E_DOCKERFILE "syntax error in pattern" for an open [ or a lone \ at the end. */
int slip_glob_check(const char *pattern, struct slip_err *err) SLIP_MUST_CHECK;
/* A pattern that slip_glob_check refuses matches nothing. */
bool slip_glob_match(const char *pattern, const char *name);
/* Does the text hold any of * ? [ or an escape: if not, it is an ordinary path. */
bool slip_glob_has_wildcard(const char *text);
/* The same for slices: pattern and name of one path component each. */
bool slip_glob_match_slice(const char *pattern, size_t plen, const char *name, size_t nlen);

#endif
