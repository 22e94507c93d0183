#include "config.h"

#include "steps/deploy/kubectl.h"

#include "runner/base/io.h"
#include "runner/base/lines.h"
#include "runner/base/log.h"
#include "runner/base/proc.h"

#include <errno.h>
#include <poll.h>

#define GRACE_MS 2000 /* less than what a cancelled stage has */
#define MAX_SAID 600

/* One call under way. */
struct call {
	struct slip_proc proc;
	int output; /* our end of its stdout and stderr, or of one of them */
	struct slip_lines lines;
	struct slip_buf *kept; /* stdout of a read */
	char said[MAX_SAID]; /* its last line */
	enum slip_err_code code;
};

void slip_kubectl_release(struct slip_kubectl *k)
{
	slip_strv_release(&k->options);
	slip_strv_release(&k->env);
}

/* --- what it says -------------------------------------------------------------------------------
 */

static bool says_one_of(const char *line, const char *const *texts)
{
	for (; *texts; texts++) {
		if (strstr(line, *texts))
			return true;
	}
	return false;
}

enum slip_err_code slip_kubectl_classify(const char *line)
{
	static const char *const failures[] = {"rror from server", "error: ", "Unable to connect",
		"The connection to the server", "Unauthorized", NULL};
	static const char *const refused[] = {"(Unauthorized)", "(Forbidden)", "must be logged in",
		"Unauthorized", "provide credentials", NULL};
	static const char *const no_answer[] = {"Unable to connect", "The connection to the server",
		"(ServiceUnavailable)", "(InternalError)", "(Timeout)", "(ServerTimeout)",
		"(TooManyRequests)", "connection refused", "connection reset", "i/o timeout",
		"TLS handshake timeout", "no such host", "unexpected EOF",
		"unable to handle the request", NULL};
	if (!says_one_of(line, failures))
		return SLIP_E_NONE;
	if (says_one_of(line, refused))
		return SLIP_E_AUTH;
	if (says_one_of(line, no_answer))
		return SLIP_E_NET;
	if (strstr(line, "timed out waiting for the condition"))
		return SLIP_E_TIMEOUT;
	return SLIP_E_COMMAND;
}

static void take_line(void *ctx, const char *line, size_t len)
{
	struct call *c = ctx;
	slip_output(line, len);
	if (!len)
		return;
	snprintf(c->said, sizeof(c->said), "%.*s", (int)(len < MAX_SAID ? len : MAX_SAID), line);
	enum slip_err_code code = slip_kubectl_classify(c->said);
	if (code != SLIP_E_NONE)
		c->code = code;
}

/* --- a call -------------------------------------------------------------------------------------
 */

static int start(struct call *c, const struct slip_kubectl *k, const struct slip_strv *words,
	int out, int output, struct slip_err *err)
{
	slip_autostrv argv = {0};
	slip_strv_add(&argv, "kubectl");
	for (size_t i = 0; i < words->n; i++)
		slip_strv_add(&argv, words->v[i]);
	for (size_t i = 0; i < k->options.n; i++)
		slip_strv_add(&argv, k->options.v[i]);
	struct slip_proc_spec spec = {
		.argv = (const char *const *)argv.v,
		.env = k->env.n ? (const char *const *)k->env.v : NULL,
		.stdin_fd = -1,
		.stdout_fd = out,
		.stderr_fd = output,
	};
	slip_autofree char *text = slip_strv_join(&argv, " ");
	slip_debug("%s", text);
	if (slip_proc_start(&spec, &c->proc, err) == 0)
		return 0;
	if (err && slip_err_is(err, SLIP_E_NOTFOUND)) {
		slip_err_clear(err);
		return slip_err_set(err, SLIP_E_NOTFOUND, 0,
			"kubectl is not on PATH: install it (https://kubernetes.io/docs/tasks/"
			"tools/), or run slipway in an image that has it");
	}
	return -1;
}

static int open_pipe(int *ours, int *theirs, struct slip_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "pipe");
	*ours = fds[0];
	*theirs = fds[1];
	fcntl(*ours, F_SETFL, O_NONBLOCK);
	return 0;
}

static void drain(struct call *c, int *fd, struct slip_buf *kept)
{
	char chunk[16384];
	while (*fd >= 0) {
		ssize_t n = read(*fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			slip_cleanup_close(fd);
		else if (kept)
			slip_buf_add(kept, chunk, (size_t)n);
		else
			slip_lines_add(&c->lines, chunk, (size_t)n);
	}
}

/* Until it has ended. `out` is our end of its stdout where that is kept, or -1. */
static int follow(struct call *c, int *out, int *status, struct slip_err *err)
{
	for (;;) {
		struct slip_err why = SLIP_ERR_INIT;
		bool has_ended = slip_proc_wait(&c->proc, 0, status, &why) == 0;
		drain(c, &c->output, NULL);
		drain(c, out, c->kept);
		if (has_ended)
			return 0;
		if (slip_err_is(&why, SLIP_E_CANCELLED)) {
			slip_proc_stop(&c->proc, GRACE_MS);
			return slip_err_copy(err, &why);
		}
		struct pollfd p[] = {
			{.fd = c->output, .events = POLLIN},
			{.fd = *out, .events = POLLIN},
			{.fd = c->proc.pidfd, .events = POLLIN},
			{.fd = slip_cancel_fd(), .events = POLLIN},
		};
		(void)poll(p, SLIP_ARRAY_LEN(p), c->proc.pidfd < 0 ? 10 : -1);
	}
}

static int call(struct call *c, const struct slip_kubectl *k, const struct slip_strv *words,
	int *status, struct slip_err *err)
{
	slip_autoclose int out = -1, theirs = -1, their_out = -1;
	if (open_pipe(&c->output, &theirs, err) < 0 ||
		(c->kept && open_pipe(&out, &their_out, err) < 0) ||
		start(c, k, words, c->kept ? their_out : theirs, theirs, err) < 0)
		return -1;
	slip_cleanup_close(&theirs);
	slip_cleanup_close(&their_out);
	int rc = follow(c, &out, status, err);
	slip_lines_end(&c->lines);
	return rc;
}

static int check(const struct call *c, const char *verb, int status, struct slip_err *err)
{
	if (status == 127 && !c->said[0])
		return slip_err_set(err, SLIP_E_IO, 0, "kubectl cannot be executed");
	slip_err_set(err, c->code == SLIP_E_NONE ? SLIP_E_COMMAND : c->code, 0, "kubectl %s: %s",
		verb, c->said[0] ? c->said : "it failed and said nothing");
	if (err && slip_err_is(err, SLIP_E_COMMAND))
		err->status = 1;
	return -1;
}

static int run(const struct slip_kubectl *k, const struct slip_strv *words, struct slip_buf *kept,
	int ok_status, int *status, struct slip_err *err)
{
	struct call c = {.output = -1, .kept = kept};
	int ended = 0;
	slip_lines_init(&c.lines, take_line, &c);
	int rc = call(&c, k, words, &ended, err);
	slip_lines_release(&c.lines);
	slip_cleanup_close(&c.output);
	if (rc < 0)
		return -1;
	if (status)
		*status = ended;
	if (ended > ok_status)
		return check(&c, words->v[0], ended, err);
	return 0;
}

int slip_kubectl_run(const struct slip_kubectl *k, const struct slip_strv *words, int ok_status,
	int *status, struct slip_err *err)
{
	return run(k, words, NULL, ok_status, status, err);
}

int slip_kubectl_read(const struct slip_kubectl *k, const struct slip_strv *words,
	struct slip_buf *out, struct slip_err *err)
{
	if (run(k, words, out, 0, NULL, err) < 0)
		return -1;
	return slip_buf_check(out, "kubectl's output", err);
}
