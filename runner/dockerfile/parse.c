#include "config.h"

#include "runner/dockerfile/parse.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"

#include <ctype.h>
#include <strings.h>

static int check_text(const struct slip_dockerfile *df, int *line, struct slip_err *err)
{
	*line = 1;
	if (!df->source_len)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "the Dockerfile cannot be empty");
	const char *nul = memchr(df->source, '\0', df->source_len);
	if (!nul)
		return 0;
	for (const char *p = df->source; p < nul; p++)
		*line += *p == '\n';
	return slip_err_set(
		err, SLIP_E_DOCKERFILE, 0, "the line holds a NUL byte: this is not a text file");
}

static int stage_name(struct slip_stage *stage, const char *name, struct slip_err *err)
{
	slip_autofree char *lower = slip_xstrdup(name);

	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	size_t n = strspn(lower, "abcdefghijklmnopqrstuvwxyz0123456789-_.");
	if (!islower((unsigned char)*lower) || lower[n])
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid name for build stage: \"%.100s\", name can't start with a number "
			"or contain symbols",
			name);
	stage->name = slip_steal_ptr(&lower);
	stage->name_raw = slip_xstrdup(name);
	return 0;
}

/* Make a stage of a FROM; what it needs of the instruction moves over. */
static int add_stage(struct slip_dockerfile *df, struct slip_instr *from,
	const struct slip_strv *words, struct slip_err *err)
{
	if (words->n != 1 && !(words->n == 3 && strcasecmp(words->v[1], "AS") == 0))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"FROM requires either one or three arguments: FROM IMAGE [AS NAME]");
	df->stages = slip_xreallocarray(df->stages, df->n_stages + 1, sizeof(*df->stages));
	struct slip_stage *stage = &df->stages[df->n_stages];
	*stage = (struct slip_stage){
		.index = df->n_stages,
		.base = slip_xstrdup(words->v[0]),
		.platform = slip_xstrdup(slip_flag_value(&from->flags, "platform")),
		.start_line = from->start_line,
		.end_line = from->end_line,
		.keyword = slip_steal_ptr(&from->keyword),
		.text = slip_steal_ptr(&from->text),
		.comment = slip_steal_ptr(&from->comment),
		.blank_line = from->blank_line,
	};
	df->n_stages++;
	if (words->n == 1)
		return 0;
	stage->as_raw = slip_xstrdup(words->v[1]);
	return stage_name(stage, words->v[2], err);
}

static int place(struct slip_dockerfile *df, struct slip_instr *instr,
	const struct slip_strv *from_words, struct slip_err *err)
{
	if (instr->kind == SLIP_I_FROM)
		return add_stage(df, instr, from_words, err);
	struct slip_instrs *list = &df->args;
	if (df->n_stages)
		list = &df->stages[df->n_stages - 1].instrs;
	else if (instr->kind != SLIP_I_ARG)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"no build stage in current context: only ARG may come before the first "
			"FROM");
	slip_grow(list->v, list->n, &list->cap);
	list->v[list->n++] = *instr;
	*instr = (struct slip_instr){.kind = SLIP_I_COUNT};
	return 0;
}

/* --- reading a file ----------------------------------------------------------------------------
 */

/* With `report`, findings go there and reading goes on; without, the first one ends it. */
struct parser {
	struct slip_dockerfile *df;
	struct slip_text_lines in;
	slip_dockerfile_report *report;
	void *arg;
	bool has_failed;
};

/* The column of a line's first word, from 1. */
static int first_column(const struct slip_dockerfile *df, int line)
{
	const char *p = df->source, *end = df->source + df->source_len;
	for (int n = 1; n < line && p < end; n++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		p = newline ? newline + 1 : end;
	}
	int col = 1;
	for (; p < end && (*p == ' ' || *p == '\t'); p++)
		col++;
	return col;
}

/* err is about these lines. 0: it was reported, go on. */
static int found(struct parser *p, int start_line, int end_line, struct slip_err *err)
{
	bool is_first = !p->has_failed;
	p->has_failed = true;
	if (!p->report)
		return slip_dockerfile_locate(p->df, start_line, end_line, err);
	/* What misses a FROM that was not understood is no finding of its own. */
	if (is_first || p->df->n_stages)
		p->report(p->arg, start_line, first_column(p->df, start_line), err->msg);
	slip_err_clear(err);
	return 0;
}

static int parse_instruction(
	struct parser *p, const struct slip_logical *line, struct slip_err *err)
{
	slip_cleanup(slip_instr_release) struct slip_instr instr = {.kind = SLIP_I_COUNT};
	slip_autostrv from_words = {0};

	if (slip_instr_parse(&instr, line, &p->in, &from_words, err) == 0 &&
		place(p->df, &instr, &from_words, err) == 0)
		return 0;
	return found(p, line->start_line, p->in.line, err);
}

static int parse_lines(struct parser *p, struct slip_err *err)
{
	struct slip_text_lines *in = &p->in;
	for (size_t n = 0;; n++) {
		slip_cleanup(slip_logical_release) struct slip_logical line = {0};
		if (slip_text_lines_logical(in, &line, err) < 0)
			return found(p, in->line, in->line, err);
		if (!line.text && !n) {
			slip_err_set(err, SLIP_E_DOCKERFILE, 0, "file with no instructions");
			return found(p, in->line, in->line, err);
		}
		if (!line.text)
			return 0;
		if (n == SLIP_MAX_DOCKERFILE_INSTRUCTIONS) {
			slip_err_set(err, SLIP_E_DOCKERFILE, 0, "more than %d instructions",
				SLIP_MAX_DOCKERFILE_INSTRUCTIONS);
			return found(p, in->line, in->line, err);
		}
		if (parse_instruction(p, &line, err) < 0)
			return -1;
	}
}

static int parse_source(struct parser *p, struct slip_err *err)
{
	struct slip_dockerfile *df = p->df;
	int line = 1;
	if (check_text(df, &line, err) < 0 ||
		slip_text_lines_directives(&p->in, df, &line, err) < 0)
		return found(p, line, line, err);
	df->escape = p->in.escape;
	if (parse_lines(p, err) < 0)
		return -1;
	if (df->n_stages || p->has_failed)
		return 0;
	slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"dockerfile contains no stages to build: there is no FROM");
	return found(p, p->in.line, p->in.line, err);
}

static int parse(
	struct parser *p, const char *text, size_t len, const char *name, struct slip_err *err)
{
	if (len > SLIP_MAX_DOCKERFILE)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s is larger than %llu bytes", name,
			SLIP_MAX_DOCKERFILE);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	struct slip_dockerfile *df = p->df;
	df->name = slip_xstrdup(name);
	df->source = slip_xmemdup(text, len);
	df->source_len = len;
	p->in = (struct slip_text_lines){.text = df->source, .len = len, .escape = '\\'};
	return parse_source(p, err);
}

int slip_dockerfile_parse(const char *text, size_t len, const char *name,
	struct slip_dockerfile **out, struct slip_err *err)
{
	slip_autodockerfile *df = slip_xcalloc(1, sizeof(*df));
	struct parser p = {.df = df};
	if (parse(&p, text, len, name, err) < 0)
		return -1;
	*out = slip_steal_ptr(&df);
	return 0;
}

int slip_dockerfile_check(const char *text, size_t len, const char *name,
	slip_dockerfile_report *report, void *arg, struct slip_err *err)
{
	slip_autodockerfile *df = slip_xcalloc(1, sizeof(*df));
	struct parser p = {.df = df, .report = report, .arg = arg};
	if (parse(&p, text, len, name, err) < 0)
		return -1;
	return 0;
}

/* --- triggers ----------------------------------------------------------------------------------
 */

static int check_trigger_kind(const char *text, struct slip_err *err)
{
	slip_autofree char *keyword = slip_xstrndup(text, strcspn(text, " \t\v\f\r\n"));
	enum slip_instr_kind kind = slip_instr_kind_of(keyword);

	if (kind == SLIP_I_ONBUILD)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if (kind == SLIP_I_FROM || kind == SLIP_I_MAINTAINER)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"%s isn't allowed as an ONBUILD trigger", slip_instr_name(kind));
	return 0;
}

static int parse_trigger(struct slip_text_lines *in, struct slip_instr *instr, struct slip_err *err)
{
	slip_cleanup(slip_logical_release) struct slip_logical line = {0};
	slip_cleanup(slip_logical_release) struct slip_logical second = {0};
	slip_autostrv unused = {0};

	if (slip_text_lines_logical(in, &line, err) < 0)
		return -1;
	if (!line.text)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "the ONBUILD trigger holds no instruction");
	if (check_trigger_kind(line.text, err) < 0 ||
		slip_instr_parse(instr, &line, in, &unused, err) < 0 ||
		slip_text_lines_logical(in, &second, err) < 0)
		return -1;
	if (second.text)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"the ONBUILD trigger holds more than one instruction");
	return 0;
}

int slip_dockerfile_parse_trigger(const char *text, struct slip_instr **out, struct slip_err *err)
{
	size_t len = strlen(text);
	struct slip_text_lines in = {.text = text, .len = len, .escape = '\\'};

	if (len > SLIP_MAX_DOCKERFILE)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"an ONBUILD trigger is larger than %llu bytes", SLIP_MAX_DOCKERFILE);
	struct slip_instr *instr = slip_xcalloc(1, sizeof(*instr));
	instr->kind = SLIP_I_COUNT;
	if (parse_trigger(&in, instr, err) < 0) {
		slip_instr_free(instr);
		return -1;
	}
	*out = instr;
	return 0;
}
