#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/cli/command.h"
#include "runner/engine/validate.h"

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
};

struct options {
	int format; /* enum format */
};

static const char *const formats[] = {"text", "json", NULL};

static const struct slip_opt table[] = {
	{"format", 0, SLIP_OPT_CHOICE, offsetof(struct options, format), "FORMAT",
		"text: a line for each finding; json: one object.", "text", formats},
	{NULL},
};

/* What a file is, by the names that people give to Dockerfiles. */
static bool is_dockerfile(const char *path)
{
	const char *name = slip_path_base(path);
	return slip_starts_with(name, "Dockerfile") || slip_starts_with(name, "Containerfile") ||
	       slip_ends_with(name, ".Dockerfile") || slip_ends_with(name, ".dockerfile");
}

static void add_usual_files(struct slip_strv *files)
{
	static const char *const usual[] = {"slipway.yaml", "Dockerfile"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(usual); i++) {
		if (access(usual[i], F_OK) == 0)
			slip_strv_add(files, usual[i]);
	}
}

static int look_at(struct slip_validation *v, const struct slip_strv *files, struct slip_err *err)
{
	for (size_t i = 0; i < files->n; i++) {
		int rc = is_dockerfile(files->v[i]) ? slip_validate_dockerfile(v, files->v[i], err)
						    : slip_validate_spec(v, files->v[i], err);
		/* Usage, not infrastructure: the file was named by the caller. */
		if (rc < 0 && err->code == SLIP_E_NOTFOUND)
			err->code = SLIP_E_USAGE;
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* {"files": [...], "findings": [{"file", "line", "col", "message", "hint"}], "dropped": n} */
static void print_json(const struct slip_validation *v, struct slip_buf *out)
{
	slip_autojson *all = slip_json_object();
	struct slip_json *findings = slip_json_array();
	for (size_t i = 0; i < v->diags.n; i++) {
		const struct slip_diag *d = &v->diags.v[i];
		struct slip_json *finding = slip_json_object();
		slip_json_set_str(finding, "file", d->file);
		slip_json_set_int(finding, "line", d->line);
		slip_json_set_int(finding, "col", d->col);
		slip_json_set_str(finding, "message", d->message);
		slip_json_set_str(finding, "hint", d->hint);
		slip_json_append(findings, finding);
	}
	slip_json_set(all, "files", slip_json_strings(&v->files));
	slip_json_set(all, "findings", findings);
	slip_json_set_int(all, "dropped", (int64_t)v->diags.dropped);
	slip_autofree char *text = slip_json_print_pretty(all);
	slip_buf_add_str(out, text);
}

static int validate(struct slip_validation *v, const struct options *o, struct slip_strv *files,
	int *status, struct slip_err *err)
{
	slip_autobuf out;
	slip_buf_init(&out, 16 * SLIP_MIB);
	if (!files->n)
		add_usual_files(files);
	if (!files->n)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"neither slipway.yaml nor Dockerfile is here: name a file");
	if (look_at(v, files, err) < 0)
		return -1;
	*status = v->diags.n ? 2 : 0;
	if (o->format == FORMAT_JSON) {
		print_json(v, &out);
	} else if (v->diags.n) {
		slip_diags_print(&v->diags, &out);
	} else {
		slip_autofree char *names = slip_strv_join(&v->files, ", ");
		slip_info("nothing wrong in %s", names);
	}
	return slip_cli_print(out.data, out.len, err);
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct options o = {0};
	slip_autostrv files = {0};
	slip_cleanup(slip_validation_release) struct slip_validation v = {.kinds = cli->kinds};
	slip_opt_defaults(table, &o);
	if (slip_opt_parse(table, &o, argv, &files, err) < 0)
		return -1;
	return validate(&v, &o, &files, status, err);
}

const struct slip_cli_command slip_command_validate = {
	.name = "validate",
	.arguments = "[FILE...]",
	.summary = "Check specs and Dockerfiles, every finding; runs nothing.",
	.opts = table,
	.run = run,
};
