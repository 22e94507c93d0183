#include "config.h"

#include "runner/engine/artifacts.h"

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/dockerfile/ignore.h"

#define MAX_ARTIFACTS 10000
#define MAX_VISITED 2000000

struct walk {
	const char *workspace;
	struct slip_ignore *patterns; /* "excluded" by these: an artifact */
	struct slip_strv dirs; /* still to be read */
	size_t visited;
	size_t found;
};

static bool leads_out(const struct walk *w, const char *full)
{
	slip_autofree char *target = realpath(full, NULL);
	return !target || !slip_path_is_below(target, w->workspace);
}

static int take_file(struct walk *w, const char *path, const struct stat *st, struct slip_err *err)
{
	char bytes[24];
	if (++w->found > MAX_ARTIFACTS)
		return slip_err_set(err, SLIP_E_LIMIT, 0, "more than %d artifacts", MAX_ARTIFACTS);
	snprintf(bytes, sizeof(bytes), "%lld", (long long)st->st_size);
	slip_event("stage.artifact", "path", path, "bytes", bytes, NULL);
	return 0;
}

static int visit(struct walk *w, const char *path, struct slip_err *err)
{
	struct stat st;
	slip_autofree char *full = slip_path_join(w->workspace, path);
	if (++w->visited > MAX_VISITED)
		return slip_err_set(
			err, SLIP_E_LIMIT, 0, "more than %d files in the workspace", MAX_VISITED);
	if (lstat(full, &st) < 0)
		return 0; /* gone since its directory was read */
	if (S_ISDIR(st.st_mode)) {
		slip_strv_add(&w->dirs, path);
		return 0;
	}
	if (!slip_ignore_is_excluded(w->patterns, path))
		return 0;
	if (S_ISLNK(st.st_mode) && leads_out(w, full)) {
		slip_warn("%s is no artifact: the link leads out of the workspace", path);
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	return take_file(w, path, &st, err);
}

static int read_dir(struct walk *w, const char *dir, struct slip_err *err)
{
	slip_autofree char *full = slip_path_join(w->workspace, dir);
	slip_autostrv names = {0};
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_list_names(AT_FDCWD, full, &names, &why) < 0)
		return slip_err_is(&why, SLIP_E_NOTFOUND) ? 0 : slip_err_copy(err, &why);
	for (size_t i = 0; i < names.n; i++) {
		if (slip_streq(names.v[i], ".git") || slip_streq(names.v[i], ".slipway"))
			continue;
		slip_autofree char *path =
			*dir ? slip_xasprintf("%s/%s", dir, names.v[i]) : slip_xstrdup(names.v[i]);
		if (visit(w, path, err) < 0)
			return -1;
	}
	return 0;
}

static int list(struct walk *w, struct slip_err *err)
{
	slip_strv_add(&w->dirs, "");
	while (w->dirs.n) {
		slip_autofree char *dir = slip_xstrdup(w->dirs.v[w->dirs.n - 1]);
		slip_strv_remove(&w->dirs, w->dirs.n - 1);
		if (read_dir(w, dir, err) < 0)
			return -1;
	}
	return 0;
}

int slip_artifacts_list(const struct slip_artifacts_spec *a, const char *workspace, bool failed,
	struct slip_err *err)
{
	enum slip_artifacts_when when =
		(enum slip_artifacts_when)slip_value_int(&a->when, SLIP_ARTIFACTS_SUCCESS);
	if (!a->paths.n || (when == SLIP_ARTIFACTS_SUCCESS && failed) ||
		(when == SLIP_ARTIFACTS_FAILURE && !failed))
		return 0;
	slip_autostrv patterns = {0};
	slip_autoignore *compiled = NULL;
	for (size_t i = 0; i < a->paths.n; i++)
		slip_strv_add(&patterns, a->paths.v[i].text);
	for (size_t i = 0; i < a->exclude.n; i++)
		slip_strv_addf(&patterns, "!%s", a->exclude.v[i].text);
	if (slip_ignore_from_list(&patterns, &compiled, err) < 0)
		return slip_err_wrap(err, "artifacts");
	struct walk w = {.workspace = workspace, .patterns = compiled};
	int rc = list(&w, err);
	slip_strv_release(&w.dirs);
	if (rc == 0 && !w.found) {
		slip_autofree char *all = slip_strv_join(&patterns, ", ");
		slip_warn("no file in the workspace matches the artifacts' paths: %s", all);
	}
	return rc;
}
