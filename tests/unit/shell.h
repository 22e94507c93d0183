/* Other people's programs as judges: run a shell command, get what it prints. */
#ifndef SLIP_TESTS_SHELL_H
#define SLIP_TESTS_SHELL_H

#include "runner/base/io.h"
#include "runner/base/proc.h"

/* The caller's; ends with "exit N" when the command failed. */
SLIP_UNUSED SLIP_PRINTF(1, 2) static char *shell(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	slip_autofree char *command = slip_xvasprintf(fmt, ap);
	va_end(ap);
	const char *argv[] = {"sh", "-c", command, NULL};
	struct slip_proc_spec spec = {
		.argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = 2};
	struct slip_proc_output out = {0};
	struct slip_err err = SLIP_ERR_INIT;

	if (slip_proc_run(&spec, NULL, 0, 1 << 20, 60000, &out, &err) < 0)
		return slip_xasprintf("%s", err.msg);
	if (out.status == 0)
		return out.out;
	char *text = slip_xasprintf("%sexit %d", out.out, out.status);
	free(out.out);
	return text;
}

#define is_shell(want, name, ...)                                                                  \
	do {                                                                                       \
		char *shell_got = shell(__VA_ARGS__);                                              \
		is_str(shell_got, want, "%s", name);                                               \
		free(shell_got);                                                                   \
	} while (0)

SLIP_UNUSED static bool has_program(const char *name)
{
	slip_autofree char *path = shell("command -v %s || true", name);
	return path[0] != '\0';
}

/* A fresh directory that goes when the test ends. */
struct scratch {
	char *path;
};

SLIP_UNUSED static struct scratch scratch_new(void)
{
	struct scratch s = {NULL};
	const char *tmp = getenv("TMPDIR");
	if (slip_make_temp_dir(tmp ? tmp : "/tmp", "slipway-test-", &s.path, NULL) < 0)
		slip_bug("no scratch directory");
	return s;
}

SLIP_UNUSED static void scratch_release(struct scratch *s)
{
	if (s->path && slip_remove_tree(AT_FDCWD, s->path, NULL) < 0)
		printf("# %s stays\n", s->path);
	free(s->path);
}
#define autoscratch slip_cleanup(scratch_release) struct scratch

#endif
