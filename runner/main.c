/*
 * The composition root: the only file that knows every part.
 */
#include "config.h"

#include "runner/base/log.h"
#include "runner/base/proc.h"
#include "runner/sandbox/run.h"
#include "steps/build/builder.h"

static int build(char **argv, struct slip_err *err)
{
	struct slip_build_request req;
	struct slip_build_result result;
	slip_build_request_init(&req);
	int rc = slip_opt_parse(slip_build_options, &req, argv, NULL, err);
	if (rc == 0)
		rc = slip_build_image(&req, &result, err);
	slip_build_request_release(&req);
	return rc;
}

static void print_event(void *ctx, const struct slip_record *r)
{
	(void)ctx;
	fprintf(stderr, "[%6.3f] %s%s", r->elapsed,
		r->kind == SLIP_RECORD_OUTPUT ? "# " : r->kind == SLIP_RECORD_EVENT ? "* " : "", r->text);
	for (size_t i = 0; r->fields && r->fields[i]; i += 2)
		fprintf(stderr, " %s=%s", r->fields[i], r->fields[i + 1]);
	fputc('\n', stderr);
}

int main(int argc, char **argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (argc > 1 && slip_streq(argv[1], "role:sandbox"))
		slip_sandbox_child(argc - 2, argv + 2);
	slip_log_set_listener(print_event, NULL);
	if (slip_proc_init(&err) < 0 || slip_cancel_init(&err) < 0 || argc < 2 ||
		build(argv + 2, &err) < 0) {
		slip_error("%s", err.msg);
		return slip_err_exit_status(&err);
	}
	return 0;
}
