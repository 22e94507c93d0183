/*
 * After the apply: wait until what was applied runs, and say why when it does not.
 *
 * Deployments, StatefulSets and DaemonSets are followed by `kubectl rollout status` (not those
 * whose strategy is OnDelete), Jobs until they are complete or failed. All share one time limit;
 * what is over it is SLIP_E_TIMEOUT, what failed for good SLIP_E_COMMAND. The error names the
 * object and what its first bad pod says; pods and last events are in the log.
 */
#ifndef SLIP_DEPLOY_ROLLOUT_H
#define SLIP_DEPLOY_ROLLOUT_H

#include "runner/base/json.h"
#include "steps/deploy/kubectl.h"
#include "steps/deploy/manifest.h"

/*
 * Tell of each object as a step, and wait for those that roll out unless wait_ns is 0. `space`: the
 * namespace of objects that name none, NULL for that of the kubeconfig.
 */
int slip_rollout_follow(const struct slip_kubectl *k, const struct slip_kube_objects *objects,
	const char *space, int64_t wait_ns, struct slip_err *err) SLIP_MUST_CHECK;

/* "deployment.apps/web": as kubectl names it; the caller's. */
char *slip_kube_object_print(const struct slip_kube_object *o);
/* One line on a pod: its phase, and what its containers wait for or died of. Appended to out. */
void slip_rollout_describe_pod(const struct slip_json *pod, struct slip_buf *out);

#endif
