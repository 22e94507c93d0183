#include "config.h"

#include "runner/spec/regex.h"

#include "runner/base/limits.h"

#include <ctype.h>

#define REPEAT_MAX 1000

enum op {
	OP_CHAR,
	OP_ANY,
	OP_CLASS,
	OP_SPLIT, /* both at + x and at + y */
	OP_JUMP, /* at + x */
	OP_START,
	OP_END,
	OP_MATCH,
};

/* Jumps are relative, so that a fragment can be moved and copied. */
struct inst {
	enum op op;
	int x;
	int y;
	uint32_t c; /* OP_CHAR: character; OP_CLASS: index */
};

struct range {
	uint32_t lo;
	uint32_t hi;
};

struct class
{
	struct range *v;
	size_t n;
	size_t cap;
	uint64_t ascii[2]; /* the same for the first 128 characters, a bit each */
	bool is_negated;
};

struct slip_regex {
	struct inst *prog;
	size_t n;
	size_t cap;
	struct class *classes;
	size_t n_classes;
	size_t classes_cap;
	bool fold_case;
};

struct parser {
	struct slip_regex *re;
	const char *pattern;
	const char *p;
	size_t *offset;
	size_t depth;
	struct slip_err *err;
};

/* One character; a byte that is not UTF-8 stands for itself, beyond Unicode. */
static uint32_t next_char(const char **pp)
{
	const unsigned char *s = (const unsigned char *)*pp;
	int more = s[0] < 0x80 ? 0 : s[0] < 0xc2 ? -1 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	if (more < 0 || s[0] > 0xf4) {
		(*pp)++;
		return 0x110000U + s[0];
	}
	uint32_t c = more == 0 ? s[0] : s[0] & (0x3fU >> more);
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			(*pp)++;
			return 0x110000U + s[0];
		}
		c = c << 6 | (s[i] & 0x3fU);
	}
	*pp += more + 1;
	return c;
}

static int fail(struct parser *ps, const char *at, const char *what)
{
	if (ps->offset)
		*ps->offset = (size_t)(at - ps->pattern);
	return slip_err_set(ps->err, SLIP_E_SPEC, 0, "regular expression: %s", what);
}

static int emit(struct parser *ps, struct inst inst)
{
	struct slip_regex *re = ps->re;
	if (re->n == SLIP_MAX_REGEX_PROGRAM)
		return fail(ps, ps->p, "too large once its repetitions are written out");
	slip_grow(re->prog, re->n, &re->cap);
	re->prog[re->n++] = inst;
	return 0;
}

/* Make room for one instruction before a fragment that reaches to the end of the program. */
static int insert(struct parser *ps, size_t at, struct inst inst)
{
	if (emit(ps, inst) < 0)
		return -1;
	struct slip_regex *re = ps->re;
	memmove(re->prog + at + 1, re->prog + at, (re->n - 1 - at) * sizeof(*re->prog));
	re->prog[at] = inst;
	return 0;
}

/* --- classes ---------------------------------------------------------------------------------- */

static void add_range(struct class *cl, uint32_t lo, uint32_t hi)
{
	slip_grow(cl->v, cl->n, &cl->cap);
	cl->v[cl->n++] = (struct range){lo, hi};
	for (uint32_t c = lo; c <= hi && c < 128; c++)
		cl->ascii[c / 64] |= 1ULL << c % 64;
}

static struct class *new_class(struct slip_regex *re)
{
	slip_grow(re->classes, re->n_classes, &re->classes_cap);
	re->classes[re->n_classes] = (struct class){0};
	return &re->classes[re->n_classes++];
}

/* \d \w \s and their complements; false when the letter names no class. */
static bool add_named(struct class *cl, char name)
{
	static const struct range digit[] = {{'0', '9'}};
	static const struct range word[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
	static const struct range space[] = {{'\t', '\r'}, {' ', ' '}};
	const struct range *v = NULL;
	size_t n = 0;
	switch (tolower((unsigned char)name)) {
	case 'd':
		v = digit;
		n = SLIP_ARRAY_LEN(digit);
		break;
	case 'w':
		v = word;
		n = SLIP_ARRAY_LEN(word);
		break;
	case 's':
		v = space;
		n = SLIP_ARRAY_LEN(space);
		break;
	default:
		return false;
	}
	if (islower((unsigned char)name)) {
		for (size_t i = 0; i < n; i++)
			add_range(cl, v[i].lo, v[i].hi);
		return true;
	}
	uint32_t from = 0;
	for (size_t i = 0; i < n; i++) {
		add_range(cl, from, v[i].lo - 1);
		from = v[i].hi + 1;
	}
	add_range(cl, from, UINT32_MAX);
	return true;
}

static bool class_has(const struct class *cl, uint32_t c)
{
	if (c < 128)
		return (cl->ascii[c / 64] >> c % 64 & 1) != 0;
	for (size_t i = 0; i < cl->n; i++) {
		if (c >= cl->v[i].lo && c <= cl->v[i].hi)
			return true;
	}
	return false;
}

/* After a backslash: \n \r \t, or punctuation that stands for itself. */
static int parse_escape(struct parser *ps, uint32_t *out)
{
	char c = *ps->p;
	if (c == 'n' || c == 'r' || c == 't')
		*out = c == 'n' ? '\n' : c == 'r' ? '\r' : '\t';
	else if (ispunct((unsigned char)c) || c == ' ')
		*out = (unsigned char)c;
	else
		return fail(ps, ps->p - 1,
			c ? "this escape is not supported" : "it ends with a backslash");
	ps->p++;
	return 0;
}

static int parse_class_char(struct parser *ps, uint32_t *out)
{
	if (*ps->p == '\0')
		return fail(ps, ps->p, "[ has no closing ]");
	if (*ps->p != '\\') {
		*out = next_char(&ps->p);
		return 0;
	}
	ps->p++;
	return parse_escape(ps, out);
}

static int parse_class(struct parser *ps)
{
	struct slip_regex *re = ps->re;
	size_t index = re->n_classes;
	struct class *cl = new_class(re);
	if (*ps->p == '^') {
		cl->is_negated = true;
		ps->p++;
	}
	for (bool is_first = true; is_first || *ps->p != ']'; is_first = false) {
		if (ps->p[0] == '\\' && add_named(cl, ps->p[1])) {
			ps->p += 2;
			continue;
		}
		const char *at = ps->p;
		uint32_t lo, hi;
		if (parse_class_char(ps, &lo) < 0)
			return -1;
		hi = lo;
		if (ps->p[0] == '-' && ps->p[1] != ']' && ps->p[1] != '\0') {
			ps->p++;
			if (parse_class_char(ps, &hi) < 0)
				return -1;
		}
		if (hi < lo)
			return fail(ps, at, "a range runs backwards");
		add_range(cl, lo, hi);
	}
	ps->p++;
	return emit(ps, (struct inst){.op = OP_CLASS, .c = (uint32_t)index});
}

/* --- structure -------------------------------------------------------------------------------- */

static int parse_alternatives(struct parser *ps);

static int parse_group(struct parser *ps)
{
	const char *open = ps->p - 1;
	if (ps->p[0] == '?') {
		if (ps->p[1] != ':')
			return fail(ps, open, "only (?: ) and a leading (?i) are supported");
		ps->p += 2;
	}
	if (++ps->depth > SLIP_MAX_EXPR_DEPTH)
		return fail(ps, open, "groups are nested too deeply");
	if (parse_alternatives(ps) < 0)
		return -1;
	ps->depth--;
	if (*ps->p != ')')
		return fail(ps, open, "( has no closing )");
	ps->p++;
	return 0;
}

static int parse_atom(struct parser *ps)
{
	const char *at = ps->p;
	struct inst inst = {.op = OP_CHAR};
	switch (*ps->p) {
	case '(':
		ps->p++;
		return parse_group(ps);
	case '[':
		ps->p++;
		return parse_class(ps);
	case '*':
	case '+':
	case '?':
	case '{':
		return fail(ps, at, "nothing stands before this repetition");
	case '.':
		ps->p++;
		inst.op = OP_ANY;
		return emit(ps, inst);
	case '^':
	case '$':
		inst.op = *ps->p++ == '^' ? OP_START : OP_END;
		return emit(ps, inst);
	case '\\':
		ps->p++;
		struct class named = {0};
		if (add_named(&named, *ps->p)) {
			*new_class(ps->re) = named;
			ps->p++;
			inst.op = OP_CLASS;
			inst.c = (uint32_t)ps->re->n_classes - 1;
			return emit(ps, inst);
		}
		if (parse_escape(ps, &inst.c) < 0)
			return -1;
		return emit(ps, inst);
	default:
		inst.c = next_char(&ps->p);
		return emit(ps, inst);
	}
}

static int parse_number(struct parser *ps, int *out)
{
	const char *at = ps->p;
	int n = 0;
	while (isdigit((unsigned char)*ps->p) && n <= REPEAT_MAX)
		n = n * 10 + (*ps->p++ - '0');
	if (ps->p == at)
		return fail(ps, at, "{ must hold numbers, as in {2,5}; write \\{ for a brace");
	if (n > REPEAT_MAX)
		return fail(ps, at, "a repetition count is larger than 1000");
	*out = n;
	return 0;
}

/* min and max of a repetition, max -1 for any number; min 1, max 1 when there is none. */
static int parse_counts(struct parser *ps, int *min, int *max)
{
	const char *at = ps->p;
	*min = *at == '*' || *at == '?' ? 0 : 1;
	*max = *at == '*' || *at == '+' ? -1 : 1;
	if (*at == '\0' || !strchr("*+?{", *at))
		return 0;
	ps->p++;
	if (*at == '{') {
		if (parse_number(ps, min) < 0)
			return -1;
		*max = *min;
		if (*ps->p == ',') {
			ps->p++;
			*max = -1;
			if (*ps->p != '}' && parse_number(ps, max) < 0)
				return -1;
		}
		if (*ps->p != '}')
			return fail(ps, at, "{ has no closing }");
		ps->p++;
		if (*max >= 0 && *max < *min)
			return fail(ps, at, "a repetition's maximum is below its minimum");
	}
	if (*ps->p == '?')
		ps->p++;
	if (*ps->p && strchr("*+?{", *ps->p))
		return fail(ps, ps->p, "a repetition of a repetition needs a group");
	return 0;
}

static int append_copy(struct parser *ps, const struct inst *atom, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (emit(ps, atom[i]) < 0)
			return -1;
	}
	return 0;
}

/* The atom is the program from `start` on; write it out min to max times. */
static int repeat(struct parser *ps, size_t start, int min, int max)
{
	struct slip_regex *re = ps->re;
	size_t len = re->n - start;
	int ilen = (int)len;
	if (len == 0 || (min == 1 && max == 1))
		return 0;
	slip_autofree struct inst *atom = slip_xmemdup(re->prog + start, len * sizeof(*atom));
	re->n = start;
	for (int i = 0; i < min; i++) {
		if (append_copy(ps, atom, len) < 0)
			return -1;
	}
	if (max < 0) {
		if (emit(ps, (struct inst){.op = OP_SPLIT, .x = 1, .y = ilen + 2}) < 0 ||
			append_copy(ps, atom, len) < 0)
			return -1;
		return emit(ps, (struct inst){.op = OP_JUMP, .x = -ilen - 1});
	}
	for (int i = min; i < max; i++) {
		if (emit(ps, (struct inst){.op = OP_SPLIT, .x = 1, .y = ilen + 1}) < 0 ||
			append_copy(ps, atom, len) < 0)
			return -1;
	}
	return 0;
}

static int parse_branch(struct parser *ps)
{
	while (*ps->p && *ps->p != '|' && *ps->p != ')') {
		size_t start = ps->re->n;
		int min, max;
		if (parse_atom(ps) < 0 || parse_counts(ps, &min, &max) < 0 ||
			repeat(ps, start, min, max) < 0)
			return -1;
	}
	return 0;
}

static int parse_alternatives(struct parser *ps)
{
	struct slip_regex *re = ps->re;
	size_t start = re->n;
	size_t last_jump = SIZE_MAX; /* jumps to the end form a chain through x until it is known */
	if (parse_branch(ps) < 0)
		return -1;
	while (*ps->p == '|') {
		ps->p++;
		struct inst split = {.op = OP_SPLIT, .x = 1, .y = (int)(re->n - start) + 2};
		if (insert(ps, start, split) < 0)
			return -1;
		int chain = last_jump == SIZE_MAX ? -1 : (int)last_jump;
		last_jump = re->n;
		if (emit(ps, (struct inst){.op = OP_JUMP, .x = chain}) < 0)
			return -1;
		start = re->n;
		if (parse_branch(ps) < 0)
			return -1;
	}
	while (last_jump != SIZE_MAX) {
		int chain = re->prog[last_jump].x;
		re->prog[last_jump].x = (int)(re->n - last_jump);
		last_jump = chain < 0 ? SIZE_MAX : (size_t)chain;
	}
	return 0;
}

int slip_regex_parse(
	const char *pattern, struct slip_regex **out, size_t *offset, struct slip_err *err)
{
	slip_autoregex *re = slip_xcalloc(1, sizeof(*re));
	struct parser ps = {
		.re = re, .pattern = pattern, .p = pattern, .offset = offset, .err = err};
	if (strlen(pattern) > SLIP_MAX_REGEX)
		return fail(&ps, pattern, "longer than 1000 bytes");
	if (slip_starts_with(pattern, "(?i)")) {
		re->fold_case = true;
		ps.p += 4;
	}
	if (parse_alternatives(&ps) < 0)
		return -1;
	if (*ps.p == ')')
		return fail(&ps, ps.p, ") without an opening (");
	if (emit(&ps, (struct inst){.op = OP_MATCH}) < 0)
		return -1;
	*out = slip_steal_ptr(&re);
	return 0;
}

/* --- matching --------------------------------------------------------------------------------- */

struct threads {
	size_t *at;
	size_t n;
};

struct matcher {
	const struct slip_regex *re;
	uint64_t *seen; /* step in which an instruction was last added */
	uint64_t step;
	size_t *stack;
	const char *text;
	bool is_match;
};

/* Add an instruction and all that is reached from it without reading a character. */
static void add_thread(struct matcher *m, struct threads *t, size_t start, const char *p)
{
	size_t depth = 0;
	m->stack[depth++] = start;
	while (depth > 0) {
		size_t at = m->stack[--depth];
		if (m->seen[at] == m->step)
			continue;
		m->seen[at] = m->step;
		const struct inst *in = &m->re->prog[at];
		size_t x = (size_t)((ptrdiff_t)at + in->x);
		switch (in->op) {
		case OP_MATCH:
			m->is_match = true;
			return;
		case OP_SPLIT:
			m->stack[depth++] = (size_t)((ptrdiff_t)at + in->y);
			m->stack[depth++] = x;
			break;
		case OP_JUMP:
			m->stack[depth++] = x;
			break;
		case OP_START:
			if (p == m->text)
				m->stack[depth++] = at + 1;
			break;
		case OP_END:
			if (*p == '\0')
				m->stack[depth++] = at + 1;
			break;
		case OP_CHAR:
		case OP_ANY:
		case OP_CLASS:
			t->at[t->n++] = at;
			break;
		}
	}
}

static bool accepts_exactly(const struct slip_regex *re, const struct inst *in, uint32_t c)
{
	if (in->op == OP_ANY)
		return c != '\n';
	if (in->op == OP_CLASS)
		return class_has(&re->classes[in->c], c);
	return in->c == c;
}

static bool accepts(const struct slip_regex *re, const struct inst *in, uint32_t c)
{
	bool yes = accepts_exactly(re, in, c);
	if (!yes && re->fold_case && c < 0x80 && isalpha((int)c))
		yes = accepts_exactly(re, in, c ^ 0x20U);
	if (in->op == OP_CLASS && re->classes[in->c].is_negated)
		return !yes;
	return yes;
}

int slip_regex_match(
	const struct slip_regex *re, const char *text, bool *is_match, struct slip_err *err)
{
	if (strlen(text) > SLIP_MAX_REGEX_TEXT)
		return slip_err_set(err, SLIP_E_LIMIT, 0,
			"a text matched against a regular expression is larger than %llu bytes",
			SLIP_MAX_REGEX_TEXT);
	slip_autofree uint64_t *seen = slip_xcalloc(re->n, sizeof(*seen));
	/* Every instruction enters the stack at most twice a step: as a target of two jumps. */
	slip_autofree size_t *stack = slip_xcalloc(2 * re->n + 1, sizeof(*stack));
	slip_autofree size_t *a = slip_xcalloc(re->n, sizeof(*a));
	slip_autofree size_t *b = slip_xcalloc(re->n, sizeof(*b));
	struct matcher m = {.re = re, .seen = seen, .step = 1, .stack = stack, .text = text};
	struct threads now = {.at = a}, next = {.at = b};
	const char *p = text;
	for (;;) {
		add_thread(&m, &now, 0, p);
		if (m.is_match || *p == '\0')
			break;
		uint32_t c = next_char(&p);
		m.step++;
		next.n = 0;
		for (size_t i = 0; i < now.n && !m.is_match; i++) {
			if (accepts(re, &re->prog[now.at[i]], c))
				add_thread(&m, &next, now.at[i] + 1, p);
		}
		if (m.is_match)
			break;
		struct threads swap = now;
		now = next;
		next = swap;
	}
	*is_match = m.is_match;
	return 0;
}

void slip_regex_free(struct slip_regex *re)
{
	if (!re)
		return;
	for (size_t i = 0; i < re->n_classes; i++)
		free(re->classes[i].v);
	free(re->classes);
	free(re->prog);
	free(re);
}

void slip_regex_cleanup(struct slip_regex **re)
{
	slip_regex_free(*re);
}
