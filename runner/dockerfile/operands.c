#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/json.h"
#include "runner/dockerfile/dockerfile_internal.h"
#include "runner/dockerfile/expand.h"
#include "runner/dockerfile/mount.h"
#include "runner/dockerfile/parse.h"
#include "runner/dockerfile/print.h"
#include "runner/dockerfile/scope.h"

#include <strings.h>

void slip_split_blanks(const char *text, struct slip_strv *out)
{
	for (;;) {
		while (slip_is_blank(*text))
			text++;
		if (!*text)
			return;
		const char *end = text;
		while (*end && !slip_is_blank(*end))
			end++;
		slip_strv_addn(out, text, (size_t)(end - text));
		text = end;
	}
}

int slip_dockerfile_exec_form(const char *text, struct slip_strv *out, struct slip_err *err)
{
	slip_autojson *array = NULL;
	slip_autostrv words = {0};

	while (slip_is_blank(*text))
		text++;
	if (*text != '[')
		return 0;
	if (slip_json_parse(text, strlen(text), "exec form", SLIP_E_DOCKERFILE, &array, NULL) < 0)
		return 0;
	for (size_t i = 0; i < slip_json_len(array); i++) {
		const struct slip_json *item = slip_json_at(array, i);
		if (slip_json_kind(item) != SLIP_JSON_STRING)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"when using JSON array syntax, arrays must be comprised of strings "
				"only");
		slip_strv_add(&words, slip_json_str_value(item, ""));
	}
	slip_strv_copy(out, &words);
	return 1;
}

static int needs_one_at_least(const struct slip_instr *instr, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s requires at least one argument",
		slip_instr_name(instr->kind));
}

/* --- ADD and COPY ---------------------------------------------------------------------------- */

/* The words that are no heredocs. A heredoc must not come last: that is the destination. */
static int split_sources(struct slip_instr *instr, const char *args,
	const struct slip_openers *openers, struct slip_strv *words, struct slip_err *err)
{
	slip_autofree char *plain = slip_xstrdup(args);
	size_t last = 0;

	for (size_t i = 0; i < openers->n; i++) {
		last = openers->v[i].end;
		memset(plain + openers->v[i].start, ' ', last - openers->v[i].start);
	}
	slip_split_blanks(plain, words);
	if (words->n + openers->n < 2)
		return 0;
	if (last && !plain[last + strspn(plain + last, " \t\v\f\r\n")])
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"%s cannot accept a heredoc as a destination",
			slip_instr_name(instr->kind));
	return 0;
}

/* The file a heredoc becomes is named after it. */
static int check_heredoc_names(const struct slip_instr *instr, struct slip_err *err)
{
	for (size_t i = 0; i < instr->n_heredocs; i++) {
		const char *name = instr->heredocs[i].name;
		const char *base = strrchr(name, '/');
		base = base ? base + 1 : name;
		if (!*base || slip_streq(base, ".") || slip_streq(base, ".."))
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"heredoc name \"%.100s\" is not the name of a file", name);
	}
	return 0;
}

static int copy_flags(struct slip_copy *copy, const struct slip_strv *flags, struct slip_err *err)
{
	copy->from = slip_xstrdup(slip_flag_value(flags, "from"));
	copy->chown = slip_xstrdup(slip_flag_value(flags, "chown"));
	copy->chmod = slip_xstrdup(slip_flag_value(flags, "chmod"));
	copy->checksum = slip_xstrdup(slip_flag_value(flags, "checksum"));
	copy->link = slip_flag_bool(flags, "link") == SLIP_TRUE;
	copy->parents = slip_flag_bool(flags, "parents") == SLIP_TRUE;
	copy->keep_git_dir = slip_flag_bool(flags, "keep-git-dir");
	copy->unpack = slip_flag_bool(flags, "unpack");
	slip_flag_values(flags, "exclude", &copy->excludes);
	const char *dollar = copy->from ? strchr(copy->from, '$') : NULL;
	if (dollar && dollar[1])
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"variable expansion is not supported for --from, define a new stage with "
			"FROM using ARG from global scope as a workaround");
	return 0;
}

static int parse_copy(struct slip_instr *instr, const char *args,
	const struct slip_openers *openers, struct slip_err *err)
{
	struct slip_copy *copy = &instr->copy;
	int json = slip_dockerfile_exec_form(args, &copy->sources, err);

	if (json < 0)
		return -1;
	instr->json = json;
	if (!json && split_sources(instr, args, openers, &copy->sources, err) < 0)
		return -1;
	if (copy->sources.n + instr->n_heredocs == 0)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"%s requires at least two arguments: sources and a destination",
			slip_instr_name(instr->kind));
	if (copy->sources.n + instr->n_heredocs < 2)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"%s requires at least two arguments, but only one was provided. "
			"Destination could not be determined",
			slip_instr_name(instr->kind));
	copy->dest = slip_xstrdup(copy->sources.v[copy->sources.n - 1]);
	slip_strv_remove(&copy->sources, copy->sources.n - 1);
	if (check_heredoc_names(instr, err) < 0)
		return -1;
	return copy_flags(copy, &instr->flags, err);
}

/* --- commands -------------------------------------------------------------------------------- */

static int parse_command(
	struct slip_instr *instr, struct slip_command *cmd, const char *args, struct slip_err *err)
{
	int json = slip_dockerfile_exec_form(args, &cmd->argv, err);

	if (json < 0)
		return -1;
	instr->json = json;
	cmd->form = json ? SLIP_FORM_EXEC : SLIP_FORM_SHELL;
	if (!json)
		cmd->text = slip_xstrdup(args);
	return 0;
}

static int run_heredocs(struct slip_instr *instr, const char *args,
	const struct slip_openers *openers, struct slip_err *err)
{
	struct slip_command *cmd = &instr->run.cmd;

	if (!openers->n)
		return 0;
	free(cmd->text);
	if (!slip_openers_is_lone(openers, args)) {
		cmd->text = slip_heredocs_join(args, instr);
		return 0;
	}
	cmd->text = slip_heredoc_content(&instr->heredocs[0]);
	/* Whether it is a script is told by the body before its tabs are stripped. */
	if (!slip_starts_with(instr->heredocs[0].body, "#!"))
		return 0;
	cmd->form = SLIP_FORM_SCRIPT;
	const char *name = instr->heredocs[0].name;
	if (strchr(name, '/') || slip_streq(name, ".") || slip_streq(name, ".."))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"heredoc name \"%.100s\" is not the name of a file", name);
	return 0;
}

static int run_network(struct slip_run *run, const char *value, struct slip_err *err)
{
	if (!value || slip_streq(value, "default"))
		run->network = SLIP_RUN_NET_DEFAULT;
	else if (slip_streq(value, "none"))
		run->network = SLIP_RUN_NET_NONE;
	else if (slip_streq(value, "host"))
		run->network = SLIP_RUN_NET_HOST;
	else
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid network mode: \"%.100s\" (use default, none or host)", value);
	return 0;
}

static int run_flags(struct slip_run *run, const struct slip_strv *flags, struct slip_err *err)
{
	const char *security = slip_flag_value(flags, "security");

	if (run_network(run, slip_flag_value(flags, "network"), err) < 0)
		return -1;
	run->insecure = security && slip_streq(security, "insecure");
	if (security && !run->insecure && !slip_streq(security, "sandbox"))
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"security \"%.100s\" is not valid (use sandbox or insecure)", security);
	slip_flag_values(flags, "device", &run->devices);
	slip_flag_values(flags, "mount", &run->mounts);
	for (size_t i = 0; i < run->mounts.n; i++) {
		if (slip_mount_parse(run->mounts.v[i], NULL, NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_run(struct slip_instr *instr, const char *args, const struct slip_openers *openers,
	struct slip_err *err)
{
	if (parse_command(instr, &instr->run.cmd, args, err) < 0 ||
		run_heredocs(instr, args, openers, err) < 0)
		return -1;
	if (instr->json && !instr->run.cmd.argv.n)
		return needs_one_at_least(instr, err);
	return run_flags(&instr->run, &instr->flags, err);
}

/* --- ENV, LABEL, ARG ------------------------------------------------------------------------- */

static void add_pair(struct slip_pairs *pairs, char *key, const char *value)
{
	slip_grow(pairs->v, pairs->n, &pairs->cap);
	pairs->v[pairs->n++] = (struct slip_pair){key, slip_xstrdup(value)};
}

static int cannot_be_blank(const struct slip_instr *instr, struct slip_err *err)
{
	return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s names can not be blank",
		slip_instr_name(instr->kind));
}

static int legacy_pair(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	size_t n = 0;

	while (args[n] && !slip_is_blank(args[n]))
		n++;
	if (!args[n])
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"%s must have two arguments (write %s %.100s=VALUE)",
			slip_instr_name(instr->kind), slip_instr_name(instr->kind), args);
	const char *value = args + n;
	while (slip_is_blank(*value))
		value++;
	instr->pairs.legacy = true;
	add_pair(&instr->pairs, slip_xstrndup(args, n), value);
	return 0;
}

static int parse_pairs(
	struct slip_instr *instr, const char *args, char escape, struct slip_err *err)
{
	slip_autostrv words = {0};

	slip_dockerfile_shell_words(args, escape, &words);
	if (!words.n)
		return needs_one_at_least(instr, err);
	if (!strchr(words.v[0], '='))
		return legacy_pair(instr, args, err);
	for (size_t i = 0; i < words.n; i++) {
		const char *equals = strchr(words.v[i], '=');
		if (!equals)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"Syntax error - can't find = in \"%.200s\". Must be of the form: "
				"name=value",
				words.v[i]);
		if (equals == words.v[i])
			return cannot_be_blank(instr, err);
		add_pair(&instr->pairs, slip_xstrndup(words.v[i], (size_t)(equals - words.v[i])),
			equals + 1);
	}
	return 0;
}

static int parse_args(struct slip_instr *instr, const char *args, char escape, struct slip_err *err)
{
	struct slip_args *out = &instr->args;
	slip_autostrv words = {0};

	slip_dockerfile_shell_words(args, escape, &words);
	if (!words.n)
		return needs_one_at_least(instr, err);
	for (size_t i = 0; i < words.n; i++) {
		const char *equals = strchr(words.v[i], '=');
		if (equals == words.v[i])
			return cannot_be_blank(instr, err);
		slip_grow(out->v, out->n, &out->cap);
		size_t n = equals ? (size_t)(equals - words.v[i]) : strlen(words.v[i]);
		out->v[out->n++] = (struct slip_arg){
			.name = slip_xstrndup(words.v[i], n),
			.value = slip_xstrdup(equals ? equals + 1 : NULL),
		};
	}
	return 0;
}

/* --- HEALTHCHECK ----------------------------------------------------------------------------- */

static int interval(
	const struct slip_strv *flags, const char *name, int64_t *ns, struct slip_err *err)
{
	const char *value = slip_flag_value(flags, name);

	if (!value)
		return 0;
	if (slip_clock_parse_duration(value, ns, NULL) < 0)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid duration \"%.100s\" for --%s (write for example 30s or 1m30s)",
			value, name);
	if (*ns && *ns < 1000000)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "Interval \"%s\" cannot be less than 1ms", name);
	return 0;
}

static int retries(const struct slip_strv *flags, int64_t *out, struct slip_err *err)
{
	const char *value = slip_flag_value(flags, "retries");
	char *end;

	if (!value)
		return 0;
	bool is_number =
		strspn(value + (*value == '-'), "0123456789") == strlen(value) - (*value == '-');
	*out = strtol(value, &end, 10);
	if (!is_number || end == value || *out > INT32_MAX || *out < INT32_MIN)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"invalid value for --retries: \"%.100s\" is no number", value);
	if (*out < 0)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"--retries cannot be negative (%lld)", (long long)*out);
	return 0;
}

static int healthcheck_flags(
	struct slip_healthcheck *hc, const struct slip_strv *flags, struct slip_err *err)
{
	if (interval(flags, "interval", &hc->interval, err) < 0 ||
		interval(flags, "timeout", &hc->timeout, err) < 0 ||
		interval(flags, "start-period", &hc->start_period, err) < 0 ||
		interval(flags, "start-interval", &hc->start_interval, err) < 0)
		return -1;
	return retries(flags, &hc->retries, err);
}

static int parse_healthcheck(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	struct slip_healthcheck *hc = &instr->healthcheck;
	size_t n = 0;

	while (args[n] && !slip_is_blank(args[n]))
		n++;
	if (!n)
		return needs_one_at_least(instr, err);
	slip_autofree char *type = slip_xstrndup(args, n);
	const char *rest = args + n;
	while (slip_is_blank(*rest))
		rest++;
	hc->none = strcasecmp(type, "NONE") == 0;
	if (hc->none && *rest)
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "HEALTHCHECK NONE takes no arguments");
	if (hc->none)
		return 0;
	if (strcasecmp(type, "CMD") != 0)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"Unknown type \"%.100s\" in HEALTHCHECK (try CMD)", type);
	if (parse_command(instr, &hc->cmd, rest, err) < 0)
		return -1;
	if (!*rest || (instr->json && !hc->cmd.argv.n))
		return slip_err_set(
			err, SLIP_E_DOCKERFILE, 0, "Missing command after HEALTHCHECK CMD");
	return healthcheck_flags(hc, &instr->flags, err);
}

/* --- lists of words, single words, ONBUILD --------------------------------------------------- */

static int parse_volume(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	int json = slip_dockerfile_exec_form(args, &instr->words, err);

	if (json < 0)
		return -1;
	instr->json = json;
	if (!json)
		slip_split_blanks(args, &instr->words);
	if (!instr->words.n)
		return needs_one_at_least(instr, err);
	for (size_t i = 0; i < instr->words.n; i++) {
		const char *word = instr->words.v[i];
		while (slip_is_blank(*word))
			word++;
		if (!*word)
			return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
				"VOLUME specified can not be an empty string");
	}
	return 0;
}

static int parse_shell(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	int json = slip_dockerfile_exec_form(args, &instr->words, err);

	if (json < 0)
		return -1;
	instr->json = json;
	if (!*args || (json && !instr->words.n))
		return needs_one_at_least(instr, err);
	if (!json)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0,
			"SHELL requires the arguments to be in JSON form, such as SHELL "
			"[\"/bin/bash\", \"-c\"]");
	return 0;
}

static int parse_expose(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	slip_split_blanks(args, &instr->words);
	return instr->words.n ? 0 : needs_one_at_least(instr, err);
}

static int parse_word(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	if (!*args)
		return slip_err_set(err, SLIP_E_DOCKERFILE, 0, "%s requires exactly one argument",
			slip_instr_name(instr->kind));
	instr->word = slip_xstrdup(args);
	return 0;
}

static int parse_onbuild(struct slip_instr *instr, const char *args, struct slip_err *err)
{
	struct slip_instr *trigger = NULL;

	if (!*args)
		return needs_one_at_least(instr, err);
	instr->trigger = slip_heredocs_join(args, instr);
	if (slip_dockerfile_parse_trigger(instr->trigger, &trigger, err) < 0)
		return -1;
	slip_instr_free(trigger);
	return 0;
}

int slip_instr_parse_operands(struct slip_instr *instr, const char *args,
	const struct slip_openers *openers, char escape, struct slip_err *err)
{
	switch (instr->kind) {
	case SLIP_I_ADD:
	case SLIP_I_COPY:
		return parse_copy(instr, args, openers, err);
	case SLIP_I_ARG:
		return parse_args(instr, args, escape, err);
	case SLIP_I_CMD:
	case SLIP_I_ENTRYPOINT:
		return parse_command(instr, &instr->cmd, args, err);
	case SLIP_I_ENV:
	case SLIP_I_LABEL:
		return parse_pairs(instr, args, escape, err);
	case SLIP_I_EXPOSE:
		return parse_expose(instr, args, err);
	case SLIP_I_HEALTHCHECK:
		return parse_healthcheck(instr, args, err);
	case SLIP_I_MAINTAINER:
	case SLIP_I_STOPSIGNAL:
	case SLIP_I_USER:
	case SLIP_I_WORKDIR:
		return parse_word(instr, args, err);
	case SLIP_I_ONBUILD:
		return parse_onbuild(instr, args, err);
	case SLIP_I_RUN:
		return parse_run(instr, args, openers, err);
	case SLIP_I_SHELL:
		return parse_shell(instr, args, err);
	case SLIP_I_VOLUME:
		return parse_volume(instr, args, err);
	case SLIP_I_FROM:
	case SLIP_I_COUNT:
		break;
	}
	slip_bug("operands of %s", slip_instr_name(instr->kind));
}

const struct slip_flag_spec *slip_instr_flags(enum slip_instr_kind kind)
{
	static const struct slip_flag_spec from[] = {{"platform", SLIP_FLAG_STRING}, {NULL, 0}};
	static const struct slip_flag_spec run[] = {
		{"mount", SLIP_FLAG_MANY},
		{"network", SLIP_FLAG_STRING},
		{"security", SLIP_FLAG_STRING},
		{"device", SLIP_FLAG_MANY},
		{NULL, 0},
	};
	static const struct slip_flag_spec copy[] = {
		{"from", SLIP_FLAG_STRING},
		{"chown", SLIP_FLAG_STRING},
		{"chmod", SLIP_FLAG_STRING},
		{"link", SLIP_FLAG_BOOL},
		{"parents", SLIP_FLAG_BOOL},
		{"exclude", SLIP_FLAG_MANY},
		{NULL, 0},
	};
	static const struct slip_flag_spec add[] = {
		{"chown", SLIP_FLAG_STRING},
		{"chmod", SLIP_FLAG_STRING},
		{"link", SLIP_FLAG_BOOL},
		{"checksum", SLIP_FLAG_STRING},
		{"keep-git-dir", SLIP_FLAG_BOOL},
		{"unpack", SLIP_FLAG_BOOL},
		{"exclude", SLIP_FLAG_MANY},
		{NULL, 0},
	};
	static const struct slip_flag_spec healthcheck[] = {
		{"interval", SLIP_FLAG_STRING},
		{"timeout", SLIP_FLAG_STRING},
		{"start-period", SLIP_FLAG_STRING},
		{"start-interval", SLIP_FLAG_STRING},
		{"retries", SLIP_FLAG_STRING},
		{NULL, 0},
	};
	static const struct slip_flag_spec *const specs[SLIP_I_COUNT] = {
		[SLIP_I_ADD] = add,
		[SLIP_I_COPY] = copy,
		[SLIP_I_FROM] = from,
		[SLIP_I_HEALTHCHECK] = healthcheck,
		[SLIP_I_RUN] = run,
	};

	return specs[kind];
}

bool slip_instr_ignores_flags(enum slip_instr_kind kind, const char *args)
{
	bool none = strncasecmp(args, "NONE", 4) == 0 && (!args[4] || slip_is_blank(args[4]));

	return kind == SLIP_I_ARG || kind == SLIP_I_STOPSIGNAL ||
	       (kind == SLIP_I_HEALTHCHECK && none);
}
