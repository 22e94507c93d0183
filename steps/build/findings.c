#include "config.h"

#include "steps/build/findings.h"

#include "runner/base/finding.h"
#include "runner/base/suggest.h"
#include "runner/dockerfile/scope.h"
#include "steps/build/builder.h"

/* Arguments that mean something to builders, in this one or another, without an ARG. */
static bool is_for_builder(const char *name)
{
	return slip_is_platform_arg(name) || slip_is_proxy_arg(name) ||
	       slip_streq(name, "SOURCE_DATE_EPOCH") || slip_starts_with(name, "BUILDKIT_");
}

/* Every ARG of the file, also of stages that are not needed: its name, and the line. */
static void add_declared(const struct slip_instrs *list, struct slip_map *lines)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct slip_instr *instr = &list->v[i];
		for (size_t k = 0; instr->kind == SLIP_I_ARG && k < instr->args.n; k++)
			slip_map_set(lines, instr->args.v[k].name, (void *)instr);
	}
}

static void tell_unused(const struct slip_builder *b, const char *name, const struct slip_map *args)
{
	slip_autofree const char **names = slip_xcalloc(args->n + 1, sizeof(*names));
	for (size_t i = 0; i < args->n; i++)
		names[i] = args->entries[i].key;
	const char *near = slip_suggest(name, names, args->n, 0);
	const struct slip_instr *instr = near ? slip_map_get(args, near) : NULL;
	struct slip_finding f = {
		.rule = "unused-build-arg",
		.file = b->dockerfile->name,
		.line = instr ? (unsigned)instr->start_line : 1,
	};
	slip_finding_tell(&f, "--build-arg %s is not used: there is no ARG of that name%s%s%s",
		name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

void slip_build_tell_unused_args(const struct slip_builder *b)
{
	slip_automap declared;
	slip_map_init(&declared, NULL);
	add_declared(&b->dockerfile->args, &declared);
	for (size_t i = 0; i < b->dockerfile->n_stages; i++)
		add_declared(&b->dockerfile->stages[i].instrs, &declared);
	for (size_t i = 0; i < b->build_args.n; i++) {
		const char *name = b->build_args.entries[i].key;
		bool is_used = slip_map_has(&declared, name) || is_for_builder(name);
		for (size_t k = 0; k < b->n_stages; k++)
			is_used |= slip_map_has(&b->stages[k]->args, name);
		if (!is_used)
			tell_unused(b, name, &declared);
	}
}

void slip_step_tell(const struct slip_step *s, const char *rule, const char *message)
{
	struct slip_finding f = {
		.rule = rule, .file = s->file->name, .line = (unsigned)s->start_line};
	slip_finding_tell(&f, "%s", message);
}

void slip_build_tell_failure(const char *dockerfile, const struct slip_err *err)
{
	const char *message;
	size_t len;
	int line = err ? slip_dockerfile_located(dockerfile, err, &message, &len) : 0;
	if (!line)
		return;
	struct slip_finding f = {
		.rule = "invalid-dockerfile",
		.severity = SLIP_SEVERITY_ERROR,
		.file = dockerfile,
		.line = (unsigned)line,
	};
	if (slip_err_is(err, SLIP_E_DOCKERFILE))
		slip_finding_tell(&f, "%.*s", (int)len, message);
	slip_failure_tell(dockerfile, (unsigned)line);
}
