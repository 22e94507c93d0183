#include "config.h"

#include "steps/dotnet_publish.h"

#include "runner/base/digest.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "steps/container.h"

#include <dirent.h>
#include <errno.h>

#define MAX_FILE (4 * SLIP_MIB) /* of one project or lock file */
#define MAX_SEEN 200000 /* directory entries of a workspace */
#define MAX_DEPTH 24

/* --- arguments ----------------------------------------------------------------------------------
 */

/* In -p:NAME=VALUE, ; and , separate properties; MSBuild takes them escaped. */
static void add_property(struct slip_strv *out, const char *name, const char *value)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_EXPANDED);
	slip_buf_addf(&text, "-p:%s=", name);
	for (const char *p = value; *p; p++) {
		if (strchr(";,", *p))
			slip_buf_addf(&text, "%%%02X", (unsigned)*p);
		else
			slip_buf_add_char(&text, *p);
	}
	slip_strv_addn(out, text.data, text.len);
}

static void add_option(struct slip_strv *out, const char *option, const struct slip_value *v)
{
	if (!slip_value_is_set(v))
		return;
	slip_strv_add(out, option);
	slip_strv_add(out, v->text);
}

static void add_switch(struct slip_strv *out, const char *property, const struct slip_value *v)
{
	if (slip_value_is_set(v))
		add_property(out, property, slip_value_bool(v, false) ? "true" : "false");
}

static bool is_solution(const char *project)
{
	return slip_ends_with(project, ".sln") || slip_ends_with(project, ".slnx") ||
	       slip_ends_with(project, ".slnf");
}

/* dotnet refuses one output directory for all projects of a solution. */
const char *slip_dotnet_output(const struct slip_dotnet_spec *d)
{
	bool chosen_by_dotnet = is_solution(slip_value_text(&d->project, ""));
	return slip_value_text(&d->output, chosen_by_dotnet ? NULL : "out");
}

void slip_dotnet_arguments(const struct slip_dotnet_spec *d, struct slip_strv *out)
{
	slip_strv_add(out, "publish");
	if (slip_value_is_set(&d->project))
		slip_strv_add(out, d->project.text);
	slip_strv_add(out, "-c");
	slip_strv_add(out, slip_value_text(&d->configuration, "Release"));
	add_option(out, "-f", &d->framework);
	add_option(out, "-r", &d->runtime);
	if (slip_value_is_set(&d->self_contained)) {
		slip_strv_add(out, "--self-contained");
		slip_strv_add(out, slip_value_bool(&d->self_contained, false) ? "true" : "false");
	}
	add_switch(out, "PublishSingleFile", &d->single_file);
	add_switch(out, "PublishTrimmed", &d->trimmed);
	add_switch(out, "PublishReadyToRun", &d->ready_to_run);
	add_switch(out, "PublishAot", &d->aot);
	if (slip_value_is_set(&d->version))
		add_property(out, "Version", d->version.text);
	for (size_t i = 0; i < d->properties.n; i++)
		add_property(out, d->properties.v[i].name.text,
			slip_value_text(&d->properties.v[i].value, ""));
	for (size_t i = 0; i < d->sources.n; i++)
		add_option(out, "--source", &d->sources.v[i]);
	add_option(out, "--configfile", &d->config_file);
	add_switch(out, "RestoreLockedMode", &d->locked);
	if (slip_value_bool(&d->no_restore, false))
		slip_strv_add(out, "--no-restore");
	add_option(out, "-v", &d->verbosity);
	if (slip_dotnet_output(d)) {
		slip_strv_add(out, "-o");
		slip_strv_add(out, slip_dotnet_output(d));
	}
	for (size_t i = 0; i < d->args.n; i++)
		slip_strv_add(out, d->args.v[i].text);
}

/* --- the stamp ----------------------------------------------------------------------------------
 */

struct inputs {
	struct slip_strv paths; /* from the workspace */
	size_t seen;
};

static bool is_input(const char *name)
{
	static const char *const endings[] = {"proj", ".sln", ".slnx", ".slnf", ".props",
		".targets", "packages.lock.json", "nuget.config", "NuGet.config", "NuGet.Config",
		"global.json", "dotnet-tools.json"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(endings); i++) {
		if (slip_ends_with(name, endings[i]))
			return true;
	}
	return false;
}

/* What dotnet itself makes, and what is no source: their files are results, or not looked at. */
static bool is_passed_over(const char *name)
{
	static const char *const names[] = {"bin", "obj", "node_modules"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		if (slip_streq(name, names[i]))
			return true;
	}
	return name[0] == '.' && !slip_streq(name, ".config");
}

static bool is_directory(int dirfd, const struct dirent *e)
{
	struct stat st;
	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int find(struct inputs *in, int parent, const char *path, int depth, struct slip_err *err);

static int find_in(struct inputs *in, DIR *dir, const char *path, int depth, struct slip_err *err)
{
	for (const struct dirent *e; (errno = 0, e = readdir(dir));) {
		if (slip_streq(e->d_name, ".") || slip_streq(e->d_name, ".."))
			continue;
		if (++in->seen > MAX_SEEN)
			return slip_err_set(err, SLIP_E_LIMIT, 0,
				"the workspace has more than %d files", MAX_SEEN);
		slip_autofree char *below = slip_path_join(path, e->d_name);
		if (is_directory(dirfd(dir), e)) {
			if (!is_passed_over(e->d_name) &&
				find(in, dirfd(dir), below, depth + 1, err) < 0)
				return -1;
		} else if (is_input(e->d_name)) {
			slip_strv_add(&in->paths, below);
		}
	}
	return errno ? slip_err_set(err, SLIP_E_IO, errno, "read %s", path) : 0;
}

static int find(struct inputs *in, int parent, const char *path, int depth, struct slip_err *err)
{
	if (depth > MAX_DEPTH)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "%s is too deep", path);
	slip_autoclose int fd = openat(
		parent, slip_path_base(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", path);
	(void)slip_steal_fd(&fd);
	int rc = find_in(in, dir, path, depth, err);
	closedir(dir);
	return rc;
}

static void add_text(struct slip_sha256 *h, const char *p, size_t n)
{
	char length[24];
	snprintf(length, sizeof(length), "%zu:", n);
	slip_sha256_add(h, length, strlen(length));
	slip_sha256_add(h, p, n);
}

static int hash_inputs(
	struct slip_sha256 *h, int workspace, const struct slip_strv *paths, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, MAX_FILE);
	for (size_t i = 0; i < paths->n; i++) {
		slip_autoclose int fd = -1;
		slip_buf_clear(&text);
		if (slip_open_in_root(workspace, paths->v[i], O_RDONLY | O_NONBLOCK, 0, &fd, err) <
				0 ||
			slip_read_rest(fd, paths->v[i], &text, err) < 0)
			return -1;
		add_text(h, paths->v[i], strlen(paths->v[i]));
		add_text(h, text.data, text.len);
	}
	return 0;
}

int slip_dotnet_stamp(const char *workspace, const struct slip_strv *arguments,
	struct slip_digest *out, struct slip_err *err)
{
	struct inputs in = {0};
	slip_cleanup(slip_sha256_cleanup) struct slip_sha256 *h = slip_sha256_new();
	slip_autoclose int fd = open(workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", workspace);
	for (size_t i = 0; i < arguments->n; i++)
		add_text(h, arguments->v[i], strlen(arguments->v[i]));
	int rc = find(&in, fd, ".", 0, err);
	slip_strv_sort(&in.paths);
	if (rc == 0)
		rc = hash_inputs(h, fd, &in.paths, err);
	slip_sha256_finish_digest(h, out);
	slip_strv_release(&in.paths);
	return rc;
}

/* --- the command --------------------------------------------------------------------------------
 */

/*
 * $1 the output directory, $2 the stamp's file, $3 its new content, $4 --no-restore or nothing; the
 * rest are dotnet's arguments; what is not wanted is empty. MSBuild writes its errors to a file of
 * our own, since its output must reach the log as it comes.
 */
static const char script[] =
	"out=$1 stamp=$2 new=$3 skip=$4; shift 4\n"
	"command -v dotnet >/dev/null || {\n"
	"	echo 'dotnet is not on PATH: install the .NET SDK, or give the stage a container "
	"with it' >&2\n"
	"	exit 127\n"
	"}\n"
	"errors=$(mktemp) || exit 1\n"
	"trap 'rm -f \"$errors\"' EXIT\n"
	"publish() { dotnet \"$@\" \"-flp:LogFile=$errors;ErrorsOnly\"; }\n"
	"if publish \"$@\" $skip; then status=0; else status=$?; fi\n"
	"if [ $status -ne 0 ] && [ -n \"$skip\" ] &&\n"
	"	grep -qE 'NETSDK(1004|1005|1047|1064)|NU[0-9]{4}' \"$errors\"; then\n"
	"	echo 'what was restored before is not there any more: publishing with a restore' "
	">&2\n"
	"	if publish \"$@\"; then status=0; else status=$?; fi\n"
	"fi\n"
	"if [ $status -ne 0 ]; then\n"
	"	pack=$(grep -oE "
	"'Microsoft\\.[A-Za-z.]+\\.(Runtime|Host|Crossgen2|Ref)[A-Za-z0-9.-]*"
	"|runtime\\.[a-z0-9.-]+\\.Microsoft[A-Za-z.]+' \"$errors\" | sort -u | head -n 3 | tr "
	"'\\n' ' ')\n"
	"	if [ -n \"$pack\" ] && grep -qE 'NU110[0-9]|NETSDK1(094|112|127|207)' "
	"\"$errors\"; then\n"
	"		echo \"the runtime pack ${pack% } cannot be had: check \\\"runtime\\\", "
	"and that "
	"the NuGet sources have it\" >&2\n"
	"	fi\n"
	"	exit $status\n"
	"fi\n"
	"[ -z \"$out\" ] || [ -n \"$(ls -A \"$out\" 2>/dev/null)\" ] || {\n"
	"	echo \"dotnet publish ended well, but $out is empty\" >&2\n"
	"	exit 1\n"
	"}\n"
	"[ -z \"$new\" ] || ! [ -d \"${stamp%/*}\" ] || printf %s \"$new\" >\"$stamp\" || :\n"
	"[ -z \"$out\" ] || echo \"output=$out\" >>\"$SLIPWAY_OUTPUT\"\n";

/* The project's obj directory, where dotnet keeps what it restored. */
static char *obj_directory(const struct slip_kind_input *in)
{
	slip_autofree char *project =
		slip_path_join(in->cwd, slip_value_text(&in->stage->dotnet_publish.project, "."));
	struct stat st;
	if (stat(project, &st) == 0 && S_ISDIR(st.st_mode))
		return slip_path_join(project, "obj");
	slip_autofree char *dir = slip_path_dir(project);
	return slip_path_join(dir, "obj");
}

static bool is_restored(const char *obj, const char *stamp_file, const struct slip_digest *stamp)
{
	slip_autofree char *assets = slip_path_join(obj, "project.assets.json");
	slip_autobuf text;
	slip_buf_init(&text, SLIP_DIGEST_SIZE);
	return access(assets, F_OK) == 0 &&
	       slip_read_file(AT_FDCWD, stamp_file, &text, NULL) == 0 &&
	       slip_streq(text.data, stamp->s);
}

/* A container throws its own files away: the packages too, unless they are in the workspace. */
static bool keeps_packages(const struct slip_kind_input *in)
{
	if (slip_value_bool(&in->stage->dotnet_publish.no_restore, false))
		return false;
	return !slip_container_is_wanted(in) || slip_map_has(in->env, "NUGET_PACKAGES");
}

static void make_stamp(const struct slip_kind_input *in, const struct slip_strv *arguments,
	struct slip_digest *stamp)
{
	struct slip_err why = SLIP_ERR_INIT;
	slip_autostrv parts = {0};
	slip_strv_copy(&parts, arguments);
	if (slip_container_is_wanted(in))
		slip_strv_addf(&parts, "container=%s", in->stage->container.text);
	if (slip_dotnet_stamp(in->workspace, &parts, stamp, &why) < 0) {
		*stamp = (struct slip_digest){0};
		slip_debug("packages are restored anew: %s", why.msg);
	}
}

/* Only where the user has not said it. */
static void add_default(
	const struct slip_kind_input *in, struct slip_kind_launch *out, const char *name)
{
	bool is_inherited = !slip_container_is_wanted(in) && getenv(name);
	if (!slip_map_has(in->env, name) && !is_inherited)
		slip_strv_addf(&out->env, "%s=1", name);
}

static void describe(const struct slip_kind_input *in, struct slip_buf *out)
{
	slip_autostrv words = {0};
	slip_dotnet_arguments(&in->stage->dotnet_publish, &words);
	slip_autofree char *text = slip_strv_join(&words, " ");
	if (slip_container_is_wanted(in))
		slip_buf_addf(out, "in %s: ", in->stage->container.text);
	slip_buf_addf(out, "dotnet %s", text);
}

static int launch(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	const struct slip_dotnet_spec *d = &in->stage->dotnet_publish;
	slip_autostrv arguments = {0};
	slip_autofree char *obj = obj_directory(in);
	slip_autofree char *stamp_file = slip_path_join(obj, "slipway-restore.stamp");
	struct slip_digest stamp = {0};
	slip_dotnet_arguments(d, &arguments);
	if (keeps_packages(in))
		make_stamp(in, &arguments, &stamp);
	bool skip = slip_digest_is_set(&stamp) && is_restored(obj, stamp_file, &stamp);
	if (skip)
		slip_info("projects and lock files are unchanged: packages are not restored again");
	const char *const words[] = {"sh", "-c", script, "dotnet-publish",
		slip_dotnet_output(d) ? slip_dotnet_output(d) : "", stamp_file, stamp.s,
		skip ? "--no-restore" : ""};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(words); i++)
		slip_strv_add(&out->argv, words[i]);
	for (size_t i = 0; i < arguments.n; i++)
		slip_strv_add(&out->argv, arguments.v[i]);
	add_default(in, out, "DOTNET_CLI_TELEMETRY_OPTOUT");
	add_default(in, out, "DOTNET_NOLOGO");
	add_default(in, out, "MSBUILDDISABLENODEREUSE"); /* its nodes would outlive the stage */
	return slip_container_is_wanted(in) ? slip_container_launch(in, out, err) : 0;
}

const struct slip_kind slip_kind_dotnet_publish = {
	.kind = SLIP_STAGE_DOTNET_PUBLISH,
	.runs_command = true,
	.describe = describe,
	.launch = launch,
	.perform = slip_container_perform,
	.foresee = slip_container_foresee,
};
