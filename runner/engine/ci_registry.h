/*
 * What a CI system tells of registries: logins, a certificate authority, a mirror of Docker Hub.
 *
 * GitLab's predefined variables (docs.gitlab.com/ci/variables/predefined_variables): the job's
 * login for its project's registry, with the job token where there is none; a deploy token before
 * it for images of other projects; the dependency proxy, with its port, which is part of the name.
 * They are used wherever they are set, also by hand; only the mirror is for jobs of GitLab alone,
 * since programs that play GitLab set its variables without having one.
 */
#ifndef SLIP_ENGINE_CI_REGISTRY_H
#define SLIP_ENGINE_CI_REGISTRY_H

#include "runner/registry/registry.h"

/* Constant for the life of the program; depends on slip_ci_provider. */
const struct slip_registry_environment *slip_ci_registry(void);

#endif
