/*
 * Bringing a build context here: whatever --context names becomes a directory.
 *
 *	PATH, dir://PATH                     the user's own directory, used in place
 *	tar://FILE                           an archive (archive.h)
 *	-, tar://stdin                       the same on standard input
 *	https://HOST/FILE[#sha256=HEX]       the same by HTTP; http:// only with a digest
 *	git://HOST/REPO, https://HOST/REPO.git, ssh://..., git@HOST:REPO, each [#REF[:SUBDIR]]
 *	s3://BUCKET/KEY, gs://BUCKET/KEY     object stores; without KEY it is context.tar.gz
 *	https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB
 *
 * A row of one table each. What is not the user's own directory is made below the work directory,
 * belongs to this process and is hostile: callers reach into it through descriptors only. Nothing
 * of it is visible before all of it is there and checked.
 *
 * The calling process has one thread before and after the call: transfers end with it.
 */
#ifndef SLIP_CONTEXT_OBTAIN_H
#define SLIP_CONTEXT_OBTAIN_H

#include "runner/base/strv.h"
#include "runner/net/http.h"

struct slip_obtain {
	const char *where; /* as of --context */
	const struct slip_strv *git; /* KEY=VALUE, as of --git */
	const char *work_path; /* takes temporary files; the caller removes it in the end */
};

struct slip_obtained {
	char *dir;
	char *sub_path; /* below it, from the URL; NULL */
	bool is_ours; /* brought here, not the user's directory */
};

int slip_context_obtain(const struct slip_obtain *o, struct slip_obtained *out,
	struct slip_err *err) SLIP_MUST_CHECK;
void slip_obtained_release(struct slip_obtained *o); /* the files stay */
/* The directory of the user's that this --context is, borrowed; NULL: it has to be brought. */
const char *slip_context_local_dir(const char *where);
/* May the option be given? Unknown names and values are SLIP_E_USAGE. */
int slip_context_check_git(const struct slip_strv *options, struct slip_err *err) SLIP_MUST_CHECK;

#endif
