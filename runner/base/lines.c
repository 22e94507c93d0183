#include "config.h"

#include "runner/base/lines.h"

#include "runner/base/limits.h"

/* How much of an over-long line is kept beyond what is shown: the longest maskable secret. */
#define BEYOND_CUT (4 * SLIP_KIB)

void slip_lines_init(struct slip_lines *l, slip_line_fn *fn, void *ctx)
{
	*l = (struct slip_lines){.fn = fn, .ctx = ctx};
	slip_buf_init(&l->line, SLIP_MAX_LOG_LINE + BEYOND_CUT);
}

void slip_lines_release(struct slip_lines *l)
{
	slip_buf_release(&l->line);
}

static void deliver(struct slip_lines *l)
{
	l->fn(l->ctx, l->line.data, l->line.len);
	slip_buf_clear(&l->line);
}

static void add_piece(struct slip_lines *l, const char *p, size_t n)
{
	size_t room = l->line.max - l->line.len;
	slip_buf_add(&l->line, p, n < room ? n : room);
	/* A NUL would end the line for every C string after us, and so hide what follows it. */
	for (char *nul; (nul = memchr(l->line.data, '\0', l->line.len));)
		*nul = '\x1a';
}

void slip_lines_add(struct slip_lines *l, const char *p, size_t n)
{
	while (n) {
		size_t piece = 0;
		while (piece < n && p[piece] != '\n' && p[piece] != '\r')
			piece++;
		if (piece && l->after_cr) {
			slip_buf_clear(&l->line);
			l->after_cr = false;
		}
		add_piece(l, p, piece);
		p += piece;
		n -= piece;
		if (!n)
			return;
		if (*p == '\n')
			deliver(l);
		l->after_cr = *p == '\r';
		p++;
		n--;
	}
}

void slip_lines_end(struct slip_lines *l)
{
	if (l->line.len)
		deliver(l);
	l->after_cr = false;
}
