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
	size_t parents[SLIP_MAX_SPEC_FILES]; /* the file that includes this one */
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

/* --- include ---------------------------------------------------------------------------------- */

#define NO_FILE SIZE_MAX

/* An `include` that is still to be read, and the place of the file in `files` that says it. */
struct inclusion {
	struct slip_value path;
	size_t parent;
};

static size_t find_file(const struct reading *r, const char *path)
{
	const struct slip_strv *files = &r->pipeline->files;
	/* The first file has a name of the caller's making; includes name it by its last part. */
	const char *slash = strrchr(files->v[0], '/');
	if (slip_streq(slash ? slash + 1 : files->v[0], path))
		return 0;
	for (size_t i = 1; i < files->n; i++) {
		if (slip_streq(files->v[i], path))
			return i;
	}
	return NO_FILE;
}

/* Is `file` the one at `from`, or one that led to it? *depth counts the files in between. */
static bool led_to(const struct reading *r, size_t file, size_t from, size_t *depth)
{
	for (*depth = 1; from != NO_FILE; from = r->parents[from], ++*depth) {
		if (from == file)
			return true;
	}
	return false;
}

/* Must this file be read? False when it was, or when it must not be, which is a finding. */
static bool is_new(struct reading *r, const struct inclusion *in)
{
	size_t depth, known = find_file(r, in->path.text);
	struct slip_pos pos = in->path.pos;
	if (led_to(r, known, in->parent, &depth)) {
		slip_diags_add(r->diags, pos, "\"%s\" includes itself%s%s", in->path.text,
			known == in->parent ? "" : ", by way of ",
			known == in->parent ? "" : r->pipeline->files.v[in->parent]);
		return false;
	}
	if (known != NO_FILE)
		return false;
	if (!r->in->include)
		slip_diags_add(r->diags, pos, "\"include\" cannot be used here");
	else if (r->pipeline->files.n == SLIP_MAX_SPEC_FILES)
		slip_diags_add(
			r->diags, pos, "more than %d files are included", SLIP_MAX_SPEC_FILES);
	else if (depth > SLIP_MAX_SPEC_INCLUDE_DEPTH)
		slip_diags_add(r->diags, pos, "files include each other more than %d deep",
			SLIP_MAX_SPEC_INCLUDE_DEPTH);
	else
		return true;
	return false;
}

/* *more takes what the file includes itself. */
static void include_one(
	struct reading *r, const struct inclusion *in, struct slip_values *more, size_t *file)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_SPEC);
	if (r->in->include(r->in->include_arg, in->path.text, &text, &err) < 0) {
		slip_diags_add(r->diags, in->path.pos, "%s", err.msg);
		return;
	}
	struct slip_pipeline part = {0};
	*file = r->pipeline->files.n;
	r->parents[*file] = in->parent;
	if (read_file(r, in->path.text, text.data, text.len, &part)) {
		*more = part.include;
		part.include.v = NULL;
		part.include.n = 0;
		slip_object_merge(&slip_object_pipeline, r->pipeline, &part);
	}
	slip_object_release(&slip_object_pipeline, &part);
}

static void push_inclusion(struct slip_raw_array *stack, struct slip_value path, size_t parent)
{
	*(struct inclusion *)slip_raw_add(stack, sizeof(struct inclusion)) =
		(struct inclusion){path, parent};
}

/* Depth first, with a stack of our own. Taken from the end: the last one merged stands first. */
static void include_all(struct reading *r)
{
	struct slip_raw_array stack = {0};
	for (size_t i = 0; i < r->pipeline->include.n; i++) {
		struct slip_value v = r->pipeline->include.v[i];
		v.text = slip_xstrdup(v.text);
		push_inclusion(&stack, v, 0);
	}
	while (stack.n > 0) {
		struct inclusion next = ((struct inclusion *)stack.v)[--stack.n];
		struct slip_values more = {0};
		size_t file = 0;
		if (r->diags->n == 0 && is_new(r, &next))
			include_one(r, &next, &more, &file);
		slip_value_release(&next.path);
		for (size_t i = 0; i < more.n; i++)
			push_inclusion(&stack, more.v[i], file);
		free(more.v);
	}
	free(stack.v);
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
	*r = (struct reading){.in = in, .pipeline = p, .diags = diags, .parents = {NO_FILE}};
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
