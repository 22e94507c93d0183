/*
 * What ADD does beyond COPY: local archives are unpacked (Dockerfile reference "ADD").
 */
#ifndef SLIP_BUILD_ADD_H
#define SLIP_BUILD_ADD_H

#include "steps/build/place.h"

/* Is this file an archive? By content: a tar, plain or compressed, whatever its name. */
int slip_add_sniff(struct slip_source_tree *t, const char *path, bool *is_archive,
	struct slip_err *err) SLIP_MUST_CHECK;
/* Write an archive's entries below directory `dest` of the root. */
int slip_add_archive(struct slip_place *p, const struct slip_copy_item *item, const char *dest,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
