#include "config.h"

#include "runner/dockerfile/mode.h"

#define WHO_U 04700
#define WHO_G 02070
#define WHO_O 01007

static int invalid(const char *text, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"invalid chmod parameter: '%.100s'. it should be octal string and between 0 and "
		"07777, or symbolic such as u=rwX,go=rX",
		text);
}

static bool parse_octal(const char *text, struct slip_mode *out)
{
	unsigned bits = 0;

	if (!*text || strspn(text, "01234567") != strlen(text))
		return false;
	for (; *text; text++) {
		bits = bits * 8 + (unsigned)(*text - '0');
		if (bits > 07777)
			return false;
	}
	*out = (struct slip_mode){.octal = true, .bits = (uint16_t)bits};
	return true;
}

static const char *parse_who(const char *p, uint16_t *who)
{
	*who = 0;
	for (;; p++) {
		if (*p == 'u')
			*who |= WHO_U;
		else if (*p == 'g')
			*who |= WHO_G;
		else if (*p == 'o')
			*who |= WHO_O;
		else if (*p == 'a')
			*who |= WHO_U | WHO_G | WHO_O;
		else
			break;
	}
	if (!*who)
		*who = WHO_U | WHO_G | WHO_O;
	return p;
}

/* What follows + - or =. */
static const char *parse_perms(const char *p, struct slip_mode_op *op)
{
	if (*p == 'u' || *p == 'g' || *p == 'o') {
		op->copy = *p;
		return p + 1;
	}
	for (;; p++) {
		if (*p == 'r')
			op->bits |= 0444;
		else if (*p == 'w')
			op->bits |= 0222;
		else if (*p == 'x')
			op->bits |= 0111;
		else if (*p == 'X')
			op->x_if = true;
		else if (*p == 's')
			op->bits |= 06000;
		else if (*p == 't')
			op->bits |= 01000;
		else
			return p;
	}
}

static bool is_op(char c)
{
	return c == '+' || c == '-' || c == '=';
}

int slip_mode_parse(const char *text, struct slip_mode *out, struct slip_err *err)
{
	struct slip_mode m = {0};
	const char *p = text;

	if (parse_octal(text, out))
		return 0;
	for (;;) {
		uint16_t who;
		p = parse_who(p, &who);
		if (!is_op(*p))
			return invalid(text, err);
		while (is_op(*p)) {
			if (m.n_ops == SLIP_MODE_MAX_OPS)
				return invalid(text, err);
			struct slip_mode_op *op = &m.ops[m.n_ops++];
			*op = (struct slip_mode_op){.who = who, .op = *p};
			p = parse_perms(p + 1, op);
		}
		if (!*p)
			break;
		if (*p++ != ',')
			return invalid(text, err);
	}
	*out = m;
	return 0;
}

static uint32_t bits_of(const struct slip_mode_op *op, uint32_t mode, bool may_execute)
{
	uint32_t bits = op->bits;

	if (op->copy) {
		unsigned shift = op->copy == 'u' ? 6 : op->copy == 'g' ? 3 : 0;
		bits = (mode >> shift & 7) * 0111;
	}
	if (op->x_if && may_execute)
		bits |= 0111;
	return bits & op->who;
}

uint32_t slip_mode_apply(const struct slip_mode *m, uint32_t mode, bool is_dir)
{
	bool may_execute = is_dir || (mode & 0111);

	if (m->octal)
		return m->bits;
	mode &= 07777;
	for (size_t i = 0; i < m->n_ops; i++) {
		const struct slip_mode_op *op = &m->ops[i];
		uint32_t bits = bits_of(op, mode, may_execute);
		if (op->op == '=')
			mode &= ~(uint32_t)op->who;
		mode = op->op == '-' ? mode & ~bits : mode | bits;
	}
	return mode;
}
