/*
 * What happened so far, from the event stream: the one source of every report file.
 */
#ifndef SLIP_REPORT_MODEL_H
#define SLIP_REPORT_MODEL_H

#include "runner/base/map.h"
#include "runner/base/strv.h"
#include "runner/report/hub.h"

/* One instruction of an image build. */
struct slip_model_step {
	char *stage; /* of the Dockerfile; NULL without a name */
	char *digest; /* of its layer; NULL before it is there */
	char *text;
	char *status; /* running, cached, done, failed, cancelled */
	char *reason; /* of a miss; NULL when unknown */
	int64_t number;
	int64_t line; /* in the stage's file; 0 when unknown */
	int64_t bytes;
	double start; /* seconds since the program's start */
	double seconds;
	double prepare; /* of the seconds: until the root below was there */
	double command; /* of the seconds: a RUN's own */
};

/* A blob that moved. */
struct slip_model_transfer {
	char *what; /* pulled, uploaded, mounted, found */
	char *digest;
	int64_t bytes;
	double start;
	double seconds;
};

/* Something wrong in a file of the project's (base/finding.h). */
struct slip_model_finding {
	char *rule;
	char *message;
	char *file; /* from the project's top */
	bool is_error;
	int64_t line;
	int64_t col; /* 0: the whole line */
};

struct slip_model_image {
	char *ref; /* NULL: not pushed anywhere */
	char *digest;
};

struct slip_model_stage {
	char *name;
	char *id; /* its scope: names logs and report files */
	char *kind;
	char *text; /* what it does, in a line; NULL */
	char *file; /* its Dockerfile, from the project's top; NULL */
	char *status; /* pending, running, success, failed, warned, skipped, cancelled, timeout */
	char *error; /* why it is not success */
	char *error_class; /* slip_err_name */
	char *failure_file; /* where the failure came from, from the project's top; NULL */
	int64_t failure_line;
	int64_t exit_status;
	int64_t attempts;
	double start;
	double seconds;
	struct slip_map outputs; /* name to value */
	struct slip_strv tail; /* the last lines of output, safe to show */
	struct slip_strv artifacts;
	struct slip_model_step *steps;
	size_t n_steps;
	size_t steps_cap;
	struct slip_model_image *images;
	size_t n_images;
	size_t images_cap;
	struct slip_model_transfer *transfers;
	size_t n_transfers;
	size_t transfers_cap;
	int64_t hits;
	int64_t misses;
	int64_t pulled; /* bytes from registries */
	int64_t pushed; /* bytes into registries */
};

struct slip_model {
	char *name;
	char *provider;
	char *commit; /* short */
	char *sha;
	char *root; /* the project's top directory, absolute; NULL before pipeline.source */
	char *project; /* its URL, if known; so the next */
	char *job;
	char *registry; /* host of the CI's own */
	char *out_dir; /* of the reports, absolute */
	char *error; /* why nothing was run */
	char *status; /* running, then that of pipeline.done */
	int64_t exit_status;
	int64_t began; /* wall clock */
	double seconds;
	double now; /* of the last record */
	struct slip_model_finding *findings;
	size_t n_findings;
	size_t findings_cap;
	struct slip_model_stage **stages;
	size_t n;
	size_t cap;
	size_t warnings;
};

/* out_dir: NULL where no files are written. */
void slip_model_init(struct slip_model *m, const char *out_dir);
void slip_model_release(struct slip_model *m);
/* Take a record in. True when the reports should be written anew. */
bool slip_model_take(struct slip_model *m, const struct slip_record *r);
/* A path below the project's top as it is seen from there, the caller's; NULL for others. */
char *slip_model_relative(const struct slip_model *m, const char *path);
/* Has the pipeline, a stage or a step with this status come to a bad end? */
bool slip_model_is_bad(const char *status);

#endif
