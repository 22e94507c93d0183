/*
 * The work of a deploy stage, in its own process: manifests are read, edited and written to one
 * file, which kubectl then shows the difference of, applies and follows. Only what that file says
 * is applied, so the artifact is what was deployed.
 */
#ifndef SLIP_DEPLOY_DEPLOY_H
#define SLIP_DEPLOY_DEPLOY_H

#include "runner/base/json.h"
#include "runner/base/opt.h"
#include "steps/image/registries.h"

enum slip_deploy_how {
	SLIP_DEPLOY_APPLY,
	SLIP_DEPLOY_CLIENT, /* kubectl checks against what the cluster knows, and changes nothing */
	SLIP_DEPLOY_SERVER, /* the cluster does all but keep it */
};

struct slip_deploy_request {
	struct slip_strv manifests;
	char *kustomize;
	char *space;
	char *kubeconfig;
	char *kubeconfig_text; /* from a secret */
	char *context;
	int64_t wait; /* ns; 0: not at all */
	bool server_side;
	int how; /* enum slip_deploy_how */
	bool diff;
	bool no_push; /* write the file, and go nowhere */
	char *output; /* the file, absolute */
	char *output_name; /* the same for people and reports */
	struct slip_registry_flags registries;
};

/* For requests only: nobody types them. */
extern const struct slip_opt slip_deploy_options[];

void slip_deploy_request_init(struct slip_deploy_request *r);
void slip_deploy_request_release(struct slip_deploy_request *r);

/* Maps of strings, borrowed; NULL is an empty one. */
struct slip_deploy_maps {
	const struct slip_json *replace;
	const struct slip_json *images;
	const struct slip_json *env; /* of kubectl, above this process' own */
};

int slip_deploy_run(const struct slip_deploy_request *r, const struct slip_deploy_maps *maps,
	struct slip_err *err) SLIP_MUST_CHECK;

#endif
