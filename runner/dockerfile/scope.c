#include "config.h"

#include "runner/dockerfile/scope.h"

#include "runner/dockerfile/dockerfile_internal.h"

#include <strings.h>

const char *const slip_platform_args[] = {
	"TARGETPLATFORM",
	"TARGETOS",
	"TARGETARCH",
	"TARGETVARIANT",
	"TARGETOSVERSION",
	"BUILDPLATFORM",
	"BUILDOS",
	"BUILDARCH",
	"BUILDVARIANT",
	"BUILDOSVERSION",
	"TARGETSTAGE",
	NULL,
};

const char *const slip_proxy_args[] = {
	"HTTP_PROXY",
	"http_proxy",
	"HTTPS_PROXY",
	"https_proxy",
	"FTP_PROXY",
	"ftp_proxy",
	"NO_PROXY",
	"no_proxy",
	"ALL_PROXY",
	"all_proxy",
	NULL,
};

static bool is_in(const char *const *names, const char *name)
{
	for (; *names; names++) {
		if (slip_streq(*names, name))
			return true;
	}
	return false;
}

bool slip_is_platform_arg(const char *name)
{
	return is_in(slip_platform_args, name);
}

bool slip_is_proxy_arg(const char *name)
{
	return is_in(slip_proxy_args, name);
}

static bool has_name(const struct slip_stage *stage, const char *name, bool any_case)
{
	if (!stage->name)
		return false;
	return any_case ? strcasecmp(stage->name, name) == 0 : slip_streq(stage->name, name);
}

static size_t find_before(
	const struct slip_dockerfile *df, size_t end, const char *name, bool any_case)
{
	while (end-- > 0) {
		if (has_name(&df->stages[end], name, any_case))
			return end;
	}
	return SLIP_STAGE_NONE;
}

size_t slip_stage_find_base(const struct slip_dockerfile *df, size_t current, const char *base)
{
	return find_before(df, current, base, false);
}

/* "builder", or "stage-2" for a stage without a name. */
static void stage_label(const struct slip_dockerfile *df, size_t i, char *out, size_t size)
{
	if (df->stages[i].name)
		snprintf(out, size, "%s", df->stages[i].name);
	else
		snprintf(out, size, "stage-%zu", i);
}

/* Is the name that of this stage or a later one? */
static bool is_defined_later(const struct slip_dockerfile *df, size_t current, const char *name)
{
	for (size_t i = current + 1; i < df->n_stages; i++) {
		if (has_name(&df->stages[i], name, true))
			return true;
	}
	return false;
}

static bool parse_index(const char *text, size_t *out)
{
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return false;
	*out = strtoul(text, &end, 10);
	return true;
}

int slip_stage_find_copy(const struct slip_dockerfile *df, size_t current, const char *from,
	size_t *out, struct slip_err *err)
{
	size_t index;
	char self[80];

	if (parse_index(from, &index)) {
		if (index >= current)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"invalid stage index %zu: stages before this one are 0 to %zd",
				index, (ssize_t)current - 1);
		*out = index;
		return 0;
	}
	*out = find_before(df, current, from, true);
	if (*out != SLIP_STAGE_NONE)
		return 0;
	if (has_name(&df->stages[current], from, true))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"circular dependency detected on stage: %.100s", df->stages[current].name);
	if (!is_defined_later(df, current, from))
		return 0;
	stage_label(df, current, self, sizeof(self));
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"cannot copy from stage \"%.100s\", it needs to be defined before current stage "
		"\"%s\"",
		from, self);
}

int slip_stage_find_mount(const struct slip_dockerfile *df, size_t current, const char *from,
	const char *target, size_t *out, struct slip_err *err)
{
	*out = find_before(df, current, from, true);
	if (*out != SLIP_STAGE_NONE)
		return 0;
	if (has_name(&df->stages[current], from, true))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"circular dependency detected on stage: %.100s", df->stages[current].name);
	if (!is_defined_later(df, current, from))
		return 0;
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"cannot mount from stage \"%.100s\" to \"%.200s\", stage needs to be defined "
		"before "
		"current command",
		from, target);
}

int slip_stage_find_target(
	const struct slip_dockerfile *df, const char *target, size_t *out, struct slip_err *err)
{
	slip_autostrv names = {0};

	if (!target || !*target) {
		*out = df->n_stages - 1;
		return 0;
	}
	*out = find_before(df, df->n_stages, target, true);
	if (*out != SLIP_STAGE_NONE)
		return 0;
	for (size_t i = 0; i < df->n_stages; i++) {
		if (df->stages[i].name)
			slip_strv_add(&names, df->stages[i].name);
	}
	const char *near =
		slip_suggest(target, (const char *const *)names.v, names.n, SLIP_TYPO_REACH);
	if (near)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"target stage \"%.100s\" could not be found (did you mean %s?)", target,
			near);
	slip_autofree char *known = slip_strv_join(&names, ", ");
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
		"target stage \"%.100s\" could not be found; named stages: %.500s", target,
		names.n ? known : "none");
}
