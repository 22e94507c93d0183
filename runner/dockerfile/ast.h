/*
 * A parsed Dockerfile: what is written, before any expansion.
 *
 * Every string is as written after line joining: quotes, escapes and $names are still in it, unless
 * a field says otherwise. Who expands what is told beside each field ("expand" means: pass it
 * through slip_expand_word, see expand.h). The tree owns everything below it; strings contain no
 * NUL byte. Line numbers are 1-based and inclusive, heredoc bodies and continuations counted.
 */
#ifndef SLIP_DOCKERFILE_AST_H
#define SLIP_DOCKERFILE_AST_H

#include "runner/base/buf.h"
#include "runner/base/strv.h"

enum slip_instr_kind {
	SLIP_I_ADD,
	SLIP_I_ARG,
	SLIP_I_CMD,
	SLIP_I_COPY,
	SLIP_I_ENTRYPOINT,
	SLIP_I_ENV,
	SLIP_I_EXPOSE,
	SLIP_I_FROM, /* never in a list of instructions: it is the stage itself */
	SLIP_I_HEALTHCHECK,
	SLIP_I_LABEL,
	SLIP_I_MAINTAINER,
	SLIP_I_ONBUILD,
	SLIP_I_RUN,
	SLIP_I_SHELL,
	SLIP_I_STOPSIGNAL,
	SLIP_I_USER,
	SLIP_I_VOLUME,
	SLIP_I_WORKDIR,
	SLIP_I_COUNT,
};

enum slip_tristate {
	SLIP_UNSET,
	SLIP_FALSE,
	SLIP_TRUE,
};

struct slip_heredoc {
	char *name; /* unquoted; what ends the body */
	unsigned fd; /* digits before <<; 0 when there were none */
	bool expand; /* no quote in the name as written */
	bool strip_tabs; /* <<- */
	char *body; /* as in the file: for <<- the leading tabs are still there */
};

enum slip_command_form {
	SLIP_FORM_SHELL, /* argv is SHELL... followed by text */
	SLIP_FORM_EXEC, /* argv as it is, never expanded */
	SLIP_FORM_SCRIPT, /* RUN only: text is an executable file, argv is SHELL... and its path */
};

/*
 * The command of RUN, CMD, ENTRYPOINT or HEALTHCHECK. Nothing here is ever expanded by the builder.
 * For RUN the heredocs are already settled: a lone heredoc gives its body (tabs stripped for <<-)
 * as text, a lone heredoc that starts with #! gives SLIP_FORM_SCRIPT (a file of mode 0755 that is
 * mounted read-only at SLIP_SCRIPT_DIR/<heredocs[0].name>), anything else the line with bodies and
 * terminators put together again for the shell.
 */
#define SLIP_SCRIPT_DIR "/dev/pipes"
struct slip_command {
	enum slip_command_form form;
	struct slip_strv argv; /* exec form; empty for [] */
	char *text; /* shell and script form; "" for a bare RUN or CMD */
};

/* ENV and LABEL: key and value each expand; "" is a value. */
struct slip_pair {
	char *key;
	char *value;
};

struct slip_pairs {
	struct slip_pair *v;
	size_t n;
	size_t cap;
	bool legacy; /* ENV key rest of the line */
};

struct slip_arg {
	char *name;
	char *value; /* the default: expand, one after another; NULL when none is written */
};

struct slip_args {
	struct slip_arg *v;
	size_t n;
	size_t cap;
};

/* COPY and ADD. A flag that is not given, or is empty, is NULL, false or SLIP_UNSET. */
struct slip_copy {
	struct slip_strv sources; /* expand; heredocs are not among them */
	char *dest; /* expand */
	char *from; /* COPY; never expanded, parse refuses a $ */
	char *chown; /* expand */
	char *chmod; /* expand, then slip_mode_parse */
	char *checksum; /* ADD; expand */
	struct slip_strv excludes; /* never expanded; patterns as in ignore.h */
	bool link;
	bool parents; /* COPY */
	enum slip_tristate keep_git_dir; /* ADD */
	enum slip_tristate unpack; /* ADD */
};

enum slip_run_network {
	SLIP_RUN_NET_DEFAULT,
	SLIP_RUN_NET_NONE,
	SLIP_RUN_NET_HOST,
};

struct slip_run {
	struct slip_command cmd;
	struct slip_strv mounts; /* --mount texts; slip_mount_parse expands them (mount.h) */
	struct slip_strv devices; /* --device texts */
	enum slip_run_network network;
	bool insecure; /* --security=insecure */
};

struct slip_healthcheck {
	bool none; /* HEALTHCHECK NONE: nothing else is set */
	struct slip_command cmd; /* shell form means CMD-SHELL */
	int64_t interval; /* nanoseconds; 0 is the engine's default */
	int64_t timeout;
	int64_t start_period;
	int64_t start_interval;
	int64_t retries;
};

struct slip_instr {
	enum slip_instr_kind kind;
	int start_line;
	int end_line;
	char *keyword; /* as written */
	/*
	 * The instruction as one logical line: keyword, blank, rest as written (trimmed,
	 * continuation lines joined), and below it the heredoc bodies with their terminators. For
	 * display; never parsed again.
	 */
	char *text;
	char *comment; /* comment lines directly above, without #, joined by LF; NULL: none */
	struct slip_strv flags; /* as understood: "--name=value", quotes removed */
	bool json; /* the JSON form was used */
	int blank_line; /* first blank line inside a continuation, 0: none (lint) */
	struct slip_heredoc
		*heredocs; /* RUN, COPY, ADD; for COPY and ADD they follow the sources */
	size_t n_heredocs;
	union {
		struct slip_copy copy; /* COPY, ADD */
		struct slip_args args; /* ARG */
		struct slip_command cmd; /* CMD, ENTRYPOINT */
		struct slip_pairs pairs; /* ENV, LABEL */
		struct slip_strv words; /* EXPOSE, VOLUME: expand each. SHELL: as it is */
		struct slip_healthcheck healthcheck; /* HEALTHCHECK */
		char *word; /* USER, WORKDIR, STOPSIGNAL: expand. MAINTAINER: as it is */
		char *trigger; /* ONBUILD: text for the config, see slip_dockerfile_parse_trigger */
		struct slip_run run; /* RUN */
	};
};

struct slip_instrs {
	struct slip_instr *v;
	size_t n;
	size_t cap;
};

struct slip_stage {
	size_t index;
	char *name; /* lower-cased; NULL when the stage has none */
	char *name_raw; /* as written, for lint and messages */
	char *as_raw; /* "AS" as written; NULL without a name */
	char *base; /* image or stage: expand with global ARGs only */
	char *platform; /* --platform: expand likewise; NULL when not given */
	int start_line;
	int end_line;
	char *keyword; /* "FROM" as written */
	char *text;
	char *comment;
	int blank_line;
	struct slip_instrs instrs;
};

struct slip_directive {
	char *name; /* lower-cased: syntax, escape, check */
	char *value;
	int line;
};

struct slip_dockerfile {
	char *name; /* for messages: the path as the user gave it */
	char *source; /* the whole text; excerpts are cut from it */
	size_t source_len;
	char escape; /* '\\' or '`' */
	struct slip_directive *directives;
	size_t n_directives;
	struct slip_instrs args; /* the ARG instructions above the first FROM */
	struct slip_stage *stages;
	size_t n_stages;
};

/* The body a COPY or ADD writes, or a script: leading tabs gone for <<-. The caller's. */
char *slip_heredoc_content(const struct slip_heredoc *doc);

/* "COPY" */
const char *slip_instr_name(enum slip_instr_kind kind);
/* The value of a directive ("syntax", "escape", "check"), or NULL. */
const char *slip_dockerfile_directive(const struct slip_dockerfile *df, const char *name);
/*
 * Turn the error of an instruction into one that points at its lines: "<name>:<line>: <message>"
 * and a quotation of the lines below. Returns -1. Code, sys and status stay.
 */
int slip_dockerfile_locate(
	const struct slip_dockerfile *df, int start_line, int end_line, struct slip_err *err);
/*
 * The line that slip_dockerfile_locate put into an error of the file `name`, 0 without one. Of
 * several, one inside the other, the innermost. *len bytes at *message say what is wrong there.
 */
int slip_dockerfile_located(
	const char *name, const struct slip_err *err, const char **message, size_t *len);

void slip_instr_release(struct slip_instr *instr);
void slip_instr_free(struct slip_instr *instr); /* NULL is fine */
void slip_dockerfile_free(struct slip_dockerfile *df);
void slip_dockerfile_cleanup(struct slip_dockerfile **df);
#define slip_autodockerfile slip_cleanup(slip_dockerfile_cleanup) struct slip_dockerfile

/*
 * The canonical dump of a tree: one line a fact, Go-quoted strings. For tests and for people; the
 * test corpus holds it for every valid case.
 */
void slip_dockerfile_dump(const struct slip_dockerfile *df, struct slip_buf *out);

#endif
