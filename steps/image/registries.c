#include "config.h"

#include "steps/image/registries.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/engine/ci_registry.h"
#include "runner/oci/ref.h"

#include <errno.h>

void slip_registries_options(const struct slip_registry_flags *f, struct slip_registry_options *out)
{
	*out = (struct slip_registry_options){
		.insecure = f->insecure,
		.insecure_pull = f->insecure_pull,
		.insecure_hosts = &f->insecure_registries,
		.skip_tls_verify = f->skip_tls_verify,
		.skip_tls_verify_pull = f->skip_tls_verify_pull,
		.skip_tls_hosts = &f->skip_tls_verify_registries,
		.certificates = &f->registry_certificates,
		.client_certs = &f->registry_client_certs,
		.mirrors = &f->registry_mirrors,
		.maps = &f->registry_maps,
		.skip_default_fallback = f->skip_default_registry_fallback,
		.logins = f->logins,
		.n_logins = f->n_logins,
		.environment = slip_ci_registry(),
	};
}

int slip_registries_open(const struct slip_registry_flags *f, struct slip_http **http,
	struct slip_registry **registry, struct slip_err *err)
{
	struct slip_http_options options = {.user_agent = "slipway/" PACKAGE_VERSION};
	struct slip_registry_options opt;
	slip_registries_options(f, &opt);
	if (slip_http_new(&options, http, err) < 0)
		return -1;
	return slip_registry_new(&opt, *http, registry, err);
}

/* --- the spec -----------------------------------------------------------------------------------
 */

static int at(const struct slip_value *v, struct slip_err *err)
{
	return slip_err_wrap(
		err, "%s:%u:%u", v->pos.file ? v->pos.file : "spec", v->pos.line, v->pos.col);
}

static int read_variable(const struct slip_value *v, const char **out, struct slip_err *err)
{
	*out = getenv(v->text);
	if (*out)
		return 0;
	slip_err_set(err, SLIP_E_USAGE, 0, "the environment variable %s is not set", v->text);
	return at(v, err);
}

/* A user's name goes along as text. */
static int add_user(
	struct slip_json *login, const struct slip_source_value *s, struct slip_err *err)
{
	const char *user = s->literal.text;
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_TOKEN);
	if (slip_value_is_set(&s->env) && read_variable(&s->env, &user, err) < 0)
		return -1;
	if (slip_value_is_set(&s->file)) {
		if (slip_read_file(AT_FDCWD, s->file.text, &text, err) < 0)
			return at(&s->file, err);
		while (text.len && text.data[text.len - 1] == '\n')
			slip_buf_truncate(&text, text.len - 1);
		user = text.data;
	}
	slip_json_set_str(login, "user", user);
	return 0;
}

/* {"text": ...} or {"file": absolute path}; nothing when the key is absent. */
static int add_secret(struct slip_json *login, const char *key, const struct slip_source_value *s,
	struct slip_err *err)
{
	struct slip_json *secret = slip_json_object();
	const char *text = NULL;
	if (!slip_value_is_set(&s->env) && !slip_value_is_set(&s->file)) {
		slip_json_free(secret);
		return 0;
	}
	slip_json_set(login, key, secret);
	if (slip_value_is_set(&s->env)) {
		if (read_variable(&s->env, &text, err) < 0)
			return -1;
		slip_redact_add(text, strlen(text));
		slip_json_set_str(secret, "text", text);
		return 0;
	}
	slip_autofree char *path = realpath(s->file.text, NULL);
	if (!path) {
		slip_err_set(err, SLIP_E_USAGE, errno, "the file %s", s->file.text);
		return at(&s->file, err);
	}
	slip_json_set_str(secret, "file", path);
	return 0;
}

static int add_login(
	struct slip_json *logins, const struct slip_spec_registry *reg, struct slip_err *err)
{
	struct slip_json *login = slip_json_object();
	slip_json_append(logins, login);
	slip_json_set_str(login, "host", reg->name.text);
	if (add_user(login, &reg->user, err) < 0 ||
		add_secret(login, "password", &reg->password, err) < 0 ||
		add_secret(login, "token", &reg->token, err) < 0)
		return -1;
	return 0;
}

static bool has_login(const struct slip_spec_registry *reg)
{
	const struct slip_source_value *s[] = {&reg->password, &reg->token};
	return slip_value_is_set(&s[0]->env) || slip_value_is_set(&s[0]->file) ||
	       slip_value_is_set(&s[1]->env) || slip_value_is_set(&s[1]->file);
}

/* What the spec's `registries` say that flags can say too. */
static void add_flags(struct slip_registry_flags *f, const struct slip_spec_registry *reg)
{
	const char *host = reg->name.text;
	if (slip_value_is_set(&reg->ca))
		slip_strv_addf(&f->registry_certificates, "%s=%s", host, reg->ca.text);
	if (slip_value_is_set(&reg->client_cert) && slip_value_is_set(&reg->client_key))
		slip_strv_addf(&f->registry_client_certs, "%s=%s,%s", host, reg->client_cert.text,
			reg->client_key.text);
	if (slip_value_bool(&reg->insecure, false))
		slip_strv_add(&f->insecure_registries, host);
	if (slip_value_bool(&reg->skip_tls_verify, false))
		slip_strv_add(&f->skip_tls_verify_registries, host);
	for (size_t i = 0; i < reg->mirrors.n; i++)
		slip_strv_addf(&f->registry_maps, "%s=%s", host, reg->mirrors.v[i].text);
}

int slip_registries_from_spec(const struct slip_pipeline *p, struct slip_registry_flags *f,
	struct slip_json *logins, struct slip_err *err)
{
	for (size_t i = 0; i < p->registries.n; i++) {
		add_flags(f, &p->registries.v[i]);
		if (has_login(&p->registries.v[i]) &&
			add_login(logins, &p->registries.v[i], err) < 0)
			return -1;
	}
	return 0;
}

static struct slip_registry_secret read_secret(const struct slip_json *login, const char *key)
{
	const struct slip_json *secret = slip_json_get(login, key);
	struct slip_registry_secret out = {
		.text = slip_json_get_str(secret, "text", NULL),
		.file = slip_json_get_str(secret, "file", NULL),
	};
	if (out.text)
		slip_redact_add(out.text, strlen(out.text));
	return out;
}

static void read_logins(const struct slip_json *logins, struct slip_registry_flags *f)
{
	f->n_logins = slip_json_len(logins);
	f->logins = slip_xcalloc(f->n_logins + 1, sizeof(*f->logins));
	for (size_t i = 0; i < f->n_logins; i++) {
		const struct slip_json *login = slip_json_at(logins, i);
		f->logins[i].host = slip_json_get_str(login, "host", "");
		f->logins[i].user = slip_json_get_str(login, "user", "");
		f->logins[i].password = read_secret(login, "password");
		f->logins[i].token = read_secret(login, "token");
	}
}

struct slip_json *slip_registries_to_json(
	const struct slip_opt *table, const void *target, struct slip_json *logins)
{
	struct slip_json *request = slip_json_object();
	slip_json_set(request, "flags", slip_opt_to_json(table, target));
	slip_json_set(request, "logins", slip_json_ref(logins));
	return request;
}

int slip_registries_from_json(const struct slip_opt *table, const struct slip_json *request,
	void *target, struct slip_registry_flags *f, struct slip_err *err)
{
	read_logins(slip_json_get(request, "logins"), f);
	return slip_opt_from_json(table, slip_json_get(request, "flags"), target, err);
}

/* --- for plans ---------------------------------------------------------------------------------
 */

int slip_registries_explain(struct slip_registry *registry, const char *image,
	struct slip_json *out, struct slip_err *err)
{
	slip_autoref ref = {0};
	if (slip_ref_parse(image, SLIP_REF_TAG_DEFAULT, &ref, err) < 0)
		return -1;
	slip_autofree char *repo = slip_ref_print_repo(&ref);
	slip_autofree char *host = slip_xstrndup(repo, strcspn(repo, "/"));
	struct slip_json *list = slip_json_get(out, "registries");
	if (!list) {
		list = slip_json_array();
		slip_json_set(out, "registries", list);
	}
	for (size_t i = 0; i < slip_json_len(list); i++) {
		if (slip_streq(slip_json_get_str(slip_json_at(list, i), "host", ""), host))
			return 0;
	}
	slip_autofree char *login = slip_registry_explain_login(registry, &ref);
	struct slip_json *entry = slip_json_object();
	slip_json_set_str(entry, "host", host);
	slip_json_set_str(entry, "login", login);
	slip_json_append(list, entry);
	return 0;
}
