#include "config.h"

#include "runner/registry/helper.h"

#include "runner/base/json.h"
#include "runner/base/limits.h"
#include "runner/base/proc.h"
#include "runner/base/redact.h"

#include <errno.h>
#include <fcntl.h>

#define HELPER_TIMEOUT_MS 30000
#define HELPER_NAME_MAX 64
#define IDENTITY_USER "<token>"

static bool is_name(const char *s)
{
	static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-";
	size_t len = strlen(s);
	return len > 0 && len <= HELPER_NAME_MAX && strspn(s, legal) == len;
}

static int run(const char *program, const char *server, struct slip_proc_output *result,
	struct slip_err *err)
{
	slip_autoclose int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null_fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open /dev/null");
	const char *argv[] = {program, "get", NULL};
	struct slip_proc_spec spec = {
		.argv = argv,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = null_fd,
	};
	return slip_proc_run(&spec, server, strlen(server), SLIP_MAX_HELPER_OUTPUT,
		HELPER_TIMEOUT_MS, result, err);
}

static int parse(const char *program, const char *text, size_t len, struct slip_credential *out,
	struct slip_err *err)
{
	slip_autojson *doc = NULL;
	if (slip_json_parse(text, len, program, SLIP_E_AUTH, &doc, NULL) != 0)
		return slip_err_set(err, SLIP_E_AUTH, 0, "the output of %s is not JSON", program);
	const char *user = slip_json_get_str(doc, "Username", "");
	const char *secret = slip_json_get_str(doc, "Secret", "");
	if (!secret[0])
		return 0;
	slip_redact_add(secret, strlen(secret));
	bool is_identity = slip_streq(user, IDENTITY_USER);
	out->kind = is_identity ? SLIP_CREDENTIAL_IDENTITY : SLIP_CREDENTIAL_BASIC;
	out->user = is_identity ? NULL : slip_xstrdup(user);
	out->secret = slip_xstrdup(secret);
	return 0;
}

/* A failing helper prints its reason on stdout. "Not found" is no failure. */
static int judge_failure(const char *program, struct slip_proc_output *result, struct slip_err *err)
{
	result->out[strcspn(result->out, "\r\n")] = '\0';
	if (strstr(result->out, "credentials not found"))
		return 0;
	return slip_err_set(err, SLIP_E_AUTH, 0, "%s failed with status %d: %.200s", program,
		result->status, result->out);
}

int slip_helper_get(
	const char *name, const char *server, struct slip_credential *out, struct slip_err *err)
{
	if (!is_name(name))
		return slip_err_set(
			err, SLIP_E_AUTH, 0, "the name of a credential helper is not valid");
	if (strpbrk(server, "\r\n"))
		return slip_err_set(err, SLIP_E_AUTH, 0, "a server name with a line break");
	slip_autofree char *program = slip_xasprintf("docker-credential-%s", name);
	struct slip_proc_output result = {0};
	if (run(program, server, &result, err) != 0)
		return -1;
	int rc = result.status == 0 ? parse(program, result.out, result.out_len, out, err)
				    : judge_failure(program, &result, err);
	slip_wipe(result.out, result.out_len);
	free(result.out);
	return rc;
}
