#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/print.h"
#include "runner/dockerfile/scope.h"
#include "runner/dockerfile/values.h"
#include "steps/build/evaluate.h"

static void history(struct slip_eval *ev, struct slip_buf *text)
{
	slip_eval_history(ev, slip_buf_take(text), true);
}

static void text_init(struct slip_buf *text, const char *keyword)
{
	slip_buf_init(text, SLIP_MAX_EXPANDED * 4);
	slip_buf_add_str(text, keyword);
}

/* All pairs of one instruction see the variables as they were before it. */
static int expand_pairs(struct slip_eval *ev, struct slip_map *out, struct slip_err *err)
{
	const struct slip_pairs *pairs = &ev->instr->pairs;
	for (size_t i = 0; i < pairs->n; i++) {
		slip_autofree char *key = NULL, *value = NULL;
		if (slip_expand_word(&ev->expand, pairs->v[i].key, &key, err) < 0 ||
			slip_expand_word(&ev->expand, pairs->v[i].value, &value, err) < 0)
			return -1;
		if (!*key)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s names can not be blank",
				slip_instr_name(ev->instr->kind));
		slip_smap_set(out, key, value);
	}
	return 0;
}

static int eval_pairs(struct slip_eval *ev, struct slip_err *err)
{
	bool env = ev->instr->kind == SLIP_I_ENV;
	slip_automap pairs;
	slip_smap_init(&pairs);
	if (expand_pairs(ev, &pairs, err) < 0)
		return -1;
	struct slip_buf text;
	text_init(&text, env ? "ENV" : "LABEL");
	for (size_t i = 0; i < pairs.n; i++) {
		const char *key = pairs.entries[i].key, *value = pairs.entries[i].value;
		slip_buf_addf(&text, " %s=%s", key, value);
		if (!env) {
			slip_smap_set(&ev->stage->image.labels, key, value);
			continue;
		}
		slip_image_env_set(&ev->stage->image, key, value);
		slip_smap_set(&ev->stage->vars, key, value);
	}
	history(ev, &text);
	return 0;
}

/* --build-arg, then the default, then the global ARG, then the platform's value. */
static int arg_value(
	struct slip_eval *ev, const struct slip_arg *arg, char **value, struct slip_err *err)
{
	const char *given = slip_smap_get(&ev->builder->build_args, arg->name);
	if (given) {
		*value = slip_xstrdup(given);
		return 0;
	}
	if (arg->value)
		return slip_expand_word(&ev->expand, arg->value, value, err);
	*value = slip_xstrdup(slip_smap_get(&ev->builder->globals, arg->name));
	return 0;
}

static int eval_arg(struct slip_eval *ev, struct slip_err *err)
{
	struct slip_buf text;
	text_init(&text, "ARG");
	for (size_t i = 0; i < ev->instr->args.n; i++) {
		const struct slip_arg *arg = &ev->instr->args.v[i];
		slip_autofree char *value = NULL;
		if (arg_value(ev, arg, &value, err) < 0) {
			slip_buf_release(&text);
			return -1;
		}
		slip_buf_addf(&text, " %s", arg->name);
		slip_smap_set(&ev->stage->args, arg->name, "");
		if (!value)
			continue;
		slip_buf_addf(&text, "=%s", value);
		slip_smap_set(&ev->stage->vars, arg->name, value);
	}
	history(ev, &text);
	return 0;
}

static int eval_cmd(struct slip_eval *ev, struct slip_err *err)
{
	(void)err;
	slip_autostrv argv = {0};
	slip_eval_command(ev, &ev->instr->cmd, &argv);
	struct slip_image *image = &ev->stage->image;
	struct slip_buf text;
	bool cmd = ev->instr->kind == SLIP_I_CMD;
	text_init(&text, cmd ? "CMD " : "ENTRYPOINT ");
	slip_print_quoted_list(&text, &argv);
	if (cmd) {
		slip_image_set_cmd(image, &argv);
		image->args_escaped = true;
		ev->stage->has_cmd = true;
	} else {
		slip_image_set_entrypoint(image, argv.n ? &argv : NULL);
		/* An inherited CMD was meant for the inherited entrypoint. */
		if (!ev->stage->has_cmd)
			slip_image_set_cmd(image, NULL);
	}
	history(ev, &text);
	return 0;
}

static int eval_expose(struct slip_eval *ev, struct slip_err *err)
{
	slip_autostrv words = {0}, ports = {0};
	for (size_t i = 0; i < ev->instr->words.n; i++) {
		if (slip_expand_words(&ev->expand, ev->instr->words.v[i], &words, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < words.n; i++) {
		if (slip_expose_parse(words.v[i], &ports, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < ports.n; i++)
		slip_image_add_port(&ev->stage->image, ports.v[i]);
	struct slip_buf text;
	text_init(&text, "EXPOSE ");
	slip_print_list(&text, &ports);
	history(ev, &text);
	return 0;
}

static int eval_volume(struct slip_eval *ev, struct slip_err *err)
{
	slip_autostrv paths = {0};
	for (size_t i = 0; i < ev->instr->words.n; i++) {
		char *path = NULL;
		if (slip_expand_word(&ev->expand, ev->instr->words.v[i], &path, err) < 0)
			return -1;
		slip_strv_take(&paths, path);
		if (!*path)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"VOLUME specified can not be an empty string");
	}
	for (size_t i = 0; i < paths.n; i++)
		slip_image_add_volume(&ev->stage->image, paths.v[i]);
	struct slip_buf text;
	text_init(&text, "VOLUME ");
	slip_print_list(&text, &paths);
	history(ev, &text);
	return 0;
}

static void replace(char **field, const char *value)
{
	free(*field);
	*field = slip_xstrdup(value);
}

/* USER and STOPSIGNAL: one expanded word each; MAINTAINER: the text as it is. */
static int eval_word(struct slip_eval *ev, struct slip_err *err)
{
	struct slip_image *image = &ev->stage->image;
	slip_autofree char *word = NULL;
	if (ev->instr->kind == SLIP_I_MAINTAINER)
		word = slip_xstrdup(ev->instr->word);
	else if (slip_expand_word(&ev->expand, ev->instr->word, &word, err) < 0)
		return -1;
	if (ev->instr->kind == SLIP_I_STOPSIGNAL && slip_signal_check(word, err) < 0)
		return -1;
	char **field = ev->instr->kind == SLIP_I_USER	      ? &image->user
		       : ev->instr->kind == SLIP_I_STOPSIGNAL ? &image->stop_signal
							      : &image->author;
	replace(field, word);
	struct slip_buf text;
	text_init(&text, slip_instr_name(ev->instr->kind));
	slip_buf_addf(&text, " %s", word);
	history(ev, &text);
	return 0;
}

static int eval_shell(struct slip_eval *ev, struct slip_err *err)
{
	(void)err;
	slip_strv_copy(&ev->stage->image.shell, &ev->instr->words);
	struct slip_buf text;
	text_init(&text, "SHELL ");
	slip_print_list(&text, &ev->instr->words);
	history(ev, &text);
	return 0;
}

static int eval_healthcheck(struct slip_eval *ev, struct slip_err *err)
{
	(void)err;
	const struct slip_healthcheck *hc = &ev->instr->healthcheck;
	struct slip_image_healthcheck check = {
		.interval = hc->interval,
		.timeout = hc->timeout,
		.start_period = hc->start_period,
		.start_interval = hc->start_interval,
		.retries = hc->retries,
	};
	slip_healthcheck_test(hc, &check.test);
	slip_image_set_healthcheck(&ev->stage->image, &check);
	slip_strv_release(&check.test);
	struct slip_buf text;
	text_init(&text, "HEALTHCHECK ");
	slip_print_healthcheck(&text, hc);
	history(ev, &text);
	return 0;
}

/* No history entry, as in BuildKit. */
static int eval_onbuild(struct slip_eval *ev, struct slip_err *err)
{
	(void)err;
	slip_strv_add(&ev->stage->image.onbuild, ev->instr->trigger);
	return 0;
}

typedef int eval_fn(struct slip_eval *ev, struct slip_err *err);

static eval_fn *const handlers[SLIP_I_COUNT] = {
	[SLIP_I_ARG] = eval_arg,
	[SLIP_I_CMD] = eval_cmd,
	[SLIP_I_ENTRYPOINT] = eval_cmd,
	[SLIP_I_ENV] = eval_pairs,
	[SLIP_I_EXPOSE] = eval_expose,
	[SLIP_I_HEALTHCHECK] = eval_healthcheck,
	[SLIP_I_LABEL] = eval_pairs,
	[SLIP_I_MAINTAINER] = eval_word,
	[SLIP_I_ONBUILD] = eval_onbuild,
	[SLIP_I_SHELL] = eval_shell,
	[SLIP_I_STOPSIGNAL] = eval_word,
	[SLIP_I_USER] = eval_word,
	[SLIP_I_VOLUME] = eval_volume,
};

int slip_eval_config(struct slip_eval *ev, struct slip_err *err)
{
	if (!handlers[ev->instr->kind])
		slip_bug("no evaluation for %s", slip_instr_name(ev->instr->kind));
	return handlers[ev->instr->kind](ev, err);
}
