/*
 * The composition root: the only file that knows every part.
 */
#include "config.h"

#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/cli/command.h"
#include "runner/sandbox/run.h"
#include "steps/build/builder.h"
#include "steps/push/push.h"
#include "steps/steps.h"

static int build(struct slip_cli *cli, const struct slip_build_request *req, struct slip_err *err)
{
	struct slip_report_options report = {
		.verbosity = req->verbosity,
		.log_format = req->log_format,
		.log_timestamp = req->log_timestamp,
	};
	struct slip_build_result result;
	if (slip_cli_report(cli, &report, err) < 0)
		return -1;
	return slip_build_image(req, &result, err);
}

static int run_build(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct slip_build_request req;
	(void)status;
	slip_build_request_init(&req);
	int rc = slip_opt_parse(slip_build_options, &req, argv, NULL, err);
	if (rc == 0)
		rc = build(cli, &req, err);
	slip_build_request_release(&req);
	return rc;
}

static const struct slip_cli_command command_build = {
	.name = "build",
	.summary = "Build one image from a Dockerfile and push it; takes kaniko's flags.",
	.opts = slip_build_options,
	.run = run_build,
};

/* The words are the source and the destinations. */
static int push(struct slip_cli *cli, struct slip_push_request *req, const struct slip_strv *words,
	struct slip_err *err)
{
	struct slip_report_options report = {
		.verbosity = req->verbosity,
		.log_format = req->log_format,
		.log_timestamp = req->log_timestamp,
	};
	struct slip_digest digest;
	for (size_t i = 0; i < words->n; i++) {
		if (i == 0 && !req->source)
			req->source = slip_xstrdup(words->v[i]);
		else
			slip_strv_add(&req->destinations, words->v[i]);
	}
	if (slip_cli_report(cli, &report, err) < 0)
		return -1;
	return slip_push_run(req, &digest, err);
}

static int run_push(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct slip_push_request req;
	slip_autostrv words = {0};
	(void)status;
	slip_push_request_init(&req);
	int rc = slip_opt_parse(slip_push_options, &req, argv, &words, err);
	if (rc == 0)
		rc = push(cli, &req, &words, err);
	slip_push_request_release(&req);
	return rc;
}

static const struct slip_cli_command command_push = {
	.name = "push",
	.arguments = "SRC DEST...",
	.summary = "Push an OCI layout, a docker-archive or a registry's image, as it is.",
	.opts = slip_push_options,
	.run = run_push,
};

static const struct slip_cli_command *const commands[] = {
	&slip_command_run,
	&slip_command_plan,
	&command_build,
	&command_push,
	&slip_command_validate,
	&slip_command_schema,
	&slip_command_cache,
	&slip_command_man,
	&slip_command_version,
	NULL,
};

/* This program, executed anew for one task (base/proc.h); returns when argv names none. */
static void run_role(int argc, char **argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (argc < 2 || !slip_starts_with(argv[1], "role:"))
		return;
	if (slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc - 2, argv + 2);
	if (slip_streq(argv[1], "role:" SLIP_KIND_ROLE) && slip_proc_init(&err) == 0 &&
		slip_cancel_init(&err) == 0)
		exit(slip_kind_main(slip_kinds, argv + 2));
}

int main(int argc, char **argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	run_role(argc, argv);
	if (slip_proc_init(&err) < 0 || slip_cancel_init(&err) < 0) {
		slip_error("%s", err.msg);
		return slip_err_exit_status(&err);
	}
	struct slip_cli cli = {.commands = commands, .kinds = slip_kinds};
	/* Linked as kaniko's program, whose name says the command. */
	if (slip_streq(slip_path_base(argv[0]), "executor") &&
		!(argc > 1 && slip_streq(argv[1], "version")))
		argv[0] = (char *)"build";
	else
		argv++;
	return slip_cli_main(&cli, argv);
}
