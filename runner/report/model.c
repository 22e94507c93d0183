#include "config.h"

#include "runner/report/model.h"

#include "runner/base/clock.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/report/text.h"

#define TAIL_LINES 50
#define MAX_MODEL_STEPS 20000
#define MAX_MODEL_IMAGES 1000
#define MAX_MODEL_TRANSFERS 5000
#define MAX_MODEL_FINDINGS 1000

void slip_model_init(struct slip_model *m, const char *out_dir)
{
	*m = (struct slip_model){
		.status = slip_xstrdup("running"),
		.began = slip_clock_now(),
		.out_dir = out_dir ? slip_path_absolute(out_dir) : NULL,
	};
}

static void free_step(struct slip_model_step *s)
{
	free(s->digest);
	free(s->stage);
	free(s->text);
	free(s->status);
	free(s->reason);
}

static void free_stage(struct slip_model_stage *s)
{
	for (size_t i = 0; i < s->n_steps; i++)
		free_step(&s->steps[i]);
	for (size_t i = 0; i < s->n_images; i++) {
		free(s->images[i].ref);
		free(s->images[i].digest);
	}
	for (size_t i = 0; i < s->n_transfers; i++) {
		free(s->transfers[i].what);
		free(s->transfers[i].digest);
	}
	free(s->steps);
	free(s->images);
	free(s->transfers);
	free(s->text);
	free(s->file);
	free(s->failure_file);
	free(s->name);
	free(s->id);
	free(s->kind);
	free(s->status);
	free(s->error);
	free(s->error_class);
	slip_map_release(&s->outputs);
	slip_strv_release(&s->tail);
	slip_strv_release(&s->artifacts);
	free(s);
}

void slip_model_release(struct slip_model *m)
{
	for (size_t i = 0; i < m->n; i++)
		free_stage(m->stages[i]);
	for (size_t i = 0; i < m->n_findings; i++) {
		free(m->findings[i].rule);
		free(m->findings[i].message);
		free(m->findings[i].file);
	}
	free(m->stages);
	free(m->findings);
	char *texts[] = {m->name, m->provider, m->commit, m->sha, m->root, m->project, m->job,
		m->registry, m->out_dir, m->error, m->status};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(texts); i++)
		free(texts[i]);
	memset(m, 0, sizeof(*m));
}

/* --- fields ----------------------------------------------------------------------------------- */

static void set(char **member, const char *value)
{
	free(*member);
	*member = slip_xstrdup(value);
}

static void set_field(char **member, const struct slip_record *r, const char *name)
{
	const char *v = slip_record_field(r, name);
	if (v)
		set(member, v);
}

static int64_t int_field(const struct slip_record *r, const char *name)
{
	const char *v = slip_record_field(r, name);
	return v ? strtoll(v, NULL, 10) : 0;
}

static double real_field(const struct slip_record *r, const char *name)
{
	const char *v = slip_record_field(r, name);
	return v ? strtod(v, NULL) : 0;
}

char *slip_model_relative(const struct slip_model *m, const char *path)
{
	if (!m->root || !path)
		return NULL;
	slip_autofree char *clean = slip_path_clean(path);
	size_t n = slip_streq(m->root, "/") ? 0 : strlen(m->root);
	if (!slip_path_is_below(clean, m->root) || clean[n] != '/' || !clean[n + 1])
		return NULL;
	return slip_xstrdup(clean + n + 1);
}

bool slip_model_is_bad(const char *status)
{
	return slip_streq(status, "failed") || slip_streq(status, "timeout") ||
	       slip_streq(status, "cancelled");
}

static void set_path(char **member, const struct slip_model *m, const struct slip_record *r)
{
	free(*member);
	*member = slip_model_relative(m, slip_record_field(r, "file"));
}

/* --- stages ----------------------------------------------------------------------------------- */

static struct slip_model_stage *find_stage(struct slip_model *m, const char *scope)
{
	size_t n = strcspn(scope, "/");
	for (size_t i = 0; i < m->n; i++) {
		if (strlen(m->stages[i]->id) == n && strncmp(m->stages[i]->id, scope, n) == 0)
			return m->stages[i];
	}
	return NULL;
}

static struct slip_model_stage *add_stage(struct slip_model *m, const char *scope)
{
	struct slip_model_stage *s = slip_xcalloc(1, sizeof(*s));
	s->id = slip_xstrndup(scope, strcspn(scope, "/"));
	s->name = slip_xstrdup(s->id);
	s->status = slip_xstrdup("pending");
	slip_smap_init(&s->outputs);
	slip_grow(m->stages, m->n, &m->cap);
	m->stages[m->n++] = s;
	return s;
}

static void on_plan(struct slip_model_stage *s, const struct slip_record *r)
{
	set_field(&s->name, r, "name");
	set_field(&s->kind, r, "kind");
}

static void on_start(struct slip_model_stage *s, const struct slip_record *r)
{
	set_field(&s->kind, r, "kind");
	set_field(&s->text, r, "text");
	set(&s->status, "running");
	if (!s->attempts)
		s->start = r->elapsed;
	s->attempts++;
}

static void on_done(struct slip_model_stage *s, const struct slip_record *r)
{
	set_field(&s->status, r, "status");
	set_field(&s->error, r, "error");
	set_field(&s->error_class, r, "class");
	s->exit_status = int_field(r, "exit");
	s->seconds = real_field(r, "seconds");
	for (size_t i = 0; i < s->n_steps; i++) {
		struct slip_model_step *step = &s->steps[i];
		if (!slip_streq(step->status, "running"))
			continue;
		set(&step->status, slip_streq(s->status, "cancelled") ? "cancelled" : "failed");
		step->seconds = r->elapsed - step->start;
	}
}

static void on_skip(struct slip_model_stage *s, const struct slip_record *r)
{
	set(&s->status, "skipped");
	set_field(&s->error, r, "reason");
}

static void on_output(struct slip_model_stage *s, const struct slip_record *r)
{
	const char *name = slip_record_field(r, "name"), *value = slip_record_field(r, "value");
	if (name && value)
		slip_smap_set(&s->outputs, name, value);
}

static void on_artifact(struct slip_model_stage *s, const struct slip_record *r)
{
	const char *path = slip_record_field(r, "path");
	if (path)
		slip_strv_add(&s->artifacts, path);
}

/* --- instructions of a build ------------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && slip_streq(a, b));
}

static struct slip_model_step *step_of(struct slip_model_stage *s, const struct slip_record *r)
{
	int64_t number = int_field(r, "step");
	const char *stage = slip_record_field(r, "stage");
	for (size_t i = s->n_steps; i-- > 0;) {
		if (s->steps[i].number == number && same_text(s->steps[i].stage, stage))
			return &s->steps[i];
	}
	if (s->n_steps == MAX_MODEL_STEPS)
		return &s->steps[MAX_MODEL_STEPS - 1];
	slip_grow(s->steps, s->n_steps, &s->steps_cap);
	struct slip_model_step *step = &s->steps[s->n_steps++];
	*step = (struct slip_model_step){.number = number, .start = r->elapsed};
	step->stage = slip_xstrdup(stage);
	step->status = slip_xstrdup("running");
	step->text = slip_xstrdup("");
	return step;
}

static void on_step(struct slip_model_stage *s, const struct slip_record *r)
{
	struct slip_model_step *step = step_of(s, r);
	set_field(&step->text, r, "text");
	set_field(&step->digest, r, "digest");
	if (slip_record_field(r, "line"))
		step->line = int_field(r, "line");
	if (slip_streq(r->text, "step.start")) {
		step->start = r->elapsed;
	} else if (slip_streq(r->text, "step.miss")) {
		set_field(&step->reason, r, "reason");
	} else if (slip_streq(r->text, "step.cached")) {
		set(&step->status, "cached");
		step->bytes = int_field(r, "bytes");
		s->hits++;
	} else if (slip_streq(r->text, "step.done")) {
		set(&step->status, "done");
		step->seconds = real_field(r, "seconds");
		step->prepare = real_field(r, "prepare");
		step->command = real_field(r, "command");
		step->bytes = int_field(r, "bytes");
		s->misses++;
	}
}

static void on_image(struct slip_model_stage *s, const struct slip_record *r)
{
	const char *digest = slip_record_field(r, "digest");
	bool is_known = s->n_images == MAX_MODEL_IMAGES;
	/* The end of a build says again what its pushes said. */
	for (size_t i = 0; i < s->n_images && !slip_record_field(r, "ref"); i++)
		is_known |= same_text(s->images[i].digest, digest);
	if (is_known)
		return;
	slip_grow(s->images, s->n_images, &s->images_cap);
	struct slip_model_image *image = &s->images[s->n_images++];
	*image = (struct slip_model_image){0};
	set_field(&image->ref, r, "ref");
	set_field(&image->digest, r, "digest");
}

static void on_transfer(struct slip_model_stage *s, const struct slip_record *r)
{
	int64_t bytes = int_field(r, "bytes");
	const char *what = slip_record_field(r, "what");
	if (!what)
		return;
	if (slip_streq(what, "pulled"))
		s->pulled += bytes;
	if (slip_streq(what, "uploaded"))
		s->pushed += bytes;
	if (s->n_transfers == MAX_MODEL_TRANSFERS)
		return;
	slip_grow(s->transfers, s->n_transfers, &s->transfers_cap);
	struct slip_model_transfer *t = &s->transfers[s->n_transfers++];
	*t = (struct slip_model_transfer){.bytes = bytes, .seconds = real_field(r, "seconds")};
	t->start = r->elapsed > t->seconds ? r->elapsed - t->seconds : 0;
	set_field(&t->what, r, "what");
	set_field(&t->digest, r, "digest");
}

/* --- findings --------------------------------------------------------------------------------- */

static void take_finding(struct slip_model *m, const struct slip_record *r)
{
	char *file = slip_model_relative(m, slip_record_field(r, "file"));
	const char *rule = slip_record_field(r, "rule"), *message = slip_record_field(r, "message"),
		   *severity = slip_record_field(r, "severity");
	/* Readers of these reports know files of the project only. */
	if (!file || !rule || !message || !severity || m->n_findings == MAX_MODEL_FINDINGS) {
		free(file);
		return;
	}
	int64_t line = int_field(r, "line");
	slip_grow(m->findings, m->n_findings, &m->findings_cap);
	m->findings[m->n_findings++] = (struct slip_model_finding){
		.rule = slip_xstrdup(rule),
		.message = slip_xstrdup(message),
		.file = file,
		.is_error = slip_streq(severity, "error"),
		.line = line > 0 ? line : 1,
		.col = int_field(r, "col"),
	};
}

/* What names a file, which is kept as seen from the project's top. */
static bool take_place(
	struct slip_model *m, struct slip_model_stage *s, const struct slip_record *r)
{
	if (slip_streq(r->text, "finding")) {
		take_finding(m, r);
		return true;
	}
	if (s && slip_streq(r->text, "build.start"))
		set_path(&s->file, m, r);
	if (s && slip_streq(r->text, "failure.at")) {
		set_path(&s->failure_file, m, r);
		s->failure_line = int_field(r, "line");
	}
	return false;
}

/* --- taking records --------------------------------------------------------------------------- */

struct handler {
	const char *event;
	void (*take)(struct slip_model_stage *s, const struct slip_record *r);
};

static const struct handler handlers[] = {
	{"build.done", on_image},
	{"image.pushed", on_image},
	{"stage.artifact", on_artifact},
	{"stage.done", on_done},
	{"stage.output", on_output},
	{"stage.plan", on_plan},
	{"stage.skip", on_skip},
	{"stage.start", on_start},
	{"step.cached", on_step},
	{"step.done", on_step},
	{"step.miss", on_step},
	{"step.start", on_step},
	{"transfer.done", on_transfer},
};

static void take_pipeline(struct slip_model *m, const struct slip_record *r)
{
	set_field(&m->name, r, "name");
	set_field(&m->provider, r, "provider");
	set_field(&m->commit, r, "commit");
	set_field(&m->status, r, "status");
	set_field(&m->sha, r, "sha");
	set_field(&m->root, r, "root");
	set_field(&m->project, r, "project");
	set_field(&m->job, r, "job");
	set_field(&m->registry, r, "registry");
	set_field(&m->error, r, "error");
	m->exit_status = int_field(r, "exit");
	m->seconds = real_field(r, "seconds");
}

static void take_output(struct slip_model *m, const struct slip_record *r)
{
	struct slip_model_stage *s = find_stage(m, r->scope);
	if (!s)
		return;
	slip_autobuf line;
	slip_buf_init(&line, 8 * SLIP_MAX_LOG_LINE);
	slip_text_add_line(&line, r->text, strlen(r->text), false);
	if (s->tail.n == TAIL_LINES)
		slip_strv_remove(&s->tail, 0);
	slip_strv_add(&s->tail, line.data);
}

bool slip_model_take(struct slip_model *m, const struct slip_record *r)
{
	m->now = r->elapsed;
	if (r->kind == SLIP_RECORD_MESSAGE)
		m->warnings += r->level == SLIP_LOG_WARN;
	if (r->kind == SLIP_RECORD_OUTPUT)
		take_output(m, r);
	if (r->kind != SLIP_RECORD_EVENT)
		return false;
	if (slip_starts_with(r->text, "pipeline.")) {
		take_pipeline(m, r);
		return true;
	}
	struct slip_model_stage *s = find_stage(m, r->scope);
	if (take_place(m, s, r))
		return true;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(handlers) && r->scope[0]; i++) {
		if (!slip_streq(handlers[i].event, r->text))
			continue;
		handlers[i].take(s ? s : add_stage(m, r->scope), r);
		return slip_starts_with(r->text, "stage.") && !slip_streq(r->text, "stage.plan");
	}
	return false;
}
