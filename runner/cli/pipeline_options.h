/* Options that `run` and `plan` have in common. */
#ifndef SLIP_CLI_PIPELINE_OPTIONS_H
#define SLIP_CLI_PIPELINE_OPTIONS_H

#include "runner/base/opt.h"
#include "runner/engine/engine.h"

struct slip_pipeline_options {
	char *file;
	struct slip_strv set;
	char *ci_env;
	bool push;
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
	{                                                                                          \
		.name = "in-place", .type = SLIP_OPT_BOOL,                                         \
		.offset = offsetof(T, pipeline.in_place),                                          \
		.help = "Run commands here, whatever their `container` says.",                     \
	}

/* Borrows from o and stages. */
static inline struct slip_engine_options slip_engine_options_of(
	const struct slip_pipeline_options *o, const struct slip_strv *stages,
	const struct slip_kind *const *kinds)
{
	return (struct slip_engine_options){
		.kinds = kinds,
		.spec = o->file,
		.stages = *stages,
		.set = o->set,
		.ci_env = o->ci_env,
		.is_push_wanted = o->push,
		.is_in_place = o->in_place,
	};
}

#endif
