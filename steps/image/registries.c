#include "config.h"

#include "steps/image/registries.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/oci/ref.h"

int slip_registries_open(const struct slip_registry_flags *f, struct slip_http **http,
	struct slip_registry **registry, struct slip_err *err)
{
	struct slip_http_options options = {.user_agent = "slipway/" PACKAGE_VERSION};
	struct slip_registry_options opt = {
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
	};
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

/* The value of a source, NULL when it has none: the caller's. */
static int read_source(const struct slip_source_value *s, char **out, struct slip_err *err)
{
	*out = NULL;
	if (slip_value_is_set(&s->literal)) {
		*out = slip_xstrdup(s->literal.text);
	} else if (slip_value_is_set(&s->env)) {
		const char *value = getenv(s->env.text);
		if (!value) {
			slip_err_set(err, SLIP_E_USAGE, 0, "there is no variable %s", s->env.text);
			return at(&s->env, err);
		}
		*out = slip_xstrdup(value);
	} else if (slip_value_is_set(&s->file)) {
		slip_autobuf text;
		slip_buf_init(&text, SLIP_MAX_TOKEN);
		if (slip_read_file(AT_FDCWD, s->file.text, &text, err) < 0)
			return at(&s->file, err);
		while (text.len && text.data[text.len - 1] == '\n')
			slip_buf_truncate(&text, text.len - 1);
		*out = slip_buf_take(&text);
	}
	return 0;
}

static int add_login(
	struct slip_json *logins, const struct slip_spec_registry *reg, struct slip_err *err)
{
	slip_autofree char *user = NULL, *password = NULL;
	if (read_source(&reg->user, &user, err) < 0 ||
		read_source(&reg->password, &password, err) < 0)
		return -1;
	if (!user || !password)
		return 0;
	slip_redact_add(password, strlen(password));
	struct slip_json *login = slip_json_object();
	slip_json_set_str(login, "host", reg->name.text);
	slip_json_set_str(login, "user", user);
	slip_json_set_str(login, "password", password);
	slip_json_append(logins, login);
	return 0;
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
		if (add_login(logins, &p->registries.v[i], err) < 0)
			return -1;
	}
	return 0;
}

static void read_logins(const struct slip_json *logins, struct slip_registry_flags *f)
{
	f->n_logins = slip_json_len(logins);
	f->logins = slip_xcalloc(f->n_logins + 1, sizeof(*f->logins));
	for (size_t i = 0; i < f->n_logins; i++) {
		const struct slip_json *login = slip_json_at(logins, i);
		f->logins[i].host = slip_json_get_str(login, "host", "");
		f->logins[i].user = slip_json_get_str(login, "user", "");
		f->logins[i].password = slip_json_get_str(login, "password", "");
		slip_redact_add(f->logins[i].password, strlen(f->logins[i].password));
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
