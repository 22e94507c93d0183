#include "config.h"

#include "runner/registry/auth_file.h"

#include "runner/base/digest.h"
#include "runner/base/redact.h"
#include "runner/registry/helper.h"
#include "runner/registry/mirror.h"

#define HUB_SERVER "https://index.docker.io/v1/"

/* --- keys ---------------------------------------------------------------------------------------
 */

static char *auth_host(const char *name)
{
	char *key = slip_host_key(name);
	if (!slip_ends_with(key, ":443"))
		return key;
	key[strlen(key) - strlen(":443")] = '\0';
	char *bare = slip_host_key(key);
	free(key);
	return bare;
}

bool slip_auth_same_host(const char *a, const char *b)
{
	slip_autofree char *ha = auth_host(a);
	slip_autofree char *hb = auth_host(b);
	return ha[0] != '\0' && slip_streq(ha, hb);
}

/* What a key says behind its host, without slashes around it; docker login's API paths are "". */
static char *key_path(const char *key)
{
	const char *host = strstr(key, "://");
	host = host ? host + 3 : key;
	const char *path = host + strcspn(host, "/");
	path += strspn(path, "/");
	size_t len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		len--;
	if (len == 2 && (strncmp(path, "v1", 2) == 0 || strncmp(path, "v2", 2) == 0))
		len = 0;
	return slip_xstrndup(path, len);
}

static bool covers(const char *path, const char *repo)
{
	size_t len = strlen(path);
	if (len == 0)
		return true;
	return strncmp(repo, path, len) == 0 && (repo[len] == '\0' || repo[len] == '/');
}

/* --- entries ------------------------------------------------------------------------------------
 */

static void fill(struct slip_credential *out, enum slip_credential_kind kind, const char *user,
	const char *secret)
{
	slip_redact_add(secret, strlen(secret));
	out->kind = kind;
	out->user = slip_xstrdup(user);
	out->secret = slip_xstrdup(secret);
}

/* base64("user:password"), the password may hold ':' and some writers append NULs. */
static bool take_basic(const char *auth, struct slip_credential *out)
{
	uint8_t *raw = NULL;
	size_t len = 0;
	if (slip_base64_decode(auth, strlen(auth), &raw, &len, NULL) != 0)
		return false;
	slip_autofree char *text = slip_xmalloc(len + 1);
	memcpy(text, raw, len);
	text[len] = '\0';
	char *colon = strchr(text, ':');
	bool is_good = colon && colon > text && colon[1];
	if (is_good) {
		*colon = '\0';
		fill(out, SLIP_CREDENTIAL_BASIC, text, colon + 1);
	}
	slip_wipe(raw, len);
	slip_wipe(text, len);
	free(raw);
	return is_good;
}

static bool take_entry(const struct slip_json *entry, struct slip_credential *out)
{
	const char *token = slip_json_get_str(entry, "registrytoken", "");
	const char *identity = slip_json_get_str(entry, "identitytoken", "");
	const char *user = slip_json_get_str(entry, "username", "");
	const char *password = slip_json_get_str(entry, "password", "");
	const char *auth = slip_json_get_str(entry, "auth", "");
	if (token[0])
		fill(out, SLIP_CREDENTIAL_BEARER, NULL, token);
	else if (identity[0])
		fill(out, SLIP_CREDENTIAL_IDENTITY, NULL, identity);
	else if (user[0] && password[0])
		fill(out, SLIP_CREDENTIAL_BASIC, user, password);
	else
		return auth[0] && take_basic(auth, out);
	return true;
}

static bool find_auths(const struct slip_json *doc, const char *label,
	const struct slip_auth_query *q, struct slip_credential *out, struct slip_buf *notes)
{
	const struct slip_json *auths = slip_json_get(doc, "auths");
	size_t best_len = 0;
	bool found = false;
	for (const char *key = slip_json_next_key(auths, NULL); key;
		key = slip_json_next_key(auths, key)) {
		slip_autofree char *path = key_path(key);
		if (!slip_auth_same_host(key, q->host) || !covers(path, q->repo))
			continue;
		if (found && strlen(path) <= best_len)
			continue;
		struct slip_credential candidate = {0};
		if (!take_entry(slip_json_get(auths, key), &candidate)) {
			slip_buf_addf(
				notes, "%s: the entry %s holds no usable login\n", label, key);
			continue;
		}
		slip_credential_release(out);
		*out = candidate;
		out->source = slip_xasprintf("%s (auths: %s)", label, key);
		best_len = strlen(path);
		found = true;
	}
	return found;
}

/* --- helpers ------------------------------------------------------------------------------------
 */

static bool ask_helper(const char *name, const char *label, const struct slip_auth_query *q,
	struct slip_credential *out, struct slip_buf *notes)
{
	bool is_hub = slip_auth_same_host(q->host, "docker.io");
	struct slip_err err = SLIP_ERR_INIT;
	if (slip_helper_get(name, is_hub ? HUB_SERVER : q->host, out, &err) != 0) {
		slip_buf_addf(notes, "%s: %s\n", label, err.msg);
		return false;
	}
	if (out->kind == SLIP_CREDENTIAL_NONE) {
		slip_buf_addf(notes, "%s: helper %s knows no login for %s\n", label, name, q->host);
		return false;
	}
	out->source = slip_xasprintf("%s (helper %s)", label, name);
	return true;
}

static const char *helper_for(const struct slip_json *doc, const char *host)
{
	const struct slip_json *helpers = slip_json_get(doc, "credHelpers");
	for (const char *key = slip_json_next_key(helpers, NULL); key;
		key = slip_json_next_key(helpers, key))
		if (slip_auth_same_host(key, host))
			return slip_json_get_str(helpers, key, "");
	return "";
}

bool slip_auth_file_find(const struct slip_json *doc, const char *label,
	const struct slip_auth_query *q, struct slip_credential *out, struct slip_buf *notes)
{
	size_t before = notes->len;
	const char *helper = helper_for(doc, q->host);
	const char *store = slip_json_get_str(doc, "credsStore", "");
	if (helper[0] && ask_helper(helper, label, q, out, notes))
		return true;
	if (store[0] && !slip_streq(store, helper) && ask_helper(store, label, q, out, notes))
		return true;
	if (find_auths(doc, label, q, out, notes))
		return true;
	if (notes->len == before)
		slip_buf_addf(notes, "%s: no entry for %s\n", label, q->host);
	return false;
}
