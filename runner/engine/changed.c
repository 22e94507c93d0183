#include "config.h"

#include "runner/engine/changed.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/proc.h"

#define MAX_GIT_OUTPUT (16 * SLIP_MIB)
#define GIT_TIMEOUT_MS 30000

/* The commit to compare with: the target of a merge request, or what was there before the push. */
static char *base_commit(void)
{
	static const char *const variables[] = {
		"CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_COMMIT_BEFORE_SHA", "GIT_PREVIOUS_COMMIT"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(variables); i++) {
		const char *v = getenv(variables[i]);
		if (v && strspn(v, "0123456789abcdef") == strlen(v) && strlen(v) >= 40 &&
			strspn(v, "0") != strlen(v))
			return slip_xstrdup(v);
	}
	const char *target = getenv("CHANGE_TARGET");
	if (target && *target && *target != '-')
		return slip_xasprintf("origin/%s", target);
	return slip_xstrdup("HEAD~1");
}

/* git matches the globs itself, in the syntax that its users know (gitglossary(7), pathspec). */
int slip_changed_call(const struct slip_facts *f, const struct slip_json *globs,
	struct slip_json **out, struct slip_err *err)
{
	slip_autofree char *base = base_commit();
	slip_autostrv argv = {0};
	static const char *const words[] = {"git", "-c", "safe.directory=*", "diff", "--name-only"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(words); i++)
		slip_strv_add(&argv, words[i]);
	slip_strv_addf(&argv, "%s...HEAD", base);
	slip_strv_add(&argv, "--");
	for (size_t i = 0; i < slip_json_len(globs); i++) {
		const char *glob = slip_json_str_value(slip_json_at(globs, i), NULL);
		if (!glob || !*glob)
			return slip_err_set(
				err, SLIP_E_SPEC, 0, "changed() takes patterns of file names");
		slip_strv_addf(&argv, ":(glob)%s", glob);
	}
	struct slip_proc_spec spec = {
		.argv = (const char *const *)argv.v, .cwd = f->workspace, .stderr_fd = -1};
	struct slip_proc_output result = {0};
	struct slip_err why = SLIP_ERR_INIT;
	slip_autoclose int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	spec.stderr_fd = null_fd;
	bool is_known =
		slip_proc_run(&spec, "", 0, MAX_GIT_OUTPUT, GIT_TIMEOUT_MS, &result, &why) == 0 &&
		result.status == 0;
	*out = slip_json_bool(!is_known || result.out_len > 0);
	free(result.out);
	return 0;
}
