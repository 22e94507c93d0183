/*
 * The corpus tests/data/dockerfile: valid/<case>/{input,output} and invalid/<case>/{input,error}.
 * With a file as argument the program prints what would be in output or error.
 */
#include "config.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/dockerfile/parse.h"
#include "tests/unit/tap.h"

#include <dirent.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the entries of a directory, sorted. */
static struct slip_strv list(const char *dir)
{
	struct slip_strv names = {0};
	DIR *d = opendir(dir);

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		if (e->d_name[0] != '.')
			slip_strv_add(&names, e->d_name);
	}
	if (d)
		closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_name);
	return names;
}

static bool slurp(const char *path, struct slip_buf *out)
{
	slip_buf_init(out, 4 * SLIP_MAX_DOCKERFILE);
	return slip_read_file(AT_FDCWD, path, out, NULL) == 0;
}

/* The dump, or the error's text; what the case files hold. */
static bool result_of(const struct slip_buf *input, struct slip_buf *result)
{
	slip_autodockerfile *df = NULL;
	struct slip_err err = SLIP_ERR_INIT;

	slip_buf_init(result, 16 * SLIP_MAX_DOCKERFILE);
	if (slip_dockerfile_parse(input->data, input->len, "Dockerfile", &df, &err) == 0) {
		slip_dockerfile_dump(df, result);
		return true;
	}
	slip_buf_addf(result, "%s%s\n", err.msg,
		slip_err_is(&err, SLIP_E_DOCKERFILE) ? "" : " (not SLIP_E_DOCKERFILE)");
	return false;
}

static void check_case(const char *dir, const char *name, bool valid)
{
	slip_autofree char *input_path = slip_xasprintf("%s/%s/input", dir, name);
	slip_autofree char *want_path =
		slip_xasprintf("%s/%s/%s", dir, name, valid ? "output" : "error");
	slip_autobuf input = {0};
	slip_autobuf want = {0};
	slip_autobuf got = {0};

	if (!slurp(input_path, &input) || !slurp(want_path, &want)) {
		fail("%s: files of the case", name);
		return;
	}
	ok(result_of(&input, &got) == valid, "%s: is %s", name, valid ? "valid" : "invalid");
	is_str(got.data, want.data, "%s: %s", name, valid ? "tree" : "message");
}

static void check_dir(const char *kind, bool valid)
{
	const char *src = getenv("SLIPWAY_SRCDIR");
	slip_autofree char *dir =
		slip_xasprintf("%s/tests/data/dockerfile/%s", src ? src : ".", kind);
	slip_autostrv names = list(dir);

	ok(names.n >= 50, "%s: the corpus is there (%zu cases)", kind, names.n);
	for (size_t i = 0; i < names.n; i++)
		check_case(dir, names.v[i], valid);
}

static void check_limits(void)
{
	slip_autodockerfile *df = NULL;
	slip_autobuf text = {0};
	struct slip_err err = SLIP_ERR_INIT;

	slip_buf_init(&text, 4 * SLIP_MAX_DOCKERFILE);
	slip_buf_add_str(&text, "FROM a\nRUN ");
	while (text.len < 7 + SLIP_MAX_DOCKERFILE_LINE)
		slip_buf_add_char(&text, 'x');
	is_int(slip_dockerfile_parse(text.data, text.len, "D", &df, &err), 0,
		"the longest line there may be");
	slip_buf_add_char(&text, 'x');
	slip_dockerfile_free(df);
	df = NULL;
	is_int(slip_dockerfile_parse(text.data, text.len, "D", &df, &err), -1, "one byte more");
	ok(slip_starts_with(
		   err.msg, "D:2: dockerfile line greater than max allowed size of 65535\n"),
		"and its message");

	slip_err_clear(&err);
	slip_buf_clear(&text);
	slip_buf_add_str(&text, "FROM a\nRUN true");
	for (int i = 0; i < 100000; i++)
		slip_buf_add_str(&text, " \\\n x");
	is_int(slip_dockerfile_parse(text.data, text.len, "D", &df, &err), 0,
		"100000 continuations");
	is_int(df ? df->stages[0].instrs.v[0].end_line : 0, 100002, "and their last line");

	slip_dockerfile_free(df);
	df = NULL;
	slip_buf_clear(&text);
	slip_buf_add_str(&text, "FROM a\n");
	for (int i = 0; i < SLIP_MAX_DOCKERFILE_INSTRUCTIONS; i++)
		slip_buf_add_str(&text, "USER a\n");
	is_int(slip_dockerfile_parse(text.data, text.len, "D", &df, &err), -1,
		"too many instructions");

	slip_err_clear(&err);
	slip_buf_clear(&text);
	while (text.len <= SLIP_MAX_DOCKERFILE)
		slip_buf_add_str(&text, "FROM a\n");
	is_int(slip_dockerfile_parse(text.data, text.len, "D", &df, &err), -1, "too large a file");
	is_str(err.msg, "D is larger than 1048576 bytes", "and its message");

	slip_err_clear(&err);
	is_int(slip_dockerfile_parse("FROM a\nRUN a\0b\n", 15, "D", &df, &err), -1, "a NUL byte");
	ok(slip_starts_with(err.msg, "D:2: the line holds a NUL byte"), "and its message");
}

static void add_finding(void *arg, int line, int col, const char *message)
{
	slip_buf_addf(arg, "%d:%d %.24s\n", line, col, message);
}

static void check_findings(const char *text, const char *want, const char *name)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autobuf got;
	slip_buf_init(&got, SLIP_KIB);
	is_int(slip_dockerfile_check(text, strlen(text), "D", add_finding, &got, &err), 0, "%s",
		name);
	is_str(got.data, want, "%s: findings", name);
}

static void check_all_findings(void)
{
	check_findings("FROM a\nRNU x\nRUN x\n  COPY a\nADD\n",
		"2:1 unknown instruction: RNU\n4:3 COPY requires at least t\n"
		"5:1 ADD requires at least tw\n",
		"reading goes on after an error");
	check_findings("FORM a\nRUN x\nCOPY\nFROM b\nRNU\n",
		"1:1 unknown instruction: FOR\n5:1 unknown instruction: RNU\n",
		"what misses the FROM that was misspelt is no finding");
	check_findings("", "1:1 the Dockerfile cannot be\n", "an empty file");
	check_findings("# only\n", "1:1 file with no instruction\n", "a comment");
	check_findings("ARG a\n", "1:1 dockerfile contains no s\n", "no stage");
	check_findings("FROM a\nRUN <<E\nx\n", "2:1 unterminated heredoc: no\n", "a heredoc");
}

static void check_triggers(void)
{
	struct slip_instr *instr = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	static const struct {
		const char *text;
		const char *error;
	} bad[] = {
		{"ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
		{"onbuild run x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
		{"FROM x", "FROM isn't allowed as an ONBUILD trigger"},
		{"maintainer x", "MAINTAINER isn't allowed as an ONBUILD trigger"},
		{"RUN a\nRUN b", "the ONBUILD trigger holds more than one instruction"},
		{"", "the ONBUILD trigger holds no instruction"},
		{"# x\n\n", "the ONBUILD trigger holds no instruction"},
		{"BLAH x", "unknown instruction: BLAH"},
		{"RUN <<E\nx", "unterminated heredoc: no line is exactly \"E\""},
	};

	if (slip_dockerfile_parse_trigger("COPY --from=x <<E a /b\nbody\nE", &instr, &err) == 0) {
		is_int(instr->kind, SLIP_I_COPY, "trigger: kind");
		is_str(instr->copy.from, "x", "trigger: flag");
		is_str(instr->copy.sources.v[0], "a", "trigger: source");
		is_str(instr->heredocs[0].body, "body\n", "trigger: heredoc");
		slip_instr_free(instr);
	} else {
		fail("trigger: %s", err.msg);
	}
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		slip_err_clear(&err);
		is_int(slip_dockerfile_parse_trigger(bad[i].text, &instr, &err), -1,
			"bad trigger %zu", i);
		is_str(err.msg, bad[i].error, "its message");
	}
}

static int print_file(const char *path)
{
	slip_autobuf input = {0};
	slip_autobuf result = {0};

	if (!slurp(path, &input))
		return 2;
	bool valid = result_of(&input, &result);
	fputs(result.data, stdout);
	return valid ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_file(argv[1]);
	check_dir("valid", true);
	check_dir("invalid", false);
	check_limits();
	check_all_findings();
	check_triggers();
	return done_testing();
}
