/* What the files of this folder share; see the public headers for the contracts. */
#ifndef SLIP_DOCKERFILE_INTERNAL_H
#define SLIP_DOCKERFILE_INTERNAL_H

#include "runner/base/suggest.h"
#include "runner/dockerfile/ast.h"

/* Edits up to which a word is taken for a mistyped one, as BuildKit does. */
#define SLIP_TYPO_REACH 2

/* Blanks inside a logical line. Newlines only come from values and stored triggers. */
static inline bool slip_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' || c == '\n';
}

/* --- lines.c: physical lines to logical lines ------------------------------------------------ */

struct slip_slice {
	const char *s;
	size_t n;
};

struct slip_text_lines {
	const char *text;
	size_t len;
	size_t pos;
	int line; /* number of the line read last */
	char escape;
};

struct slip_logical {
	char *text; /* joined and trimmed; NULL at the end of the file */
	char *comment; /* the comment block directly above, or NULL */
	int start_line;
	int blank_line; /* first blank line inside, or 0 */
};

/* The next physical line with its newline; false at the end. */
bool slip_text_lines_next(struct slip_text_lines *in, struct slip_slice *raw);
/* The line without its line ending. */
struct slip_slice slip_line_trim(struct slip_slice raw);
int slip_text_lines_logical(
	struct slip_text_lines *in, struct slip_logical *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_logical_release(struct slip_logical *l);
/*
 * Read the parser directives at the top into df and move behind them. *line is the line at hand,
 * for errors.
 */
int slip_text_lines_directives(struct slip_text_lines *in, struct slip_dockerfile *df, int *line,
	struct slip_err *err) SLIP_MUST_CHECK;

/* --- heredoc.c ------------------------------------------------------------------------------- */

struct slip_opener {
	size_t start; /* offsets in the text it was found in */
	size_t end;
	struct slip_heredoc doc; /* body is NULL */
};

struct slip_openers {
	struct slip_opener *v;
	size_t n;
	size_t cap;
};

/* Heredoc openers among the shell words of a line; none when its quotes do not balance. */
int slip_openers_find(
	const char *text, struct slip_openers *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_openers_release(struct slip_openers *o);
#define slip_autoopeners slip_cleanup(slip_openers_release) struct slip_openers
/* Is the text one opener and nothing else? */
bool slip_openers_is_lone(const struct slip_openers *o, const char *text);
/* Read the bodies of all openers, which follow in order. */
int slip_heredocs_read(struct slip_text_lines *in, struct slip_openers *o, struct slip_instr *instr,
	struct slip_err *err) SLIP_MUST_CHECK;
/* text, and below it every body and its terminator. */
char *slip_heredocs_join(const char *text, const struct slip_instr *instr);

/* --- flags.c --------------------------------------------------------------------------------- */

enum slip_flag_type {
	SLIP_FLAG_BOOL,
	SLIP_FLAG_STRING,
	SLIP_FLAG_MANY,
};

struct slip_flag_spec {
	const char *name; /* NULL ends a table */
	enum slip_flag_type type;
};

/* Take the flags off the front of rest; returns where the operands start. */
const char *slip_flags_take(const char *rest, char escape, struct slip_strv *flags);
/* specs may be NULL: no flag is known. */
int slip_flags_check(const struct slip_strv *flags, const struct slip_flag_spec *specs,
	struct slip_err *err) SLIP_MUST_CHECK;
/* The value when flag is "--name=value", "" for "--name", NULL when it is another flag. */
const char *slip_flag_match(const char *flag, const char *name);
/* The value of a string flag that has one, or NULL. */
const char *slip_flag_value(const struct slip_strv *flags, const char *name);
enum slip_tristate slip_flag_bool(const struct slip_strv *flags, const char *name);
void slip_flag_values(const struct slip_strv *flags, const char *name, struct slip_strv *out);

/* --- instr.c --------------------------------------------------------------------------------- */

/* SLIP_I_COUNT when there is no such instruction. Any case. */
enum slip_instr_kind slip_instr_kind_of(const char *keyword);
/*
 * Cut a logical line into keyword, flags and operands, read its heredocs, and fill instr. The
 * operands of FROM are returned in *from_words for the stage.
 */
int slip_instr_parse(struct slip_instr *instr, const struct slip_logical *line,
	struct slip_text_lines *in, struct slip_strv *from_words,
	struct slip_err *err) SLIP_MUST_CHECK;
/* By kind: fill the union from the operands. Heredocs are settled. */
int slip_instr_parse_operands(struct slip_instr *instr, const char *args,
	const struct slip_openers *openers, char escape, struct slip_err *err) SLIP_MUST_CHECK;
const struct slip_flag_spec *slip_instr_flags(enum slip_instr_kind kind);
/* Instructions whose flags nobody looks at. */
bool slip_instr_ignores_flags(enum slip_instr_kind kind, const char *args);
void slip_split_blanks(const char *text, struct slip_strv *out);

/* --- pattern.c ------------------------------------------------------------------------------- */

/* The pattern part of ${v#p}, ${v%p}, ${v/p/r}: * and ? (not across newlines), \ escapes. */
struct slip_pattern {
	uint32_t *tokens;
	size_t n;
};

int slip_pattern_compile(
	const char *text, struct slip_pattern *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_pattern_release(struct slip_pattern *p);
#define slip_autopattern slip_cleanup(slip_pattern_release) struct slip_pattern

enum slip_pattern_end {
	SLIP_PREFIX,
	SLIP_SUFFIX,
};

/*
 * *work is a budget of steps shared by a whole expansion; -1 with SLIP_E_LIMIT when it is used up.
 * Results are appended to out.
 */
int slip_pattern_trim(const struct slip_pattern *p, const char *value, enum slip_pattern_end end,
	bool longest, size_t *work, struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;
struct slip_replace {
	const char *value;
	const char *replacement;
	bool all;
};
int slip_pattern_replace(const struct slip_pattern *p, const struct slip_replace *r, size_t *work,
	struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;

/* --- utf8.c ---------------------------------------------------------------------------------- */

/*
 * Decode one code point of at most n bytes (n > 0); *len is how many it took. A byte that is no
 * UTF-8 comes back as SLIP_UTF8_RAW + byte with length 1.
 */
#define SLIP_UTF8_RAW 0x200000U
uint32_t slip_utf8_decode(const char *s, size_t n, size_t *len);
bool slip_utf8_is_letter(uint32_t c);

#endif
