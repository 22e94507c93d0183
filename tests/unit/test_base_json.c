#include "config.h"

#include "runner/base/json.h"
#include "tests/unit/tap.h"

static struct slip_json *parse(const char *text, size_t len, struct slip_err *err)
{
	struct slip_json *v = NULL;
	slip_err_clear(err);
	if (slip_json_parse(text, len, "text", SLIP_E_REGISTRY, &v, err) < 0 && v)
		fail("a failure writes its result");
	return v;
}

static void test_refused(void)
{
	static const char *const bad[] = {"", " ", "{", "[1,]", "{\"a\":1,\"a\":2}", "\"\\u0000\"",
		"{} x", "nul", "01", "99999999999999999999", "1e999", "\"\xff\"",
		"\"\xed\xa0\x80\"", "\"\xc0\x80\"", "'a'", "\"a\nb\"", "{1:2}", "\"\x1b\""};
	struct slip_err err = SLIP_ERR_INIT;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(bad); i++) {
		slip_autojson *v = parse(bad[i], strlen(bad[i]), &err);
		bool clean = true;
		for (const char *s = err.msg; *s; s++)
			clean = clean && (unsigned char)*s >= ' ' && *s != 0x7f;
		ok(!v && slip_err_is(&err, SLIP_E_REGISTRY) && clean, "refused, case %zu", i);
	}
	slip_autojson *nul = parse("{\"a\0\":1}", 8, &err);
	ok(!nul, "a NUL byte is refused");
	slip_autojson *tail = parse("1\0", 2, &err);
	ok(!tail, "also at the end");
	slip_autojson *bad_token = parse("\x1b[2J", 4, &err);
	ok(!bad_token && !strchr(err.msg, 0x1b), "an error moves no cursor: %s", err.msg);
}

static void test_depth(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	char text[200001];
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	slip_autojson *deep = parse(text + 1, 128, &err);
	ok(deep != NULL, "64 levels");
	slip_autojson *deeper = parse(text, 130, &err);
	ok(deeper == NULL || slip_json_len(deeper) == 1, "the bound is near 64");
	memset(text, '[', 100);
	memset(text + 100, ']', 100);
	slip_autojson *hundred = parse(text, 200, &err);
	is_str(err.msg, "text is nested deeper than 64 levels", "100 levels");
	ok(!hundred, "are refused");
	memset(text, '[', sizeof(text) - 1);
	slip_autojson *far = parse(text, sizeof(text) - 1, &err);
	ok(!far, "200000 levels are refused");
}

static void test_getters(void)
{
	static const char text[] = "{\"s\":\"x\",\"i\":-7,\"b\":true,\"n\":null,\"r\":1.5,"
				   "\"a\":[\"p\",\"q\"],\"m\":[1],\"o\":{\"k\":1}}";
	struct slip_err err = SLIP_ERR_INIT;
	slip_autojson *v = parse(text, strlen(text), &err);
	is_str(slip_json_get_str(v, "s", "d"), "x", "a string");
	is_str(slip_json_get_str(v, "i", "d"), "d", "another type gives the default");
	is_str(slip_json_get_str(NULL, "i", "d"), "d", "so does nothing");
	is_int(slip_json_get_int(v, "i", 1), -7, "an integer");
	is_int(slip_json_get_int(v, "r", 1), 1, "a real is none");
	ok(slip_json_get_bool(v, "b", false) && slip_json_get_bool(v, "n", true), "booleans");
	static const struct {
		const char *key;
		enum slip_json_kind kind;
	} kinds[] = {{"s", SLIP_JSON_STRING}, {"i", SLIP_JSON_INT}, {"b", SLIP_JSON_BOOL},
		{"n", SLIP_JSON_NULL}, {"r", SLIP_JSON_REAL}, {"a", SLIP_JSON_ARRAY},
		{"o", SLIP_JSON_OBJECT}, {"absent", SLIP_JSON_NONE}};
	slip_autobuf keys;
	slip_buf_init(&keys, 100);
	for (size_t i = 0; i < SLIP_ARRAY_LEN(kinds); i++)
		is_int(slip_json_kind(slip_json_get(v, kinds[i].key)), kinds[i].kind, "kind of %s",
			kinds[i].key);
	for (const char *k = NULL; (k = slip_json_next_key(v, k));)
		slip_buf_add_str(&keys, k);
	is_str(keys.data, "sibnramo", "keys in order");
	ok(!slip_json_next_key(NULL, NULL) && !slip_json_next_key(slip_json_get(v, "a"), NULL),
		"no keys where there is no object");
	ok(slip_json_len(v) == 8 && slip_json_len(slip_json_get(v, "a")) == 2 &&
			slip_json_len(slip_json_get(v, "s")) == 0 && slip_json_len(NULL) == 0,
		"lengths");
	slip_autostrv sv = {0};
	slip_strv_add(&sv, "old");
	ok(slip_json_get_strings(v, "a", &sv, &err) == 0 && sv.n == 2, "strings replace");
	ok(slip_json_get_strings(v, "n", &sv, &err) == 0 && sv.n == 0, "null is no strings");
	ok(slip_json_get_strings(v, "m", &sv, &err) == -1, "numbers are no strings");
	is_str(err.msg, "item 0 of \"m\" is no string", "says so");
	slip_err_clear(&err);
	ok(slip_json_get_strings(v, "s", &sv, &err) == -1, "a string is no list");
	slip_autofree char *back = slip_json_print(v);
	is_str(back, text, "printed in the order read");
}

static void test_make(void)
{
	slip_autojson *o = slip_json_object();
	slip_json_set_str(o, "bad\xff", "v\xc3(\xf0\x9f\x98\x80");
	slip_json_set_str(o, "null", NULL);
	slip_json_set(o, "n", slip_json_str(NULL));
	slip_json_set(o, "nan", slip_json_real(0.0 / 0.0));
	slip_json_set_int(o, "max", INT64_MAX);
	slip_json_set(o, "gone", slip_json_bool(false));
	slip_json_remove(o, "gone");
	slip_json_remove(o, "never there");
	slip_json_set_int(o, "max", INT64_MIN);
	slip_autofree char *text = slip_json_print(o);
	is_str(text,
		"{\"bad\xef\xbf\xbd\":\"v\xef\xbf\xbd(\xf0\x9f\x98\x80\",\"n\":null,\"nan\":null,"
		"\"max\":-9223372036854775808}",
		"bytes that are not UTF-8 are replaced, in keys too");
	slip_autojson *copy = slip_json_copy(o);
	slip_json_set_int(copy, "n", 1);
	ok(slip_json_kind(slip_json_get(o, "n")) == SLIP_JSON_NULL, "copies are deep");
	slip_autojson *a = slip_json_array();
	slip_json_append(a, slip_json_ref(o));
	ok(slip_json_at(a, 0) == o && !slip_json_at(a, 1), "references");
	slip_autostrv sv = {0};
	slip_strv_add(&sv, "x");
	slip_autojson *list = slip_json_strings(&sv);
	slip_autofree char *pretty = slip_json_print_pretty(list);
	is_str(pretty, "[\n  \"x\"\n]\n", "pretty");
	slip_json_free(NULL);
}

int main(void)
{
	test_refused();
	test_depth();
	test_getters();
	test_make();
	return done_testing();
}
