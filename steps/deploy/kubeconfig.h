/*
 * With which configuration kubectl goes to the cluster. A configuration that is a secret's value
 * becomes a file of our own, readable by nobody else and gone at the end; of any configuration that
 * is known here the credentials are masked, so that no -v of anybody's shows them.
 */
#ifndef SLIP_DEPLOY_KUBECONFIG_H
#define SLIP_DEPLOY_KUBECONFIG_H

#include "runner/base/err.h"

struct slip_kubeconfig {
	char *path; /* for --kubeconfig; NULL: kubectl's own rules */
	char *temp_dir; /* ours */
};

/* At most one of file and text. `env_path`: $KUBECONFIG of the stage, or NULL. */
int slip_kubeconfig_open(struct slip_kubeconfig *c, const char *file, const char *text,
	const char *env_path, struct slip_err *err) SLIP_MUST_CHECK;
void slip_kubeconfig_release(struct slip_kubeconfig *c);

#endif
