#include "config.h"

#include "runner/base/io.h"
#include "runner/base/json.h"
#include "runner/base/wire.h"
#include "runner/report/console.h"
#include "runner/report/limit.h"
#include "tests/unit/tap.h"

#include <sys/mman.h>

static int fd;

static void begin(enum slip_log_format format, bool is_terminal)
{
	static struct slip_hub hub;
	static bool is_open;
	if (is_open)
		slip_hub_close(&hub);
	is_open = true;
	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
	slip_hub_add(&hub, slip_console_sink(&(struct slip_console_options){.fd = fd,
				   .level = SLIP_LOG_INFO,
				   .format = format,
				   .is_terminal = is_terminal}));
	slip_hub_listen(&hub);
}

/* What was written since, without the times at the starts of lines (9 bytes). */
static const char *written(bool cut_times)
{
	static char text[8192];
	char raw[8192];
	size_t got = 0, out = 0;
	struct slip_err err = SLIP_ERR_INIT;
	lseek(fd, 0, SEEK_SET);
	(void)!slip_read_upto(fd, raw, sizeof(raw) - 1, &got, &err);
	raw[got] = '\0';
	for (char *line = raw; *line;) {
		size_t n = strcspn(line, "\n") + 1;
		size_t skip = cut_times ? 9 : 0;
		memcpy(text + out, line + skip, n - skip);
		out += n - skip;
		line += n;
	}
	text[out] = '\0';
	(void)!ftruncate(fd, 0);
	lseek(fd, 0, SEEK_SET);
	return text;
}

static void test_text(void)
{
	begin(SLIP_LOG_TEXT, false);
	slip_log_set_scope("image");
	slip_info("two\nlines");
	is_str(written(true), "image: two\nimage: lines\n",
		"each line of a message has the prefix");
	slip_warn("careful");
	slip_error("broken");
	is_str(written(true), "image: warning: careful\nimage: error: broken\n", "levels");
	slip_output("{\"command_exit_code\":0,\"script\":\"x\"}", 36);
	is_str(written(true), "image | {\"command_exit_code\":0,\"script\":\"x\"}\n",
		"JSON of a command never stands alone on a line");
	slip_log_set_scope("");
	slip_output("::add-mask::x", 13);
	is_str(written(true), "| ::add-mask::x\n", "output without a scope is marked too");
}

static void test_events(void)
{
	begin(SLIP_LOG_TEXT, false);
	slip_log_set_scope("image");
	slip_event("step.start", "step", "2", "steps", "9", "text", "RUN groupadd app", NULL);
	slip_event("step.done", "step", "2", "steps", "9", "seconds", "1.204", "bytes", "1363148",
		NULL);
	slip_event("step.cached", "step", "3", "steps", "9", "stage", "build", "text", "COPY a b",
		NULL);
	is_str(written(true),
		"image: [2/9] RUN groupadd app\nimage: [2/9] done 1.20s, 1.3 MiB\n"
		"image: [3/9] build COPY a b  cached\n",
		"instructions of a build");
	slip_event("stage.done", "status", "failed", "seconds", "75", "error", "a\x1b[2Jb", NULL);
	is_str(written(true), "image: failed in 1m15s: a\\x1b[2Jb\n", "fields are made safe");
	slip_event("no.such.event", "a", "b", NULL);
	is_str(written(true), "", "an event without a row has no line");
	slip_log_set_scope("");
}

static void test_colour(void)
{
	begin(SLIP_LOG_COLOR, true);
	slip_output("\x1b[32mgreen", 10);
	is_str(written(true), "| \x1b[32mgreen\x1b[0m\n", "a terminal gets a command's colours");
	begin(SLIP_LOG_COLOR, false);
	slip_output("\x1b[32mgreen", 10);
	is_str(written(true), "| \\x1b[32mgreen\n", "a file gets no escape");
	slip_warn("w");
	ok(!strchr(written(false), '\x1b'), "nor from us");
}

static void test_json(void)
{
	begin(SLIP_LOG_JSON, false);
	slip_event("stage.done", "status", "failed", "script", "x", "seconds", "1", NULL);
	const char *text = written(false);
	struct slip_err err = SLIP_ERR_INIT;
	slip_autojson *obj = NULL;
	ok(slip_json_parse(text, strlen(text), "line", SLIP_E_BUG, &obj, &err) == 0, "a JSON line");
	is_str(slip_json_get_str(obj, "level", ""), "info", "level, as kaniko's");
	is_str(slip_json_get_str(obj, "msg", ""), "failed in 1.00s", "msg");
	ok(slip_json_get(obj, "script") == NULL, "no field of an event is at the top level");
	is_str(slip_json_get_str(slip_json_get(obj, "fields"), "script", ""), "x", "but below");
}

static void count(void *ctx, const struct slip_record *r)
{
	size_t *n = ctx;
	n[r->kind]++;
}

static void test_limit(void)
{
	size_t n[3] = {0};
	struct slip_sink sink = slip_limit_sink((struct slip_sink){count, NULL, n}, 100);
	slip_log_set_listener(sink.record, sink.ctx);
	slip_log_set_scope("noisy");
	for (int i = 0; i < 1000; i++)
		slip_output("123456789", 9);
	is_int(n[SLIP_RECORD_OUTPUT], 10, "output up to the limit");
	is_int(n[SLIP_RECORD_MESSAGE], 1, "one notice");
	slip_log_set_scope("quiet");
	slip_output("x", 1);
	is_int(n[SLIP_RECORD_OUTPUT], 11, "another stage has its own limit");
	slip_log_set_scope("noisy");
	slip_event("stage.done", "status", "failed", NULL);
	is_int(n[SLIP_RECORD_OUTPUT], 111, "the last lines follow a failure");
	slip_log_set_listener(NULL, NULL);
	slip_log_set_scope("");
	sink.close(sink.ctx);
}

static void test_words(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	enum slip_log_level level;
	enum slip_log_format format;
	ok(slip_level_parse("panic", &level, &err) == 0 && level == SLIP_LOG_FATAL, "panic");
	ok(slip_level_parse("loud", &level, &err) < 0 && err.code == SLIP_E_USAGE, "no such level");
	slip_err_clear(&err);
	ok(slip_log_format_parse("xml", &format, &err) < 0, "no such format");
}

int main(void)
{
	fd = memfd_create("console", MFD_CLOEXEC);
	test_text();
	test_events();
	test_colour();
	test_json();
	test_limit();
	test_words();
	return done_testing();
}
