/*
 * The Dockerfile parser; the expansion of every word it finds, with names that have values made of
 * the input; mounts, modes, ports and signals; and the input as an ONBUILD trigger.
 */
#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/expand.h"
#include "runner/dockerfile/mode.h"
#include "runner/dockerfile/mount.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/print.h"
#include "runner/dockerfile/scope.h"
#include "runner/dockerfile/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *ctx, const char *name)
{
	if (name[0] == 'E')
		return "";
	return name[0] == 'A' ? ctx : NULL;
}

static void try_word(const struct slip_expand *x, const char *word)
{
	slip_autostrv words = {0};
	slip_autofree char *value = NULL;
	slip_autofree char *body = NULL;
	struct slip_mode mode;

	if (!word)
		return;
	if (slip_expand_words(x, word, &words, NULL) < 0)
		slip_strv_clear(&words);
	if (slip_expand_heredoc(x, word, &body, NULL) < 0 ||
		slip_expand_word(x, word, &value, NULL) < 0)
		return;
	if (slip_mode_parse(value, &mode, NULL) == 0 && slip_mode_apply(&mode, 0644, true) > 07777)
		abort();
	if (slip_expose_parse(value, &words, NULL) < 0 && slip_signal_check(value, NULL) == 0 &&
		strlen(value) > 16)
		abort();
}

static void try_instr(const struct slip_expand *x, const struct slip_instr *instr)
{
	slip_autobuf label = {0};
	struct slip_mount mount;

	slip_buf_init(&label, SLIP_MAX_EXPANDED);
	slip_print_label(&label, instr);
	if (strchr(label.data, '\n'))
		abort();
	if (instr->kind == SLIP_I_COPY || instr->kind == SLIP_I_ADD) {
		for (size_t i = 0; i < instr->copy.sources.n; i++)
			try_word(x, instr->copy.sources.v[i]);
		try_word(x, instr->copy.dest);
		try_word(x, instr->copy.chmod);
	} else if (instr->kind == SLIP_I_ENV || instr->kind == SLIP_I_LABEL) {
		for (size_t i = 0; i < instr->pairs.n; i++)
			try_word(x, instr->pairs.v[i].value);
	} else if (instr->kind == SLIP_I_EXPOSE || instr->kind == SLIP_I_VOLUME) {
		for (size_t i = 0; i < instr->words.n; i++)
			try_word(x, instr->words.v[i]);
	} else if (instr->kind == SLIP_I_WORKDIR || instr->kind == SLIP_I_STOPSIGNAL) {
		try_word(x, instr->word);
	} else if (instr->kind == SLIP_I_RUN) {
		for (size_t i = 0; i < instr->run.mounts.n; i++) {
			if (slip_mount_parse(instr->run.mounts.v[i], x, &mount, NULL) == 0)
				slip_mount_release(&mount);
		}
	}
}

static void try_file(const struct slip_expand *x, const struct slip_dockerfile *df)
{
	slip_autobuf dump = {0};
	size_t index;

	slip_buf_init(&dump, 32 * SLIP_MAX_DOCKERFILE);
	slip_dockerfile_dump(df, &dump);
	for (size_t i = 0; i < df->n_stages; i++) {
		const struct slip_stage *stage = &df->stages[i];
		try_word(x, stage->base);
		if (slip_stage_find_base(df, i, stage->base) != SLIP_STAGE_NONE &&
			slip_stage_find_copy(df, i, stage->base, &index, NULL) == 0 &&
			index != SLIP_STAGE_NONE && index >= i)
			abort();
		for (size_t k = 0; k < stage->instrs.n; k++)
			try_instr(x, &stage->instrs.v[k]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slip_autofree char *text = slip_xmemdup(data, size);
	slip_autodockerfile *df = NULL;
	struct slip_instr *trigger = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	const struct slip_expand x = {.lookup = lookup, .ctx = text, .escape = '\\'};

	if (slip_dockerfile_parse(text, size, "Dockerfile", &df, &err) == 0) {
		const struct slip_expand own = {
			.lookup = lookup, .ctx = text, .escape = df->escape};
		try_file(&own, df);
	} else if (!slip_err_is(&err, SLIP_E_DOCKERFILE) ||
		   !slip_starts_with(err.msg, "Dockerfile")) {
		abort();
	}
	if (slip_dockerfile_parse_trigger(text, &trigger, NULL) == 0)
		try_instr(&x, trigger);
	slip_instr_free(trigger);
	try_word(&x, text);
	return 0;
}
