#include "config.h"

#include "runner/base/io.h"
#include "runner/base/json.h"
#include "runner/base/redact.h"
#include "runner/base/wire.h"
#include "runner/report/console.h"
#include "tests/unit/tap.h"

#include <sys/mman.h>

static int fd;
static struct slip_hub hub;

static void begin_with(struct slip_console_options opt, const char *ui)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_hub_close(&hub);
	slip_log_set_scope("");
	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
	opt.fd = fd;
	if (slip_console_find(ui, fd, &opt.style, &err) < 0)
		fail("%s", err.msg);
	slip_hub_add(&hub, slip_console_sink(&opt));
	slip_hub_listen(&hub);
}

static void begin(const char *ui)
{
	begin_with((struct slip_console_options){.level = SLIP_LOG_INFO}, ui);
}

/* What was written since, without the times at the starts of lines ("    0.1s "). */
static const char *written(void)
{
	static char text[64 * 1024];
	static char raw[64 * 1024];
	size_t got = 0, out = 0;
	lseek(fd, 0, SEEK_SET);
	(void)!slip_read_upto(fd, raw, sizeof(raw) - 1, &got, NULL);
	raw[got] = '\0';
	for (char *line = raw; *line;) {
		size_t n = strcspn(line, "\n") + 1, k = 0;
		if (k < n)
			k = strspn(line, " 0123456789.");
		k = k > 6 && line[k] == 's' ? k + 2 : 0;
		memcpy(text + out, line + k, n - k);
		out += n - k;
		line += n;
	}
	text[out] = '\0';
	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
	return text;
}

static void say(const char *text)
{
	slip_output(text, strlen(text));
}

static void test_text(void)
{
	begin("plain");
	slip_log_set_scope("image");
	slip_info("two\nlines");
	is_str(written(), "image: two\nimage: lines\n", "each line of a message has the prefix");
	slip_warn("careful");
	slip_error("broken");
	is_str(written(), "image: warning: careful\nimage: error: broken\n", "levels");
	say("{\"command_exit_code\":0,\"script\":\"x\"}");
	is_str(written(), "image | {\"command_exit_code\":0,\"script\":\"x\"}\n",
		"JSON of a command never stands alone on a line");
	slip_log_set_scope("");
	say("::add-mask::x");
	say("##vso[task.complete]");
	say("##teamcity[buildStatus]");
	is_str(written(), "| ::add-mask::x\n| ##vso[task.complete]\n| ##teamcity[buildStatus]\n",
		"OUT-03: output without a scope is marked too");
}

static void test_events(void)
{
	begin("plain");
	slip_log_set_scope("image");
	slip_event("step.start", "step", "2", "steps", "9", "text", "RUN groupadd app", NULL);
	slip_event("step.done", "step", "2", "steps", "9", "seconds", "1.204", "bytes", "1363148",
		NULL);
	slip_event("step.cached", "step", "3", "steps", "9", "stage", "build", "text", "COPY a b",
		NULL);
	is_str(written(),
		"image: [2/9] RUN groupadd app\nimage: [2/9] done 1.20s, 1.3 MiB\n"
		"image: [3/9] build COPY a b  cached\n",
		"instructions of a build");
	slip_event("stage.skip", "reason", "a\x1b[2Jb\x08", NULL);
	is_str(written(), "image: skipped: ab\\x08\n", "fields are made safe");
	slip_event("no.such.event", "a", "b", NULL);
	is_str(written(), "", "an event without a row has no line");
}

static void test_wrap(void)
{
	begin("gitlab");
	static char line[10001];
	memset(line, 'x', 10000);
	say(line);
	const char *text = written();
	size_t lines = 0, longest = 0;
	for (; *text; text += strcspn(text, "\n") + 1, lines++) {
		size_t n = strcspn(text, "\n");
		longest = n > longest ? n : longest;
		ok(slip_starts_with(text, "| x"), "a part of it has the prefix");
	}
	is_int(lines, 3, "a long line is wrapped");
	ok(longest < 8000, "to less than what runners split");
}

static void test_wrapped_secret(void)
{
	static char line[9000];
	begin("plain");
	slip_redact_add("correct-horse-battery-staple", 28);
	for (size_t at = 3960; at < 4020; at += 5) {
		memset(line, 'x', 8000);
		memcpy(line + at, "correct-horse-battery-staple", 28);
		slip_output(line, 8000);
		const char *text = written();
		if (strstr(text, "correct") || strstr(text, "staple") || !strstr(text, "MASK"))
			fail("OUT-04: a secret at %zu", at);
	}
	pass("OUT-04: no wrap splits a secret");
	slip_redact_reset();
}

/* --- colours and consoles ---------------------------------------------------------------------*/

static void test_colour(void)
{
	setenv("FORCE_COLOR", "1", 1);
	begin("plain");
	unsetenv("FORCE_COLOR");
	say("\x1b[32mgreen");
	is_str(written(), "| \x1b[32mgreen\x1b[0m\n", "colours where they are asked for");
	begin("plain");
	say("\x1b[32mgreen");
	slip_warn("w");
	is_str(written(), "| green\nwarning: w\n", "a file gets no escape");
	setenv("NO_COLOR", "1", 1);
	begin("gitlab");
	unsetenv("NO_COLOR");
	say("\x1b[32mgreen");
	is_str(written(), "| green\n", "NO_COLOR");
	begin_with((struct slip_console_options){.is_plain_wanted = true}, "tty");
	slip_warn("w");
	is_str(written(), "warning: w\n", "--log-format=text");
	begin("tty");
	slip_warn("w");
	is_str(written(), "\x1b[33mwarning: w\x1b[0m\n", "a terminal has colours");
}

static const char *found(const char *name)
{
	const struct slip_console_style *style = NULL;
	struct slip_err err = SLIP_ERR_INIT;
	static const char *const names[] = {"gitlab", "jenkins", "tty", "plain", "json"};
	if (slip_console_find(name, fd, &style, &err) < 0)
		return "none";
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		const struct slip_console_style *s;
		if (slip_console_find(names[i], fd, &s, &err) == 0 && s == style)
			return names[i];
	}
	return "?";
}

static void test_auto(void)
{
	static const char *const variables[] = {"GITLAB_CI", "JENKINS_URL", "BUILD_TAG", "CI"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	is_str(found("auto"), "plain", "a file");
	is_str(found(NULL), "plain", "auto is the default");
	setenv("BUILD_TAG", "jenkins-x-1", 1);
	is_str(found("auto"), "jenkins", "BUILD_TAG");
	setenv("GITLAB_CI", "false", 1);
	is_str(found("auto"), "jenkins", "GITLAB_CI=false is none (gitlab-ci-local)");
	setenv("GITLAB_CI", "true", 1);
	is_str(found("auto"), "gitlab", "GITLAB_CI=true");
	is_str(found("json"), "json", "a name");
	is_str(found("xml"), "none", "no such console");
	unsetenv("GITLAB_CI");
	unsetenv("BUILD_TAG");
}

/* --- phases -----------------------------------------------------------------------------------*/

/* Without what differs between runs: times and the random end of names. */
static char *markers(void)
{
	struct slip_buf out;
	slip_buf_init(&out, 1 << 16);
	for (const char *p = written(); (p = strstr(p, "section_"));) {
		size_t kind = strcspn(p, ":");
		slip_buf_add(&out, p, kind);
		p += kind + 1;
		p += strspn(p, "0123456789");
		size_t name = strcspn(p, "\r");
		slip_buf_add(&out, p, name);
		slip_buf_add_char(&out, ' ');
		p += name;
	}
	char *text = slip_buf_take(&out);
	for (char *p = text; (p = strstr(p, "-"));) {
		size_t n = strspn(p + 1, "0123456789abcdef");
		if (n == 8)
			memmove(p, p + 9, strlen(p + 9) + 1);
		else
			p++;
	}
	return text;
}

static void start_stage(const char *name, const char *kind)
{
	slip_log_set_scope(name);
	slip_event(
		"stage.start", "kind", kind, "text", "make all", "where", "slipway.yaml:7", NULL);
}

static void end_stage(const char *name, const char *status)
{
	slip_log_set_scope(name);
	slip_event("stage.done", "status", status, "seconds", "1", "exit", "0", "error",
		slip_streq(status, "success") ? NULL : "exit status 2", NULL);
}

static void test_sections(void)
{
	begin("gitlab");
	start_stage("image", "build");
	slip_event("phase.start", "text", "looking", NULL);
	slip_event("phase.done", "text", "looking", "seconds", "1", NULL);
	slip_event("step.start", "step", "1", "steps", "2", "kind", "copy", "text", "COPY", NULL);
	slip_event("step.done", "step", "1", "steps", "2", "seconds", "1", NULL);
	slip_event("step.start", "step", "2", "steps", "2", "kind", "run", "text", "RUN x", NULL);
	end_stage("image", "failed");
	start_stage("image", "push");
	slip_hub_close(&hub);
	slip_autofree char *got = markers();
	is_str(got,
		"section_start:slip-image-1 section_start:slip-image-2[collapsed=true] "
		"section_end:slip-image-2 section_start:slip-image-3 section_end:slip-image-3 "
		"section_end:slip-image-1 section_start:slip-image-4[collapsed=true] "
		"section_end:slip-image-4 ",
		"sections: quiet ones folded, each closed, innermost first, also at the end");
}

static void test_banner(void)
{
	begin("jenkins");
	start_stage("one", "run");
	const char *text = written();
	ok(slip_starts_with(text, "===== one ======"), "a banner");
	ok(strstr(text, "one: run: make all\n") != NULL, "and what begins");
	ok(!strchr(text, '\x1b') && !strchr(text, '\r'), "no escape, no CR");
}

/* --- stages that run at once --------------------------------------------------------------------
 */

static void test_turns(void)
{
	begin("gitlab");
	start_stage("a", "run");
	start_stage("b", "run");
	start_stage("c", "run");
	say("from c");
	end_stage("c", "success");
	slip_log_set_scope("b");
	say("from b");
	slip_log_set_scope("a");
	say("from a");
	ok(!strstr(written(), "from b"), "the others wait");
	end_stage("a", "success");
	const char *text = written();
	const char *b = strstr(text, "from b");
	ok(b && !strstr(text, "from c"), "then the next has its turn");
	slip_log_set_scope("b");
	say("more");
	ok(strstr(written(), "more") != NULL, "and goes on");
	end_stage("b", "success");
	text = written();
	ok(strstr(text, "from c") && strstr(text, "c: \x1b[32msuccess"),
		"one that is over is shown whole");
	slip_log_set_scope("d");
	say("alone");
	ok(strstr(written(), "alone") != NULL, "nothing is left behind");
}

static void test_turns_are_flushed(void)
{
	begin("gitlab");
	start_stage("a", "run");
	start_stage("b", "run");
	say("held");
	slip_hub_close(&hub);
	const char *text = written();
	const char *held = strstr(text, "held"), *end = strstr(text, "section_end");
	ok(held && end && end < held, "the end of the program shows all, one after the other");
	ok(strstr(held, "section_end") != NULL, "with all sections closed");
}

/* --- failures, budget, life -------------------------------------------------------------------*/

static void test_failure(void)
{
	begin_with(
		(struct slip_console_options){.level = SLIP_LOG_INFO, .out_dir = "out"}, "plain");
	start_stage("bad", "run");
	for (int i = 0; i < 150; i++) {
		slip_autofree char *line = slip_xasprintf("line %d", i);
		say(line);
	}
	(void)written();
	end_stage("bad", "failed");
	const char *text = written();
	ok(slip_starts_with(text, "bad: failed at slipway.yaml:7: make all\n"
				  "bad: the last 100 lines of its output:\nbad | line 50\n"),
		"the command, its place, its last lines");
	ok(strstr(text, "bad | line 149\nbad: its whole output is in out/logs/bad.log\n"
			"bad: failed in 1.00s: exit status 2\n") != NULL,
		"then the log's file and the reason");
	start_stage("good", "run");
	say("x");
	(void)written();
	end_stage("good", "success");
	is_str(written(), "good: success in 1.00s\n", "success repeats nothing");
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void test_budget(void)
{
	begin_with(
		(struct slip_console_options){.level = SLIP_LOG_INFO, .max_output = 500}, "plain");
	start_stage("noisy", "run");
	for (int i = 0; i < 1000; i++)
		say("123456789");
	const char *text = written();
	size_t shown = count(text, "noisy | 123456789");
	ok(shown > 10 && shown < 40, "output up to the limit");
	is_int(count(text, "--log-limit"), 1, "one notice");
	end_stage("noisy", "failed");
	is_int(count(written(), "noisy | 123456789"), 100, "the last lines follow a failure");
	start_stage("next", "run");
	say("x");
	text = written();
	is_int(count(text, "next | x"), 0, "the limit is the job's");
	is_int(count(text, "--log-limit"), 1, "said for each stage");
	end_stage("next", "success");
}

static void test_alive(void)
{
	setenv("SLIPWAY_TEST_ALIVE", "0.05", 1);
	begin("gitlab");
	start_stage("slow", "run");
	slip_event("stage.alive", "seconds", "1", NULL);
	is_int(count(written(), "still running"), 0, "no sign of life right after a line");
	usleep(60000);
	slip_event("stage.alive", "seconds", "1", NULL);
	is_int(count(written(), "still running"), 1, "one when nothing was said");
	unsetenv("SLIPWAY_TEST_ALIVE");
}

static void test_screens(void)
{
	begin_with(
		(struct slip_console_options){.level = SLIP_LOG_INFO, .out_dir = "out"}, "plain");
	slip_event(
		"pipeline.start", "name", "app", "provider", "local", "stages", "30 stages", NULL);
	for (int i = 0; i < 30; i++) {
		slip_autofree char *id = slip_xasprintf("s%d", i);
		slip_log_set_scope(id);
		slip_event("stage.plan", "name", id, "kind", "run", "text", "make", NULL);
	}
	const char *text = written();
	ok(count(text, "\n") <= 15, "what will happen fits on a screen");
	ok(strstr(text, "s9: will run: make\n") && strstr(text, "slipway plan"), "and says what");
	start_stage("s0", "build");
	slip_event("image.pushed", "ref", "r/a:1", "digest", "sha256:12", NULL);
	slip_event("transfer.done", "what", "pulled", "bytes", "2048", NULL);
	slip_event("transfer.done", "what", "uploaded", "bytes", "1024", NULL);
	slip_event("build.done", "digest", "sha256:12", "seconds", "1", NULL);
	slip_event("step.cached", "step", "1", "steps", "2", "text", "COPY", NULL);
	end_stage("s0", "success");
	(void)written();
	slip_log_set_scope("");
	slip_event("pipeline.done", "status", "success", "exit", "0", "summary", "1 succeeded",
		"seconds", "3", NULL);
	text = written();
	ok(strstr(text, "  success   1.00s    s0\n") != NULL, "a stage with its time");
	ok(strstr(text, "  pushed r/a:1@sha256:12\n") != NULL, "an image by digest");
	ok(strstr(text, "  1 of 1 instructions cached; 2.0 KiB pulled, 1.0 KiB pushed\n") != NULL,
		"cache and bytes");
	ok(strstr(text, "  logs and reports: out\n") != NULL, "where the reports are");
	ok(slip_ends_with(text, "pipeline success: 1 succeeded in 3.00s\n"), "the result last");
}

static void test_json(void)
{
	begin("json");
	slip_event("stage.skip", "reason", "r", "script", "x", "Command_Exit_Code", "1", NULL);
	const char *text = written();
	struct slip_err err = SLIP_ERR_INIT;
	slip_autojson *obj = NULL;
	ok(slip_json_parse(text, strlen(text), "line", SLIP_E_BUG, &obj, &err) == 0, "a JSON line");
	is_str(slip_json_get_str(obj, "level", ""), "info", "level, as kaniko's");
	is_str(slip_json_get_str(obj, "msg", ""), "skipped: r", "msg");
	ok(slip_json_get(obj, "script") == NULL, "no field of an event is at the top level");
	is_str(slip_json_get_str(slip_json_get(obj, "fields"), "script", ""), "x", "but below");
}

int main(void)
{
	static const char *const variables[] = {"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(variables); i++)
		unsetenv(variables[i]);
	fd = memfd_create("console", MFD_CLOEXEC);
	test_text();
	test_events();
	test_wrap();
	test_wrapped_secret();
	test_colour();
	test_auto();
	test_sections();
	test_banner();
	test_turns();
	test_turns_are_flushed();
	test_failure();
	test_budget();
	test_alive();
	test_screens();
	test_json();
	slip_hub_close(&hub);
	return done_testing();
}
