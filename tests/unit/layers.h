/*
 * What tests of layers share: a directory for the test with the layers of tests/data/layers/make.py
 * in it, fresh roots, and listings of what is in a root.
 */
#ifndef SLIP_TESTS_LAYERS_H
#define SLIP_TESTS_LAYERS_H

#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "runner/base/strv.h"
#include "runner/layer/unpack.h"
#include "tests/unit/tap.h"

#include <dirent.h>

static char *base_dir;
static char *canary_dir;

SLIP_UNUSED static char *below(const char *name)
{
	return slip_xasprintf("%s/%s", base_dir, name);
}

SLIP_UNUSED static int fresh_dir(const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *path = below(name);

	if (slip_remove_tree(AT_FDCWD, path, &err) < 0)
		slip_err_clear(&err);
	if (slip_mkdir_p(path, 0700, &err) < 0)
		slip_bug("%s", err.msg);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted(struct slip_strv *lines)
{
	if (lines->n)
		qsort(lines->v, lines->n, sizeof(char *), compare_strings);
	return slip_strv_join(lines, " ");
}

/* A file's bytes with NUL as ".". */
static char *content_of(int dirfd, const char *name)
{
	char text[4096];
	size_t got = 0;
	struct slip_err err = SLIP_ERR_INIT;
	slip_autoclose int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || slip_read_upto(fd, text, sizeof(text), &got, &err) < 0)
		return slip_xstrdup("?");
	for (size_t i = 0; i < got; i++)
		text[i] = text[i] ? text[i] : '.';
	return slip_xstrndup(text, got);
}

static void list_dir(int dirfd, const char *prefix, struct slip_strv *out);

static void list_name(int dirfd, const char *path, const char *name, struct slip_strv *out)
{
	struct stat st;
	char target[4096] = "";

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		slip_strv_addf(out, "%s?", path);
	} else if (S_ISDIR(st.st_mode)) {
		slip_autofree char *prefix = slip_xasprintf("%s/", path);
		slip_strv_add(out, prefix);
		list_dir(openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			prefix, out);
	} else if (S_ISLNK(st.st_mode)) {
		if (readlinkat(dirfd, name, target, sizeof(target) - 1) < 0)
			target[0] = '?';
		slip_strv_addf(out, "%s->%s", path, target);
	} else if (S_ISREG(st.st_mode)) {
		slip_autofree char *text = content_of(dirfd, name);
		slip_strv_addf(out, "%s=%s", path, text);
	} else {
		slip_strv_addf(out, "%s!", path);
	}
}

static void list_dir(int fd, const char *prefix, struct slip_strv *out)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		slip_autofree char *path = slip_xasprintf("%s%s", prefix, e->d_name);
		if (!slip_streq(e->d_name, ".") && !slip_streq(e->d_name, ".."))
			list_name(fd, path, e->d_name, out);
	}
	if (d)
		closedir(d);
}

SLIP_UNUSED static char *list_root(const char *path)
{
	slip_cleanup(slip_strv_release) struct slip_strv lines = {0};

	list_dir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", &lines);
	return sorted(&lines);
}

SLIP_UNUSED static int unpack_file(const char *file, const struct slip_unpack *opt,
	struct slip_unpacked *out, struct slip_err *err)
{
	slip_autofree char *path = below(file);
	slip_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		slip_bug("%s is missing", path);
	return slip_unpack_layer(slip_source_fd(&fd), opt, out, err);
}

SLIP_UNUSED static int run(const char *const *argv)
{
	struct slip_proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = STDERR_FILENO};
	struct slip_proc_output out = {.status = -1};
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_proc_run(&spec, NULL, 0, SLIP_MIB, 60000, &out, &err) < 0)
		diag("%s", err.msg);
	free(out.out);
	return out.status;
}

static void make_canary(void)
{
	slip_autofree char *secret = NULL;

	canary_dir = below("canary");
	secret = slip_xasprintf("%s/secret", canary_dir);
	mkdir(canary_dir, 0755);
	int fd = open(secret, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || write(fd, "canary", 6) != 6 ||
		futimens(fd, (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}) < 0)
		slip_bug("the canary cannot be made");
	close(fd);
	utimensat(AT_FDCWD, canary_dir, (struct timespec[2]){{.tv_sec = 1}, {.tv_sec = 1}}, 0);
}

static int make_layers(void)
{
	const char *source = getenv("SLIPWAY_SRCDIR");
	slip_autofree char *script =
		slip_xasprintf("%s/tests/data/layers/make.py", source ? source : ".");
	const char *argv[] = {"python3", script, base_dir, canary_dir, NULL};

	return run(argv);
}

SLIP_UNUSED static int set_up_layers(const char *prefix)
{
	struct slip_err err = SLIP_ERR_INIT;
	const char *tmp = getenv("TMPDIR");

	if (slip_make_temp_dir(tmp ? tmp : "/tmp", prefix, &base_dir, &err) < 0)
		slip_bug("%s", err.msg);
	make_canary();
	return make_layers();
}

SLIP_UNUSED static void tear_down_layers(void)
{
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_remove_tree(AT_FDCWD, base_dir, &err) < 0)
		diag("%s", err.msg);
	free(base_dir);
	free(canary_dir);
}

#endif
