#include "config.h"

#include "runner/registry/credentials.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/registry/auth_file.h"
#include "runner/registry/mirror.h"

#define NOTES_MAX (4 * SLIP_KIB)

struct search {
	const struct slip_registry_options *opt;
	struct slip_auth_query query;
	struct slip_credential *out;
	struct slip_buf notes;
};

static const char *get_env(const char *name)
{
	const char *value = getenv(name);
	return value && value[0] ? value : NULL;
}

static bool search_text(struct search *s, const char *text, size_t len, const char *label)
{
	slip_autojson *doc = NULL;
	/* The parser's own message may quote what is near the fault. */
	if (slip_json_parse(text, len, label, SLIP_E_AUTH, &doc, NULL) != 0) {
		slip_buf_addf(&s->notes, "%s: is not valid JSON\n", label);
		return false;
	}
	return slip_auth_file_find(doc, label, &s->query, s->out, &s->notes);
}

static bool search_file(struct search *s, const char *path)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_DOCKER_CONFIG);
	struct slip_err err = SLIP_ERR_INIT;
	bool found = false;
	if (slip_read_file(AT_FDCWD, path, &text, &err) != 0) {
		if (slip_err_is(&err, SLIP_E_NOTFOUND))
			slip_buf_addf(&s->notes, "%s: no such file\n", path);
		else
			slip_buf_addf(&s->notes, "%s\n", err.msg);
	} else {
		found = search_text(s, text.data, text.len, path);
	}
	slip_wipe(text.data, text.len);
	return found;
}

/* A value that is a directory with config.json, a file, or the JSON itself. */
static bool search_place(struct search *s, const char *value, const char *label)
{
	const char *text = value + strspn(value, " \t\r\n");
	if (text[0] == '{')
		return search_text(s, text, strlen(text), label);
	struct stat st;
	if (stat(value, &st) == 0 && !S_ISDIR(st.st_mode))
		return search_file(s, value);
	bool has_slash = slip_ends_with(value, "/");
	slip_autofree char *path = slip_xasprintf("%s%sconfig.json", value, has_slash ? "" : "/");
	return search_file(s, path);
}

static void take(struct search *s, enum slip_credential_kind kind, const char *user,
	const char *secret, char *source)
{
	slip_redact_add(secret, strlen(secret));
	s->out->kind = kind;
	s->out->user = slip_xstrdup(user);
	s->out->secret = slip_xstrdup(secret);
	s->out->source = source;
}

/* The secret's text in b, without a last LF; false when it cannot be read, or is empty. */
static bool read_secret(struct search *s, const struct slip_registry_secret *secret,
	const char *label, struct slip_buf *b)
{
	struct slip_err err = SLIP_ERR_INIT;
	if (secret->text)
		slip_buf_add_str(b, secret->text);
	else if (slip_read_file(AT_FDCWD, secret->file, b, &err) != 0)
		slip_buf_addf(&s->notes, "%s: %s\n", label, err.msg);
	while (b->len && (b->data[b->len - 1] == '\n' || b->data[b->len - 1] == '\r'))
		slip_buf_truncate(b, b->len - 1);
	if (!err.code && !b->len)
		slip_buf_addf(&s->notes, "%s: is empty\n", label);
	return b->len > 0;
}

static bool search_login(struct search *s, const struct slip_registry_login *login)
{
	bool is_token = login->token.text || login->token.file;
	slip_autobuf secret;
	slip_buf_init(&secret, SLIP_MAX_TOKEN);
	slip_autofree char *label = slip_xasprintf("registries.%s of the spec", login->host);
	bool found = read_secret(s, is_token ? &login->token : &login->password, label, &secret);
	if (found && is_token)
		take(s, SLIP_CREDENTIAL_BEARER, NULL, secret.data, slip_steal_ptr(&label));
	else if (found)
		take(s, SLIP_CREDENTIAL_BASIC, login->user, secret.data, slip_steal_ptr(&label));
	slip_buf_wipe(&secret);
	return found;
}

static bool search_logins(struct search *s)
{
	for (size_t i = 0; i < s->opt->n_logins; i++) {
		const struct slip_registry_login *login = &s->opt->logins[i];
		if (slip_auth_same_host(login->host, s->query.host) && search_login(s, login))
			return true;
	}
	return false;
}

static bool search_docker(struct search *s)
{
	const char *auth_config = get_env("DOCKER_AUTH_CONFIG");
	const char *config = get_env("DOCKER_CONFIG");
	const char *home = get_env("HOME");
	if (s->opt->docker_config && search_place(s, s->opt->docker_config, "the given config"))
		return true;
	if (auth_config && search_place(s, auth_config, "DOCKER_AUTH_CONFIG"))
		return true;
	if (config && search_place(s, config, "DOCKER_CONFIG"))
		return true;
	if (!config && home) {
		slip_autofree char *path = slip_xasprintf("%s/.docker/config.json", home);
		if (search_file(s, path))
			return true;
	}
	bool is_kaniko = config && slip_starts_with(config, "/kaniko/.docker");
	return !is_kaniko && access("/kaniko/.docker/config.json", F_OK) == 0 &&
	       search_file(s, "/kaniko/.docker/config.json");
}

static bool search_below(struct search *s, const char *dir, const char *rest)
{
	if (!dir)
		return false;
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, rest);
	return access(path, F_OK) == 0 && search_file(s, path);
}

static bool search_containers(struct search *s)
{
	const char *file = get_env("REGISTRY_AUTH_FILE");
	const char *config = get_env("XDG_CONFIG_HOME");
	if (file)
		return search_file(s, file);
	return search_below(s, get_env("XDG_RUNTIME_DIR"), "containers/auth.json") ||
	       (config ? search_below(s, config, "containers/auth.json")
		       : search_below(s, get_env("HOME"), ".config/containers/auth.json"));
}

/* Is the repository that of the image which a variable names, or below it? */
static bool is_within(const struct search *s, const char *variable)
{
	const char *image = get_env(variable);
	const char *path = image ? strchr(image, '/') : NULL;
	if (!path)
		return false;
	size_t n = strlen(++path);
	return strncmp(s->query.repo, path, n) == 0 &&
	       (!s->query.repo[n] || s->query.repo[n] == '/');
}

static bool search_variables(struct search *s, const struct slip_registry_variables *v)
{
	const char *host = get_env(v->host);
	const char *user = v->user ? get_env(v->user) : v->fixed_user;
	const char *password = get_env(v->password);
	if (!host || !password || (v->within && !is_within(s, v->within)))
		return false;
	if (!slip_auth_same_host(host, s->query.host)) {
		slip_buf_addf(&s->notes, "%s: %s is %s\n", v->password, v->host, host);
		return false;
	}
	if (!user) {
		slip_buf_addf(&s->notes, "%s: %s is not set\n", v->password, v->user);
		return false;
	}
	take(s, SLIP_CREDENTIAL_BASIC, user, password,
		slip_xasprintf(
			"%s%s%s", v->user ? v->user : "", v->user ? " and " : "", v->password));
	return true;
}

static bool search_environment(struct search *s)
{
	const struct slip_registry_environment *env = s->opt->environment;
	for (size_t i = 0; env && i < env->n_logins; i++) {
		if (search_variables(s, &env->logins[i]))
			return true;
	}
	return false;
}

void slip_credentials_find(const struct slip_registry_options *opt, const char *host,
	const char *repo, struct slip_credential *out)
{
	memset(out, 0, sizeof(*out));
	struct search s = {.opt = opt, .query = {.host = host, .repo = repo}, .out = out};
	slip_buf_init(&s.notes, NOTES_MAX);
	(void)(search_logins(&s) || search_docker(&s) || search_containers(&s) ||
		search_environment(&s));
	if (s.notes.len)
		slip_buf_truncate(&s.notes, s.notes.len - 1);
	out->notes = slip_buf_take(&s.notes);
	slip_buf_release(&s.notes);
}

void slip_credential_release(struct slip_credential *c)
{
	if (c->secret)
		slip_wipe(c->secret, strlen(c->secret));
	free(c->secret);
	free(c->user);
	free(c->source);
	free(c->notes);
	memset(c, 0, sizeof(*c));
}

static char *who(const struct slip_credential *c)
{
	return c->user ? slip_xasprintf("user %s from %s", c->user, c->source)
		       : slip_xasprintf("a token from %s", c->source);
}

char *slip_credential_describe(const struct slip_credential *c)
{
	slip_autostrv lines = {0};
	slip_strv_split(&lines, c->notes && c->notes[0] ? c->notes : "no source is there", '\n');
	slip_autofree char *notes = slip_strv_join(&lines, "; ");
	if (c->kind == SLIP_CREDENTIAL_NONE)
		return slip_xasprintf("no credentials (looked at: %s)", notes);
	slip_autofree char *login = who(c);
	if (!c->notes || !c->notes[0])
		return slip_steal_ptr(&login);
	return slip_xasprintf("%s (skipped: %s)", login, notes);
}

void slip_registry_print_login(const struct slip_registry_options *opt, const char *host,
	const char *repo, struct slip_buf *out)
{
	slip_autocredential c = {0};
	slip_autostrv lines = {0};
	slip_autofree char *key = slip_host_key(host);
	slip_credentials_find(opt, key, repo, &c);
	slip_autofree char *login = c.kind == SLIP_CREDENTIAL_NONE ? NULL : who(&c);
	slip_buf_addf(out, "%s%s%s: %s\n", host, *repo ? "/" : "", repo,
		login ? login : "no credentials");
	if (c.notes && c.notes[0])
		slip_strv_split(&lines, c.notes, '\n');
	for (size_t i = 0; i < lines.n; i++)
		slip_buf_addf(out, "  passed over: %s\n", lines.v[i]);
}
