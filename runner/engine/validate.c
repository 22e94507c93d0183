#include "config.h"

#include "runner/engine/validate.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/dockerfile/parse.h"

#include <errno.h>

/* --- reading specs ---------------------------------------------------------------------------- */

struct include_dir {
	int fd;
};

static int read_include(void *arg, const char *path, struct slip_buf *out, struct slip_err *err)
{
	struct include_dir *dir = arg;
	slip_autoclose int fd = -1;
	if (slip_open_in_root(dir->fd, path, O_RDONLY, 0, &fd, err) < 0)
		return -1;
	return slip_read_rest(fd, path, out, err);
}

int slip_validate_read(const char *path, struct slip_pipeline **out, struct slip_diags *diags,
	struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_SPEC);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0) {
		if (err && err->code == SLIP_E_NOTFOUND)
			err->code = SLIP_E_SPEC;
		return -1;
	}
	slip_autofree char *dir = slip_path_dir(path);
	slip_autoclose int fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", dir);
	struct include_dir includes = {fd};
	struct slip_spec_input in = {
		.file = path,
		.text = text.data,
		.len = text.len,
		.include = read_include,
		.include_arg = &includes,
	};
	return slip_pipeline_parse(&in, out, diags, err);
}

/* --- stages ----------------------------------------------------------------------------------- */

/* Keys that say nothing to this kind: better an error than a surprise. */
static void check_command_keys(
	const struct slip_pipeline_stage *s, const struct slip_kind *k, struct slip_diags *diags)
{
	const char *kind = slip_stage_kind_name(s->kind);
	if (slip_value_is_set(&s->container))
		slip_diags_add(diags, s->container.pos,
			"\"container\" is for stages that run a command, not for \"%s\"", kind);
	if (s->secrets.n && !k->takes_secrets)
		slip_diags_add(diags, s->secrets.v[0].pos,
			"\"secrets\" is for stages that run a command; \"%s\" does not take it yet",
			kind);
}

void slip_validate_stage(const struct slip_kind *const *kinds,
	const struct slip_pipeline_stage *stage, struct slip_strv *dockerfiles,
	struct slip_diags *diags)
{
	const struct slip_kind *kind = slip_kind_find(kinds, stage->kind);
	/* The format knows more kinds of stages than this program. */
	if (!kind) {
		slip_diags_add(diags, stage->pos, "\"%s\" stages are not supported in this version",
			slip_stage_kind_name(stage->kind));
		return;
	}
	if (!kind->runs_command)
		check_command_keys(stage, kind, diags);
	struct slip_kind_check check = {stage, dockerfiles, diags};
	if (kind->check)
		kind->check(&check);
}

/* --- files ------------------------------------------------------------------------------------ */

void slip_validation_release(struct slip_validation *v)
{
	slip_diags_release(&v->diags);
	slip_strv_release(&v->files);
}

static int check_stages(
	struct slip_validation *v, const struct slip_pipeline *p, struct slip_err *err)
{
	const struct slip_pipeline_stages *lists[] = {&p->stages, &p->finally};
	slip_autostrv dockerfiles = {0};
	for (size_t l = 0; l < SLIP_ARRAY_LEN(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++)
			slip_validate_stage(v->kinds, &lists[l]->v[i], &dockerfiles, &v->diags);
	}
	for (size_t i = 0; i < dockerfiles.n; i++) {
		if (slip_validate_dockerfile(v, dockerfiles.v[i], err) < 0)
			return -1;
	}
	return 0;
}

int slip_validate_spec(struct slip_validation *v, const char *path, struct slip_err *err)
{
	slip_autopipeline *p = NULL;
	size_t before = v->diags.n + v->diags.dropped;
	slip_strv_add(&v->files, path);
	if (slip_validate_read(path, &p, &v->diags, err) < 0) {
		if (v->diags.n + v->diags.dropped == before)
			return -1;
		slip_err_clear(err);
		return 0;
	}
	int rc = check_stages(v, p, err);
	slip_diags_sort(&v->diags);
	return rc;
}

struct place {
	const char *file;
	struct slip_diags *diags;
};

static void report(void *arg, int line, int col, const char *message)
{
	const struct place *place = arg;
	struct slip_pos pos = {place->file, (unsigned)line, (unsigned)col};
	slip_diags_add(place->diags, pos, "%s", message);
}

int slip_validate_dockerfile(struct slip_validation *v, const char *path, struct slip_err *err)
{
	struct place place = {path, &v->diags};
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKERFILE);
	if (slip_strv_has(&v->files, path))
		return 0;
	slip_strv_add(&v->files, path);
	if (slip_read_file(AT_FDCWD, path, &text, err) < 0)
		return -1;
	return slip_dockerfile_check(text.data, text.len, path, report, &place, err);
}
