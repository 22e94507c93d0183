#include "config.h"

#include "runner/base/limits.h"
#include "runner/dockerfile/dockerfile_internal.h"

/* Tokens are code points and these two. */
#define ANY_RUN 0x400000U
#define ANY_ONE 0x400001U

/* A value as code points; at[i] is the byte offset of the i-th, at[n] the length. */
struct points {
	uint32_t *c;
	uint32_t *at;
	size_t n;
};

static void points_release(struct points *p)
{
	free(p->c);
	free(p->at);
}

static struct points points_of(const char *s)
{
	size_t len = strlen(s);
	struct points p = {
		.c = slip_xcalloc(len + 1, sizeof(*p.c)),
		.at = slip_xcalloc(len + 1, sizeof(*p.at)),
	};

	for (size_t i = 0; i < len;) {
		size_t used;
		p.at[p.n] = (uint32_t)i;
		p.c[p.n++] = slip_utf8_decode(s + i, len - i, &used);
		i += used;
	}
	p.at[p.n] = (uint32_t)len;
	return p;
}

static void reverse(uint32_t *v, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t t = v[i];
		v[i] = v[n - 1 - i];
		v[n - 1 - i] = t;
	}
}

int slip_pattern_compile(const char *text, struct slip_pattern *out, struct slip_err *err)
{
	size_t len = strlen(text);
	slip_autofree uint32_t *tokens = slip_xcalloc(len + 1, sizeof(*tokens));
	size_t n = 0;

	for (size_t i = 0, used; i < len; i += used) {
		uint32_t c = slip_utf8_decode(text + i, len - i, &used);
		if (c == '*') {
			/* Two in a row mean the same as one. */
			if (!n || tokens[n - 1] != ANY_RUN)
				tokens[n++] = ANY_RUN;
			continue;
		}
		if (c == '?') {
			tokens[n++] = ANY_ONE;
			continue;
		}
		if (c == '\\') {
			char next = text[i + 1];
			if (!next || !strchr("*?\\}/", next))
				return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
					"invalid pattern (%.100s) in substitution: invalid escape "
					"'\\%.1s'",
					text, text + i + 1);
			c = (unsigned char)next;
			used = 2;
		}
		tokens[n++] = c;
	}
	out->tokens = slip_steal_ptr(&tokens);
	out->n = n;
	return 0;
}

void slip_pattern_release(struct slip_pattern *p)
{
	free(p->tokens);
	*p = (struct slip_pattern){0};
}

static bool matches_one(uint32_t token, uint32_t c)
{
	return token == c || (token == ANY_ONE && c != '\n');
}

struct match {
	bool found;
	size_t shortest; /* code points */
	size_t longest;
};

static int too_expensive(struct slip_err *err)
{
	return slip_err_set(
		err, SLIP_E_LIMIT, 0, "the pattern is too expensive for a value of this size");
}

/*
 * All ways in which the pattern matches a beginning of c[0..n), by following the set of reached
 * pattern positions: state[j] means that j tokens are used up.
 */
static int run(const struct slip_pattern *p, const uint32_t *c, size_t n, unsigned char *state,
	struct match *m, size_t *work, struct slip_err *err)
{
	size_t first = 0; /* no reached position lies before it */

	*m = (struct match){0};
	if (*work <= p->n)
		return too_expensive(err);
	*work -= p->n;
	memset(state, 0, p->n + 1);
	state[0] = 1;
	for (size_t i = 0;; i++) {
		for (size_t j = first; j < p->n; j++) {
			if (state[j] && p->tokens[j] == ANY_RUN)
				state[j + 1] = 1;
		}
		if (state[p->n]) {
			if (!m->found)
				m->shortest = i;
			m->found = true;
			m->longest = i;
		}
		while (first <= p->n && !state[first])
			first++;
		if (i == n || first > p->n)
			return 0;
		if (*work < p->n - first + 1)
			return too_expensive(err);
		*work -= p->n - first + 1;
		/* From the back, so that each step reads the old states only. */
		for (size_t j = p->n + 1; j-- > first;) {
			bool stay = j < p->n && state[j] && p->tokens[j] == ANY_RUN && c[i] != '\n';
			bool come =
				j > first && state[j - 1] && matches_one(p->tokens[j - 1], c[i]);
			state[j] = stay || come;
		}
	}
}

int slip_pattern_trim(const struct slip_pattern *p, const char *value, enum slip_pattern_end end,
	bool longest, size_t *work, struct slip_buf *out, struct slip_err *err)
{
	slip_cleanup(points_release) struct points v = points_of(value);
	slip_autofree unsigned char *state = slip_xmalloc(p->n + 1);
	struct match m;

	if (end == SLIP_PREFIX) {
		if (run(p, v.c, v.n, state, &m, work, err) < 0)
			return -1;
		slip_buf_add_str(
			out, value + v.at[m.found ? (longest ? m.longest : m.shortest) : 0]);
		return 0;
	}
	/* Shortest and longest at the end of a text are those at the start of its mirror image. */
	struct slip_pattern mirror = {slip_xmemdup(p->tokens, p->n * sizeof(*p->tokens)), p->n};
	reverse(mirror.tokens, mirror.n);
	reverse(v.c, v.n);
	int ret = run(&mirror, v.c, v.n, state, &m, work, err);
	slip_pattern_release(&mirror);
	if (ret < 0)
		return -1;
	slip_buf_add(out, value, v.at[v.n - (m.found ? (longest ? m.longest : m.shortest) : 0)]);
	return 0;
}

int slip_pattern_replace(const struct slip_pattern *p, const struct slip_replace *r, size_t *work,
	struct slip_buf *out, struct slip_err *err)
{
	slip_cleanup(points_release) struct points v = points_of(r->value);
	slip_autofree unsigned char *state = slip_xmalloc(p->n + 1);
	size_t last_end = SIZE_MAX;
	bool done = false;

	for (size_t i = 0; i <= v.n;) {
		struct match m = {0};
		if (!done && run(p, v.c + i, v.n - i, state, &m, work, err) < 0)
			return -1;
		/* An empty match right behind a match is none. */
		if (m.found && (m.longest || i != last_end)) {
			slip_buf_add_str(out, r->replacement);
			done = !r->all;
			last_end = i + m.longest;
		}
		if (m.found && m.longest) {
			i += m.longest;
			continue;
		}
		if (i < v.n)
			slip_buf_add(out, r->value + v.at[i], v.at[i + 1] - v.at[i]);
		i++;
		if (out->overflow)
			return 0;
	}
	return 0;
}
