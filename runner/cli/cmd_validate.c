#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/cli/command.h"
#include "runner/dockerfile/parse.h"
#include "runner/engine/engine.h"

/* What a file is, by the names that people give to Dockerfiles. */
static bool is_dockerfile(const char *path)
{
	const char *name = slip_path_base(path);
	return slip_starts_with(name, "Dockerfile") || slip_starts_with(name, "Containerfile") ||
	       slip_ends_with(name, ".Dockerfile") || slip_ends_with(name, ".dockerfile");
}

/* The finding is appended as text; *is_bad counts, an unreadable file is an error of its own. */
static int check_dockerfile(
	const char *path, struct slip_buf *out, bool *is_bad, struct slip_err *err)
{
	struct slip_err finding = SLIP_ERR_INIT;
	struct slip_dockerfile *df = NULL;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0)
		return -1;
	if (slip_dockerfile_parse(text.data, text.len, path, &df, &finding) < 0) {
		slip_buf_addf(out, "%s\n", finding.msg);
		*is_bad = true;
	} else {
		slip_dockerfile_free(df);
	}
	return 0;
}

static int check_spec(const struct slip_cli *cli, const char *path, struct slip_buf *out,
	bool *is_bad, struct slip_err *err)
{
	slip_autodiags diags = {0};
	if (slip_engine_validate(cli->kinds, path, &diags, err) == 0)
		return 0;
	if (!diags.n)
		return -1;
	slip_err_clear(err);
	slip_diags_print(&diags, out);
	*is_bad = true;
	return 0;
}

static void add_usual_files(struct slip_strv *files)
{
	static const char *const usual[] = {"slipway.yaml", "Dockerfile"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(usual); i++) {
		if (access(usual[i], F_OK) == 0)
			slip_strv_add(files, usual[i]);
	}
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	static const struct slip_opt none[] = {{NULL}};
	slip_autostrv files = {0};
	slip_autobuf out;
	slip_buf_init(&out, 16 * SLIP_MIB);
	bool is_bad = false;
	if (slip_opt_parse(none, NULL, argv, &files, err) < 0)
		return -1;
	if (!files.n)
		add_usual_files(&files);
	if (!files.n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"neither slipway.yaml nor Dockerfile is here: name a file");
	for (size_t i = 0; i < files.n; i++) {
		int rc = is_dockerfile(files.v[i])
				 ? check_dockerfile(files.v[i], &out, &is_bad, err)
				 : check_spec(cli, files.v[i], &out, &is_bad, err);
		if (rc < 0) {
			/* Usage, not infrastructure: the file was named by the caller. */
			if (err->code == SLIP_E_NOTFOUND)
				err->code = SLIP_E_USAGE;
			return -1;
		}
	}
	*status = is_bad ? 2 : 0;
	return slip_cli_print(out.data, out.len, err);
}

const struct slip_cli_command slip_command_validate = {
	.name = "validate",
	.arguments = "[FILE...]",
	.summary = "Check specs (every finding) and Dockerfiles (the first); runs nothing.",
	.run = run,
};
