#include "config.h"

#include "steps/context/obtain.h"

#include "runner/base/digest.h"
#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/net/url.h"
#include "steps/context/archive.h"
#include "steps/context/git.h"
#include "steps/context/obtain_internal.h"
#include "steps/context/stores.h"

#include <errno.h>

const char *slip_context_local_dir(const char *where)
{
	if (slip_starts_with(where, "dir://"))
		return where + strlen("dir://");
	if (strstr(where, "://") || slip_streq(where, "-") || slip_starts_with(where, "git@"))
		return NULL;
	return where;
}

/* --- archives -----------------------------------------------------------------------------------
 */

static bool is_stdin(const char *where)
{
	return slip_streq(where, "-") || slip_streq(where, "tar://stdin");
}

static int open_stdin(struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	o->label = slip_xstrdup("on standard input");
	if (isatty(STDIN_FILENO))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--context %s: standard input is a terminal, not an archive; for example: "
			"tar cz . | slipway build --context %s ...",
			o->request->where, o->request->where);
	*fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? slip_err_set(err, SLIP_E_IO, errno, "standard input") : 0;
}

static bool is_tar(const char *where)
{
	return slip_starts_with(where, "tar://");
}

static int open_tar(struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	const char *path = o->request->where + strlen("tar://");
	o->label = slip_xstrdup(path);
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return *fd < 0 ? slip_err_set(err, SLIP_E_USAGE, errno, "the context archive %s", path) : 0;
}

/* A file without a name in the work directory, for what has to be whole before it is read. */
static int open_spool(const struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	slip_autofree char *path = slip_xasprintf("%s/context.download", o->request->work_path);
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0 || unlink(path) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "create %s", path);
	return 0;
}

int slip_obtain_spool(
	struct slip_obtaining *o, const struct slip_download *d, int *fd, struct slip_err *err)
{
	slip_autoclose int spool = -1;
	struct slip_download download = *d;
	download.http = o->http;
	download.label = o->label;
	download.max_bytes = SLIP_MAX_CONTEXT_ARCHIVE;
	if (open_spool(o, &spool, err) < 0)
		return -1;
	slip_info("fetching the context %s", o->label);
	if (slip_download(&download, spool, err) < 0)
		return slip_err_wrap(err, "the context");
	*fd = slip_steal_fd(&spool);
	return 0;
}

static bool is_web(const char *where)
{
	return slip_starts_with(where, "https://") || slip_starts_with(where, "http://");
}

/* "#sha256=HEX" behind an URL. */
static int parse_fragment(const char *where, struct slip_digest *digest, struct slip_err *err)
{
	static const char name[] = "#sha256=";
	const char *fragment = strchr(where, '#');
	*digest = (struct slip_digest){{0}};
	if (!fragment)
		return 0;
	if (!slip_starts_with(fragment, name))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--context: \"%.80s\" behind the URL of an archive; only #sha256=HEX is "
			"known there (the URL of a git repository ends in .git)",
			fragment);
	slip_autofree char *text = slip_xasprintf("sha256:%s", fragment + sizeof(name) - 1);
	if (slip_digest_parse(text, digest, err) < 0) {
		err->code = SLIP_E_USAGE;
		return slip_err_wrap(err, "--context");
	}
	return 0;
}

static int open_web(struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	struct slip_digest digest;
	slip_autofree char *url = slip_xstrndup(o->request->where, strcspn(o->request->where, "#"));
	o->label = slip_obtain_public_name(url);
	if (parse_fragment(o->request->where, &digest, err) < 0)
		return -1;
	if (slip_starts_with(url, "http://") && !slip_digest_is_set(&digest))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--context %s: anybody on the way can change what comes by http; use "
			"https, or add #sha256=HEX",
			o->label);
	struct slip_download d = {
		.url = url,
		.digest = slip_digest_is_set(&digest) ? &digest : NULL,
	};
	return slip_obtain_spool(o, &d, fd, err);
}

char *slip_obtain_public_name(const char *url)
{
	size_t n = strcspn(url, "?#");
	const char *authority = strstr(url, "://");
	authority = authority ? authority + 3 : url;
	size_t host_end = (size_t)(authority - url) + strcspn(authority, "/?#");
	const char *at = memrchr(authority, '@', host_end - (size_t)(authority - url));
	if (!at)
		return slip_xstrndup(url, n);
	return slip_xasprintf(
		"%.*s%.*s", (int)(authority - url), url, (int)(n - (size_t)(at + 1 - url)), at + 1);
}

/* --- the table ----------------------------------------------------------------------------------
 */

static bool is_s3(const char *where)
{
	return slip_starts_with(where, "s3://");
}

static bool is_gcs(const char *where)
{
	return slip_starts_with(where, "gs://");
}

/* The first row that fits decides. A row opens an archive, or fills the directory itself. */
static const struct kind {
	bool (*fits)(const char *where);
	int (*open)(struct slip_obtaining *o, int *fd, struct slip_err *err);
	int (*fill)(struct slip_obtaining *o, struct slip_err *err);
} kinds[] = {
	{.fits = is_stdin, .open = open_stdin},
	{.fits = is_tar, .open = open_tar},
	{.fits = slip_git_url_fits, .fill = slip_git_fill},
	{.fits = is_s3, .open = slip_s3_open},
	{.fits = is_gcs, .open = slip_gcs_open},
	{.fits = slip_azure_fits, .open = slip_azure_open},
	{.fits = is_web, .open = open_web},
};

static const struct kind *find_kind(const char *where)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++) {
		if (kinds[i].fits(where))
			return &kinds[i];
	}
	return NULL;
}

static int make_dir(struct slip_obtaining *o, struct slip_err *err)
{
	if (slip_make_temp_dir(o->request->work_path, "context.", &o->dir, err) < 0)
		return -1;
	o->dirfd = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return o->dirfd < 0 ? slip_err_set(err, SLIP_E_IO, errno, "open %s", o->dir) : 0;
}

static int bring(const struct kind *k, struct slip_obtaining *o, struct slip_err *err)
{
	static const struct slip_http_options options;
	slip_autoclose int archive = -1;
	if (slip_http_new(&options, &o->http, err) < 0 || make_dir(o, err) < 0)
		return -1;
	if (k->fill)
		return k->fill(o, err);
	if (k->open(o, &archive, err) < 0)
		return -1;
	return slip_context_unpack(archive, o->dirfd, o->label, err);
}

int slip_context_obtain(
	const struct slip_obtain *request, struct slip_obtained *out, struct slip_err *err)
{
	const char *local = slip_context_local_dir(request->where);
	if (local) {
		*out = (struct slip_obtained){.dir = slip_xstrdup(local)};
		return 0;
	}
	const struct kind *k = find_kind(request->where);
	if (!k) {
		slip_autofree char *name = slip_obtain_public_name(request->where);
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"--context %s: of which kind is that? Known are a directory, dir:// tar:// "
			"https:// git:// ssh:// s3:// gs:// git@HOST:REPOSITORY and - (standard "
			"input)",
			name);
	}
	struct slip_obtaining o = {.request = request, .dirfd = -1};
	int rc = bring(k, &o, err);
	slip_http_free(o.http);
	slip_cleanup_close(&o.dirfd);
	free(o.label);
	if (rc < 0) {
		free(o.dir);
		free(o.sub_path);
		return -1;
	}
	*out = (struct slip_obtained){.dir = o.dir, .sub_path = o.sub_path, .is_ours = true};
	return 0;
}

void slip_obtained_release(struct slip_obtained *o)
{
	free(o->dir);
	free(o->sub_path);
	*o = (struct slip_obtained){0};
}
