/*
 * The kind `dotnet-publish`: typed options become one `dotnet publish` command.
 *
 * Restoring packages is the slow half, and its result stays valid as long as nothing changed that
 * it depends on. A stamp in the project's obj/ holds a hash over those inputs: the arguments, and
 * every project, solution, *.props and *.targets file, lock file, nuget.config and global.json in
 * the workspace. While the stamp fits and obj/project.assets.json is there, --no-restore is given;
 * should dotnet then miss something after all (packages that are gone, another SDK), it is called
 * once more with the restore.
 *
 * The stage is a command, `sh -c` with a script that calls dotnet, checks that the output directory
 * is not empty and writes the stamp; so it runs wherever `run` does. Output: `output`, the
 * directory.
 */
#ifndef SLIP_STEPS_DOTNET_PUBLISH_H
#define SLIP_STEPS_DOTNET_PUBLISH_H

#include "runner/base/digest.h"
#include "runner/engine/kind.h"

extern const struct slip_kind slip_kind_dotnet_publish;

/* The arguments of dotnet, from "publish" on, without --no-restore of a fitting stamp. */
void slip_dotnet_arguments(const struct slip_dotnet_spec *d, struct slip_strv *out);
/* The directory that is published to, as in the spec; NULL where dotnet chooses (solutions). */
const char *slip_dotnet_output(const struct slip_dotnet_spec *d);
/* The stamp for these arguments; SLIP_E_LIMIT when the workspace has too many files to look at. */
int slip_dotnet_stamp(const char *workspace, const struct slip_strv *arguments,
	struct slip_digest *out, struct slip_err *err) SLIP_MUST_CHECK;

#endif
