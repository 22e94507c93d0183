#include "config.h"

#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/scope.h"

#include <ctype.h>
#include <strings.h>

enum slip_instr_kind slip_instr_kind_of(const char *keyword)
{
	unsigned k = 0;

	while (k < SLIP_I_COUNT &&
		strcasecmp(keyword, slip_instr_name((enum slip_instr_kind)k)) != 0)
		k++;
	return (enum slip_instr_kind)k;
}

static int unknown_instruction(const char *keyword, struct slip_err *err)
{
	const char *names[SLIP_I_COUNT];

	for (unsigned k = 0; k < SLIP_I_COUNT; k++)
		names[k] = slip_instr_name((enum slip_instr_kind)k);
	const char *near = slip_suggest(keyword, names, SLIP_I_COUNT, SLIP_TYPO_REACH);
	if (near)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"unknown instruction: %.100s (did you mean %s?)", keyword, near);
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "unknown instruction: %.100s", keyword);
}

/* The first word of text; *rest is what follows, from its first byte that is not blank. */
static char *take_keyword(const char *text, const char **rest)
{
	const char *end = text;

	while (*end && !slip_is_blank(*end))
		end++;
	*rest = end;
	while (slip_is_blank(**rest))
		(*rest)++;
	return slip_xstrndup(text, (size_t)(end - text));
}

/* Only these three have heredocs, and ONBUILD for the one it holds. */
static int find_openers(enum slip_instr_kind kind, const char *args, char escape,
	struct slip_openers *openers, struct slip_err *err)
{
	slip_autostrv unused = {0};

	if (kind == SLIP_I_ONBUILD) {
		slip_autofree char *keyword = take_keyword(args, &args);
		kind = slip_instr_kind_of(keyword);
		args = slip_flags_take(args, escape, &unused);
	}
	if (kind != SLIP_I_RUN && kind != SLIP_I_COPY && kind != SLIP_I_ADD)
		return 0;
	int json = slip_dockerfile_exec_form(args, &unused, err);
	if (json != 0)
		return json < 0 ? -1 : 0;
	return slip_openers_find(args, openers, err);
}

static int check_flags(const struct slip_instr *instr, const char *args, struct slip_err *err)
{
	if (slip_instr_ignores_flags(instr->kind, args))
		return 0;
	return slip_flags_check(&instr->flags, slip_instr_flags(instr->kind), err);
}

int slip_instr_parse(struct slip_instr *instr, const struct slip_logical *line,
	struct slip_text_lines *in, struct slip_strv *from_words, struct slip_err *err)
{
	slip_autoopeners openers = {0};
	const char *rest;
	slip_autofree char *keyword = take_keyword(line->text, &rest);

	enum slip_instr_kind kind = slip_instr_kind_of(keyword);
	if (kind == SLIP_I_COUNT)
		return unknown_instruction(keyword, err);
	*instr = (struct slip_instr){
		.kind = kind,
		.start_line = line->start_line,
		.end_line = in->line,
		.keyword = slip_steal_ptr(&keyword),
		.comment = slip_xstrdup(line->comment),
		.blank_line = line->blank_line,
	};
	const char *args = slip_flags_take(rest, in->escape, &instr->flags);
	if (check_flags(instr, args, err) < 0 ||
		find_openers(kind, args, in->escape, &openers, err) < 0)
		return -1;
	int ret = slip_heredocs_read(in, &openers, instr, err);
	instr->end_line = in->line;
	if (ret < 0)
		return -1;
	instr->text = slip_heredocs_join(line->text, instr);
	if (kind == SLIP_I_FROM) {
		slip_split_blanks(args, from_words);
		return 0;
	}
	return slip_instr_parse_operands(instr, args, &openers, in->escape, err);
}
