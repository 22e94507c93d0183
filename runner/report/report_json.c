/* report.json and outputs.json, by the schemas in docs/formats. */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/json.h"
#include "runner/report/files.h"

static void set_seconds(struct slip_json *obj, const char *key, double seconds)
{
	/* Milliseconds: more digits would only be noise. */
	slip_json_set(obj, key, slip_json_real((double)(int64_t)(seconds * 1000 + 0.5) / 1000));
}

static struct slip_json *step_json(const struct slip_model_step *s)
{
	struct slip_json *obj = slip_json_object();
	slip_json_set_str(obj, "stage", s->stage);
	slip_json_set_int(obj, "step", s->number);
	slip_json_set_str(obj, "text", s->text);
	slip_json_set_str(obj, "status", s->status);
	slip_json_set_str(obj, "reason", s->reason);
	set_seconds(obj, "start", s->start);
	set_seconds(obj, "seconds", s->seconds);
	set_seconds(obj, "prepareSeconds", s->prepare);
	set_seconds(obj, "commandSeconds", s->command);
	slip_json_set_int(obj, "bytes", s->bytes);
	slip_json_set_str(obj, "digest", s->digest);
	if (s->line > 0)
		slip_json_set_int(obj, "line", s->line);
	return obj;
}

static struct slip_json *map_json(const struct slip_map *m)
{
	struct slip_json *obj = slip_json_object();
	for (size_t i = 0; i < m->n; i++)
		slip_json_set_str(obj, m->entries[i].key, m->entries[i].value);
	return obj;
}

static void set_builds(struct slip_json *obj, const struct slip_model_stage *s)
{
	struct slip_json *images = slip_json_array(), *steps = slip_json_array();
	for (size_t i = 0; i < s->n_images; i++) {
		struct slip_json *image = slip_json_object();
		slip_json_set_str(image, "ref", s->images[i].ref);
		slip_json_set_str(image, "digest", s->images[i].digest);
		slip_json_append(images, image);
	}
	for (size_t i = 0; i < s->n_steps; i++)
		slip_json_append(steps, step_json(&s->steps[i]));
	slip_json_set(obj, "images", images);
	struct slip_json *cache = slip_json_object();
	slip_json_set_int(cache, "hits", s->hits);
	slip_json_set_int(cache, "misses", s->misses);
	slip_json_set(obj, "cache", cache);
	slip_json_set_int(obj, "pulledBytes", s->pulled);
	slip_json_set_int(obj, "pushedBytes", s->pushed);
	slip_json_set(obj, "steps", steps);
}

static struct slip_json *stage_json(const struct slip_model_stage *s)
{
	struct slip_json *obj = slip_json_object();
	slip_json_set_str(obj, "name", s->name);
	slip_json_set_str(obj, "id", s->id);
	slip_json_set_str(obj, "kind", s->kind);
	slip_json_set_str(obj, "text", s->text);
	slip_json_set_str(obj, "file", s->file);
	slip_json_set_str(obj, "status", s->status);
	slip_json_set_str(obj, "error", s->error);
	slip_json_set_str(obj, "errorClass", s->error_class);
	if (s->failure_file) {
		struct slip_json *at = slip_json_object();
		slip_json_set_str(at, "file", s->failure_file);
		slip_json_set_int(at, "line", s->failure_line);
		slip_json_set(obj, "failedAt", at);
	}
	slip_json_set_int(obj, "exitStatus", s->exit_status);
	slip_json_set_int(obj, "attempts", s->attempts);
	set_seconds(obj, "start", s->start);
	set_seconds(obj, "seconds", s->seconds);
	slip_json_set(obj, "outputs", map_json(&s->outputs));
	slip_json_set(obj, "artifacts", slip_json_strings(&s->artifacts));
	if (s->n_steps || s->n_images)
		set_builds(obj, s);
	if (s->error)
		slip_json_set(obj, "tail", slip_json_strings(&s->tail));
	return obj;
}

static struct slip_json *findings_json(const struct slip_model *m)
{
	struct slip_json *list = slip_json_array();
	for (size_t i = 0; i < m->n_findings; i++) {
		const struct slip_model_finding *f = &m->findings[i];
		struct slip_json *obj = slip_json_object();
		slip_json_set_str(obj, "rule", f->rule);
		slip_json_set_str(obj, "severity", f->is_error ? "error" : "warning");
		slip_json_set_str(obj, "message", f->message);
		slip_json_set_str(obj, "file", f->file);
		slip_json_set_int(obj, "line", f->line);
		if (f->col > 0)
			slip_json_set_int(obj, "col", f->col);
		slip_json_append(list, obj);
	}
	return list;
}

void slip_report_json(const struct slip_model *m, struct slip_buf *out)
{
	char began[SLIP_RFC3339_SIZE];
	slip_clock_rfc3339(m->began, began);
	slip_autojson *obj = slip_json_object();
	slip_json_set_int(obj, "version", 1);
	slip_json_set_str(obj, "name", m->name);
	slip_json_set_str(obj, "provider", m->provider);
	slip_json_set_str(obj, "commit", m->commit);
	slip_json_set_str(obj, "status", m->status);
	slip_json_set_int(obj, "exitStatus", m->exit_status);
	slip_json_set_str(obj, "began", began);
	set_seconds(obj, "seconds", m->seconds);
	slip_json_set_str(obj, "error", m->error);
	slip_json_set_int(obj, "warnings", (int64_t)m->warnings);
	struct slip_json *stages = slip_json_array();
	for (size_t i = 0; i < m->n; i++)
		slip_json_append(stages, stage_json(m->stages[i]));
	slip_json_set(obj, "findings", findings_json(m));
	slip_json_set(obj, "stages", stages);
	slip_autofree char *text = slip_json_print_pretty(obj);
	slip_buf_add_str(out, text);
}

void slip_report_outputs_json(const struct slip_model *m, struct slip_buf *out)
{
	slip_autojson *obj = slip_json_object();
	for (size_t i = 0; i < m->n; i++) {
		if (m->stages[i]->outputs.n)
			slip_json_set(obj, m->stages[i]->id, map_json(&m->stages[i]->outputs));
	}
	slip_autofree char *text = slip_json_print_pretty(obj);
	slip_buf_add_str(out, text);
}
