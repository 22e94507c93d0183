/*
 * A stage's or an image's root file system as a source of COPY --from: metadata from the index,
 * bytes from the unpacked directories, so that owners are right even where they could not be set on
 * disk.
 */
#ifndef SLIP_BUILD_SOURCE_ROOT_H
#define SLIP_BUILD_SOURCE_ROOT_H

#include "steps/build/rootfs.h"
#include "steps/build/source.h"

struct slip_source_root {
	struct slip_source_tree tree; /* first: the operations get its address */
	struct slip_rootfs *root; /* borrowed */
};

void slip_source_root_init(struct slip_source_root *s, struct slip_rootfs *root, const char *what);

#endif
