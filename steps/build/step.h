/*
 * One step of a stage that may change its file system, evaluated: what an instruction says once
 * its words are expanded. Evaluation fills it; probing or execution gives it its layer.
 */
#ifndef SLIP_BUILD_STEP_H
#define SLIP_BUILD_STEP_H

#include "runner/base/digest.h"
#include "runner/dockerfile/ast.h"
#include "runner/dockerfile/mode.h"
#include "steps/build/base.h"
#include "steps/build/layer.h"

enum slip_step_kind {
	SLIP_STEP_RUN,
	SLIP_STEP_COPY, /* and ADD */
	SLIP_STEP_WORKDIR,
};

enum slip_copy_from {
	SLIP_FROM_CONTEXT,
	SLIP_FROM_STAGE,
	SLIP_FROM_IMAGE,
	SLIP_FROM_NOTHING, /* --from=scratch */
};

struct slip_inline_file {
	char *name;
	char *body;
};

struct slip_copy_step {
	bool is_add;
	struct slip_strv sources;
	struct slip_inline_file *files; /* heredocs, after the sources */
	size_t n_files;
	char *dest; /* absolute, clean */
	char *dest_written; /* as expanded, for history */
	bool dest_is_dir; /* written with a trailing slash, as "." or as nothing */
	bool unpack; /* ADD: archives among the sources are unpacked */
	char *chown; /* NULL: 0:0, or as in the source with --from */
	char *chmod_text; /* NULL: none */
	struct slip_mode chmod;
	struct slip_strv excludes;
	enum slip_copy_from from;
	struct slip_build_stage *from_stage;
	struct slip_base *from_base;
};

struct slip_run_step {
	struct slip_strv argv;
	char *script; /* a heredoc that is an executable file; NULL */
	char *script_path; /* below /dev */
	struct slip_strv env; /* "NAME=value": image, ENV, ARG */
	struct slip_strv key_env; /* the part of env that is in the key: no proxies */
	char *cwd;
	char *user;
	bool no_network;
};

struct slip_workdir_step {
	char *path; /* absolute, clean */
	char *user;
};

enum slip_step_result {
	SLIP_STEP_PENDING,
	SLIP_STEP_HIT,
	SLIP_STEP_BUILT,
};

struct slip_step {
	enum slip_step_kind kind;
	const struct slip_dockerfile *file; /* for messages */
	int start_line; /* for a trigger of the base: those of FROM */
	int end_line;
	bool is_trigger;
	char *label; /* the instruction, on one line */
	size_t number; /* among the stage's instructions, from 1 */
	size_t history; /* its entry in the stage's image */
	bool cacheable; /* by the flags for its kind */
	union {
		struct slip_run_step run;
		struct slip_copy_step copy;
		struct slip_workdir_step workdir;
	};
	struct slip_digest key; /* v1; set when the cache is on */
	enum slip_step_result result;
	struct slip_layer layer;
	const char *hit_source; /* "store", "registry", "layout" */
	double prepare_seconds; /* until the root below it was there */
	double command_seconds; /* of a RUN */
};

void slip_step_release(struct slip_step *s);
/* Put file, line and an excerpt before an error of this step. Returns -1. */
int slip_step_locate(const struct slip_step *s, struct slip_err *err);

#endif
