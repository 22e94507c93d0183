#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/dockerfile/scope.h"
#include "steps/build/evaluate.h"

static int unsupported(const char *what, const char *instead, struct slip_err *err)
{
	return slip_err_set(
		err, SLIP_E_DOCKERFILE, 0, "%s is not supported yet; %s", what, instead);
}

static const char *current_dir(const struct slip_build_stage *s)
{
	return s->image.working_dir && *s->image.working_dir ? s->image.working_dir : "/";
}

/* --- RUN ----------------------------------------------------------------------------------------
 */

/* Given in one case, a proxy is set in both; given in both, the lower-case value counts. */
static const char *proxy_value(const struct slip_build_stage *s, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; slip_proxy_args[i]; i++) {
		const char *given = slip_smap_get(&s->builder->build_args, slip_proxy_args[i]);
		if (given && strcasecmp(slip_proxy_args[i], name) == 0)
			value = given; /* the table has the lower-case name last */
	}
	return value;
}

static void add_env(const struct slip_build_stage *s, struct slip_run_step *run)
{
	for (size_t i = 0; i < s->vars.n; i++)
		slip_strv_addf(&run->key_env, "%s=%s", s->vars.entries[i].key,
			(const char *)s->vars.entries[i].value);
	slip_strv_copy(&run->env, &run->key_env);
	/* Proxies reach the command without being part of the image or of a key. */
	for (size_t i = 0; slip_proxy_args[i]; i++) {
		const char *name = slip_proxy_args[i];
		const char *value = proxy_value(s, name);
		if (value && !slip_map_has(&s->vars, name))
			slip_strv_addf(&run->env, "%s=%s", name, value);
	}
}

static const char *variable(const struct slip_build_stage *s, const char *name)
{
	const char *value = slip_smap_get(&s->vars, name);
	return value ? value : "";
}

static char *run_history(const struct slip_build_stage *s, const struct slip_run_step *run)
{
	struct slip_buf text;
	slip_buf_init(&text, SLIP_MAX_EXPANDED * 4);
	slip_buf_add_str(&text, "RUN");
	if (s->args.n) {
		slip_buf_addf(&text, " |%zu", s->args.n);
		for (size_t i = 0; i < s->args.n; i++)
			slip_buf_addf(&text, " %s=%s", s->args.entries[i].key,
				variable(s, s->args.entries[i].key));
	}
	for (size_t i = 0; i < run->argv.n; i++)
		slip_buf_addf(&text, " %s", run->argv.v[i]);
	slip_buf_add_str(&text, " # buildkit");
	return slip_buf_take(&text);
}

static int check_run_flags(const struct slip_run *run, struct slip_err *err)
{
	if (run->mounts.n)
		return unsupported("RUN --mount", "copy what the command needs", err);
	if (run->devices.n)
		return unsupported("RUN --device", "remove the flag", err);
	if (run->insecure)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"--security=insecure is refused: a Dockerfile may not lower the isolation");
	return 0;
}

int slip_eval_run(struct slip_eval *ev, struct slip_err *err)
{
	const struct slip_run *instr = &ev->instr->run;
	if (check_run_flags(instr, err) < 0)
		return -1;
	struct slip_build_stage *s = ev->stage;
	struct slip_step *step = slip_eval_step(ev, SLIP_STEP_RUN);
	struct slip_run_step *run = &step->run;
	slip_eval_command(ev, &instr->cmd, &run->argv);
	if (instr->cmd.form == SLIP_FORM_SCRIPT) {
		run->script = slip_xstrdup(instr->cmd.text);
		slip_autofree char *path =
			slip_path_join(SLIP_SCRIPT_DIR, ev->instr->heredocs[0].name);
		run->script_path = slip_xstrdup(path + strlen("/dev/"));
		slip_strv_add(&run->argv, path);
	}
	add_env(s, run);
	run->cwd = slip_path_clean(current_dir(s));
	run->user = slip_xstrdup(s->image.user ? s->image.user : "");
	run->no_network = instr->network == SLIP_RUN_NET_NONE;
	step->history = slip_eval_history(ev, run_history(s, run), false);
	return 0;
}

/* --- WORKDIR ------------------------------------------------------------------------------------
 */

int slip_eval_workdir(struct slip_eval *ev, struct slip_err *err)
{
	struct slip_build_stage *s = ev->stage;
	slip_autofree char *word = NULL;
	if (slip_expand_word(&ev->expand, ev->instr->word, &word, err) < 0)
		return -1;
	slip_autofree char *path =
		*word == '/' ? slip_xstrdup(word) : slip_path_join(current_dir(s), word);
	slip_autofree char *clean = slip_path_clean(path);
	bool is_root = slip_streq(clean, "/");
	free(s->image.working_dir);
	s->image.working_dir = slip_xstrdup(path);
	size_t at = slip_eval_history(ev, slip_xasprintf("WORKDIR %s", path), is_root);
	if (is_root)
		return 0;
	struct slip_step *step = slip_eval_step(ev, SLIP_STEP_WORKDIR);
	step->history = at;
	step->workdir.path = slip_steal_ptr(&clean);
	step->workdir.user = slip_xstrdup(s->image.user ? s->image.user : "");
	return 0;
}

/* --- COPY, ADD ----------------------------------------------------------------------------------
 */

static bool is_remote(const char *source)
{
	return slip_starts_with(source, "http://") || slip_starts_with(source, "https://") ||
	       slip_starts_with(source, "git://") || slip_starts_with(source, "ssh://") ||
	       slip_starts_with(source, "git@");
}

static int check_copy_flags(const struct slip_copy *c, struct slip_err *err)
{
	if (c->link)
		return unsupported("--link", "leave it out, the files are the same", err);
	if (c->parents)
		return unsupported("--parents", "write a COPY for each directory", err);
	if (c->checksum)
		return unsupported("--checksum", "it needs a remote source, see below", err);
	if (c->keep_git_dir != SLIP_UNSET)
		return unsupported("--keep-git-dir", "fetch the repository before the build", err);
	return 0;
}

static int expand_sources(struct slip_eval *ev, struct slip_copy_step *c, struct slip_err *err)
{
	const struct slip_strv *sources = &ev->instr->copy.sources;
	for (size_t i = 0; i < sources->n; i++) {
		char *word = NULL;
		if (slip_expand_word(&ev->expand, sources->v[i], &word, err) < 0)
			return -1;
		slip_strv_take(&c->sources, word);
		if (!is_remote(word))
			continue;
		if (!c->is_add)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"source can't be a URL for COPY: %s", word);
		return unsupported(
			"ADD of a remote source", "fetch it before the build, or in a RUN", err);
	}
	return 0;
}

static int expand_files(struct slip_eval *ev, struct slip_copy_step *c, struct slip_err *err)
{
	c->files = slip_xcalloc(ev->instr->n_heredocs + 1, sizeof(*c->files));
	for (size_t i = 0; i < ev->instr->n_heredocs; i++) {
		const struct slip_heredoc *h = &ev->instr->heredocs[i];
		slip_autofree char *body = slip_heredoc_content(h);
		struct slip_inline_file *f = &c->files[c->n_files++];
		f->name = slip_xstrdup(h->name);
		if (!h->expand)
			f->body = slip_steal_ptr(&body);
		else if (slip_expand_heredoc(&ev->expand, body, &f->body, err) < 0)
			return -1;
	}
	return 0;
}

static int expand_dest(struct slip_eval *ev, struct slip_copy_step *c, struct slip_err *err)
{
	slip_autofree char *dest = NULL;
	if (slip_expand_word(&ev->expand, ev->instr->copy.dest, &dest, err) < 0)
		return -1;
	c->dest_is_dir = !*dest || slip_streq(dest, ".") || slip_ends_with(dest, "/") ||
			 slip_ends_with(dest, "/.");
	c->dest = slip_path_join(current_dir(ev->stage), dest);
	c->dest_written = slip_steal_ptr(&dest);
	return 0;
}

/* A flag whose value expands to nothing is one that is not given. */
static int expand_flag(
	struct slip_eval *ev, const char *written, char **value, struct slip_err *err)
{
	if (!written)
		return 0;
	if (slip_expand_word(&ev->expand, written, value, err) < 0)
		return -1;
	if (!**value)
		slip_cleanup_free(value);
	return 0;
}

static int expand_owner_and_mode(
	struct slip_eval *ev, struct slip_copy_step *c, struct slip_err *err)
{
	const struct slip_copy *instr = &ev->instr->copy;
	if (expand_flag(ev, instr->chown, &c->chown, err) < 0 ||
		expand_flag(ev, instr->chmod, &c->chmod_text, err) < 0)
		return -1;
	return c->chmod_text ? slip_mode_parse(c->chmod_text, &c->chmod, err) : 0;
}

static int resolve_from(struct slip_eval *ev, struct slip_copy_step *c, struct slip_err *err)
{
	struct slip_builder *b = ev->builder;
	const char *from = ev->instr->copy.from;
	c->from = SLIP_FROM_CONTEXT;
	if (!from)
		return 0;
	size_t index;
	if (slip_stage_find_copy(b->dockerfile, ev->stage->ast->index, from, &index, err) < 0)
		return -1;
	if (index != SLIP_STAGE_NONE) {
		c->from = SLIP_FROM_STAGE;
		return slip_builder_stage(b, index, &c->from_stage, err);
	}
	if (slip_streq(from, "scratch")) {
		c->from = SLIP_FROM_NOTHING;
		return 0;
	}
	c->from = SLIP_FROM_IMAGE;
	if (slip_base_resolve(b, from, &b->platform, &c->from_base, err) == 0)
		return 0;
	if (strpbrk(from, "/:@.") || slip_err_is(err, SLIP_E_CANCELLED))
		return -1;
	return slip_err_wrap(
		err, "no stage before this one is called \"%s\", and as an image", from);
}

static char *copy_history(const struct slip_copy_step *c)
{
	struct slip_buf text;
	slip_buf_init(&text, SLIP_MAX_EXPANDED * 4);
	slip_buf_add_str(&text, c->is_add ? "ADD" : "COPY");
	if (c->chown)
		slip_buf_addf(&text, " --chown=%s", c->chown);
	if (c->chmod_text)
		slip_buf_addf(&text, " --chmod=%s", c->chmod_text);
	for (size_t i = 0; i < c->sources.n; i++)
		slip_buf_addf(&text, " %s", c->sources.v[i]);
	for (size_t i = 0; i < c->n_files; i++)
		slip_buf_addf(&text, " <<%s", c->files[i].name);
	slip_buf_addf(&text, " %s # buildkit", c->dest_written);
	return slip_buf_take(&text);
}

int slip_eval_copy(struct slip_eval *ev, struct slip_err *err)
{
	if (check_copy_flags(&ev->instr->copy, err) < 0)
		return -1;
	struct slip_step *step = slip_eval_step(ev, SLIP_STEP_COPY);
	struct slip_copy_step *c = &step->copy;
	c->is_add = ev->instr->kind == SLIP_I_ADD;
	c->unpack = c->is_add && ev->instr->copy.unpack != SLIP_FALSE;
	slip_strv_copy(&c->excludes, &ev->instr->copy.excludes);
	if (expand_sources(ev, c, err) < 0 || expand_files(ev, c, err) < 0 ||
		expand_dest(ev, c, err) < 0 || expand_owner_and_mode(ev, c, err) < 0 ||
		resolve_from(ev, c, err) < 0)
		return -1;
	step->history = slip_eval_history(ev, copy_history(c), false);
	return 0;
}
