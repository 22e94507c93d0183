#include "config.h"

#include "runner/net/url.h"
#include "steps/context/aws.h"
#include "steps/context/cloud.h"
#include "steps/context/stores.h"

static const char *find_endpoint(void)
{
	static const char *const names[] = {
		"S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(names); i++) {
		const char *value = slip_cloud_env(names[i]);
		if (value)
			return value;
	}
	return NULL;
}

/* TLS certificates of "*.s3..." do not cover a second dot, and addresses have no sub-domains. */
static bool is_path_style(const char *bucket, const struct slip_url *endpoint)
{
	const char *forced = slip_cloud_env("S3_FORCE_PATH_STYLE");
	return (forced && (slip_streq(forced, "true") || slip_streq(forced, "1"))) ||
	       strchr(bucket, '.') || slip_url_zone(endpoint->host) != SLIP_ZONE_NAME;
}

static int parse_endpoint(const char *region, struct slip_url *out, struct slip_err *err)
{
	const char *given = find_endpoint();
	slip_autofree char *text = NULL;
	if (!given)
		text = slip_xasprintf("https://s3.%s.amazonaws.com%s", region,
			slip_starts_with(region, "cn-") ? ".cn" : "");
	else if (strstr(given, "://"))
		text = slip_xstrdup(given);
	else
		text = slip_xasprintf("https://%s", given);
	if (slip_url_parse(text, out, err) < 0) {
		err->code = SLIP_E_USAGE;
		return slip_err_wrap(err, "the endpoint of S3");
	}
	return 0;
}

static char *print_url(const struct slip_url *endpoint, const char *bucket, const char *key)
{
	slip_autofree char *host = slip_url_print_host(endpoint);
	slip_autofree char *path = slip_cloud_encode_path(key);
	size_t base = strlen(endpoint->path);
	while (base && endpoint->path[base - 1] == '/')
		base--;
	if (is_path_style(bucket, endpoint))
		return slip_xasprintf("%s://%s%.*s/%s%s", endpoint->scheme, host, (int)base,
			endpoint->path, bucket, path);
	return slip_xasprintf("%s://%s.%s%.*s%s", endpoint->scheme, bucket, host, (int)base,
		endpoint->path, path);
}

int slip_s3_open(struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	slip_cleanup(slip_aws_release) struct slip_aws aws = {0};
	slip_autofree char *bucket = NULL, *key = NULL;
	slip_autourl endpoint = {0};
	if (slip_cloud_split(o->request->where, &bucket, &key, err) < 0)
		return -1;
	o->label = slip_xasprintf("s3://%s/%s", bucket, key);
	if (slip_aws_find(o->http, &aws, err) < 0)
		return slip_err_wrap(err, "the context %s", o->label);
	if (parse_endpoint(aws.region, &endpoint, err) < 0)
		return -1;
	slip_autofree char *url = print_url(&endpoint, bucket, key);
	struct slip_http_aws sign = {
		.region = aws.region,
		.service = "s3",
		.access_key = aws.access_key,
		.secret_key = aws.secret_key,
		.session_token = aws.session_token,
	};
	slip_autofree char *remedy = slip_xasprintf(
		"the credentials need s3:GetObject there, and the region (%s) must be the bucket's",
		aws.region);
	struct slip_download d = {.url = url, .aws = &sign, .remedy = remedy};
	return slip_obtain_spool(o, &d, fd, err);
}
