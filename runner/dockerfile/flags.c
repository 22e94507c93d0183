#include "config.h"

#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/scope.h"

#include <strings.h>

/* One flag with its quotes and escapes removed; returns where it ends. */
static const char *take_flag(const char *p, char escape, size_t max, char **out)
{
	slip_autobuf word = {0};
	char quote = '\0';

	slip_buf_init(&word, max);
	for (; *p && (quote || !slip_is_blank(*p)); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote ? '\0' : *p;
		} else if (*p == escape) {
			if (!p[1])
				continue;
			slip_buf_add_char(&word, *++p);
		} else {
			slip_buf_add_char(&word, *p);
		}
	}
	*out = slip_buf_take(&word);
	return p;
}

const char *slip_flags_take(const char *rest, char escape, struct slip_strv *flags)
{
	size_t max = strlen(rest) + 1;

	for (;;) {
		while (slip_is_blank(*rest))
			rest++;
		if (rest[0] != '-' || rest[1] != '-')
			return rest;
		char *flag;
		rest = take_flag(rest, escape, max, &flag);
		if (slip_streq(flag, "--")) {
			free(flag);
			while (slip_is_blank(*rest))
				rest++;
			return rest;
		}
		slip_strv_take(flags, flag);
	}
}

const char *slip_flag_match(const char *flag, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(flag, "--", 2) != 0 || strncmp(flag + 2, name, n) != 0)
		return NULL;
	flag += 2 + n;
	if (*flag == '=')
		return flag + 1;
	return *flag ? NULL : flag;
}

static int check_value(const struct slip_flag_spec *spec, const char *flag, struct slip_err *err)
{
	const char *value = slip_flag_match(flag, spec->name);
	bool has_equals = strchr(flag, '=') != NULL;

	if (spec->type != SLIP_FLAG_BOOL) {
		if (!has_equals)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"missing a value on flag: %s (write --%s=VALUE)", spec->name,
				spec->name);
		return 0;
	}
	if (has_equals && !*value)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "missing a value on flag: %s", spec->name);
	if (*value && strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"expecting boolean value for flag %s, not: %.100s", spec->name, value);
	return 0;
}

static int unknown_flag(const char *flag, const struct slip_flag_spec *specs, struct slip_err *err)
{
	slip_autofree char *name = slip_xstrndup(flag + 2, strcspn(flag + 2, "="));
	slip_autostrv known = {0};

	for (size_t i = 0; specs && specs[i].name; i++)
		slip_strv_add(&known, specs[i].name);
	const char *near =
		slip_suggest(name, (const char *const *)known.v, known.n, SLIP_TYPO_REACH);
	if (near)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"unknown flag: %.100s (did you mean %s?)", name, near);
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "unknown flag: %.100s", name);
}

int slip_flags_check(
	const struct slip_strv *flags, const struct slip_flag_spec *specs, struct slip_err *err)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < flags->n; i++) {
		size_t k = 0;
		while (specs && specs[k].name && !slip_flag_match(flags->v[i], specs[k].name))
			k++;
		if (!specs || !specs[k].name)
			return unknown_flag(flags->v[i], specs, err);
		if ((seen & 1U << k) && specs[k].type != SLIP_FLAG_MANY)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"duplicate flag specified: %s", specs[k].name);
		seen |= 1U << k;
		if (check_value(&specs[k], flags->v[i], err) < 0)
			return -1;
	}
	return 0;
}

const char *slip_flag_value(const struct slip_strv *flags, const char *name)
{
	for (size_t i = 0; i < flags->n; i++) {
		const char *value = slip_flag_match(flags->v[i], name);
		if (value && *value)
			return value;
	}
	return NULL;
}

enum slip_tristate slip_flag_bool(const struct slip_strv *flags, const char *name)
{
	for (size_t i = 0; i < flags->n; i++) {
		const char *value = slip_flag_match(flags->v[i], name);
		if (value)
			return strcasecmp(value, "false") == 0 ? SLIP_FALSE : SLIP_TRUE;
	}
	return SLIP_UNSET;
}

void slip_flag_values(const struct slip_strv *flags, const char *name, struct slip_strv *out)
{
	for (size_t i = 0; i < flags->n; i++) {
		const char *value = slip_flag_match(flags->v[i], name);
		if (value && *value)
			slip_strv_add(out, value);
	}
}
