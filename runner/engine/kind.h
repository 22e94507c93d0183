/*
 * What a stage can be. A kind is one const table entry in steps/; the engine gets the list from the
 * program's composition root and knows no kind by name.
 *
 * A stage is a process. `launch` turns the resolved stage into either a command (argv) or a
 *request: a JSON value for `perform` of the same kind, which then runs in this program executed
 *anew. So timeout, cancel, log capture and memory are the same for every kind:
 *
 *	descriptor	a command		a request
 *	0		/dev/null		/dev/null
 *	1, 2		output lines		output lines
 *	3					the request, JSON text to its end
 *	4					records, JSON lines (base/wire.h)
 *
 * Results, that is values for `outputs`, come from the file $SLIPWAY_OUTPUT of a command
 * (engine/output_file.h) and from slip_event("stage.result", name, value, ..., NULL) of a request.
 */
#ifndef SLIP_ENGINE_KIND_H
#define SLIP_ENGINE_KIND_H

#include "runner/base/json.h"
#include "runner/base/map.h"
#include "runner/spec/spec.h"

struct slip_kind_input {
	const struct slip_pipeline *pipeline; /* resolved: registries, cache, defaults */
	const struct slip_pipeline_stage *stage; /* resolved */
	const struct slip_json *ci; /* the facts of engine/ci.h */
	const char *name; /* the stage's, with its cell of the matrix: $SLIPWAY_STAGE */
	const char *id; /* the same as a file's name */
	const char *out_dir; /* of logs and reports; relative to the workspace, or absolute */
	const char *workspace; /* absolute */
	const char *cwd; /* workspace and working-dir, absolute */
	const struct slip_map *env; /* pipeline's and stage's, the latter wins */
	const struct slip_map *secrets; /* those the stage lists: name to value */
	bool is_push_allowed; /* in CI, or --push; never with --no-push */
	const char *push_refusal; /* why not, for people; NULL when it is */
	bool is_in_place; /* --in-place: ignore `container` */
};

/* A stage as written, to be looked at before anything runs. */
struct slip_kind_check {
	const struct slip_pipeline_stage *stage;
	/* Takes the paths of Dockerfiles that the stage reads and that are there; NULL: read
	 * nothing. */
	struct slip_strv *dockerfiles;
	struct slip_diags *diags;
};

struct slip_kind_launch {
	struct slip_strv argv; /* a command, or empty */
	struct slip_json *request; /* for perform, or NULL */
	struct slip_strv
		env; /* more variables of the command, NAME=value: above process and spec */
};

struct slip_kind {
	enum slip_stage_kind kind;
	bool runs_command; /* of the user's: it may have a `container`, and gets `secrets` */
	bool takes_secrets; /* also where it runs none */
	/* Findings beyond what the format says, such as keys that are not supported yet; or NULL.
	 */
	void (*check)(const struct slip_kind_check *c);
	/* One line for logs and plans: what the stage will do. */
	void (*describe)(const struct slip_kind_input *in, struct slip_buf *out);
	int (*launch)(const struct slip_kind_input *in, struct slip_kind_launch *out,
		struct slip_err *err);
	/* In the child, with records already going to the engine; NULL for kinds of commands only.
	 */
	int (*perform)(const struct slip_json *request, struct slip_err *err);
	/*
	 * In the child, for a plan: add to `out` what performing the request would do, changing
	 * nothing; the network is asked only for a probe. NULL: there is nothing to add.
	 */
	int (*foresee)(const struct slip_json *request, bool is_probe, struct slip_json *out,
		struct slip_err *err);
};

void slip_kind_launch_release(struct slip_kind_launch *l);

/* `kinds` ends with NULL. */
const struct slip_kind *slip_kind_find(
	const struct slip_kind *const *kinds, enum slip_stage_kind kind);

/* The role in which a request is executed (base/proc.h), with the words below as arguments. */
#define SLIP_KIND_ROLE "stage"
enum {
	SLIP_KIND_REQUEST_FD = 3,
	SLIP_KIND_RECORDS_FD = 4,
};
/*
 * All of that process' life, from proc.h's set-up on. argv: the kind's number, the log level, and
 * what to do with the request (SLIP_KIND_PERFORM, ...), as the engine gave them. What is foreseen
 * is the result "plan", JSON text. Returns the exit status.
 */
#define SLIP_KIND_PERFORM "perform"
#define SLIP_KIND_FORESEE "foresee"
#define SLIP_KIND_PROBE "probe"
int slip_kind_main(const struct slip_kind *const *kinds, char *const *argv);

#endif
