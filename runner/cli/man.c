/* The manual pages, in the language of man(7), from the tables that the program itself reads. */
#include "config.h"

#include "runner/cli/command.h"
#include "runner/spec/spec.h"

#define MAX_PAGE ((size_t)1 << 20)

/* Text for roff: no request at the start of a line, a dash that can be copied, no escapes. */
static void add_text(struct slip_buf *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		slip_buf_add_str(out, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			slip_buf_add_str(out, "\\e");
		else if (*text == '-')
			slip_buf_add_str(out, "\\-");
		else
			slip_buf_add_char(out, *text);
	}
}

static void add_line(struct slip_buf *out, const char *text)
{
	add_text(out, text);
	slip_buf_add_char(out, '\n');
}

static void add_title(struct slip_buf *out, const char *name, int section, const char *summary)
{
	slip_buf_addf(
		out, ".TH %s %d \"\" \"slipway %s\"\n.SH NAME\n", name, section, PACKAGE_VERSION);
	add_line(out, summary);
}

/* --- slipway(1) ---------------------------------------------------------------------------------
 */

static void add_option(struct slip_buf *out, const struct slip_opt *o)
{
	if (o->flags & SLIP_OPT_HIDDEN || o->alias_of)
		return;
	slip_buf_add_str(out, ".TP\n\\fB");
	if (o->short_name)
		slip_buf_addf(out, "\\-%c\\fR, \\fB", o->short_name);
	slip_buf_add_str(out, "\\-\\-");
	add_text(out, o->name);
	slip_buf_add_str(out, "\\fR");
	if (o->type != SLIP_OPT_BOOL)
		slip_buf_addf(out, " \\fI%s\\fR", o->metavar ? o->metavar : "VALUE");
	slip_buf_add_char(out, '\n');
	add_text(out, o->help);
	if (o->dflt && o->type != SLIP_OPT_BOOL) {
		slip_buf_add_str(out, " [");
		add_text(out, o->dflt);
		slip_buf_add_char(out, ']');
	}
	slip_buf_add_char(out, '\n');
}

static void add_command(struct slip_buf *out, const struct slip_cli_command *c)
{
	slip_buf_addf(out, ".SS slipway %s", c->name);
	if (c->opts)
		slip_buf_add_str(out, " [OPTIONS]");
	if (c->arguments) {
		slip_buf_add_char(out, ' ');
		add_text(out, c->arguments);
	}
	slip_buf_add_char(out, '\n');
	add_line(out, c->summary);
	for (const struct slip_opt *o = c->opts; o && o->name; o++)
		add_option(out, o);
}

static void add_pairs(struct slip_buf *out, const char *const (*pairs)[2])
{
	for (; (*pairs)[0]; pairs++) {
		slip_buf_add_str(out, ".TP\n\\fB");
		add_text(out, (*pairs)[0]);
		slip_buf_add_str(out, "\\fR\n");
		add_line(out, (*pairs)[1]);
	}
}

static const char *const statuses[][2] = {
	{"0", "All is well."},
	{"1", "A command of the user's failed. A failing RUN of `slipway build` passes its own "
	      "status "
	      "on."},
	{"2", "Wrong usage, or an error in a spec or Dockerfile."},
	{"3", "A registry refused: authentication or permission."},
	{"4", "Infrastructure failed, after retries."},
	{"5", "A time limit was reached."},
	{"10", "Only stages failed that were allowed to (--soft-exit)."},
	{"70", "A bug in slipway."},
	{"128+n", "Ended by signal n."},
	{NULL, NULL},
};

static const char *const variables[][2] = {
	{"SLIPWAY_STORE", "Directory of the local store; $XDG_CACHE_HOME/slipway otherwise."},
	{"SLIPWAY_UI", "Who reads the log, where --ui does not say it."},
	{"NO_COLOR, FORCE_COLOR", "No colours in the log; colours also where none are usual."},
	{"SLIPWAY_PARAM_NAME", "A value for the parameter NAME of a spec; --set wins."},
	{"DOCKER_CONFIG", "Directory of config.json, or its text: credentials for registries."},
	{"SOURCE_DATE_EPOCH", "The time that images and their new files get, in seconds."},
	{"SSL_CERT_FILE, SSL_CERT_DIR", "The authorities to trust instead of the system's."},
	{"HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxies, also in lower case."},
	{"TMPDIR", "Where temporary directories are made."},
	{NULL, NULL},
};

void slip_man_program(const struct slip_cli_command *const *commands, struct slip_buf *out)
{
	add_title(out, "SLIPWAY", 1,
		"slipway - build container images and run CI stages without a daemon");
	slip_buf_add_str(out, ".SH SYNOPSIS\n.B slipway\n.I COMMAND\n[\\fIOPTIONS\\fR]\n");
	slip_buf_add_str(out, ".SH DESCRIPTION\n");
	add_line(out, "slipway runs the stages of a slipway.yaml and builds images from "
		      "Dockerfiles, with a "
		      "layer cache in a registry. It needs no daemon, and no more privilege than "
		      "the build "
		      "itself. Results go to the standard output, all else to the standard error.");
	slip_buf_add_str(out, ".SH COMMANDS\n");
	for (; *commands; commands++)
		add_command(out, *commands);
	slip_buf_add_str(out, ".SH \"EXIT STATUS\"\n");
	add_pairs(out, statuses);
	slip_buf_add_str(out, ".SH ENVIRONMENT\n");
	add_pairs(out, variables);
	slip_buf_add_str(
		out, ".SH \"SEE ALSO\"\n.BR slipway.yaml (5):\n`slipway man slipway.yaml`\n");
}

/* --- slipway.yaml(5) ----------------------------------------------------------------------------
 */

/* As runner/spec/expr.h has it; tests/e2e/manual.bats compares the names with the tables. */
static const char *const expressions[][2] = {
	{"params.NAME, env.NAME, secrets.NAME, matrix.NAME",
		"What the spec declares. Of a secret it is only told whether there is one."},
	{"stages.NAME.outputs.NAME, stages.NAME.status",
		"Of a stage that comes before this one. A status is success, failed, warned, "
		"skipped, "
		"cancelled or timeout."},
	{"result.NAME", "What the stage itself found out; in outputs only."},
	{"pipeline.name, pipeline.status, ci.*", "`ci` tells the commit, the branch and the job; "
						 "`slipway validate` knows all of its "
						 "names."},
	{"'text', 12, true, false, null", "Values; '' inside of a text is one quote."},
	{"==, !=, =~, !, &&, ||", "3 and '3' are equal; =~ takes a regular expression."},
	{"contains(A, B), startsWith(A, B), endsWith(A, B), matches(A, REGEX)",
		"contains looks for a text in a text, an element in a list or a key in a map."},
	{"success(), failure(), cancelled(), always()",
		"How what the stage depends on has ended. An `if` without any of them implies "
		"success()."},
	{"changed(GLOB, ...)", "Whether the commits of this pipeline touched such a file; true "
			       "where that cannot be known."},
	{"VALUE | default('x')",
		"What a missing or an empty value becomes; a missing one is an error otherwise."},
	{"lower, upper, trim, slug(N), truncate(N), replace(A, B), json, base64, sha256",
		"More filters, also one after the other: ${{ ci.ref.name | slug(20) | upper }}."},
	{NULL, NULL},
};

struct keys {
	struct slip_buf *out;
	const char *object; /* the one whose keys come now */
};

static void add_key(void *ctx, const struct slip_spec_key *k)
{
	struct keys *keys = ctx;
	if (keys->object != k->object) {
		slip_buf_add_str(keys->out, ".SS ");
		add_line(keys->out, k->object);
		keys->object = k->object;
	}
	slip_buf_add_str(keys->out, ".TP\n\\fB");
	add_text(keys->out, slip_streq(k->key, "*") ? "any other name" : k->key);
	slip_buf_add_str(keys->out, "\\fR: \\fI");
	add_text(keys->out, k->type);
	slip_buf_addf(keys->out, "\\fR%s\n", k->required ? " (required)" : "");
	add_line(keys->out, k->help);
}

void slip_man_spec(struct slip_buf *out)
{
	struct keys keys = {.out = out};
	add_title(out, "SLIPWAY.YAML", 5, "slipway.yaml - the stage spec of slipway, version 1");
	slip_buf_add_str(out, ".SH DESCRIPTION\n");
	add_line(out, "A pipeline: stages, what they need, and what they leave. The file is YAML "
		      "1.2; unknown "
		      "and repeated keys are errors. ${{ EXPRESSION }} is evaluated by slipway, "
		      "$NAME and "
		      "${NAME} belong to the shell and to the Dockerfile. `slipway validate` "
		      "checks a file, "
		      "`slipway schema` prints its JSON Schema for editors.");
	slip_buf_add_str(out, ".SH KEYS\n");
	slip_spec_each_key(add_key, &keys);
	slip_buf_add_str(out, ".SH EXPRESSIONS\n");
	add_pairs(out, expressions);
	slip_buf_add_str(out, ".SH \"SEE ALSO\"\n.BR slipway (1)\n");
}

/* --- the command --------------------------------------------------------------------------------
 */

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	static const struct slip_opt none[] = {{NULL}};
	slip_autostrv words = {0};
	slip_autobuf out;
	(void)status;
	slip_buf_init(&out, MAX_PAGE);
	if (slip_opt_parse(none, NULL, argv, &words, err) < 0)
		return -1;
	if (words.n == 0 || slip_streq(words.v[0], "slipway"))
		slip_man_program(cli->commands, &out);
	else if (slip_streq(words.v[0], "slipway.yaml"))
		slip_man_spec(&out);
	else
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"there is no page %s; those are slipway and slipway.yaml", words.v[0]);
	return slip_cli_print(out.data, out.len, err);
}

const struct slip_cli_command slip_command_man = {
	.name = "man",
	.arguments = "[slipway | slipway.yaml]",
	.summary =
		"Print a manual page; slipway.yaml: that of the spec, with every key. For man -l.",
	.run = run,
};
