/*
 * The composition root: the only file that knows every part.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/log.h"
#include "runner/base/path.h"
#include "runner/base/proc.h"
#include "runner/cli/command.h"
#include "runner/cli/pipeline_options.h"
#include "runner/engine/ci_env.h"
#include "runner/sandbox/run.h"
#include "steps/build/builder.h"
#include "steps/build/warm.h"
#include "steps/image/auth.h"
#include "steps/push/push.h"
#include "steps/steps.h"

static int build(struct slip_cli *cli, const struct slip_build_request *req, struct slip_err *err)
{
	struct slip_report_options report = {.log = &req->log};
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
	struct slip_report_options report = {.log = &req->log};
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

static int warm(struct slip_cli *cli, struct slip_warm_request *req, const struct slip_strv *words,
	struct slip_err *err)
{
	struct slip_report_options report = {.log = &req->log};
	for (size_t i = 0; i < words->n; i++)
		slip_strv_add(&req->images, words->v[i]);
	if (slip_cli_report(cli, &report, err) < 0)
		return -1;
	return slip_warm(req, err);
}

static int run_warm(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct slip_warm_request req = {0};
	slip_autostrv words = {0};
	(void)status;
	slip_opt_defaults(slip_warm_options, &req);
	int rc = slip_opt_parse(slip_warm_options, &req, argv, &words, err);
	if (rc == 0)
		rc = warm(cli, &req, &words, err);
	slip_opt_release(slip_warm_options, &req);
	return rc;
}

static const struct slip_cli_command command_warm = {
	.name = "warm",
	.arguments = "IMAGE...",
	.summary = "Fill the local store with base images; takes the flags of kaniko's warmer.",
	.opts = slip_warm_options,
	.run = run_warm,
};

static const struct slip_cli_command command_push = {
	.name = "push",
	.arguments = "SRC DEST...",
	.summary = "Push an OCI layout, a docker-archive or a registry's image, as it is.",
	.opts = slip_push_options,
	.run = run_push,
};

struct auth_options {
	struct slip_pipeline_options pipeline;
};

static const struct slip_opt auth_table[] = {
	SLIP_CLI_PIPELINE_OPTIONS(struct auth_options),
	{NULL},
};

struct auth_question {
	const char *where;
	struct slip_buf answer;
};

static int explain(void *arg, const struct slip_pipeline *p, struct slip_err *err)
{
	struct auth_question *q = arg;
	return slip_auth_explain(p, q->where, &q->answer, err);
}

/* The spec counts where there is one; only the one of the default name may be missing. */
static int auth(struct slip_cli *cli, const struct auth_options *o, const struct slip_strv *words,
	struct slip_err *err)
{
	static const struct slip_strv none;
	if (words->n != 2 || !slip_streq(words->v[0], "explain"))
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "usage: slipway auth explain HOST[/REPOSITORY]");
	struct slip_engine_options engine;
	if (slip_engine_options_of(&o->pipeline, &none, cli->kinds, &engine, err) < 0)
		return -1;
	bool has_spec = !slip_streq(o->pipeline.file, "slipway.yaml") ||
			access(o->pipeline.file, F_OK) == 0;
	struct auth_question q = {.where = words->v[1]};
	slip_buf_init(&q.answer, SLIP_MIB);
	int rc = has_spec	 ? slip_engine_with_pipeline(&engine, explain, &q, err)
		 : engine.ci_env ? slip_ci_env_replay(engine.ci_env, err)
				 : 0;
	if (rc == 0 && !has_spec)
		rc = explain(&q, NULL, err);
	if (rc == 0)
		rc = slip_cli_print(q.answer.data, q.answer.len, err);
	slip_buf_release(&q.answer);
	return rc;
}

static int run_auth(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	struct auth_options o = {0};
	slip_autostrv words = {0};
	(void)status;
	slip_opt_defaults(auth_table, &o);
	int rc = slip_opt_parse(auth_table, &o, argv, &words, err);
	if (rc == 0)
		rc = auth(cli, &o, &words, err);
	slip_opt_release(auth_table, &o);
	return rc;
}

static const struct slip_cli_command command_auth = {
	.name = "auth",
	.arguments = "explain HOST[/REPOSITORY]",
	.summary = "Say which login a registry would get, and which sources were looked at.",
	.opts = auth_table,
	.run = run_auth,
};

static const struct slip_cli_command *const commands[] = {
	&slip_command_run,
	&slip_command_plan,
	&command_build,
	&command_push,
	&command_warm,
	&command_auth,
	&slip_command_validate,
	&slip_command_schema,
	&slip_command_pause,
	&slip_command_cache,
	&slip_command_man,
	&slip_command_version,
	NULL,
};

/* This program, executed anew for one task (base/proc.h); returns when argv names none. */
static void run_role(int argc, char **argv)
{
	if (argc < 2 || !slip_starts_with(argv[1], "role:"))
		return;
	if (slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc - 2, argv + 2);
	if (slip_streq(argv[1], "role:" SLIP_KIND_ROLE))
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
	/* Linked as one of kaniko's programs, whose names say the command. */
	const char *name = slip_path_base(argv[0]);
	const char *command = slip_streq(name, "executor") ? "build"
			      : slip_streq(name, "warmer") ? "warm"
							   : NULL;
	if (command && !(argc > 1 && slip_streq(argv[1], "version")))
		argv[0] = (char *)(uintptr_t)command;
	else
		argv++;
	return slip_cli_main(&cli, argv);
}
