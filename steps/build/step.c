#include "config.h"

#include "steps/build/step.h"

static void copy_release(struct slip_copy_step *c)
{
	slip_strv_release(&c->sources);
	slip_strv_release(&c->excludes);
	for (size_t i = 0; i < c->n_files; i++) {
		free(c->files[i].name);
		free(c->files[i].body);
	}
	free(c->files);
	free(c->dest);
	free(c->dest_written);
	free(c->chown);
	free(c->chmod_text);
}

static void run_release(struct slip_run_step *r)
{
	slip_strv_release(&r->argv);
	slip_strv_release(&r->env);
	slip_strv_release(&r->key_env);
	free(r->script);
	free(r->script_path);
	free(r->cwd);
	free(r->user);
}

void slip_step_release(struct slip_step *s)
{
	switch (s->kind) {
	case SLIP_STEP_RUN:
		run_release(&s->run);
		break;
	case SLIP_STEP_COPY:
		copy_release(&s->copy);
		break;
	case SLIP_STEP_WORKDIR:
		free(s->workdir.path);
		free(s->workdir.user);
		break;
	}
	free(s->label);
	slip_layer_release(&s->layer);
}

int slip_step_locate(const struct slip_step *s, struct slip_err *err)
{
	if (s->is_trigger)
		slip_err_wrap(err, "%s", s->label);
	return slip_dockerfile_locate(s->file, s->start_line, s->end_line, err);
}
