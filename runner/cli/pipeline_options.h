/* Options that `run` and `plan` have in common: what is run, and how far. */
#ifndef SLIP_CLI_PIPELINE_OPTIONS_H
#define SLIP_CLI_PIPELINE_OPTIONS_H

#include "runner/base/opt.h"
#include "runner/engine/engine.h"

struct slip_pipeline_options {
	char *file;
	struct slip_strv set;
	struct slip_strv only;
	int64_t jobs;
	char *ci_env;
	bool push;
	bool no_push;
	bool in_place;
};

#define SLIP_CLI_PIPELINE_OPTIONS(T)                                                               \
	{.name = "file",                                                                           \
		.short_name = 'f',                                                                 \
		.type = SLIP_OPT_STRING,                                                           \
		.offset = offsetof(T, pipeline.file),                                              \
		.metavar = "FILE",                                                                 \
		.help = "The spec.",                                                               \
		.dflt = "slipway.yaml"},                                                           \
		{.name = "set",                                                                    \
			.type = SLIP_OPT_LIST,                                                     \
			.offset = offsetof(T, pipeline.set),                                       \
			.metavar = "NAME=VALUE",                                                   \
			.help = "The value of a parameter. May be given often."},                  \
		{.name = "only",                                                                   \
			.type = SLIP_OPT_LIST,                                                     \
			.offset = offsetof(T, pipeline.only),                                      \
			.metavar = "STAGE[AXIS=VALUE]",                                            \
			.help = "This stage, or this cell of its matrix, without what it needs. "  \
				"May be given often."},                                            \
		{.name = "jobs",                                                                   \
			.short_name = 'j',                                                         \
			.type = SLIP_OPT_INT,                                                      \
			.offset = offsetof(T, pipeline.jobs),                                      \
			.metavar = "N",                                                            \
			.help = "So many stages at once, where their needs allow; 0: one for "     \
				"each processor.",                                                 \
			.dflt = "1"},                                                              \
		{.name = "ci-env",                                                                 \
			.type = SLIP_OPT_STRING,                                                   \
			.offset = offsetof(T, pipeline.ci_env),                                    \
			.metavar = "FILE",                                                         \
			.help = "See what the CI job saw whose `env` is in FILE; pushes nothing "  \
				"without --push."},                                                \
		{.name = "push",                                                                   \
			.type = SLIP_OPT_BOOL,                                                     \
			.offset = offsetof(T, pipeline.push),                                      \
			.help = "Push and deploy, also outside of CI."},                           \
		{.name = "no-push",                                                                \
			.type = SLIP_OPT_BOOL,                                                     \
			.offset = offsetof(T, pipeline.no_push),                                   \
			.help = "Push and deploy nothing, also in CI."},                           \
	{                                                                                          \
		.name = "in-place", .type = SLIP_OPT_BOOL,                                         \
		.offset = offsetof(T, pipeline.in_place),                                          \
		.help = "Run commands here, whatever their `container` says.",                     \
	}

/* What `plan` and `run --dry-run` print. */
enum slip_plan_format {
	SLIP_PLAN_TEXT,
	SLIP_PLAN_JSON,
};

int slip_cli_plan(const struct slip_engine_options *engine, enum slip_plan_format format,
	struct slip_err *err) SLIP_MUST_CHECK;

/* *out borrows from o and stages. */
static inline int slip_engine_options_of(const struct slip_pipeline_options *o,
	const struct slip_strv *stages, const struct slip_kind *const *kinds,
	struct slip_engine_options *out, struct slip_err *err)
{
	if (o->jobs < 0)
		return slip_err_set(err, SLIP_E_USAGE, 0, "--jobs takes 0 or more, not %lld",
			(long long)o->jobs);
	if (o->push && o->no_push)
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "--push and --no-push exclude each other");
	*out = (struct slip_engine_options){
		.kinds = kinds,
		.spec = o->file,
		.selection = {.stages = *stages, .only = o->only},
		.set = o->set,
		.jobs = o->jobs,
		.ci_env = o->ci_env,
		.is_push_wanted = o->push,
		.is_push_refused = o->no_push,
		.is_in_place = o->in_place,
	};
	return 0;
}

#endif
