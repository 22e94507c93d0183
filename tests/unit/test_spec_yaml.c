#include "config.h"

#include "runner/spec/yaml.h"
#include "tests/unit/tap.h"

static const struct {
	const char *text;
	enum slip_yaml_type type;
} scalars[] = {
	{"", SLIP_YAML_NULL},
	{"~", SLIP_YAML_NULL},
	{"null", SLIP_YAML_NULL},
	{"NULL", SLIP_YAML_NULL},
	{"nULL", SLIP_YAML_STRING},
	{"true", SLIP_YAML_BOOL},
	{"False", SLIP_YAML_BOOL},
	{"tRUE", SLIP_YAML_STRING},
	{"yes", SLIP_YAML_STRING},
	{"no", SLIP_YAML_STRING},
	{"on", SLIP_YAML_STRING},
	{"y", SLIP_YAML_STRING},
	{"0", SLIP_YAML_INT},
	{"-17", SLIP_YAML_INT},
	{"+3", SLIP_YAML_INT},
	{"0777", SLIP_YAML_INT},
	{"0o17", SLIP_YAML_INT},
	{"0o18", SLIP_YAML_STRING},
	{"0xFf", SLIP_YAML_INT},
	{"0x", SLIP_YAML_STRING},
	{"0b1", SLIP_YAML_STRING},
	{"1_000", SLIP_YAML_STRING},
	{"1:30", SLIP_YAML_STRING},
	{"-", SLIP_YAML_STRING},
	{"1.5", SLIP_YAML_FLOAT},
	{".5", SLIP_YAML_FLOAT},
	{"5.", SLIP_YAML_FLOAT},
	{".", SLIP_YAML_STRING},
	{"1e3", SLIP_YAML_FLOAT},
	{"1e", SLIP_YAML_STRING},
	{"-1.5E-3", SLIP_YAML_FLOAT},
	{"-.inf", SLIP_YAML_FLOAT},
	{".nan", SLIP_YAML_FLOAT},
	{"-.nan", SLIP_YAML_STRING},
	{"1.2.3", SLIP_YAML_STRING},
	{"2001-01-01", SLIP_YAML_STRING},
};

static void check_ints(void)
{
	int64_t v = 0;
	struct slip_err err = SLIP_ERR_INIT;
	is_int(slip_yaml_int("0777", &v, &err), 0, "0777 is a number");
	is_int(v, 777, "and decimal, as YAML 1.2 has it");
	is_int(slip_yaml_int("0o17", &v, &err), 0, "0o17 is a number");
	is_int(v, 15, "in octal");
	is_int(slip_yaml_int("0x1f", &v, &err), 0, "0x1f is a number");
	is_int(v, 31, "in hexadecimal");
	is_int(slip_yaml_int("-9223372036854775808", &v, &err), 0, "the smallest");
	ok(v == INT64_MIN, "fits");
	is_int(slip_yaml_int("9223372036854775808", &v, &err), -1, "one too large");
	slip_err_clear(&err);
	is_int(slip_yaml_int("0xffffffffffffffffff", &v, &err), -1, "too large in hexadecimal");
}

/* Where is the mark @ of a value? Its line and column in the text must be the mark's own. */
static void check_place(const char *text, const char *what)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autodiags diags = {0};
	slip_autoyaml y = {0};
	if (slip_yaml_parse(text, strlen(text), "t", &y, &diags, &err) < 0) {
		fail("%s: %s", what, err.msg);
		return;
	}
	unsigned line = 1, col = 1;
	for (const char *p = text; *p && *p != '@'; p++) {
		line += *p == '\n';
		if (*p == '\n')
			col = 1;
		else if (((unsigned char)*p & 0xc0) != 0x80)
			col++;
	}
	const struct slip_yaml_node *v = slip_yaml_get(y.root, "k");
	const char *mark = v && v->text ? strchr(v->text, '@') : NULL;
	if (!ok(mark != NULL, "%s: the value holds the mark", what))
		return;
	struct slip_pos pos = slip_yaml_locate(&y, v, (size_t)(mark - v->text));
	ok(pos.line == line && pos.col == col, "%s: %u:%u is %u:%u", what, pos.line, pos.col, line,
		col);
}

int main(void)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(scalars); i++)
		is_int(slip_yaml_resolve(scalars[i].text), scalars[i].type, "type of \"%s\"",
			scalars[i].text);
	check_ints();
	check_place("k: ab@c\n", "plain");
	check_place("k: äb\n   c  d\n\n   e@f\n", "plain over lines");
	check_place("k: 'it''s  x@'\n", "single quotes");
	check_place("k: 'a\n  b''\n\n  c @'\n", "single quotes over lines");
	check_place("k: \"\\u00e4\\tb \\x41\\\"@\"\n", "double quotes with escapes");
	check_place("k: \"a\\\n   \\  b\n   @\"\n", "double quotes with a folded line");
	check_place("k: |\n  a\n    b @\n", "literal");
	check_place("k: |2- # note\n    a\n\n   @b\n", "literal with indicators");
	check_place("k: >\n  a\n  b\n\n  c @\n", "folded");
	check_place("k: &anchor \"x@\"\n", "behind an anchor");
	return done_testing();
}
