#include "config.h"

#include "runner/dockerfile/parse.h"
#include "steps/build/evaluate.h"
#include "tests/unit/tap.h"

/* Evaluation of stages FROM scratch: no store, no registry, no cache, nothing is executed. */

static struct slip_build_request req;
static struct slip_builder b;
static struct slip_err err;

static void begin(void)
{
	memset(&b, 0, sizeof(b));
	memset(&err, 0, sizeof(err));
	b.req = &req;
	slip_smap_init(&b.build_args);
	slip_smap_init(&b.globals);
	slip_map_init(&b.bases, NULL);
	if (slip_platform_parse("linux/amd64", NULL, &b.platform, &err) < 0)
		fail("platform");
}

static void end(void)
{
	for (size_t i = 0; i < b.n_stages; i++)
		slip_build_stage_free(b.stages[i]);
	free(b.stages);
	slip_dockerfile_free(b.dockerfile);
	slip_map_release(&b.build_args);
	slip_map_release(&b.globals);
	slip_map_release(&b.bases);
}

/* The last stage of the text; NULL with err set. */
static struct slip_build_stage *evaluate(const char *text)
{
	if (slip_dockerfile_parse(text, strlen(text), "Dockerfile", &b.dockerfile, &err) < 0 ||
		slip_evaluate_globals(&b, &err) < 0)
		return NULL;
	b.n_stages = b.dockerfile->n_stages;
	b.stages = slip_xcalloc(b.n_stages, sizeof(struct slip_build_stage *));
	for (size_t i = 0; i < b.n_stages; i++)
		b.stages[i] = slip_build_stage_new(&b, &b.dockerfile->stages[i]);
	return slip_builder_stage(&b, b.n_stages - 1, &b.target, &err) < 0 ? NULL : b.target;
}

static const char *joined(const struct slip_strv *sv)
{
	static char out[1024];
	slip_autofree char *text = slip_strv_join(sv, "|");
	snprintf(out, sizeof(out), "%s", text);
	return out;
}

static void test_variables(void)
{
	begin();
	slip_smap_set(&b.build_args, "GIVEN", "g");
	slip_smap_set(&b.build_args, "https_proxy", "p");
	struct slip_build_stage *s = evaluate("ARG GLOBAL=1\n"
					      "FROM scratch\n"
					      "ENV A=1 PATH=/bin\n"
					      "ENV A=2 B=$A\n"
					      "ARG GIVEN=default GLOBAL UNSET\n"
					      "ARG A=arg\n"
					      "RUN x\n");
	if (ok(s && s->n_steps == 1, "evaluates")) {
		const struct slip_run_step *run = &s->steps[0]->run;
		is_str(joined(&run->key_env), "PATH=/bin|A=arg|B=1|GIVEN=g|GLOBAL=1", "in the key");
		is_str(joined(&run->env),
			"PATH=/bin|A=arg|B=1|GIVEN=g|GLOBAL=1|HTTPS_PROXY=p|https_proxy=p",
			"in the environment");
		is_str(joined(&s->image.env), "PATH=/bin|A=2|B=1", "in the image");
		is_str(s->image.history[s->steps[0]->history].created_by,
			"RUN |4 GIVEN=g GLOBAL=1 UNSET= A=arg /bin/sh -c x # buildkit", "history");
	}
	end();
}

/* As a build does it whose cache has lost a layer. */
static void test_globals_twice(void)
{
	begin();
	struct slip_build_stage *s = evaluate("ARG EARLY=$LATE-early\n"
					      "ARG GROWS=${GROWS}x\n"
					      "ARG LATE=late\n"
					      "FROM scratch\n");
	if (ok(s && slip_evaluate_globals(&b, &err) == 0, "evaluates twice")) {
		is_str(slip_smap_get(&b.globals, "EARLY"), "-early", "without a later ARG");
		is_str(slip_smap_get(&b.globals, "GROWS"), "x", "without its own last value");
	}
	end();
}

static void test_commands(void)
{
	begin();
	struct slip_build_stage *s = evaluate("FROM scratch AS base\n"
					      "CMD [\"inherited\"]\n"
					      "FROM base\n"
					      "SHELL [\"/s\", \"-x\"]\n"
					      "ENTRYPOINT e f\n");
	if (ok(s, "evaluates")) {
		is_str(joined(&s->image.entrypoint), "/s|-x|e f", "SHELL is used");
		is_int(s->image.cmd.n, 0, "ENTRYPOINT takes an inherited CMD away");
	}
	end();
	begin();
	s = evaluate("FROM scratch\nCMD [\"own\"]\nENTRYPOINT [\"e\"]\n");
	if (ok(s, "evaluates"))
		is_str(joined(&s->image.cmd), "own", "but not the stage's own");
	end();
}

static void test_stages(void)
{
	begin();
	struct slip_build_stage *s = evaluate("FROM registry.invalid/x AS unused\n"
					      "FROM scratch AS used\n"
					      "ONBUILD WORKDIR /from/trigger\n"
					      "FROM used\n"
					      "COPY --from=used /a /b\n");
	if (ok(s, "a stage that nobody needs is not looked at")) {
		ok(!b.stages[0]->needed && b.stages[1]->needed, "who is needed");
		is_int(s->n_steps, 2, "the trigger and the COPY");
		ok(s->steps[0]->is_trigger && s->steps[0]->start_line == 4, "at the line of FROM");
		is_str(s->steps[0]->label, "ONBUILD WORKDIR /from/trigger", "its label");
		is_int(s->image.onbuild.n, 0, "triggers are used up");
		ok(s->steps[1]->copy.from_stage == b.stages[1], "the stage that is copied from");
	}
	end();
}

static void test_copy(void)
{
	begin();
	struct slip_build_stage *s = evaluate("FROM scratch\nWORKDIR /w\nARG N\n"
					      "COPY --chown=$N --chmod=${N} a b c/\n"
					      "COPY <<EOF .\nx$N\nEOF\n");
	if (ok(s && s->n_steps == 3, "evaluates")) {
		const struct slip_copy_step *c = &s->steps[1]->copy;
		is_str(c->dest, "/w/c", "destination");
		ok(c->dest_is_dir && !c->chown && !c->chmod_text, "empty flags are none");
		is_str(s->image.history[s->steps[1]->history].created_by, "COPY a b c/ # buildkit",
			"history");
		c = &s->steps[2]->copy;
		is_str(c->files[0].body, "x\n", "the heredoc is expanded");
		ok(c->dest_is_dir, "a dot is a directory");
	}
	end();
}

static void test_errors(void)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{"FROM $X\n", "Dockerfile:1: base name ($X) should not be blank"},
		{"FROM scratch\n\nEXPOSE x\n", "Dockerfile:3: "},
		{"FROM scratch\nCOPY --link a b\n", "Dockerfile:2: --link is not supported yet"},
		{"FROM scratch\nCOPY http://a/b c\n",
			"Dockerfile:2: source can't be a URL for COPY: http://a/b"},
		{"FROM scratch AS a\nONBUILD VOLUME $X\nFROM a\n", "Dockerfile:3: ONBUILD"},
		{"ARG A=${B:?no}\nFROM scratch\n", "Dockerfile:1: "},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		begin();
		ok(!evaluate(cases[i].text) && slip_starts_with(err.msg, cases[i].want), "%s",
			cases[i].want);
		if (!slip_starts_with(err.msg, cases[i].want))
			diag("%s", err.msg);
		ok(slip_err_is(&err, SLIP_E_DOCKERFILE), "the Dockerfile is to blame");
		end();
	}
}

int main(void)
{
	test_variables();
	test_globals_twice();
	test_commands();
	test_stages();
	test_copy();
	test_errors();
	return done_testing();
}
