#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/cli/command.h"
#include "runner/dockerfile/parse.h"
#include "runner/engine/engine.h"
#include "runner/spec/spec.h"

/* A spec is YAML by its name; everything else is taken for a Dockerfile. */
static bool is_spec(const char *file)
{
	return slip_ends_with(file, ".yaml") || slip_ends_with(file, ".yml");
}

static int check_spec(const char *file, size_t *findings, struct slip_err *err)
{
	slip_autodiags diags = {0};
	struct slip_err why = SLIP_ERR_INIT;
	int rc = slip_engine_validate(file, &diags, &why);
	if (rc < 0 && !diags.n)
		return slip_err_copy(err, &why);
	slip_autobuf text;
	slip_buf_init(&text, 1 << 24);
	slip_diags_print(&diags, &text);
	fputs(text.data, stdout);
	*findings += diags.n + diags.dropped;
	return 0;
}

static int check_dockerfile(const char *file, size_t *findings, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	if (slip_read_file(AT_FDCWD, file, &text, err) < 0)
		return -1;
	slip_autodockerfile *df = NULL;
	struct slip_err why = SLIP_ERR_INIT;
	if (slip_dockerfile_parse(text.data, text.len, file, &df, &why) < 0) {
		puts(why.msg);
		(*findings)++;
	}
	return 0;
}

static int run(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	static const struct slip_opt none[] = {{NULL}};
	slip_autostrv files = {0};
	size_t findings = 0;
	(void)self;
	if (slip_opt_parse(none, NULL, argv, &files, err) < 0)
		return -1;
	if (!files.n)
		slip_strv_add(&files, "slipway.yaml");
	for (size_t i = 0; i < files.n; i++) {
		int rc = is_spec(files.v[i]) ? check_spec(files.v[i], &findings, err)
					     : check_dockerfile(files.v[i], &findings, err);
		if (rc < 0)
			return -1;
	}
	return findings ? 2 : 0;
}

const struct slip_cli_command slip_cmd_validate = {
	.name = "validate",
	.operands = "[FILE...]",
	.summary = "Check specs and Dockerfiles; print every finding.",
	.run = run,
};

/* --- schema ------------------------------------------------------------------------------------- */

static int run_schema(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	static const struct slip_opt none[] = {{NULL}};
	(void)self;
	if (slip_opt_parse(none, NULL, argv, NULL, err) < 0)
		return -1;
	slip_autojson *schema = slip_spec_schema();
	slip_autofree char *text = slip_json_print_pretty(schema);
	fputs(text, stdout);
	return 0;
}

const struct slip_cli_command slip_cmd_schema = {
	.name = "schema",
	.summary = "Print the JSON Schema of the stage spec.",
	.run = run_schema,
};
