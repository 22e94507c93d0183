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
	char *text;
	char *status; /* running, cached, done, failed */
	char *reason; /* of a miss; NULL when unknown */
	int64_t number;
	int64_t bytes;
	double start; /* seconds since the program's start */
	double seconds;
};

struct slip_model_image {
	char *ref; /* NULL: not pushed anywhere */
	char *digest;
};

struct slip_model_stage {
	char *name;
	char *id; /* its scope: names logs and report files */
	char *kind;
	char *status; /* pending, running, success, failed, warned, skipped, cancelled, timeout */
	char *error; /* why it is not success */
	char *error_class; /* slip_err_name */
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
	int64_t hits;
	int64_t misses;
	int64_t pulled; /* bytes from registries */
	int64_t pushed;
};

struct slip_model {
	char *name;
	char *provider;
	char *commit;
	char *status; /* running, then that of pipeline.done */
	int64_t exit_status;
	int64_t began; /* wall clock */
	double seconds;
	struct slip_model_stage **stages;
	size_t n;
	size_t cap;
	size_t warnings;
};

void slip_model_init(struct slip_model *m);
void slip_model_release(struct slip_model *m);
/* Take a record in. True when the reports should be written anew. */
bool slip_model_take(struct slip_model *m, const struct slip_record *r);

#endif
