#include "config.h"

#include "runner/dockerfile/glob.h"

#include "runner/dockerfile/dockerfile_internal.h"

/* One character of a [...] range, perhaps escaped. */
static bool class_char(const char **p, const char *end, uint32_t *c)
{
	size_t len;

	if (*p == end || **p == '-' || **p == ']')
		return false;
	if (**p == '\\' && ++*p == end)
		return false;
	*c = slip_utf8_decode(*p, (size_t)(end - *p), &len);
	*p += len;
	return *c < SLIP_UTF8_RAW;
}

/*
 * [...] at *p, which moves behind it. *hit tells whether c is in it. False when the text is no
 * class: empty, open, or a range without an end.
 */
static bool match_class(const char **p, const char *end, uint32_t c, bool *hit)
{
	const char *q = *p + 1;
	bool negated = q < end && *q == '^';
	bool found = false;

	q += negated;
	for (size_t n = 0;; n++) {
		uint32_t low;
		uint32_t high;
		if (q < end && *q == ']' && n)
			break;
		if (!class_char(&q, end, &low))
			return false;
		high = low;
		if (q < end && *q == '-') {
			q++;
			if (!class_char(&q, end, &high))
				return false;
		}
		found = found || (c >= low && c <= high);
	}
	*p = q + 1;
	*hit = found != negated;
	return true;
}

/*
 * One pattern element that is no *, against the name at *s; both move on. False for a mismatch, a
 * bad pattern, or the end of the name.
 */
static bool match_one(const char **p, const char *pend, const char **s, const char *send)
{
	size_t len;
	bool hit;

	if (*s == send)
		return false;
	if (**p == '[' || **p == '?') {
		uint32_t c = slip_utf8_decode(*s, (size_t)(send - *s), &len);
		if (c == '/')
			return false;
		if (**p == '?')
			++*p;
		else if (!match_class(p, pend, c, &hit) || !hit)
			return false;
		*s += len;
		return true;
	}
	if (**p == '\\' && ++*p == pend)
		return false;
	if (**p != **s)
		return false;
	++*p;
	++*s;
	return true;
}

bool slip_glob_match_slice(const char *pattern, size_t plen, const char *name, size_t nlen)
{
	const char *p = pattern;
	const char *pend = pattern + plen;
	const char *s = name;
	const char *send = name + nlen;
	const char *star = NULL; /* behind the last *, and the name position it is tried from */
	const char *retry = NULL;

	/* Only the last * ever needs to take more: an earlier one could only lose by it. */
	for (;;) {
		if (p < pend && *p == '*') {
			star = ++p;
			retry = s;
			continue;
		}
		if (p == pend && s == send)
			return true;
		if (p < pend && match_one(&p, pend, &s, send))
			continue;
		if (!star || retry == send || *retry == '/')
			return false;
		size_t len;
		slip_utf8_decode(retry, (size_t)(send - retry), &len);
		p = star;
		s = retry += len;
	}
}

bool slip_glob_match(const char *pattern, const char *name)
{
	return slip_glob_check(pattern, NULL) == 0 &&
	       slip_glob_match_slice(pattern, strlen(pattern), name, strlen(name));
}

int slip_glob_check(const char *pattern, struct slip_err *err)
{
	const char *p = pattern;
	const char *end = pattern + strlen(pattern);

	while (p < end) {
		bool hit;
		bool good = true;
		if (*p == '[')
			good = match_class(&p, end, 0, &hit);
		else if (*p == '\\')
			good = (p += 2) <= end;
		else
			p++;
		if (!good)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"syntax error in pattern \"%.200s\"", pattern);
	}
	return 0;
}

bool slip_glob_has_wildcard(const char *text)
{
	return strpbrk(text, "*?[\\") != NULL;
}
