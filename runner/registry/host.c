#include "config.h"

#include "runner/registry/host.h"

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/registry/auth_file.h"

static bool lists(const struct slip_strv *names, const char *key)
{
	for (size_t i = 0; names && i < names->n; i++) {
		slip_autofree char *name = slip_host_key(names->v[i]);
		if (slip_streq(name, key))
			return true;
	}
	return false;
}

/* --- the table ----------------------------------------------------------------------------------
 */

static int parse_pairs(
	const struct slip_strv *list, const char *flag, struct slip_map *out, struct slip_err *err)
{
	for (size_t i = 0; list && i < list->n; i++) {
		const char *equals = strchr(list->v[i], '=');
		if (!equals || equals == list->v[i] || equals[1] == '\0')
			return slip_err_set(err, SLIP_E_USAGE, 0, "%s \"%s\" is not HOST=FILE",
				flag, list->v[i]);
		slip_autofree char *host = slip_xstrndup(list->v[i], (size_t)(equals - list->v[i]));
		slip_autofree char *key = slip_host_key(host);
		slip_smap_set(out, key, equals + 1);
	}
	return 0;
}

static int check_client_certs(const struct slip_map *certs, struct slip_err *err)
{
	for (size_t i = 0; i < certs->n; i++) {
		const char *comma = strchr(certs->entries[i].value, ',');
		if (!comma || comma[1] == '\0')
			return slip_err_set(err, SLIP_E_USAGE, 0,
				"--registry-client-cert for %s is not HOST=CERT,KEY",
				certs->entries[i].key);
	}
	return 0;
}

static void free_host(void *p)
{
	struct slip_host *h = p;
	slip_strv_release(&h->ca_files);
	slip_challenge_release(&h->challenge);
	pthread_mutex_destroy(&h->lock);
	free(h->client_cert);
	free(h->client_key);
	free(h->name);
	free(h);
}

/* Only where nobody chose one; a variable that holds no place for a mirror is told, and no more. */
static void add_environment_mirror(struct slip_hosts *hosts)
{
	const struct slip_registry_environment *env = hosts->opt->environment;
	slip_autofree char *hub = slip_host_key(SLIP_REF_HUB);
	for (size_t i = 0; i < hosts->mirrors.n; i++) {
		if (slip_streq(hosts->mirrors.items[i].from, hub))
			return;
	}
	for (const char *const *v = env ? env->hub_mirrors : NULL; v && *v; v++) {
		const char *target = getenv(*v);
		struct slip_err why = SLIP_ERR_INIT;
		if (!target || !*target)
			continue;
		if (slip_mirrors_add(&hosts->mirrors, SLIP_REF_HUB, target, &why) < 0)
			slip_warn("%s: %s", *v, why.msg);
		return;
	}
}

int slip_hosts_init(
	struct slip_hosts *hosts, const struct slip_registry_options *opt, struct slip_err *err)
{
	memset(hosts, 0, sizeof(*hosts));
	hosts->opt = opt;
	slip_smap_init(&hosts->certificates);
	slip_smap_init(&hosts->client_certs);
	slip_map_init(&hosts->table, free_host);
	pthread_mutex_init(&hosts->lock, NULL);
	if (slip_mirrors_parse(opt->maps, opt->mirrors, &hosts->mirrors, err) == 0 &&
		parse_pairs(opt->certificates, "--registry-certificate", &hosts->certificates,
			err) == 0 &&
		parse_pairs(opt->client_certs, "--registry-client-cert", &hosts->client_certs,
			err) == 0 &&
		check_client_certs(&hosts->client_certs, err) == 0) {
		add_environment_mirror(hosts);
		return 0;
	}
	slip_hosts_release(hosts);
	return -1;
}

void slip_hosts_release(struct slip_hosts *hosts)
{
	slip_mirrors_release(&hosts->mirrors);
	slip_map_release(&hosts->certificates);
	slip_map_release(&hosts->client_certs);
	slip_map_release(&hosts->table);
	pthread_mutex_destroy(&hosts->lock);
}

bool slip_hosts_is_insecure(const struct slip_hosts *hosts, const char *name)
{
	slip_autofree char *key = slip_host_key(name);
	return lists(hosts->opt->insecure_hosts, key);
}

/* --- certificates of one host -------------------------------------------------------------------
 */

static void add_directory(struct slip_host *h, const char *dir)
{
	slip_autostrv names = {0};
	if (slip_list_names(AT_FDCWD, dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		slip_autofree char *path = slip_xasprintf("%s/%s", dir, names.v[i]);
		if (slip_ends_with(names.v[i], ".crt"))
			slip_strv_add(&h->ca_files, path);
		if (h->client_cert || !slip_ends_with(names.v[i], ".cert"))
			continue;
		slip_autofree char *key =
			slip_xasprintf("%.*s.key", (int)(strlen(path) - strlen(".cert")), path);
		if (access(key, R_OK) != 0)
			continue;
		h->client_cert = slip_steal_ptr(&path);
		h->client_key = slip_steal_ptr(&key);
	}
}

static void add_certs_d(struct slip_host *h, const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	slip_autofree char *user = NULL;
	if (config && config[0])
		user = slip_xasprintf("%s/containers", config);
	else if (home && home[0])
		user = slip_xasprintf("%s/.config/containers", home);
	const char *const roots[] = {user, "/etc/containers", "/etc/docker"};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(roots); i++) {
		if (!roots[i])
			continue;
		slip_autofree char *dir = slip_xasprintf("%s/certs.d/%s", roots[i], name);
		add_directory(h, dir);
	}
}

/* A job that names a file which is not there is no reason to fail: others may be trusted. */
static void add_environment(const struct slip_registry_environment *env, struct slip_host *h)
{
	const char *file = env && env->ca_file ? getenv(env->ca_file) : NULL;
	if (!file || access(file, R_OK) != 0)
		return;
	for (const char *const *variable = env->ca_hosts; *variable; variable++) {
		const char *value = getenv(*variable);
		if (value && *value && slip_auth_same_host(value, h->name)) {
			slip_strv_add(&h->ca_files, file);
			return;
		}
	}
}

static void set_certificates(const struct slip_hosts *hosts, struct slip_host *h)
{
	const char *file = slip_smap_get(&hosts->certificates, h->name);
	if (file)
		slip_strv_add(&h->ca_files, file);
	const char *pair = slip_smap_get(&hosts->client_certs, h->name);
	if (pair) {
		size_t len = strcspn(pair, ",");
		h->client_cert = slip_xstrndup(pair, len);
		h->client_key = slip_xstrdup(pair + len + 1);
	}
	add_environment(hosts->opt->environment, h);
	add_certs_d(h, h->name);
	if (slip_streq(h->name, "registry-1.docker.io"))
		add_certs_d(h, SLIP_REF_HUB);
}

/* --- one host -----------------------------------------------------------------------------------
 */

static struct slip_host *make_host(const struct slip_hosts *hosts, const char *key)
{
	const struct slip_registry_options *opt = hosts->opt;
	struct slip_host *h = slip_xcalloc(1, sizeof(*h));
	bool skip = lists(opt->skip_tls_hosts, key) || opt->skip_tls_verify;
	h->name = slip_xstrdup(key);
	h->is_loopback = slip_url_zone(key) == SLIP_ZONE_LOOPBACK;
	h->is_insecure_listed = lists(opt->insecure_hosts, key);
	for (size_t i = 0; i < hosts->mirrors.n; i++) {
		const struct slip_mirror *m = &hosts->mirrors.items[i];
		if (m->scheme && slip_streq(m->scheme, "http") && slip_streq(m->host, key))
			h->is_http_target = true;
	}
	h->may_http[SLIP_ACCESS_PULL] = h->is_insecure_listed || opt->insecure_pull;
	h->may_http[SLIP_ACCESS_PUSH] = h->is_insecure_listed || opt->insecure;
	h->skip_verify[SLIP_ACCESS_PULL] = skip || opt->skip_tls_verify_pull;
	h->skip_verify[SLIP_ACCESS_PUSH] = skip;
	pthread_mutex_init(&h->lock, NULL);
	set_certificates(hosts, h);
	return h;
}

struct slip_host *slip_hosts_get(struct slip_hosts *hosts, const char *name)
{
	slip_autofree char *key = slip_host_key(name);
	pthread_mutex_lock(&hosts->lock);
	struct slip_host *h = slip_map_get(&hosts->table, key);
	if (!h) {
		h = make_host(hosts, key);
		slip_map_set(&hosts->table, key, h);
	}
	pthread_mutex_unlock(&hosts->lock);
	return h;
}

const char *slip_host_scheme(struct slip_host *host, enum slip_access access, const char **other)
{
	*other = NULL;
	pthread_mutex_lock(&host->lock);
	const char *learnt = host->scheme;
	pthread_mutex_unlock(&host->lock);
	bool may_http = host->may_http[access] || host->is_loopback || host->is_http_target;
	if (learnt && (may_http || slip_streq(learnt, "https")))
		return learnt;
	if (host->is_http_target)
		return "http";
	if (!may_http)
		return "https";
	*other = host->is_loopback ? "https" : "http";
	return host->is_loopback ? "http" : "https";
}

void slip_host_learn_scheme(struct slip_host *host, const char *scheme)
{
	pthread_mutex_lock(&host->lock);
	host->scheme = scheme;
	pthread_mutex_unlock(&host->lock);
}

int slip_host_url(const struct slip_host *host, const char *scheme, const char *path,
	struct slip_url *out, struct slip_err *err)
{
	slip_autofree char *text = slip_xasprintf("%s://%s%s", scheme, host->name, path);
	return slip_url_parse(text, out, err);
}

void slip_host_tls(const struct slip_host *host, enum slip_access access, struct slip_http_tls *out)
{
	out->skip_verify = host->skip_verify[access];
	out->ca_files = &host->ca_files;
	out->client_cert = host->client_cert;
	out->client_key = host->client_key;
}

/* --- targets ------------------------------------------------------------------------------------
 */

static void add_target(struct slip_targets *out, struct slip_host *host, const char *prefix,
	const char *path, enum slip_access access)
{
	slip_grow(out->items, out->n, &out->cap);
	out->items[out->n++] = (struct slip_target){
		.host = host,
		.repo = slip_xasprintf("%s%s", prefix, path),
		.access = access,
	};
}

void slip_hosts_targets(struct slip_hosts *hosts, const struct slip_ref *ref,
	enum slip_access access, struct slip_targets *out)
{
	const char *own = slip_ref_api_host(ref);
	slip_autofree char *key = slip_host_key(own);
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; access == SLIP_ACCESS_PULL && i < hosts->mirrors.n; i++) {
		const struct slip_mirror *m = &hosts->mirrors.items[i];
		if (slip_streq(m->from, key))
			add_target(
				out, slip_hosts_get(hosts, m->host), m->prefix, ref->path, access);
	}
	if (out->n == 0 || !hosts->opt->skip_default_fallback)
		add_target(out, slip_hosts_get(hosts, own), "", ref->path, access);
}

void slip_targets_release(struct slip_targets *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->items[i].repo);
	free(t->items);
	memset(t, 0, sizeof(*t));
}
