#include "config.h"

#include "steps/build/key.h"
#include "tests/unit/tap.h"

/* Golden values are of the format docs/formats/cache-key.md describes, computed by another program.
 */

static struct slip_build_stage stage;
static struct slip_digest parent;

static const char *finished(struct slip_key *k)
{
	static struct slip_digest d;
	slip_key_finish(k, &d);
	return d.s;
}

static void test_framing(void)
{
	struct slip_digest a, b;
	struct slip_key *k = slip_key_new("run");
	slip_key_add_str(k, "ab", "c");
	slip_key_finish(k, &a);
	k = slip_key_new("run");
	slip_key_add_str(k, "a", "bc");
	slip_key_finish(k, &b);
	ok(!slip_digest_equal(&a, &b), "a part's name and value do not run together");

	struct slip_strv one = {0}, two = {0};
	slip_strv_add(&one, "a b");
	slip_strv_add(&two, "a");
	slip_strv_add(&two, "b");
	k = slip_key_new("run");
	slip_key_add_strv(k, "argv", &one);
	slip_key_finish(k, &a);
	k = slip_key_new("run");
	slip_key_add_strv(k, "argv", &two);
	slip_key_finish(k, &b);
	ok(!slip_digest_equal(&a, &b), "one word with a blank is not two words");
	slip_strv_release(&one);
	slip_strv_release(&two);

	k = slip_key_new("run");
	slip_key_add_str(k, "x", NULL);
	slip_key_finish(k, &a);
	k = slip_key_new("run");
	slip_key_add_str(k, "x", "");
	slip_key_finish(k, &b);
	ok(!slip_digest_equal(&a, &b), "absent is not empty");
}

static void test_golden(void)
{
	is_str(finished(slip_key_new("run")),
		"sha256:83dec03a5bce1762b449f4f8ab60277a13bc47a99cdaf777869104930b4c271f",
		"nothing but the format and the kind");
	struct slip_key *k = slip_key_new("copy");
	slip_key_add_str(k, "dest", "/a");
	slip_key_add_int(k, "n", -5);
	is_str(finished(k),
		"sha256:1dd624b77e017aca4591ca865ab3a7fce5d36ab842d6c40b94763b1fed66d958",
		"text and number");
	struct slip_digest d;
	slip_key_of_base(&stage, &d);
	is_str(d.s, "sha256:13f7ba2bf64b78dff3f1e7a43ff2628ae0b915badb728cd662f4dede04ce0491",
		"scratch");
}

static struct slip_step make_run(void)
{
	struct slip_step s = {.kind = SLIP_STEP_RUN};
	slip_strv_add(&s.run.argv, "/bin/sh");
	slip_strv_add(&s.run.argv, "-c");
	slip_strv_add(&s.run.argv, "true");
	slip_strv_add(&s.run.key_env, "A=1");
	slip_strv_copy(&s.run.env, &s.run.key_env);
	s.run.cwd = slip_xstrdup("/");
	s.run.user = slip_xstrdup("");
	return s;
}

static struct slip_digest key_of(struct slip_step *s)
{
	struct slip_err err = SLIP_ERR_INIT;
	ok(slip_key_of_step(&stage, &parent, s, &err) == 0, "has a key");
	struct slip_digest d = s->key;
	slip_step_release(s);
	return d;
}

static void test_run(void)
{
	struct slip_step s = make_run();
	struct slip_digest plain = key_of(&s), other;
	is_str(plain.s, "sha256:e597fdc42118e31e443a9909ced6795c43b0afb8aece291cd2af72f6732ca111",
		"a RUN");

	s = make_run();
	slip_strv_add(&s.run.env, "http_proxy=x");
	other = key_of(&s);
	ok(slip_digest_equal(&plain, &other), "proxies are not in the key");
	s = make_run();
	slip_strv_add(&s.run.key_env, "B=2");
	other = key_of(&s);
	ok(!slip_digest_equal(&plain, &other), "variables are");
	s = make_run();
	free(s.run.user);
	s.run.user = slip_xstrdup("app");
	other = key_of(&s);
	ok(!slip_digest_equal(&plain, &other), "the user is");
	s = make_run();
	s.run.no_network = true;
	other = key_of(&s);
	ok(!slip_digest_equal(&plain, &other), "the network is");
	s = make_run();
	s.run.script = slip_xstrdup("#!/bin/sh");
	other = key_of(&s);
	ok(!slip_digest_equal(&plain, &other), "a script's text is");
	slip_digest_of("other", 5, &parent);
	s = make_run();
	other = key_of(&s);
	ok(!slip_digest_equal(&plain, &other), "the state below is");
}

int main(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_platform_parse("linux/amd64", NULL, &stage.platform, &err) < 0)
		return 1;
	slip_digest_of("parent", 6, &parent);
	test_framing();
	test_golden();
	test_run();
	return done_testing();
}
