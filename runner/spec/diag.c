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

/* Findings quote their input: nothing in them may move a terminal's cursor or fake a line. */
static void defuse(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	}
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
