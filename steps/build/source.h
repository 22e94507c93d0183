/*
 * What COPY and ADD read from: a tree of files, be it the context, a stage or an image.
 *
 * Paths are relative to the tree's root and clean ("" is the root). Links are resolved inside the
 * root. Objects are owned by whom they stand for (context, rootfs).
 */
#ifndef SLIP_BUILD_SOURCE_H
#define SLIP_BUILD_SOURCE_H

#include "runner/base/digest.h"
#include "runner/base/strv.h"
#include "runner/layer/entry.h"

struct slip_source_tree;

struct slip_source_ops {
	/*
	 * Resolve every link of `path` and describe what is there: *resolved is the real path (the
	 * caller's), *e its metadata (to be released). *found is false when there is nothing, or
	 * nothing that may be seen.
	 */
	int (*lookup)(struct slip_source_tree *t, const char *path, char **resolved,
		struct slip_entry *e, bool *found, struct slip_err *err);
	/* Names in a directory, sorted by bytes; excluded ones are left out. */
	int (*list)(struct slip_source_tree *t, const char *path, struct slip_strv *names,
		struct slip_err *err);
	/* Metadata of a listed name, links not followed. *optional: only a parent of what is seen.
	 */
	int (*stat)(struct slip_source_tree *t, const char *path, struct slip_entry *e,
		bool *optional, struct slip_err *err);
	/* The bytes of a regular file. */
	int (*open)(struct slip_source_tree *t, const char *path, int *fd, struct slip_err *err);
};

struct slip_source_tree {
	const struct slip_source_ops *ops;
	const char *what; /* "the context", "stage build": for messages */
};

#endif
