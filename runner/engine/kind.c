#include "config.h"

#include "runner/engine/kind.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/proc.h"
#include "runner/base/wire.h"

#define MAX_REQUEST (16 * SLIP_MIB)

void slip_kind_launch_release(struct slip_kind_launch *l)
{
	slip_strv_release(&l->argv);
	slip_strv_release(&l->env);
	slip_json_free(l->request);
	l->request = NULL;
}

const struct slip_kind *slip_kind_find(
	const struct slip_kind *const *kinds, enum slip_stage_kind kind)
{
	for (; *kinds; kinds++) {
		if ((*kinds)->kind == kind)
			return *kinds;
	}
	return NULL;
}

static int read_request(struct slip_json **out, struct slip_err *err)
{
	slip_autobuf text;
	slip_buf_init(&text, MAX_REQUEST);
	if (slip_read_rest(SLIP_KIND_REQUEST_FD, "the stage's request", &text, err) < 0)
		return -1;
	close(SLIP_KIND_REQUEST_FD);
	return slip_json_parse(text.data, text.len, "the stage's request", SLIP_E_BUG, out, err);
}

/* What could be foreseen before a failure is told too. */
static int foresee(const struct slip_kind *k, const struct slip_json *request, bool is_probe,
	struct slip_err *err)
{
	slip_autojson *out = slip_json_object();
	int rc = k->foresee ? k->foresee(request, is_probe, out, err) : 0;
	slip_autofree char *text = slip_json_print(out);
	slip_event("stage.result", "plan", text, NULL);
	return rc;
}

static int perform(const struct slip_kind *const *kinds, char *const *argv, struct slip_err *err)
{
	long kind = argv[0] ? strtol(argv[0], NULL, 10) : -1;
	const struct slip_kind *k = slip_kind_find(kinds, (enum slip_stage_kind)kind);
	slip_autojson *request = NULL;
	if (!k || !k->perform)
		return slip_err_set(err, SLIP_E_BUG, 0, "no stage kind has the number %ld", kind);
	if (read_request(&request, err) < 0)
		return -1;
	const char *mode = argv[1] && argv[2] ? argv[2] : SLIP_KIND_PERFORM;
	if (slip_streq(mode, SLIP_KIND_PERFORM))
		return k->perform(request, err);
	return foresee(k, request, slip_streq(mode, SLIP_KIND_PROBE), err);
}

int slip_kind_main(const struct slip_kind *const *kinds, char *const *argv)
{
	struct slip_err err = SLIP_ERR_INIT;
	enum slip_log_level level = SLIP_LOG_INFO;
	struct slip_wire_writer writer = {.fd = SLIP_KIND_RECORDS_FD};
	/* Handed on by exec: what this process starts must not get it. */
	fcntl(SLIP_KIND_RECORDS_FD, F_SETFD, FD_CLOEXEC);
	fcntl(SLIP_KIND_REQUEST_FD, F_SETFD, FD_CLOEXEC);
	slip_log_set_listener(slip_wire_write, &writer);
	if (argv[0] && argv[1] && slip_level_parse(argv[1], &level, &err) == 0)
		slip_log_set_level(level);
	slip_err_clear(&err);
	int status = 0;
	if (slip_proc_init(&err) < 0 || slip_cancel_init(&err) < 0 ||
		perform(kinds, argv, &err) < 0) {
		slip_wire_error(&err);
		status = slip_err_exit_status(&err);
	}
	slip_log_set_listener(NULL, NULL);
	return status;
}
