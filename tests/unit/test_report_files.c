/* Report files from records alone: what end-to-end tests reach only with effort. */
#include "config.h"

#include "runner/base/json.h"
#include "runner/report/files.h"
#include "runner/report/values.h"
#include "tests/unit/tap.h"

static void take(struct slip_model *m, const char *scope, const char *name, ...)
{
	const char *fields[41] = {0};
	va_list ap;
	va_start(ap, name);
	for (size_t i = 0; i < 40 && (fields[i] = va_arg(ap, const char *)); i++)
		;
	va_end(ap);
	slip_model_take(m, &(struct slip_record){.kind = SLIP_RECORD_EVENT,
				   .elapsed = 2,
				   .scope = scope,
				   .text = name,
				   .fields = fields});
}

static void start(struct slip_model *m)
{
	slip_model_init(m, "/src/app/.slipway/out");
	take(m, "", "pipeline.source", "provider", "gitlab", "root", "/src/app", "project",
		"https://git.example/team/app", "job", "javascript:alert(1)", "sha", "0123",
		"registry", "registry.example:5050", NULL);
}

static char *written(slip_report_writer *write, const struct slip_model *m)
{
	struct slip_buf out;
	slip_buf_init(&out, SLIP_MAX_REPORT);
	write(m, &out);
	return slip_buf_take(&out);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void test_empty(void)
{
	struct slip_model m;
	slip_model_init(&m, "out");
	slip_autofree char *quality = written(slip_report_codequality, &m);
	slip_autofree char *links = written(slip_report_annotations, &m);
	slip_autofree char *env = written(slip_report_outputs_env, &m);
	slip_autofree char *outputs = written(slip_report_outputs_json, &m);
	is_str(quality, "[]\n", "no findings");
	is_str(links, "{}\n", "no links");
	is_str(env, "", "no outputs");
	is_str(outputs, "{}\n", "no outputs as JSON");
	take(&m, "", "build.done", "digest", "sha256:1", NULL);
	is_int(m.n, 0, "an event outside of all stages makes no stage");
	slip_model_release(&m);
}

static void test_junit_is_bounded(void)
{
	struct slip_model m;
	start(&m);
	take(&m, "app", "stage.start", "kind", "build", NULL);
	for (int i = 0; i < 6000; i++) {
		char number[16];
		snprintf(number, sizeof(number), "%d", i);
		take(&m, "app", "step.start", "step", number, "text", "RUN x", NULL);
	}
	take(&m, "late", "stage.start", "kind", "run", NULL);
	take(&m, "late", "stage.done", "status", "failed", "error", "broken", NULL);
	slip_autofree char *text = written(slip_report_junit, &m);
	is_int(count(text, "<testcase "), 5000, "5000 cases at most");
	ok(strstr(text, "name=\"truncated\"") && strstr(text, "1003 more"), "one says what lacks");
	ok(strstr(text, "<failure message=\"broken\">"), "a later stage still has its case");
	slip_model_release(&m);
}

static void find(struct slip_model *m, const char *file, const char *line, const char *message)
{
	take(m, "app", "finding", "rule", "a-rule", "severity", "warning", "file", file, "line",
		line, "message", message, NULL);
}

static char *fingerprint(const struct slip_model *m, size_t i)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = written(slip_report_codequality, m);
	slip_autojson *all = NULL;
	if (slip_json_parse(text, strlen(text), "codequality.json", SLIP_E_BUG, &all, &err) < 0)
		fail("%s", err.msg);
	return slip_xstrdup(slip_json_get_str(slip_json_at(all, i), "fingerprint", ""));
}

static void test_fingerprints(void)
{
	struct slip_model a, b;
	start(&a);
	start(&b);
	find(&a, "/src/app/Dockerfile", "3", "like line 12, twice");
	find(&a, "/src/app/Dockerfile", "9", "like line 12, twice");
	find(&a, "/src/app/other", "3", "like line 12, twice");
	find(&b, "/src/app/Dockerfile", "7", "like line 16, twice");
	find(&b, "/src/elsewhere/Dockerfile", "7", "outside");
	slip_autofree char *first = fingerprint(&a, 0), *second = fingerprint(&a, 1),
			   *third = fingerprint(&a, 2), *moved = fingerprint(&b, 0);
	is_str(moved, first, "a finding that moved is the same");
	ok(!slip_streq(first, second), "two of a kind are told apart");
	ok(!slip_streq(first, third), "so are files");
	is_int(b.n_findings, 1, "files outside of the project are left out");
	slip_model_release(&a);
	slip_model_release(&b);
}

static void push(struct slip_model *m, const char *ref)
{
	take(m, "app", "image.pushed", "ref", ref, "digest", "sha256:abc", NULL);
}

static void test_image_pages(void)
{
	struct slip_model m;
	start(&m);
	push(&m, "docker.io/library/app:1");
	push(&m, "quay.io/team/app:1");
	push(&m, "europe-docker.pkg.dev/p/r/app:1");
	push(&m, "registry.example:5050/team/app:1");
	push(&m, "unknown.example/app:1");
	slip_autofree char *text = written(slip_report_annotations, &m);
	ok(strstr(text, "hub.docker.com/layers/library/app/1/images/sha256-abc\""), "Docker Hub");
	ok(strstr(text, "quay.io/repository/team/app/manifest/sha256:abc\""), "Quay");
	ok(strstr(text, "https://europe-docker.pkg.dev/p/r/app@sha256:abc\""), "Google");
	ok(strstr(text, "https://git.example/team/app/container_registry\""), "the CI's own");
	is_int(count(text, "\"url\""), 4, "no link for others, nor to what is no web address");
	slip_autofree char *page = written(slip_report_timeline, &m);
	ok(!strstr(page, "href=\"javascript"), "nor in the timeline");
	slip_model_release(&m);
}

static void output(struct slip_model *m, const char *stage, const char *name, const char *value)
{
	take(m, stage, "stage.output", "name", name, "value", value, NULL);
}

static void test_outputs(void)
{
	struct slip_model m;
	slip_autostrv left_out = {0};
	start(&m);
	output(&m, "a-b", "x", "1");
	output(&m, "a_b", "x", "2");
	output(&m, "c", "line", "x\xe2\x80\xa8y");
	output(&m, "c", "blank", " x");
	output(&m, "c", "empty", "");
	output(&m, "app", "digest", "sha256:abc");
	push(&m, "host/app:1");
	take(&m, "app", "build.done", "digest", "sha256:abc", NULL);
	slip_autofree char *env = written(slip_report_outputs_env, &m);
	is_str(env,
		"SLIPWAY_IMAGE_DIGEST=sha256:abc\nSLIPWAY_IMAGE_TAGS=host/app:1\nSLIPWAY_A_B_X=1\n"
		"SLIPWAY_C_EMPTY=\n",
		"names that meet, line breaks and outer blanks");
	slip_report_left_out(&m, &left_out);
	slip_autofree char *names = slip_strv_join(&left_out, " ");
	is_str(names, "a_b.x c.line c.blank", "what is left out is known");
	is_int(m.stages[3]->n_images, 1, "an image is counted once");
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *tags = NULL, *value = NULL;
	ok(slip_values_find(&m, "image.tags", &tags, &err) == 0, "the only image by that name");
	is_str(tags, "host/app:1", "its tags");
	ok(slip_values_find(&m, "image", &value, &err) < 0 && err.code == SLIP_E_USAGE,
		"a name without an output");
	slip_model_release(&m);
}

static void test_big_outputs(void)
{
	struct slip_model m;
	start(&m);
	char value[600];
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 15; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		output(&m, "a", name, value);
	}
	slip_autofree char *env = written(slip_report_outputs_env, &m);
	ok(strlen(env) < 5120 && strlen(env) > 4500, "less than 5 KiB, and not wasted");
	slip_model_release(&m);
}

static void test_relative(void)
{
	struct slip_model m;
	start(&m);
	slip_autofree char *inside = slip_model_relative(&m, "/src/app/x/../Dockerfile");
	slip_autofree char *outside = slip_model_relative(&m, "/src/application/Dockerfile");
	slip_autofree char *top = slip_model_relative(&m, "/src/app");
	is_str(inside, "Dockerfile", "a path of the project");
	ok(!outside && !top, "others have none");
	slip_model_release(&m);
}

int main(void)
{
	test_empty();
	test_junit_is_bounded();
	test_fingerprints();
	test_image_pages();
	test_outputs();
	test_big_outputs();
	test_relative();
	return done_testing();
}
