#include "config.h"

#include "runner/base/buf.h"
#include "runner/base/log.h"
#include "runner/base/redact.h"
#include "tests/unit/tap.h"

static struct slip_buf heard;

static void listen(void *ctx, const struct slip_record *r)
{
	static const char *const kinds[] = {"message", "output", "event"};
	*(int *)ctx += 1;
	slip_buf_clear(&heard);
	slip_buf_addf(&heard, "%s %d [%s] %s", kinds[r->kind], r->level, r->scope, r->text);
	for (size_t i = 0; r->fields && r->fields[i]; i += 2)
		slip_buf_addf(&heard, " %s=%s", r->fields[i], r->fields[i + 1]);
}

int main(void)
{
	int calls = 0;
	slip_buf_init(&heard, 8 << 20);
	slip_log_set_listener(listen, &calls);
	is_str(slip_log_scope(), "", "no scope at first");
	slip_info("hello %d", 1);
	is_str(heard.data, "message 2 [] hello 1", "a message");
	slip_debug("not heard");
	is_int(calls, 1, "below the level nothing is heard");
	slip_log_set_level(SLIP_LOG_DEBUG);
	slip_log_set_scope("image/2");
	slip_debug("heard");
	is_str(heard.data, "message 1 [image/2] heard", "level and scope");
	slip_event("layer.put", "digest", "abc", "none", NULL, "bytes", "1", NULL);
	is_str(heard.data, "event 2 [image/2] layer.put digest=abc bytes=1", "an event");
	slip_output("a\0b\0", 4);
	is_str(heard.data, "output 2 [image/2] a?b?", "a NUL byte ends no line");
	slip_output("", 0);
	is_str(heard.data, "output 2 [image/2] ", "an empty line");

	slip_redact_add("s3cret", 6);
	slip_redact_add("nul\0byte", 8);
	slip_warn("it is %s", "s3cret");
	is_str(heard.data, "message 3 [image/2] it is [MASKED]", "masked in messages");
	slip_output("<s3cret>xx", 8);
	is_str(heard.data, "output 2 [image/2] <[MASKED]>", "in output");
	slip_output("nul\0byte", 8);
	is_str(heard.data, "output 2 [image/2] [MASKED]", "also with a NUL byte");
	slip_output("s3\x1b[31mcr\x1b[0met!", 16);
	is_str(heard.data, "output 2 [image/2] [MASKED]!", "OUT-04: split by colours");
	slip_output("\x1b[1ms3\x1b]0;t\x07"
		    "cret",
		16);
	is_str(heard.data, "output 2 [image/2] [MASKED]", "OUT-04: split by a title");
	slip_output("\x1b[1mfine\x1b[0m", 12);
	is_str(heard.data, "output 2 [image/2] \x1b[1mfine\x1b[0m", "other colours stay");
	slip_event("e", "k", "s3cret", NULL);
	is_str(heard.data, "event 2 [image/2] e k=[MASKED]", "in events");

	char *text = slip_xmalloc(3000001);
	memset(text, 'x', 3000000);
	text[3000000] = '\0';
	slip_warn("%s", text);
	is_int(heard.len, 3000000 + strlen("message 3 [image/2] "), "a long message is not lost");
	free(text);

	char name[300];
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	slip_log_set_scope(name);
	is_int(strlen(slip_log_scope()), 127, "a long scope is cut");
	const char *many[402];
	for (int i = 0; i < 400; i++)
		many[i] = "f";
	many[400] = many[401] = NULL;
	slip_event_fields("many", many);
	ok(strstr(heard.data, " f=f") != NULL, "more fields than there is room for");
	slip_log_set_level(SLIP_LOG_SILENT);
	calls = 0;
	slip_error("x");
	is_int(calls, 0, "silent is silent");
	slip_log_set_listener(NULL, NULL);
	slip_redact_reset();
	slip_buf_release(&heard);
	return done_testing();
}
