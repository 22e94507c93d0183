/*
 * Making one layer: a spool in the store, a writer upon it, and in the end a descriptor. Where a
 * RUN is going to need the files they are unpacked from the same pass, beside the compression.
 */
#ifndef SLIP_BUILD_LAYER_MAKE_H
#define SLIP_BUILD_LAYER_MAKE_H

#include "runner/layer/write.h"
#include "runner/oci/media.h"
#include "runner/store/store.h"
#include "steps/build/layer.h"

struct slip_layer_files;

struct slip_layer_make {
	struct slip_layer_files *files; /* NULL: not wanted */
	struct slip_spool spool;
	struct slip_layer_writer *writer;
	enum slip_media_family family;
	enum slip_compression compression;
};

/* m is to be aborted whatever this returns. */
int slip_layer_make_begin(struct slip_builder *b, enum slip_media_family family, bool with_files,
	struct slip_layer_make *m, struct slip_err *err) SLIP_MUST_CHECK;
/* The blob is in the store, *out describes it. *dir is set to the files' directory, if wanted. */
int slip_layer_make_end(struct slip_layer_make *m, struct slip_layer *out, char **dir,
	struct slip_err *err) SLIP_MUST_CHECK;
/*
 * Give up what is under way; fine after begin failed, and after end. err is the failure that led
 * here, or NULL: where the files' unpacking ended first, the writer knows only that nobody reads,
 * and the unpacking's reason takes its place.
 */
void slip_layer_make_abort(struct slip_layer_make *m, struct slip_err *err);

#endif
