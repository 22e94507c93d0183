#include "config.h"

#include "runner/engine/secret.h"

#include "runner/base/limits.h"
#include "runner/base/path.h"
#include "runner/base/redact.h"

#define MAX_SECRET (500 * SLIP_KIB) /* BuildKit's limit */

static const struct slip_secret *find(const struct slip_pipeline *p, const char *name)
{
	for (size_t i = 0; i < p->secrets.n; i++) {
		if (slip_streq(p->secrets.v[i].name.text, name))
			return &p->secrets.v[i];
	}
	return NULL;
}

static int read_file(const struct slip_secret *s, const char *workspace, struct slip_buf *out,
	struct slip_err *err)
{
	slip_autofree char *path = slip_path_join(workspace, s->file.text);
	if (slip_read_file(AT_FDCWD, path, out, err) < 0) {
		if (err)
			err->code = err->code == SLIP_E_NOTFOUND ? SLIP_E_USAGE : err->code;
		return slip_err_wrap(err, "secret %s", s->name.text);
	}
	if (memchr(out->data, '\0', out->len))
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "secret %s: %s holds a NUL byte", s->name.text, path);
	if (out->len && out->data[out->len - 1] == '\n')
		slip_buf_truncate(out, out->len - 1);
	return 0;
}

static int read_one(const struct slip_secret *s, const char *workspace, struct slip_map *out,
	struct slip_err *err)
{
	bool optional = slip_value_bool(&s->optional, false);
	slip_autobuf value;
	slip_buf_init(&value, MAX_SECRET);
	if (slip_value_is_set(&s->env)) {
		const char *text = getenv(s->env.text);
		if (!text && optional)
			return 0;
		if (!text)
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"secret %s: the environment variable %s is not set", s->name.text,
				s->env.text);
		slip_buf_add_str(&value, text);
	} else {
		slip_autofree char *path = slip_path_join(workspace, s->file.text);
		if (optional && access(path, F_OK) < 0)
			return 0;
		if (read_file(s, workspace, &value, err) < 0)
			return -1;
	}
	slip_redact_add(value.data, value.len);
	slip_smap_set(out, s->name.text, value.data);
	slip_buf_wipe(&value);
	return 0;
}

static int read_list(const struct slip_pipeline *p, const struct slip_values *names,
	const char *workspace, struct slip_map *out, struct slip_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct slip_secret *s = find(p, names->v[i].text);
		if (!s)
			return slip_err_set(err, SLIP_E_SPEC, 0, "%s:%u:%u: no secret \"%s\"",
				names->v[i].pos.file, names->v[i].pos.line, names->v[i].pos.col,
				names->v[i].text);
		if (read_one(s, workspace, out, err) < 0)
			return -1;
	}
	return 0;
}

int slip_secrets_read(const struct slip_pipeline *p, const struct slip_pipeline_stage *stage,
	const char *workspace, struct slip_map *out, struct slip_err *err)
{
	if (read_list(p, &stage->secrets, workspace, out, err) < 0)
		return -1;
	struct slip_value kubeconfig = stage->deploy.kubeconfig.secret;
	struct slip_values deploy = {&kubeconfig, slip_value_is_set(&kubeconfig)};
	if (read_list(p, &deploy, workspace, out, err) < 0)
		return -1;
	return read_list(p, &stage->build.secrets, workspace, out, err);
}
