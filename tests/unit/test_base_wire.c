#include "config.h"

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/base/redact.h"
#include "runner/base/wire.h"
#include "tests/unit/tap.h"

#include <sys/mman.h>

static struct slip_buf seen;

static void note(void *ctx, const struct slip_record *r)
{
	(void)ctx;
	slip_buf_addf(&seen, "%d%s(%s)%s", (int)r->kind,
		r->kind == SLIP_RECORD_MESSAGE ? slip_level_name(r->level) : "", r->scope, r->text);
	for (const char *const *f = r->fields; f && f[0]; f += 2)
		slip_buf_addf(&seen, " %s=%s", f[0], f[1]);
	slip_buf_add_char(&seen, '\n');
}

static void test_round_trip(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	int fd = memfd_create("wire", MFD_CLOEXEC);
	struct slip_wire_writer writer = {.fd = fd};
	slip_log_set_listener(slip_wire_write, &writer);
	slip_log_set_scope("2");
	slip_event("step.done", "step", "3", "text", "RUN \"x\"\n\xff", NULL);
	slip_log_set_scope("");
	slip_warn("careful");
	slip_output("line", 4);
	slip_event("stage.result", "digest", "sha256:1", "ref", "a/b@c", NULL);
	slip_err_set(&err, SLIP_E_COMMAND, 0, "RUN failed");
	err.status = 42;
	slip_wire_error(&err);
	slip_log_set_listener(note, NULL);

	slip_autobuf text;
	slip_buf_init(&text, 65536);
	lseek(fd, 0, SEEK_SET);
	slip_err_clear(&err);
	ok(slip_read_rest(fd, "wire", &text, &err) == 0, "the records were written");
	struct slip_wire_reader reader;
	slip_wire_reader_init(&reader, "image");
	for (size_t i = 0; i < text.len; i++)
		slip_wire_reader_add(&reader, text.data + i, 1);
	is_str(seen.data,
		"2(image/2)step.done step=3 text=RUN \"x\"\n\xef\xbf\xbd\n"
		"0warn(image)careful\n1(image)line\n",
		"records arrive as they were, below the stage's scope");
	ok(reader.has_error, "the error arrived");
	is_int(reader.error.code, SLIP_E_COMMAND, "its code");
	is_int(reader.error.status, 42, "its status");
	is_str(reader.error.msg, "RUN failed", "its text");
	is_str(slip_smap_get(&reader.results, "ref"), "a/b@c", "a result");
	is_int(reader.malformed, 0, "nothing was dropped");
	slip_wire_reader_release(&reader);
	close(fd);
}

static void feed(struct slip_wire_reader *r, const char *text)
{
	slip_wire_reader_add(r, text, strlen(text));
}

static void test_hostile(void)
{
	struct slip_wire_reader r;
	slip_wire_reader_init(&r, "s");
	slip_buf_clear(&seen);
	feed(&r, "not json\n[1]\n{}\n{\"event\":3}\n{\"message\":\"x\",\"level\":\"loud\"}\n");
	is_int(r.malformed, 5, "lines that are no records are counted");
	is_str(seen.data, "", "and dropped");
	slip_autofree char *big = slip_xmalloc(SLIP_MAX_WIRE_LINE + 10);
	memset(big, 'a', SLIP_MAX_WIRE_LINE + 10);
	slip_wire_reader_add(&r, big, SLIP_MAX_WIRE_LINE + 10);
	feed(&r, "\n{\"output\":\"after\"}\n");
	is_int(r.malformed, 6, "an endless line too");
	is_str(seen.data, "1(s)after\n", "and the next one is read");
	feed(&r, "{\"event\":\"stage.error\",\"fields\":{\"code\":\"99999\",\"status\":\"-5\"}}\n");
	ok(!r.has_error, "an error with a code that is none is no error");
	slip_buf_clear(&seen);
	slip_redact_add("hunter22", 8);
	feed(&r, "{\"output\":\"pass hunter22\"}\n");
	is_str(seen.data, "1(s)pass [MASKED]\n", "what a child did not mask is masked here");
	slip_redact_reset();
	slip_wire_reader_release(&r);
}

int main(void)
{
	slip_buf_init(&seen, 1 << 20);
	test_round_trip();
	test_hostile();
	slip_buf_release(&seen);
	return done_testing();
}
