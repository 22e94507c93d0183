#include "config.h"

#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/scope.h"
#include "tests/unit/tap.h"

static const char text[] = "FROM x AS base\n"
			   "FROM base AS Build\n"
			   "FROM x\n"
			   "FROM base AS base\n"
			   "FROM build AS last\n";

static void check_copy(const struct slip_dockerfile *df)
{
	static const struct {
		size_t current;
		const char *from;
		size_t want;
		const char *error;
	} rows[] = {
		{1, "base", 0, NULL},
		{1, "BASE", 0, NULL},
		{4, "base", 3, NULL},
		{3, "base", 0, NULL},
		{2, "0", 0, NULL},
		{4, "2", 2, NULL},
		{1, "1", 0, "invalid stage index 1: stages before this one are 0 to 0"},
		{1, "9", 0, "invalid stage index 9: stages before this one are 0 to 0"},
		{0, "alpine:3", SLIP_STAGE_NONE, NULL},
		{2, "scratch", SLIP_STAGE_NONE, NULL},
		{1, "build", 0, "circular dependency detected on stage: build"},
		{0, "last", 0,
			"cannot copy from stage \"last\", it needs to be defined before current "
			"stage "
			"\"base\""},
		{2, "last", 0,
			"cannot copy from stage \"last\", it needs to be defined before current "
			"stage "
			"\"stage-2\""},
	};

	for (size_t i = 0; i < SLIP_ARRAY_LEN(rows); i++) {
		struct slip_err err = SLIP_ERR_INIT;
		size_t got = 99;
		int ret = slip_stage_find_copy(df, rows[i].current, rows[i].from, &got, &err);
		is_int(ret, rows[i].error ? -1 : 0, "copy %zu", i);
		if (rows[i].error)
			is_str(err.msg, rows[i].error, "copy %zu: message", i);
		else
			is_int(got, rows[i].want, "copy %zu: stage", i);
	}
}

static void check_others(const struct slip_dockerfile *df)
{
	struct slip_err err = SLIP_ERR_INIT;
	size_t got;

	is_int(slip_stage_find_base(df, 1, "base"), 0, "base of an earlier stage");
	is_int(slip_stage_find_base(df, 4, "base"), 3, "the latest of its name");
	is_int(slip_stage_find_base(df, 3, "base"), 0, "a stage is not its own base");
	is_int(slip_stage_find_base(df, 4, "Build"), SLIP_STAGE_NONE, "case matters in FROM");
	is_int(slip_stage_find_base(df, 4, "0"), SLIP_STAGE_NONE, "numbers are no base");

	is_int(slip_stage_find_mount(df, 4, "BUILD", "/t", &got, &err), 0, "mount");
	is_int(got, 1, "stage of a mount");
	is_int(slip_stage_find_mount(df, 4, "1", "/t", &got, &err), 0, "mount of a number");
	is_int(got, SLIP_STAGE_NONE, "is an image");
	is_int(slip_stage_find_mount(df, 0, "last", "/t", &got, &err), -1,
		"mount of a later stage");
	is_str(err.msg,
		"cannot mount from stage \"last\" to \"/t\", stage needs to be defined before "
		"current command",
		"its message");
	slip_err_clear(&err);

	is_int(slip_stage_find_target(df, NULL, &got, &err), 0, "no target");
	is_int(got, 4, "is the last stage");
	is_int(slip_stage_find_target(df, "BASE", &got, &err), 0, "target in any case");
	is_int(got, 3, "the last of its name");
	is_int(slip_stage_find_target(df, "0", &got, &err), -1, "no index as target");
	slip_err_clear(&err);
	is_int(slip_stage_find_target(df, "biuld", &got, &err), -1, "unknown target");
	is_str(err.msg, "target stage \"biuld\" could not be found (did you mean build?)",
		"its message");
	slip_err_clear(&err);
	is_int(slip_stage_find_target(df, "production", &got, &err), -1, "unknown target");
	is_str(err.msg,
		"target stage \"production\" could not be found; named stages: base, build, base, "
		"last",
		"its message");
}

int main(void)
{
	slip_autodockerfile *df = NULL;
	struct slip_err err = SLIP_ERR_INIT;

	is_int(slip_dockerfile_parse(text, strlen(text), "D", &df, &err), 0, "parse");
	check_copy(df);
	check_others(df);
	ok(slip_is_platform_arg("TARGETARCH") && slip_is_platform_arg("TARGETSTAGE") &&
			!slip_is_platform_arg("targetarch"),
		"platform arguments");
	ok(slip_is_proxy_arg("http_proxy") && slip_is_proxy_arg("ALL_PROXY") &&
			!slip_is_proxy_arg("Http_Proxy"),
		"proxy arguments");
	return done_testing();
}
