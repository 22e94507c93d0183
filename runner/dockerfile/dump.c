#include "config.h"

#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/print.h"

/* "\t<what> <quoted>"; nothing for NULL. */
static void fact(struct slip_buf *out, const char *what, const char *value)
{
	if (!value)
		return;
	slip_buf_addf(out, "\t%s ", what);
	slip_print_quoted(out, value);
	slip_buf_add_char(out, '\n');
}

static void facts(struct slip_buf *out, const char *what, const struct slip_strv *values)
{
	for (size_t i = 0; i < values->n; i++)
		fact(out, what, values->v[i]);
}

static void flag(struct slip_buf *out, const char *what, bool is_set)
{
	if (is_set)
		slip_buf_addf(out, "\t%s\n", what);
}

static void tristate(struct slip_buf *out, const char *what, enum slip_tristate value)
{
	if (value != SLIP_UNSET)
		slip_buf_addf(out, "\t%s %s\n", what, value == SLIP_TRUE ? "true" : "false");
}

static void dump_command(struct slip_buf *out, const struct slip_command *cmd)
{
	static const char *const forms[] = {
		[SLIP_FORM_SHELL] = "shell",
		[SLIP_FORM_EXEC] = "exec",
		[SLIP_FORM_SCRIPT] = "script",
	};

	if (cmd->form != SLIP_FORM_EXEC) {
		fact(out, forms[cmd->form], cmd->text);
		return;
	}
	slip_buf_add_str(out, "\texec ");
	slip_print_quoted_list(out, &cmd->argv);
	slip_buf_add_char(out, '\n');
}

static void dump_copy(struct slip_buf *out, const struct slip_copy *copy)
{
	facts(out, "source", &copy->sources);
	fact(out, "dest", copy->dest);
	fact(out, "from", copy->from);
	fact(out, "chown", copy->chown);
	fact(out, "chmod", copy->chmod);
	fact(out, "checksum", copy->checksum);
	facts(out, "exclude", &copy->excludes);
	flag(out, "link", copy->link);
	flag(out, "parents", copy->parents);
	tristate(out, "keep-git-dir", copy->keep_git_dir);
	tristate(out, "unpack", copy->unpack);
}

static void dump_args(struct slip_buf *out, const struct slip_args *args)
{
	for (size_t i = 0; i < args->n; i++) {
		slip_buf_add_str(out, "\targ ");
		slip_print_quoted(out, args->v[i].name);
		if (args->v[i].value) {
			slip_buf_add_str(out, " = ");
			slip_print_quoted(out, args->v[i].value);
		}
		slip_buf_add_char(out, '\n');
	}
}

static void dump_pairs(struct slip_buf *out, const struct slip_pairs *pairs)
{
	flag(out, "legacy", pairs->legacy);
	for (size_t i = 0; i < pairs->n; i++) {
		slip_buf_add_str(out, "\tpair ");
		slip_print_quoted(out, pairs->v[i].key);
		slip_buf_add_str(out, " = ");
		slip_print_quoted(out, pairs->v[i].value);
		slip_buf_add_char(out, '\n');
	}
}

static void dump_healthcheck(struct slip_buf *out, const struct slip_healthcheck *hc)
{
	slip_buf_add_char(out, '\t');
	slip_print_healthcheck(out, hc);
	slip_buf_add_char(out, '\n');
}

static void dump_run(struct slip_buf *out, const struct slip_run *run)
{
	static const char *const networks[] = {
		[SLIP_RUN_NET_DEFAULT] = NULL,
		[SLIP_RUN_NET_NONE] = "none",
		[SLIP_RUN_NET_HOST] = "host",
	};

	dump_command(out, &run->cmd);
	facts(out, "mount", &run->mounts);
	facts(out, "device", &run->devices);
	fact(out, "network", networks[run->network]);
	flag(out, "insecure", run->insecure);
}

static void dump_operands(struct slip_buf *out, const struct slip_instr *instr)
{
	switch (instr->kind) {
	case SLIP_I_ADD:
	case SLIP_I_COPY:
		dump_copy(out, &instr->copy);
		break;
	case SLIP_I_ARG:
		dump_args(out, &instr->args);
		break;
	case SLIP_I_CMD:
	case SLIP_I_ENTRYPOINT:
		dump_command(out, &instr->cmd);
		break;
	case SLIP_I_ENV:
	case SLIP_I_LABEL:
		dump_pairs(out, &instr->pairs);
		break;
	case SLIP_I_EXPOSE:
	case SLIP_I_SHELL:
	case SLIP_I_VOLUME:
		facts(out, "word", &instr->words);
		break;
	case SLIP_I_HEALTHCHECK:
		dump_healthcheck(out, &instr->healthcheck);
		break;
	case SLIP_I_MAINTAINER:
	case SLIP_I_STOPSIGNAL:
	case SLIP_I_USER:
	case SLIP_I_WORKDIR:
		fact(out, "word", instr->word);
		break;
	case SLIP_I_ONBUILD:
		fact(out, "trigger", instr->trigger);
		break;
	case SLIP_I_RUN:
		dump_run(out, &instr->run);
		break;
	case SLIP_I_FROM:
	case SLIP_I_COUNT:
		break;
	}
}

static void dump_head(struct slip_buf *out, const char *keyword, int start, int end)
{
	if (start == end)
		slip_buf_addf(out, "%d %s", start, keyword);
	else
		slip_buf_addf(out, "%d-%d %s", start, end, keyword);
}

static void dump_instr(struct slip_buf *out, const struct slip_instr *instr)
{
	dump_head(out, instr->keyword, instr->start_line, instr->end_line);
	slip_buf_add_str(out, instr->json ? " json\n" : "\n");
	fact(out, "comment", instr->comment);
	if (instr->blank_line)
		slip_buf_addf(out, "\tblank line %d\n", instr->blank_line);
	dump_operands(out, instr);
	for (size_t i = 0; i < instr->n_heredocs; i++) {
		const struct slip_heredoc *doc = &instr->heredocs[i];
		slip_buf_addf(out, "\theredoc%s%s", doc->expand ? "" : " quoted",
			doc->strip_tabs ? " strip-tabs" : "");
		if (doc->fd)
			slip_buf_addf(out, " fd=%u", doc->fd);
		slip_buf_add_char(out, ' ');
		slip_print_quoted(out, doc->name);
		slip_buf_add_char(out, ' ');
		slip_print_quoted(out, doc->body);
		slip_buf_add_char(out, '\n');
	}
}

static void dump_stage(struct slip_buf *out, const struct slip_stage *stage)
{
	dump_head(out, stage->keyword, stage->start_line, stage->end_line);
	slip_buf_addf(out, " (stage %zu)\n", stage->index);
	fact(out, "comment", stage->comment);
	fact(out, "base", stage->base);
	fact(out, "name", stage->name);
	fact(out, "platform", stage->platform);
	if (stage->blank_line)
		slip_buf_addf(out, "\tblank line %d\n", stage->blank_line);
	for (size_t i = 0; i < stage->instrs.n; i++)
		dump_instr(out, &stage->instrs.v[i]);
}

void slip_dockerfile_dump(const struct slip_dockerfile *df, struct slip_buf *out)
{
	for (size_t i = 0; i < df->n_directives; i++) {
		slip_buf_addf(out, "%d # %s ", df->directives[i].line, df->directives[i].name);
		slip_print_quoted(out, df->directives[i].value);
		slip_buf_add_char(out, '\n');
	}
	for (size_t i = 0; i < df->args.n; i++)
		dump_instr(out, &df->args.v[i]);
	for (size_t i = 0; i < df->n_stages; i++)
		dump_stage(out, &df->stages[i]);
}
