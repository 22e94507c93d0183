#include "config.h"

#include "runner/spec/diag.h"

#include "runner/base/limits.h"
#include "runner/base/suggest.h"

static unsigned file_rank(const struct slip_diags *d, const char *file)
{
	unsigned next = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (slip_streq(d->v[i].file, file))
			return d->v[i].file_rank;
		if (d->v[i].file_rank >= next)
			next = d->v[i].file_rank + 1;
	}
	return next;
}

/*
 * Bytes of a character that cannot be seen, or turns its neighbours around (Unicode's bidirectional
 * and zero-width controls, C1, no-break space): it must not hide in what a finding quotes.
 */
static size_t invisible_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0xa0) /* U+0080 to U+00A0 */
		return 2;
	if (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf) /* U+FEFF */
		return 3;
	if (s[0] != 0xe2)
		return 0;
	if (s[1] == 0x80 && ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae)))
		return 3; /* U+200B to U+200F, U+2028 to U+202E */
	return s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf ? 3 : 0; /* U+2060 to U+206F */
}

/* Findings quote their input: nothing in them may move a terminal's cursor or fake a line. */
static void defuse(char *s)
{
	char *to = s;
	while (*s) {
		size_t hidden = invisible_len(s);
		bool is_bad = hidden || (unsigned char)*s < ' ' || *s == 0x7f;
		*to++ = is_bad ? '?' : *s;
		s += hidden ? hidden : 1;
	}
	*to = '\0';
}

void slip_diags_add(struct slip_diags *d, struct slip_pos pos, const char *fmt, ...)
{
	if (d->n == SLIP_MAX_SPEC_DIAGS) {
		d->dropped++;
		return;
	}
	va_list ap;
	va_start(ap, fmt);
	char *message = slip_xvasprintf(fmt, ap);
	va_end(ap);
	defuse(message);
	const char *file = pos.file ? pos.file : "";
	unsigned rank = file_rank(d, file);
	slip_grow(d->v, d->n, &d->cap);
	d->v[d->n++] = (struct slip_diag){
		.file = slip_xstrdup(file),
		.file_rank = rank,
		.line = pos.line,
		.col = pos.col,
		.message = message,
	};
}

void slip_diags_hint(struct slip_diags *d, const char *fmt, ...)
{
	if (d->n == 0 || d->dropped > 0 || d->v[d->n - 1].hint)
		return;
	va_list ap;
	va_start(ap, fmt);
	d->v[d->n - 1].hint = slip_xvasprintf(fmt, ap);
	va_end(ap);
	defuse(d->v[d->n - 1].hint);
}

void slip_diags_release(struct slip_diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].message);
		free(d->v[i].hint);
	}
	free(d->v);
	*d = (struct slip_diags){0};
}

static bool is_before(const struct slip_diag *a, const struct slip_diag *b)
{
	if (a->file_rank != b->file_rank)
		return a->file_rank < b->file_rank;
	return a->line != b->line ? a->line < b->line : a->col < b->col;
}

void slip_diags_sort(struct slip_diags *d)
{
	/* Insertion: stable, and the list is short. */
	for (size_t i = 1; i < d->n; i++) {
		struct slip_diag moving = d->v[i];
		size_t at = i;
		for (; at > 0 && is_before(&moving, &d->v[at - 1]); at--)
			d->v[at] = d->v[at - 1];
		d->v[at] = moving;
	}
}

void slip_diags_print(const struct slip_diags *d, struct slip_buf *out)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct slip_diag *v = &d->v[i];
		slip_buf_addf(out, "%s:%u:%u: %s\n", v->file, v->line, v->col, v->message);
		if (v->hint)
			slip_buf_addf(out, "    hint: %s\n", v->hint);
	}
	if (d->dropped > 0)
		slip_buf_addf(out, "%zu more findings are not shown\n", d->dropped);
}

int slip_diags_check(const struct slip_diags *d, struct slip_err *err)
{
	if (d->n == 0)
		return 0;
	const struct slip_diag *v = &d->v[0];
	size_t more = d->n - 1 + d->dropped;
	if (more == 0)
		return slip_err_set(
			err, SLIP_E_SPEC, 0, "%s:%u:%u: %s", v->file, v->line, v->col, v->message);
	return slip_err_set(err, SLIP_E_SPEC, 0, "%s:%u:%u: %s (and %zu more finding%s)", v->file,
		v->line, v->col, v->message, more, more == 1 ? "" : "s");
}

bool slip_diags_suggest(
	struct slip_diags *d, const char *name, const char *const *candidates, size_t n)
{
	if (d->dropped > 0)
		return false;
	const char *near = slip_suggest(name, candidates, n, 0);
	if (near)
		slip_diags_hint(d, "did you mean \"%s\"?", near);
	return near != NULL;
}
