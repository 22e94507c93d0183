/*
 * Errors: one plain value, owned by the caller, of fixed size.
 *
 * Every function that can fail returns 0 or -1 and takes `struct slip_err *err` last. A code says
 * who must act, not where it happened; the message names the object and, where known, the remedy.
 * Being plain data, an error crosses a process boundary unchanged (sandbox child to parent).
 *
 *	return slip_err_set(err, SLIP_E_IO, errno, "open %s", path);
 *	return slip_err_wrap(err, "layer %s", hex);
 */
#ifndef SLIP_BASE_ERR_H
#define SLIP_BASE_ERR_H

#include "runner/base/mem.h"

enum slip_err_code {
	SLIP_E_NONE = 0,
	SLIP_E_USAGE, /* the command line is wrong */
	SLIP_E_SPEC, /* slipway.yaml is wrong */
	SLIP_E_DOCKERFILE, /* the Dockerfile or its context is wrong */
	SLIP_E_AUTH, /* a registry refuses these credentials or rights */
	SLIP_E_NET, /* name, connection, TLS: the request did not get an answer */
	SLIP_E_REGISTRY, /* a registry answered, but not as it should */
	SLIP_E_NOTFOUND, /* what was asked for does not exist (image, blob, cache entry) */
	SLIP_E_DIGEST, /* bytes are not those that were promised */
	SLIP_E_LIMIT, /* an input is larger than the limit for it */
	SLIP_E_IO, /* the local system refused: files, memory, descriptors */
	SLIP_E_SANDBOX, /* the isolation that a command needs cannot be had here */
	SLIP_E_COMMAND, /* a user's command ended with a failure; `status` is its own */
	SLIP_E_TIMEOUT,
	SLIP_E_CANCELLED, /* a signal asked us to stop; `status` is its number */
	SLIP_E_BUG,
	SLIP_E_COUNT,
};

#define SLIP_ERR_MSG_MAX 2048

struct slip_err {
	enum slip_err_code code;
	int sys; /* errno, or 0 */
	int status; /* SLIP_E_COMMAND: exit status; SLIP_E_CANCELLED: signal number */
	char msg[SLIP_ERR_MSG_MAX];
};

#define SLIP_ERR_INIT                                                                              \
	{                                                                                          \
		.code = SLIP_E_NONE                                                                \
	}

/*
 * int slip_err_set(struct slip_err *err, enum slip_err_code code, int sys, const char *fmt, ...);
 *
 * Fill *err and return -1. With sys != 0, ": " and its text are appended. err may be NULL (the
 * error is dropped). Setting an error that is already set is a bug: use wrap, or clear it first.
 * Messages quote what came from outside: control characters in them (save LF and tab, of which
 * excerpts are made) become "?", so that no input moves a terminal's cursor.
 */
#define slip_err_set(...) (slip_err_fill_(__VA_ARGS__), slip_err_minus_one_())
/* Prefix the message with "text: " and return -1; code, sys and status stay. */
#define slip_err_wrap(...) (slip_err_prefix_(__VA_ARGS__), slip_err_minus_one_())
void slip_err_clear(struct slip_err *err);
/* Copy src over dst (which may be set) and return -1. */
int slip_err_copy(struct slip_err *dst, const struct slip_err *src);
static inline bool slip_err_is(const struct slip_err *err, enum slip_err_code code)
{
	return err->code == code;
}

/* "auth", "registry", ...: stable names for machine-readable reports. */
const char *slip_err_name(enum slip_err_code code);
/*
 * The program's exit status for an error (docs/exit-status.md): 1 a user's command, 2 usage, spec
 * or Dockerfile, 3 auth, 4 infrastructure, 5 timeout, 70 bug, 128+n signal. SLIP_E_COMMAND gives
 * err->status, the failing command's own.
 */
int slip_err_exit_status(const struct slip_err *err);

/* Behind the macros, which show every compiler and analyser what value is returned. */
void slip_err_fill_(struct slip_err *err, enum slip_err_code code, int sys, const char *fmt, ...)
	SLIP_PRINTF(4, 5);
void slip_err_prefix_(struct slip_err *err, const char *fmt, ...) SLIP_PRINTF(2, 3);
static inline int slip_err_minus_one_(void)
{
	return -1;
}

#endif
