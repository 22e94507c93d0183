/*
 * Credentials of AWS, as its SDKs find them. The first place that has some decides:
 *
 *	1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *	2. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (service accounts of EKS, CI id tokens):
 *STS
 *	3. the profile AWS_PROFILE of AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/credentials
 *	4. AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI (ECS, pod identities of EKS)
 *	5. the machine's role, by IMDSv2; not with AWS_EC2_METADATA_DISABLED=true
 *
 * The region is AWS_REGION, AWS_DEFAULT_REGION, the profile's (AWS_CONFIG_FILE, or ~/.aws/config),
 * or us-east-1.
 */
#ifndef SLIP_CONTEXT_AWS_H
#define SLIP_CONTEXT_AWS_H

#include "runner/net/http.h"

struct slip_aws {
	char *region;
	char *access_key;
	char *secret_key;
	char *session_token; /* NULL: none */
};

int slip_aws_find(
	struct slip_http *http, struct slip_aws *out, struct slip_err *err) SLIP_MUST_CHECK;
void slip_aws_release(struct slip_aws *a);
/*
 * One value of an INI text: of `key` in [section]. NULL when it is not there; the caller's.
 */
char *slip_aws_ini_get(const char *text, const char *section, const char *key);

#endif
