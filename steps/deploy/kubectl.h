/*
 * The user's own kubectl: found in PATH, shown as it speaks, its failures told apart.
 *
 * What it prints is the stage's output, line by line. A failure's error is kubectl's last line, and
 * its code says who must act: SLIP_E_AUTH (the cluster refuses these credentials or rights),
 * SLIP_E_NET (no answer, or the cluster is not well), SLIP_E_TIMEOUT (it waited in vain),
 * SLIP_E_COMMAND for all else (what it was given is wrong). A signal ends it: SLIP_E_CANCELLED.
 */
#ifndef SLIP_DEPLOY_KUBECTL_H
#define SLIP_DEPLOY_KUBECTL_H

#include "runner/base/buf.h"
#include "runner/base/strv.h"

struct slip_kubectl {
	struct slip_strv options; /* of every call: --kubeconfig, --context */
	struct slip_strv env; /* NAME=value; empty: this process' own */
};

void slip_kubectl_release(struct slip_kubectl *k);
/* Statuses up to ok_status are no failure (diff: 1); *status may be NULL. */
int slip_kubectl_run(const struct slip_kubectl *k, const struct slip_strv *words, int ok_status,
	int *status, struct slip_err *err) SLIP_MUST_CHECK;
/* Its standard output, for us to read; only what it says on the other is shown. */
int slip_kubectl_read(const struct slip_kubectl *k, const struct slip_strv *words,
	struct slip_buf *out, struct slip_err *err) SLIP_MUST_CHECK;
/* What a line of kubectl's says of a failure; SLIP_E_NONE: nothing. */
enum slip_err_code slip_kubectl_classify(const char *line);

#endif
