#include "config.h"

#include "steps/deploy/sources.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>

void slip_kube_sources_release(struct slip_kube_sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].text);
	}
	free(s->v);
	*s = (struct slip_kube_sources){0};
}

int slip_kube_sources_add(
	struct slip_kube_sources *s, const char *name, char *text, size_t len, struct slip_err *err)
{
	if (s->n >= SLIP_MAX_MANIFEST_FILES || len > SLIP_MAX_MANIFESTS - s->bytes) {
		free(text);
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"%s: a stage takes at most %d manifests of %llu bytes in all", name,
			SLIP_MAX_MANIFEST_FILES, SLIP_MAX_MANIFESTS);
	}
	slip_grow(s->v, s->n, &s->cap);
	s->v[s->n++] = (struct slip_kube_source){slip_xstrdup(name), text, len};
	s->bytes += len;
	return 0;
}

static int read_file(struct slip_kube_sources *s, const char *path, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_MANIFESTS);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0)
		return -1;
	size_t len = text.len;
	return slip_kube_sources_add(s, path, slip_buf_take(&text), len, err);
}

static int read_directory(struct slip_kube_sources *s, const char *path, struct slip_err *err)
{
	slip_autostrv names = {0};
	DIR *dir = opendir(path);
	if (!dir)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", path);
	for (const struct dirent *e; (e = readdir(dir)) && names.n <= SLIP_MAX_MANIFEST_FILES;) {
		const char *name = e->d_name;
		if (name[0] != '.' &&
			(slip_ends_with(name, ".yaml") || slip_ends_with(name, ".yml") ||
				slip_ends_with(name, ".json")))
			slip_strv_add(&names, name);
	}
	closedir(dir);
	if (!names.n)
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"the directory %s has no *.yaml, *.yml or *.json", path);
	slip_strv_sort(&names);
	for (size_t i = 0; i < names.n; i++) {
		slip_autofree char *file = slip_path_join(path, names.v[i]);
		if (read_file(s, file, err) < 0)
			return -1;
	}
	return 0;
}

static int read_path(struct slip_kube_sources *s, const char *path, struct slip_err *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_directory(s, path, err);
	return read_file(s, path, err);
}

static int read_word(struct slip_kube_sources *s, const char *word, struct slip_err *err)
{
	if (slip_streq(word, "-") || strstr(word, "://"))
		return slip_err_set(err, SLIP_E_SPEC, 0,
			"manifests are files and directories, not \"%s\"", word);
	glob_t found = {0};
	int failed = glob(word, GLOB_NOMAGIC, NULL, &found);
	int rc = 0;
	if (failed)
		rc = slip_err_set(err, SLIP_E_SPEC, 0, "no manifest matches \"%s\"", word);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		rc = read_path(s, found.gl_pathv[i], err);
	globfree(&found);
	return rc;
}

int slip_kube_sources_read(
	struct slip_kube_sources *s, const struct slip_strv *words, struct slip_err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		if (read_word(s, words->v[i], err) < 0)
			return slip_err_wrap(err, "manifests");
	}
	return 0;
}
