#include "config.h"

#include "runner/registry/challenge.h"

#include <strings.h>

/* RFC 9110 section 5.6.2, plus what token68 adds, so that such a value is one word too. */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~/", c) != NULL);
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static char *take_token(const char **p)
{
	const char *start = *p;
	while (is_token_char(**p))
		(*p)++;
	return slip_xstrndup(start, (size_t)(*p - start));
}

/* A value without quotes; URLs are met there although they are no tokens. */
static char *take_bare(const char **p)
{
	size_t len = strcspn(*p, " \t\r\n,");
	char *value = slip_xstrndup(*p, len);
	*p += len;
	return value;
}

/* *p stands on the opening quote. A missing closing quote ends with the text. */
static char *take_quoted(const char **p)
{
	char *out = slip_xmalloc(strlen(*p) + 1);
	size_t n = 0;
	const char *s = *p + 1;
	for (; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1])
			s++;
		out[n++] = *s;
	}
	out[n] = '\0';
	*p = *s ? s + 1 : s;
	return out;
}

static void set_param(struct slip_challenge *c, const char *name, char *value)
{
	char **slot = NULL;
	if (strcasecmp(name, "realm") == 0)
		slot = &c->realm;
	else if (strcasecmp(name, "service") == 0)
		slot = &c->service;
	else if (strcasecmp(name, "scope") == 0)
		slot = &c->scope;
	else if (strcasecmp(name, "error") == 0)
		slot = &c->error;
	if (slot && !*slot)
		*slot = value;
	else
		free(value);
}

static enum slip_challenge_scheme scheme_of(const char *name)
{
	if (strcasecmp(name, "bearer") == 0)
		return SLIP_CHALLENGE_BEARER;
	if (strcasecmp(name, "basic") == 0)
		return SLIP_CHALLENGE_BASIC;
	return SLIP_CHALLENGE_OTHER;
}

void slip_challenges_parse(const char *header, struct slip_challenges *out)
{
	memset(out, 0, sizeof(*out));
	const char *p = header;
	while (*p) {
		if (*p == '"') { /* a stray string must not be read as words */
			free(take_quoted(&p));
			continue;
		}
		if (!is_token_char(*p)) {
			p++;
			continue;
		}
		slip_autofree char *word = take_token(&p);
		const char *next = skip_blanks(p);
		if (*next != '=') {
			if (out->n == SLIP_MAX_CHALLENGES)
				return;
			out->items[out->n++].scheme = scheme_of(word);
			continue;
		}
		p = skip_blanks(next + 1);
		char *value = *p == '"' ? take_quoted(&p) : take_bare(&p);
		if (out->n > 0)
			set_param(&out->items[out->n - 1], word, value);
		else
			free(value);
	}
}

void slip_challenges_release(struct slip_challenges *c)
{
	for (size_t i = 0; i < c->n; i++)
		slip_challenge_release(&c->items[i]);
	c->n = 0;
}

const struct slip_challenge *slip_challenges_best(const struct slip_challenges *c)
{
	const struct slip_challenge *basic = NULL;
	for (size_t i = 0; i < c->n; i++) {
		const struct slip_challenge *item = &c->items[i];
		if (item->scheme == SLIP_CHALLENGE_BEARER && item->realm && item->realm[0])
			return item;
		if (item->scheme == SLIP_CHALLENGE_BASIC && !basic)
			basic = item;
	}
	return basic;
}

void slip_challenge_copy(struct slip_challenge *dst, const struct slip_challenge *src)
{
	struct slip_challenge copy = {
		.scheme = src->scheme,
		.realm = slip_xstrdup(src->realm),
		.service = slip_xstrdup(src->service),
		.scope = slip_xstrdup(src->scope),
		.error = slip_xstrdup(src->error),
	};
	slip_challenge_release(dst);
	*dst = copy;
}

void slip_challenge_release(struct slip_challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	memset(c, 0, sizeof(*c));
}
