/*
 * One context on its way, and the kinds that have files of their own. For steps/context/ only.
 *
 * An opener gives a descriptor that stands at an archive's start; a filler writes the directory
 * itself. Both set the label as soon as they know a name that holds no secret.
 */
#ifndef SLIP_CONTEXT_OBTAIN_INTERNAL_H
#define SLIP_CONTEXT_OBTAIN_INTERNAL_H

#include "steps/context/download.h"
#include "steps/context/obtain.h"

struct slip_obtaining {
	const struct slip_obtain *request;
	struct slip_http *http;
	char *label; /* of the context, in messages */
	char *dir; /* of ours, fresh and empty */
	int dirfd;
	char *sub_path;
};

/* Download into a file without a name. http, label and max_bytes of *d are filled in here. */
int slip_obtain_spool(struct slip_obtaining *o, const struct slip_download *d, int *fd,
	struct slip_err *err) SLIP_MUST_CHECK;
/* The URL without user information, query and fragment. */
char *slip_obtain_public_name(const char *url);

#endif
