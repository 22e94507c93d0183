#include "config.h"

#include "runner/engine/ci_registry.h"

#include "runner/engine/ci.h"

#define JOB_LOGIN                                                                                  \
	.host = "CI_REGISTRY", .user = "CI_REGISTRY_USER", .password = "CI_REGISTRY_PASSWORD"
#define JOB_TOKEN .host = "CI_REGISTRY", .fixed_user = "gitlab-ci-token", .password = "CI_JOB_TOKEN"

static const struct slip_registry_variables logins[] = {
	{JOB_LOGIN, .within = "CI_REGISTRY_IMAGE"},
	{JOB_TOKEN, .within = "CI_REGISTRY_IMAGE"},
	{.host = "CI_REGISTRY", .user = "CI_DEPLOY_USER", .password = "CI_DEPLOY_PASSWORD"},
	{JOB_LOGIN},
	{JOB_TOKEN},
	{.host = "CI_DEPENDENCY_PROXY_SERVER",
		.user = "CI_DEPENDENCY_PROXY_USER",
		.password = "CI_DEPENDENCY_PROXY_PASSWORD"},
};

static const char *const ca_hosts[] = {
	"CI_REGISTRY", "CI_SERVER_HOST", "CI_SERVER_FQDN", "CI_DEPENDENCY_PROXY_SERVER", NULL};
static const char *const hub_mirrors[] = {"CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX",
	"CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX", NULL};

#define COMMON                                                                                     \
	.logins = logins, .n_logins = SLIP_ARRAY_LEN(logins), .ca_file = "CI_SERVER_TLS_CA_FILE",  \
	.ca_hosts = ca_hosts

static const struct slip_registry_environment in_gitlab = {COMMON, .hub_mirrors = hub_mirrors};
static const struct slip_registry_environment elsewhere = {COMMON};

const struct slip_registry_environment *slip_ci_registry(void)
{
	return slip_streq(slip_ci_provider(), "gitlab") ? &in_gitlab : &elsewhere;
}
