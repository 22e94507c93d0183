#include "config.h"

#include "runner/base/suggest.h"
#include "steps/context/git.h"

#include <errno.h>

enum type {
	TEXT,
	NUMBER,
	FLAG
};

#define AT(member) offsetof(struct slip_git_options, member)

static const struct key {
	const char *name;
	enum type type;
	size_t offset;
} keys[] = {
	{"branch", TEXT, AT(branch)},
	{"depth", NUMBER, AT(depth)},
	{"insecure-skip-tls", FLAG, AT(insecure_skip_tls)},
	{"keep-git-dir", FLAG, AT(keep_git_dir)},
	{"recurse-submodules", FLAG, AT(recurse_submodules)},
	{"single-branch", FLAG, AT(single_branch)},
};

static const struct key *find_key(const char *s, size_t n)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		if (strlen(keys[i].name) == n && memcmp(keys[i].name, s, n) == 0)
			return &keys[i];
	}
	return NULL;
}

static int unknown_key(const char *pair, size_t n, struct slip_err *err)
{
	const char *names[SLIP_ARRAY_LEN(keys)];
	slip_autofree char *name = slip_xstrndup(pair, n);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++)
		names[i] = keys[i].name;
	const char *near = slip_suggest(name, names, SLIP_ARRAY_LEN(names), 0);
	return slip_err_set(err, SLIP_E_USAGE, 0, "--git %s: there is no such option%s%s%s", name,
		near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int set_flag(bool *place, const char *value, const char *pair, struct slip_err *err)
{
	static const char *const yes[] = {"true", "1", "t"}, *const no[] = {"false", "0", "f"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(yes); i++) {
		if (slip_streq(value, yes[i]) || slip_streq(value, no[i])) {
			*place = slip_streq(value, yes[i]);
			return 0;
		}
	}
	return slip_err_set(err, SLIP_E_USAGE, 0, "--git %s: true or false?", pair);
}

static int set_number(int64_t *place, const char *value, const char *pair, struct slip_err *err)
{
	size_t digits = strspn(value, "0123456789");
	if (!digits || digits > 9 || value[digits])
		return slip_err_set(err, SLIP_E_USAGE, 0, "--git %s: not a number", pair);
	*place = strtoll(value, NULL, 10);
	return 0;
}

static int set_pair(struct slip_git_options *out, const char *pair, struct slip_err *err)
{
	size_t n = strcspn(pair, "=");
	const struct key *k = find_key(pair, n);
	if (!k)
		return unknown_key(pair, n, err);
	if (!pair[n] || !pair[n + 1])
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "--git %s needs a value: %s=...", k->name, k->name);
	const char *value = pair + n + 1;
	char *place = (char *)out + k->offset;
	if (k->type == FLAG)
		return set_flag((bool *)place, value, pair, err);
	if (k->type == NUMBER)
		return set_number((int64_t *)(void *)place, value, pair, err);
	if (!slip_git_is_ref(value))
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "--git %s: no name of a branch or tag", pair);
	*(const char **)(void *)place = value;
	return 0;
}

int slip_git_options_parse(
	const struct slip_strv *pairs, struct slip_git_options *out, struct slip_err *err)
{
	*out = (struct slip_git_options){.depth = 1};
	for (size_t i = 0; i < pairs->n; i++) {
		if (set_pair(out, pairs->v[i], err) < 0)
			return -1;
	}
	return 0;
}

int slip_context_check_git(const struct slip_strv *options, struct slip_err *err)
{
	struct slip_git_options unused;
	return slip_git_options_parse(options, &unused, err);
}
