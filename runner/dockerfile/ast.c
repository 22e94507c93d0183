#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"

#include <limits.h>

const char *slip_instr_name(enum slip_instr_kind kind)
{
	static const char *const names[SLIP_I_COUNT] = {
		[SLIP_I_ADD] = "ADD",
		[SLIP_I_ARG] = "ARG",
		[SLIP_I_CMD] = "CMD",
		[SLIP_I_COPY] = "COPY",
		[SLIP_I_ENTRYPOINT] = "ENTRYPOINT",
		[SLIP_I_ENV] = "ENV",
		[SLIP_I_EXPOSE] = "EXPOSE",
		[SLIP_I_FROM] = "FROM",
		[SLIP_I_HEALTHCHECK] = "HEALTHCHECK",
		[SLIP_I_LABEL] = "LABEL",
		[SLIP_I_MAINTAINER] = "MAINTAINER",
		[SLIP_I_ONBUILD] = "ONBUILD",
		[SLIP_I_RUN] = "RUN",
		[SLIP_I_SHELL] = "SHELL",
		[SLIP_I_STOPSIGNAL] = "STOPSIGNAL",
		[SLIP_I_USER] = "USER",
		[SLIP_I_VOLUME] = "VOLUME",
		[SLIP_I_WORKDIR] = "WORKDIR",
	};

	return kind < SLIP_I_COUNT ? names[kind] : "?";
}

const char *slip_dockerfile_directive(const struct slip_dockerfile *df, const char *name)
{
	for (size_t i = 0; i < df->n_directives; i++) {
		if (slip_streq(df->directives[i].name, name))
			return df->directives[i].value;
	}
	return NULL;
}

/* An excerpt has room for these lines of an instruction, and one above and below. */
#define EXCERPT_LINES 4
#define EXCERPT_COLUMNS 100

static void add_excerpt_line(struct slip_buf *out, struct slip_slice line, int number, bool marked)
{
	size_t n = line.n > EXCERPT_COLUMNS ? EXCERPT_COLUMNS : line.n;

	/* Do not cut a UTF-8 sequence in two. */
	while (n && n < line.n && ((unsigned char)line.s[n] & 0xc0) == 0x80)
		n--;
	slip_buf_addf(out, "\n%s%4d | ", marked ? ">" : " ", number);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line.s[i];
		slip_buf_add_char(out, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : line.s[i]);
	}
	if (n < line.n)
		slip_buf_add_str(out, "...");
}

static void add_excerpt(
	struct slip_buf *out, const struct slip_dockerfile *df, int start_line, int end_line)
{
	struct slip_text_lines in = {.text = df->source, .len = df->source_len};
	struct slip_slice raw;
	int last =
		end_line - start_line < EXCERPT_LINES ? end_line : start_line + EXCERPT_LINES - 1;

	while (in.line <= end_line && slip_text_lines_next(&in, &raw)) {
		bool marked = in.line >= start_line && in.line <= end_line;
		if (in.line == last + 1 && last < end_line)
			slip_buf_add_str(out, "\n>  ... |");
		if (in.line < start_line - 1 || (in.line > last && in.line <= end_line))
			continue;
		add_excerpt_line(out, slip_line_trim(raw), in.line, marked);
	}
}

int slip_dockerfile_locate(
	const struct slip_dockerfile *df, int start_line, int end_line, struct slip_err *err)
{
	slip_autobuf text = {0};

	if (!err)
		return -1;
	struct slip_err inner = *err;
	slip_buf_init(&text, SLIP_ERR_MSG_MAX);
	add_excerpt(&text, df, start_line, end_line);
	slip_err_clear(err);
	slip_err_set(err, inner.code, 0, "%.200s:%d: %.1000s%s", df->name, start_line, inner.msg,
		text.data);
	err->sys = inner.sys;
	err->status = inner.status;
	return -1;
}

int slip_dockerfile_located(
	const char *name, const struct slip_err *err, const char **message, size_t *len)
{
	slip_autofree char *mark = slip_xasprintf("%.200s:", name);
	const char *end = strchrnul(err->msg, '\n'); /* of what comes before the excerpt */
	int found = 0;
	for (const char *p = strstr(err->msg, mark); p && p < end; p = strstr(p + 1, mark)) {
		char *after;
		long line = strtol(p + strlen(mark), &after, 10);
		if (line <= 0 || line > INT_MAX || strncmp(after, ": ", 2) != 0)
			continue;
		found = (int)line;
		*message = after + 2;
		*len = (size_t)(end - *message);
	}
	return found;
}

static void release_command(struct slip_command *cmd)
{
	slip_strv_release(&cmd->argv);
	free(cmd->text);
}

static void release_copy(struct slip_copy *copy)
{
	slip_strv_release(&copy->sources);
	slip_strv_release(&copy->excludes);
	free(copy->dest);
	free(copy->from);
	free(copy->chown);
	free(copy->chmod);
	free(copy->checksum);
}

static void release_run(struct slip_run *run)
{
	release_command(&run->cmd);
	slip_strv_release(&run->mounts);
	slip_strv_release(&run->devices);
}

static void release_args(struct slip_args *args)
{
	for (size_t i = 0; i < args->n; i++) {
		free(args->v[i].name);
		free(args->v[i].value);
	}
	free(args->v);
}

static void release_pairs(struct slip_pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		free(pairs->v[i].key);
		free(pairs->v[i].value);
	}
	free(pairs->v);
}

static void release_operands(struct slip_instr *instr)
{
	switch (instr->kind) {
	case SLIP_I_ADD:
	case SLIP_I_COPY:
		release_copy(&instr->copy);
		break;
	case SLIP_I_ARG:
		release_args(&instr->args);
		break;
	case SLIP_I_CMD:
	case SLIP_I_ENTRYPOINT:
		release_command(&instr->cmd);
		break;
	case SLIP_I_ENV:
	case SLIP_I_LABEL:
		release_pairs(&instr->pairs);
		break;
	case SLIP_I_EXPOSE:
	case SLIP_I_SHELL:
	case SLIP_I_VOLUME:
		slip_strv_release(&instr->words);
		break;
	case SLIP_I_HEALTHCHECK:
		release_command(&instr->healthcheck.cmd);
		break;
	case SLIP_I_MAINTAINER:
	case SLIP_I_STOPSIGNAL:
	case SLIP_I_USER:
	case SLIP_I_WORKDIR:
		free(instr->word);
		break;
	case SLIP_I_ONBUILD:
		free(instr->trigger);
		break;
	case SLIP_I_RUN:
		release_run(&instr->run);
		break;
	case SLIP_I_FROM:
	case SLIP_I_COUNT:
		break;
	}
}

void slip_instr_release(struct slip_instr *instr)
{
	release_operands(instr);
	for (size_t i = 0; i < instr->n_heredocs; i++) {
		free(instr->heredocs[i].name);
		free(instr->heredocs[i].body);
	}
	free(instr->heredocs);
	free(instr->keyword);
	free(instr->text);
	free(instr->comment);
	slip_strv_release(&instr->flags);
	*instr = (struct slip_instr){.kind = SLIP_I_COUNT};
}

void slip_instr_free(struct slip_instr *instr)
{
	if (!instr)
		return;
	slip_instr_release(instr);
	free(instr);
}

static void release_instrs(struct slip_instrs *instrs)
{
	for (size_t i = 0; i < instrs->n; i++)
		slip_instr_release(&instrs->v[i]);
	free(instrs->v);
}

static void release_stage(struct slip_stage *stage)
{
	release_instrs(&stage->instrs);
	free(stage->name);
	free(stage->name_raw);
	free(stage->as_raw);
	free(stage->base);
	free(stage->platform);
	free(stage->keyword);
	free(stage->text);
	free(stage->comment);
}

void slip_dockerfile_free(struct slip_dockerfile *df)
{
	if (!df)
		return;
	for (size_t i = 0; i < df->n_directives; i++) {
		free(df->directives[i].name);
		free(df->directives[i].value);
	}
	free(df->directives);
	release_instrs(&df->args);
	for (size_t i = 0; i < df->n_stages; i++)
		release_stage(&df->stages[i]);
	free(df->stages);
	free(df->name);
	free(df->source);
	free(df);
}

void slip_dockerfile_cleanup(struct slip_dockerfile **df)
{
	slip_dockerfile_free(*df);
}
