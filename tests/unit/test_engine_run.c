/* Whole pipelines, with kinds of this program's own: a shell, and one that works in a child. */
#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/io.h"
#include "runner/base/proc.h"
#include "runner/engine/engine.h"
#include "runner/report/report.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <sys/wait.h>

static int launch_shell(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	(void)err;
	static const char *const words[] = {"sh", "-e", "-c"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(words); i++)
		slip_strv_add(&out->argv, words[i]);
	slip_strv_add(&out->argv, in->stage->run.script.text);
	return 0;
}

static int launch_build(
	const struct slip_kind_input *in, struct slip_kind_launch *out, struct slip_err *err)
{
	(void)err;
	out->request = slip_json_object();
	slip_json_set_str(out->request, "target", in->stage->build.target.text);
	return 0;
}

static int perform_build(const struct slip_json *request, struct slip_err *err)
{
	const char *target = slip_json_get_str(request, "target", "");
	slip_event("step.start", "step", "1", "steps", "1", "text", target, NULL);
	slip_output("from the child", 14);
	if (slip_streq(target, "bad")) {
		slip_err_set(err, SLIP_E_COMMAND, 0, "Dockerfile:2: RUN failed");
		err->status = 42;
		return -1;
	}
	if (slip_streq(target, "refused"))
		return slip_err_set(err, SLIP_E_AUTH, 0, "the registry refuses");
	slip_event("step.done", "step", "1", "steps", "1", "seconds", "0.5", NULL);
	slip_event("stage.result", "digest", "sha256:123", "ref", "host/app@sha256:123", NULL);
	return 0;
}

static const struct slip_kind shell = {.kind = SLIP_STAGE_RUN, .launch = launch_shell};
static const struct slip_kind build = {
	.kind = SLIP_STAGE_BUILD, .launch = launch_build, .perform = perform_build};
static const struct slip_kind *const kinds[] = {&shell, &build, NULL};

static void write_spec(const char *stages)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = slip_xasprintf("version: 1\n%s", stages);
	if (slip_write_file(AT_FDCWD, "slipway.yaml", text, strlen(text), 0666, false, &err) < 0)
		fail("%s", err.msg);
}

static int run(const char *stages, int64_t jobs)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_report report;
	struct slip_log_flags log = {.verbosity = (char *)"silent"};
	struct slip_engine_options opt = {.kinds = kinds, .spec = "slipway.yaml", .jobs = jobs};
	int status = -1;
	write_spec(stages);
	if (slip_report_open(&report, &(struct slip_report_options){.log = &log, .out_dir = "out"},
		    &err) < 0 ||
		slip_engine_run(&opt, &status, &err) < 0)
		diag("%s", err.msg);
	slip_report_close(&report);
	return status;
}

static char *file(const char *path)
{
	struct slip_buf text;
	slip_buf_init(&text, 1 << 20);
	if (slip_read_file(AT_FDCWD, path, &text, NULL) < 0)
		slip_buf_add_str(&text, "(absent)");
	return slip_buf_take(&text);
}

/* "id=status ..." of report.json. */
static char *statuses(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = file("out/report.json");
	slip_autojson *obj = NULL;
	struct slip_buf out;
	slip_buf_init(&out, 65536);
	if (slip_json_parse(text, strlen(text), "report", SLIP_E_BUG, &obj, &err) < 0)
		return slip_xstrdup(err.msg);
	const struct slip_json *stages = slip_json_get(obj, "stages");
	for (size_t i = 0; i < slip_json_len(stages); i++)
		slip_buf_addf(&out, "%s%s=%s", i ? " " : "",
			slip_json_get_str(slip_json_at(stages, i), "id", ""),
			slip_json_get_str(slip_json_at(stages, i), "status", ""));
	return slip_buf_take(&out);
}

static void check(const char *stages, int want_status, const char *want, const char *name)
{
	is_int(run(stages, 2), want_status, "%s: exit status", name);
	slip_autofree char *got = statuses();
	is_str(got, want, "%s: stages", name);
}

static void test_ends(void)
{
	check("stages:\n  - {name: a, run: 'true'}\n  - {name: b, run: exit 7}\n"
	      "  - {name: c, run: 'true'}\n  - {name: d, needs: [], run: 'true'}\n"
	      "  - {name: e, needs: [b], if: failure(), run: 'true'}\n",
		1, "a=success b=failed c=skipped d=success e=success", "a failure");
	check("stages:\n  - {name: a, allow-failure: {exit-codes: [3]}, run: exit 3}\n"
	      "  - {name: b, run: 'true'}\n  - {name: c, allow-failure: {exit-codes: [3]}, run: "
	      "exit 4}\n",
		1, "a=warned b=success c=failed", "allowed failures");
	check("stages:\n  - {name: a, timeout: 1s, run: sleep 20}\n", 5, "a=timeout", "a timeout");
	check("stages:\n  - {name: a, retry: {max: 1, on: ['exit:9'], backoff: 2s},\n"
	      "     run: 'echo x >>tries; [ $(wc -l <tries) = 2 ] || exit 9'}\n",
		0, "a=success", "the second attempt");
	check("stages:\n  - {name: a, run: 'kill -KILL $$'}\n", 1, "a=failed", "a signal");
	check("stages:\n  - {name: a, if: 'false', run: 'true'}\n  - {name: b, run: 'true'}\n"
	      "  - {name: c, needs: [{stage: a, required: true}], run: 'true'}\n",
		0, "a=skipped b=success c=skipped", "a condition, and who must have it");
}

static void test_matrix(void)
{
	double start = slip_clock_monotonic();
	check("stages:\n  - {name: m, matrix: {n: [1, 2]}, run: '[ ${{ matrix.n }} = 2 ] || exit "
	      "3; "
	      "sleep 30'}\n  - {name: after, run: 'true'}\n",
		1, "m-1=failed m-2=cancelled after=skipped", "a cell fails while another runs");
	check("stages:\n  - {name: m, matrix: {n: [1, 2, 3], max-parallel: 1}, run: exit 3}\n", 1,
		"m-1=failed m-2=skipped m-3=skipped", "a cell fails before the others start");
	ok(slip_clock_monotonic() - start < 10, "cells are stopped at once");
	check("stages:\n  - name: m\n    matrix: {n: [1, 2, 3], fail-fast: false}\n"
	      "    run: '[ ${{ matrix.n }} = 2 ] || exit 3'\n",
		1, "m-1=failed m-2=success m-3=failed", "without fail-fast");
	check("stages:\n  - {name: m, matrix: {n: [1, 2]}, allow-failure: true, run: exit 3}\n", 0,
		"m-1=warned m-2=warned", "an allowed failure stops no other cell");
	check("stages:\n  - name: m\n    matrix: {n: [1, 2, 3], max-parallel: 1}\n"
	      "    run: mkdir alone && sleep 0.1 && rmdir alone\n",
		0, "m-1=success m-2=success m-3=success", "max-parallel");
}

static void test_child(void)
{
	check("stages:\n  - {name: image, build: {target: good, no-push: true}}\n"
	      "  - {name: use, run: 'echo \"${{ stages.image.outputs.ref }}\" >ref'}\n",
		0, "image=success use=success", "a request");
	slip_autofree char *ref = file("ref");
	is_str(ref, "host/app@sha256:123\n", "its result is an output");
	slip_autofree char *log = file("out/logs/image.log");
	ok(strstr(log, "image | from the child") && strstr(log, "[1/1] good"),
		"its records are logged");
	slip_autofree char *report = file("out/report.json");
	ok(strstr(report, "\"misses\": 1"), "its instruction is reported");
	check("stages:\n  - {name: image, build: {target: bad, no-push: true}}\n", 1,
		"image=failed", "a request whose command fails");
	slip_autofree char *bad = file("out/report.json");
	ok(strstr(bad, "Dockerfile:2: RUN failed") && strstr(bad, "\"exitStatus\": 42"),
		"its error arrives whole");
	check("stages:\n  - {name: image, build: {target: refused, no-push: true}}\n", 3,
		"image=failed", "a request that is refused");
}

static void test_outputs(void)
{
	check("stages:\n  - name: a\n    outputs: {v: , twice: '${{ result.v }}${{ result.v }}'}\n"
	      "    run: 'echo v=one >>$SLIPWAY_OUTPUT'\n",
		0, "a=success", "outputs");
	slip_autofree char *json = file("out/outputs.json");
	ok(strstr(json, "\"twice\": \"oneone\""), "an output that is an expression");
	slip_autofree char *env = file("out/outputs.env");
	is_str(env, "SLIPWAY_A_V=one\nSLIPWAY_A_TWICE=oneone\n", "dotenv");
	check("stages:\n  - {name: a, outputs: [v], run: 'true'}\n", 1, "a=failed",
		"a declared output that is not set");
}

static void test_artifacts(void)
{
	check("stages:\n  - {name: a, artifacts: {paths: ['made/**'], exclude: "
	      "['made/**/*.tmp']},\n"
	      "     run: 'mkdir -p made/x; touch made/x/b made/a made/x/c.tmp; ln -s /etc/passwd "
	      "made/l'}\n",
		0, "a=success", "artifacts");
	slip_autofree char *json = file("out/report.json");
	ok(strstr(json, "\"made/a\"") && strstr(json, "\"made/x/b\""), "files are listed");
	ok(!strstr(json, "c.tmp") && !strstr(json, "made/l"), "but no excluded one, nor a way out");
}

/* The engine in a process of its own, which prints nothing and can be killed. */
static pid_t spawn(const char *stages)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(run(stages, 1));
	}
	return pid;
}

static bool appears(const char *path)
{
	for (int i = 0; i < 500 && access(path, F_OK) < 0; i++)
		usleep(10000);
	return access(path, F_OK) == 0;
}

static void test_kills(void)
{
	int ws;
	pid_t pid = spawn("stages:\n  - {name: a, run: 'true'}\n"
			  "  - {name: b, run: 'echo $$ >pid; touch began; sleep 30'}\n");
	ok(appears("began"), "the second stage began");
	kill(pid, SIGKILL);
	waitpid(pid, &ws, 0);
	slip_autofree char *got = statuses();
	is_str(got, "a=success b=running", "report.json is valid after kill -9");
	unlink("began");

	double start = slip_clock_monotonic();
	pid = spawn(
		"stages:\n  - {name: a, run: 'touch began; sleep 30'}\n  - {name: b, run: 'true'}\n"
		"finally:\n  - {name: f, run: 'echo ${{ pipeline.status }} >status'}\n");
	ok(appears("began"), "the stage began");
	kill(pid, SIGTERM);
	waitpid(pid, &ws, 0);
	ok(WIFEXITED(ws) && WEXITSTATUS(ws) == 128 + SIGTERM, "a signal is the exit status");
	slip_autofree char *stopped = statuses();
	is_str(stopped, "a=cancelled b=skipped f=success", "what was stopped, and finally ran");
	slip_autofree char *status = file("status");
	is_str(status, "cancelled\n", "which saw it");
	ok(slip_clock_monotonic() - start < 5, "within 5 s");
}

/* The wait before the next attempt is up to a minute long. */
static void test_cancel_before_a_retry(void)
{
	int ws;
	unlink("began");
	unlink("status");
	double start = slip_clock_monotonic();
	pid_t pid = spawn("stages:\n  - {name: a, retry: {max: 1, on: ['exit:9'], backoff: 30s},\n"
			  "     run: 'touch began; exit 9'}\n"
			  "finally:\n  - {name: f, run: 'echo ${{ pipeline.status }} >status'}\n");
	ok(appears("began"), "the first attempt began");
	usleep(300000);
	kill(pid, SIGTERM);
	waitpid(pid, &ws, 0);
	ok(WIFEXITED(ws) && WEXITSTATUS(ws) == 128 + SIGTERM,
		"stopped while it waits to try again");
	slip_autofree char *stopped = statuses();
	is_str(stopped, "a=skipped f=success", "there is no second attempt, and finally ran");
	slip_autofree char *status = file("status");
	is_str(status, "cancelled\n", "which saw it");
	ok(slip_clock_monotonic() - start < 5, "at once");
}

static void test_link(void)
{
	check("stages:\n  - {name: a, run: 'rm -rf out/logs/b.log; ln -s ../../trap "
	      "out/logs/b.log'}\n"
	      "  - {name: b, run: 'echo text'}\n",
		0, "a=success b=success", "a link in place of a log");
	ok(access("trap", F_OK) < 0, "is not followed");
	slip_autofree char *log = file("out/logs/b.log");
	ok(strstr(log, "text"), "the log is there");
}

int main(int argc, char **argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *dir = NULL;
	if (argc > 1 && slip_streq(argv[1], "role:" SLIP_KIND_ROLE))
		return slip_kind_main(kinds, argv + 2);
	if (slip_proc_init(&err) < 0)
		return 1;
	unsetenv("GITLAB_CI");
	unsetenv("JENKINS_URL");
	if (slip_cancel_init(&err) < 0 || slip_make_temp_dir("/tmp", "test-run-", &dir, &err) < 0 ||
		chdir(dir) < 0)
		return 1;
	test_ends();
	test_matrix();
	test_child();
	test_outputs();
	test_artifacts();
	test_link();
	test_kills();
	test_cancel_before_a_retry();
	(void)!chdir("/");
	(void)!slip_remove_tree(AT_FDCWD, dir, &err);
	return done_testing();
}
