#include "config.h"

#include "runner/spec/spec.h"

#include "runner/base/limits.h"
#include "runner/spec/spec_internal.h"

/* One reading: all files stay until the checks have found their positions in them. */
struct reading {
	const struct slip_spec_input *in;
	struct slip_pipeline *pipeline;
	struct slip_diags *diags;
	struct slip_yaml docs[SLIP_MAX_SPEC_FILES]; /* one per pipeline->files */
};

static struct slip_pos start_of(const char *file)
{
	return (struct slip_pos){.file = file, .line = 1, .col = 1};
}

static void check_version(struct reading *r, const struct slip_value *version)
{
	if (!version->text || slip_yaml_resolve(version->text) != SLIP_YAML_INT ||
		version->num == SLIP_SPEC_VERSION)
		return;
	slip_diags_add(
		r->diags, version->pos, "version %s of the spec is not known", version->text);
	slip_diags_hint(r->diags, "this program reads version %d", SLIP_SPEC_VERSION);
}

/* Read one file into *out; false when its YAML is broken. */
static bool read_file(struct reading *r, const char *name, const char *text, size_t len,
	struct slip_pipeline *out)
{
	struct slip_strv *files = &r->pipeline->files;
	slip_strv_add(files, name);
	const char *file = files->v[files->n - 1];
	struct slip_yaml *doc = &r->docs[files->n - 1];
	if (slip_yaml_parse(text, len, file, doc, r->diags, NULL) < 0)
		return false;
	if (!doc->root) {
		slip_diags_add(r->diags, start_of(file), "the file is empty");
		return false;
	}
	struct slip_decoder d = {.diags = r->diags};
	slip_object_decode(&d, &slip_object_pipeline, doc->root, out);
	check_version(r, &out->version);
	return true;
}

static bool is_read(const struct reading *r, const char *file)
{
	/* The first file has a name of the caller's making; a cycle through it ends at the limit.
	 */
	const struct slip_strv *files = &r->pipeline->files;
	for (size_t i = 1; i < files->n; i++) {
		if (slip_streq(files->v[i], file))
			return true;
	}
	return false;
}

static void include_one(struct reading *r, const struct slip_value *path, struct slip_values *more)
{
	if (is_read(r, path->text))
		return;
	if (!r->in->include) {
		slip_diags_add(r->diags, path->pos, "\"include\" cannot be used here");
		return;
	}
	if (r->pipeline->files.n == SLIP_MAX_SPEC_FILES) {
		slip_diags_add(r->diags, path->pos, "more than %d files are included",
			SLIP_MAX_SPEC_FILES);
		return;
	}
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_SPEC);
	if (r->in->include(r->in->include_arg, path->text, &text, &err) < 0) {
		slip_diags_add(r->diags, path->pos, "%s", err.msg);
		return;
	}
	struct slip_pipeline part = {0};
	if (read_file(r, path->text, text.data, text.len, &part)) {
		*more = part.include;
		part.include.v = NULL;
		part.include.n = 0;
		slip_object_merge(&slip_object_pipeline, r->pipeline, &part);
	}
	slip_object_release(&slip_object_pipeline, &part);
}

/* Included files may include others: a queue, so that depth costs nothing. */
static void include_all(struct reading *r)
{
	struct slip_raw_array queue = {0};
	for (size_t i = 0; i < r->pipeline->include.n; i++) {
		struct slip_value *v = slip_raw_add(&queue, sizeof(*v));
		*v = r->pipeline->include.v[i];
		v->text = slip_xstrdup(v->text);
	}
	/* Taken from the end: the last one merged stands first. */
	while (queue.n > 0) {
		struct slip_value path = ((struct slip_value *)queue.v)[--queue.n];
		struct slip_values more = {0};
		if (r->diags->n == 0)
			include_one(r, &path, &more);
		slip_value_release(&path);
		for (size_t i = 0; i < more.n; i++)
			*(struct slip_value *)slip_raw_add(&queue, sizeof(*more.v)) = more.v[i];
		free(more.v);
	}
	free(queue.v);
}

static void require_stages(struct reading *r)
{
	if (r->pipeline->stages.n > 0 || r->diags->n > 0)
		return;
	slip_diags_add(r->diags, start_of(r->pipeline->files.v[0]), "the spec has no stages");
	slip_diags_hint(r->diags, "add the list \"stages\"");
}

int slip_pipeline_parse(const struct slip_spec_input *in, struct slip_pipeline **out,
	struct slip_diags *diags, struct slip_err *err)
{
	slip_autopipeline *p = slip_xcalloc(1, sizeof(*p));
	slip_autofree struct reading *r = slip_xcalloc(1, sizeof(*r));
	*r = (struct reading){.in = in, .pipeline = p, .diags = diags};
	if (read_file(r, in->file, in->text, in->len, p)) {
		include_all(r);
		require_stages(r);
		struct slip_checker c = {.pipeline = p,
			.diags = diags,
			.docs = r->docs,
			.is_incomplete = diags->n > 0};
		slip_spec_check(&c);
		slip_spec_check_refs(&c);
	}
	for (size_t i = 0; i < p->files.n; i++)
		slip_yaml_release(&r->docs[i]);
	slip_diags_sort(diags);
	if (slip_diags_check(diags, err) < 0)
		return -1;
	*out = slip_steal_ptr(&p);
	return 0;
}

void slip_pipeline_free(struct slip_pipeline *p)
{
	if (!p)
		return;
	slip_object_release(&slip_object_pipeline, p);
	slip_strv_release(&p->files);
	free(p);
}

void slip_pipeline_cleanup(struct slip_pipeline **p)
{
	slip_pipeline_free(*p);
}

void slip_pipeline_stage_release(struct slip_pipeline_stage *s)
{
	slip_object_release(&slip_object_stage, s);
	*s = (struct slip_pipeline_stage){0};
}

const struct slip_value *slip_value_map_get(const struct slip_value_map *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++) {
		if (slip_streq(m->v[i].name.text, name))
			return &m->v[i].value;
	}
	return NULL;
}
