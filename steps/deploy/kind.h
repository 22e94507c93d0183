/*
 * The stage kind `deploy`: Kubernetes manifests, with this pipeline's images in them, to a cluster,
 * by the user's kubectl. Outputs: objects and images, lists with commas.
 */
#ifndef SLIP_DEPLOY_KIND_H
#define SLIP_DEPLOY_KIND_H

#include "runner/engine/kind.h"

extern const struct slip_kind slip_kind_deploy;

#endif
