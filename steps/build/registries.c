#include "config.h"

#include "steps/build/registries.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"

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
static void add_registry_flags(struct slip_build_request *r, const struct slip_spec_registry *reg)
{
	const char *host = reg->name.text;
	if (slip_value_is_set(&reg->ca))
		slip_strv_addf(&r->registry_certificates, "%s=%s", host, reg->ca.text);
	if (slip_value_is_set(&reg->client_cert) && slip_value_is_set(&reg->client_key))
		slip_strv_addf(&r->registry_client_certs, "%s=%s,%s", host, reg->client_cert.text,
			reg->client_key.text);
	if (slip_value_bool(&reg->insecure, false))
		slip_strv_add(&r->insecure_registries, host);
	if (slip_value_bool(&reg->skip_tls_verify, false))
		slip_strv_add(&r->skip_tls_verify_registries, host);
	for (size_t i = 0; i < reg->mirrors.n; i++)
		slip_strv_addf(&r->registry_maps, "%s=%s", host, reg->mirrors.v[i].text);
}

int slip_registries_add(const struct slip_pipeline *p, struct slip_build_request *r,
	struct slip_json *logins, struct slip_err *err)
{
	for (size_t i = 0; i < p->registries.n; i++) {
		const struct slip_spec_registry *reg = &p->registries.v[i];
		add_registry_flags(r, reg);
		if (add_login(logins, reg, err) < 0)
			return -1;
	}
	return 0;
}

/* --- to the process that works ------------------------------------------------------------------
 */

struct slip_json *slip_registries_to_json(
	const struct slip_build_request *r, struct slip_json *logins)
{
	struct slip_json *request = slip_json_object();
	slip_json_set(request, "flags", slip_opt_to_json(slip_build_options, r));
	slip_json_set(request, "logins", slip_json_ref(logins));
	return request;
}

static void read_logins(const struct slip_json *list, struct slip_build_request *r)
{
	r->n_logins = slip_json_len(list);
	r->logins = slip_xcalloc(r->n_logins + 1, sizeof(*r->logins));
	for (size_t i = 0; i < r->n_logins; i++) {
		const struct slip_json *login = slip_json_at(list, i);
		r->logins[i].host = slip_json_get_str(login, "host", "");
		r->logins[i].user = slip_json_get_str(login, "user", "");
		r->logins[i].password = slip_json_get_str(login, "password", "");
		slip_redact_add(r->logins[i].password, strlen(r->logins[i].password));
	}
}

int slip_registries_from_json(
	const struct slip_json *request, struct slip_build_request *r, struct slip_err *err)
{
	read_logins(slip_json_get(request, "logins"), r);
	return slip_opt_from_json(slip_build_options, slip_json_get(request, "flags"), r, err);
}
