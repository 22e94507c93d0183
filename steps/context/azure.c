#include "config.h"

#include "runner/base/clock.h"
#include "runner/base/redact.h"
#include "runner/base/sign.h"
#include "runner/net/url.h"
#include "steps/context/cloud.h"
#include "steps/context/stores.h"

#include <time.h>

#define VERSION "2021-08-06"

static const char *const domains[] = {
	".blob.core.windows.net",
	".blob.core.chinacloudapi.cn",
	".blob.core.cloudapi.de",
	".blob.core.usgovcloudapi.net",
};

bool slip_azure_fits(const char *where)
{
	slip_autourl url = {0};
	struct slip_err ignored = SLIP_ERR_INIT;
	if (!slip_starts_with(where, "https://") || slip_url_parse(where, &url, &ignored) < 0)
		return false;
	for (size_t i = 0; i < SLIP_ARRAY_LEN(domains); i++) {
		if (slip_ends_with(url.host, domains[i]))
			return true;
	}
	return false;
}

int slip_azure_sign(const char *account, const char *path, const char *date, const char *key,
	char **header, struct slip_err *err)
{
	slip_autofree uint8_t *raw = NULL;
	uint8_t mac[SLIP_SHA256_SIZE];
	size_t n;
	if (slip_base64_decode(key, strlen(key), &raw, &n, err) < 0) {
		err->code = SLIP_E_USAGE;
		return slip_err_wrap(err, "AZURE_STORAGE_ACCESS_KEY");
	}
	/* The method, eleven standard headers that are not sent, those of Azure, and the path. */
	slip_autofree char *text = slip_xasprintf(
		"GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:%s\nx-ms-version:" VERSION "\n/%s%s", date,
		account, path);
	slip_hmac_sha256(raw, n, text, strlen(text), mac);
	slip_wipe(raw, n);
	slip_autofree char *signature = slip_base64_encode(mac, sizeof(mac));
	*header = slip_xasprintf("Authorization: SharedKey %s:%s", account, signature);
	return 0;
}

static int add_headers(const struct slip_url *url, struct slip_strv *headers, struct slip_err *err)
{
	const char *key = slip_cloud_env("AZURE_STORAGE_ACCESS_KEY");
	slip_autofree char *account = slip_xstrndup(url->host, strcspn(url->host, "."));
	slip_autofree char *header = NULL;
	char date[40];
	struct tm tm;
	time_t now = (time_t)slip_clock_now();
	if (!key)
		return 0;
	if (slip_cloud_secret(key, "AZURE_STORAGE_ACCESS_KEY", err) < 0)
		return -1;
	if (!gmtime_r(&now, &tm) || !strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm))
		return slip_err_set(err, SLIP_E_BUG, 0, "the time cannot be printed");
	if (slip_azure_sign(account, url->path, date, key, &header, err) < 0)
		return -1;
	slip_strv_addf(headers, "x-ms-date: %s", date);
	slip_strv_add(headers, "x-ms-version: " VERSION);
	slip_strv_add(headers, header);
	return 0;
}

int slip_azure_open(struct slip_obtaining *o, int *fd, struct slip_err *err)
{
	slip_autourl url = {0};
	slip_autostrv headers = {0};
	o->label = slip_obtain_public_name(o->request->where);
	if (slip_url_parse(o->request->where, &url, err) < 0) {
		err->code = SLIP_E_USAGE;
		return -1;
	}
	/* A query is a signature of its own (SAS), and as good as a password. */
	if (url.query)
		slip_redact_add(url.query, strlen(url.query));
	else if (add_headers(&url, &headers, err) < 0)
		return slip_err_wrap(err, "the context %s", o->label);
	slip_autofree char *text = slip_url_print(&url);
	struct slip_download d = {
		.url = text,
		.headers = &headers,
		.remedy = "set AZURE_STORAGE_ACCESS_KEY to the account's key, or use an URL with a "
			  "SAS token",
	};
	return slip_obtain_spool(o, &d, fd, err);
}
