#include "config.h"

#include "steps/deploy/kubeconfig.h"

#include "runner/base/io.h"
#include "runner/base/limits.h"
#include "runner/base/redact.h"
#include "runner/base/strv.h"
#include "runner/spec/yaml.h"

static bool is_credential(const char *key)
{
	static const char *const keys[] = {"access-token", "client-key-data", "client-secret",
		"id-token", "password", "refresh-token", "token"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(keys); i++) {
		if (slip_streq(key, keys[i]))
			return true;
	}
	return false;
}

/* A text that is no YAML is kubectl's to complain about. */
static void mask_credentials(const char *text, size_t len)
{
	slip_autoyaml doc = {0};
	slip_autodiags diags = {0};
	if (slip_yaml_parse(text, len, "kubeconfig", &doc, &diags, NULL) < 0)
		return;
	for (size_t i = 0; i < doc.n; i++) {
		const struct slip_yaml_node *map = doc.nodes[i];
		for (size_t k = 0; map->kind == SLIP_YAML_MAP && k < map->n; k++) {
			const struct slip_yaml_node *value = map->items[k];
			if (value->kind == SLIP_YAML_SCALAR && is_credential(map->keys[k]->text))
				slip_redact_add(value->text, strlen(value->text));
		}
	}
}

static void mask_file(const char *path)
{
	slip_autobuf text;
	slip_buf_init(&text, SLIP_MAX_SPEC);
	if (slip_read_file(AT_FDCWD, path, &text, NULL) == 0)
		mask_credentials(text.data, text.len);
	slip_buf_wipe(&text);
}

/* Where kubectl looks by itself. */
static void mask_default(const char *env_path)
{
	slip_autostrv paths = {0};
	const char *home = getenv("HOME");
	if (env_path && *env_path)
		slip_strv_split(&paths, env_path, ':');
	else if (home)
		slip_strv_addf(&paths, "%s/.kube/config", home);
	for (size_t i = 0; i < paths.n; i++)
		mask_file(paths.v[i]);
}

static int write_secret(struct slip_kubeconfig *c, const char *text, struct slip_err *err)
{
	const char *tmp = getenv("TMPDIR");
	if (slip_make_temp_dir(tmp && *tmp ? tmp : "/tmp", "slipway-kube-", &c->temp_dir, err) < 0)
		return -1;
	c->path = slip_xasprintf("%s/config", c->temp_dir);
	return slip_write_file(AT_FDCWD, c->path, text, strlen(text), 0600, false, err);
}

int slip_kubeconfig_open(struct slip_kubeconfig *c, const char *file, const char *text,
	const char *env_path, struct slip_err *err)
{
	*c = (struct slip_kubeconfig){0};
	if (text) {
		mask_credentials(text, strlen(text));
		return write_secret(c, text, err);
	}
	if (!file) {
		mask_default(env_path);
		return 0;
	}
	if (access(file, R_OK) < 0)
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"kubeconfig: the file %s is not there, or cannot be read", file);
	mask_file(file);
	c->path = slip_xstrdup(file);
	return 0;
}

void slip_kubeconfig_release(struct slip_kubeconfig *c)
{
	if (c->temp_dir)
		(void)!slip_remove_tree(AT_FDCWD, c->temp_dir, NULL);
	free(c->temp_dir);
	free(c->path);
	*c = (struct slip_kubeconfig){0};
}
