/*
 * WWW-Authenticate headers, URLs and Locations, token answers: what servers say about where logins
 * go. What was accepted must hold what the headers promise.
 */
#include "config.h"

#include "runner/base/redact.h"
#include "runner/net/url.h"
#include "runner/registry/challenge.h"
#include "runner/registry/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const struct slip_url *url)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *text = slip_url_print(url);
	slip_autourl again = {0};
	if (slip_url_parse(text, &again, &err) != 0)
		return; /* joined URLs may be longer than the limit */
	slip_autofree char *second = slip_url_print(&again);
	if (!slip_streq(text, second) || !slip_url_same_origin(url, &again))
		slip_bug("URL is not stable: %s", text);
	if (url->path[0] != '/' || strchr(url->host, '@'))
		slip_bug("URL breaks its promises: %s", text);
}

static void try_urls(const char *text)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autourl base = {0};
	slip_autourl url = {0};
	slip_autourl joined = {0};
	if (slip_url_parse("https://registry.example.com:5000/v2/a/b?x=1", &base, &err) != 0)
		slip_bug("%s", err.msg);
	if (slip_url_parse(text, &url, &err) == 0)
		check_url(&url);
	slip_err_clear(&err);
	if (slip_url_join(&base, text, &joined, &err) == 0)
		check_url(&joined);
	(void)slip_url_zone(text);
}

static void try_token(const char *text, size_t size)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autofree char *token = NULL;
	double life = 0;
	if (slip_token_parse(text, size, &token, &life, &err) == 0 &&
		(strpbrk(token, "\r\n ") || life < 60))
		slip_bug("token breaks its promises");
	slip_redact_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slip_autofree char *text = slip_xmemdup(data, size);
	slip_autochallenges all = {0};
	slip_challenges_parse(text, &all);
	const struct slip_challenge *best = slip_challenges_best(&all);
	if (best && best->scheme == SLIP_CHALLENGE_BEARER && !best->realm)
		slip_bug("a Bearer challenge without a realm");
	try_urls(text);
	try_token(text, size);
	return 0;
}
