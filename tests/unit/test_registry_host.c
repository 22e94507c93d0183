#include "config.h"

#include "runner/base/path.h"
#include "runner/registry/host.h"
#include "tests/unit/tap.h"

static void test_keys(void)
{
	static const struct {
		const char *name, *key;
	} cases[] = {
		{"docker.io", "registry-1.docker.io"},
		{"index.docker.io", "registry-1.docker.io"},
		{"https://index.docker.io/v1/", "registry-1.docker.io"},
		{"registry-1.docker.io", "registry-1.docker.io"},
		{"Registry.Example.COM:5000", "registry.example.com:5000"},
		{"http://r.example.com/path", "r.example.com"},
		{"r.example.com.", "r.example.com"},
		{"docker.io.evil.example", "docker.io.evil.example"},
	};
	for (size_t i = 0; i < SLIP_ARRAY_LEN(cases); i++) {
		slip_autofree char *key = slip_host_key(cases[i].name);
		is_str(key, cases[i].key, "key of %s", cases[i].name);
	}
}

/* The targets of a pull as "scheme://host/repo ...". */
static char *pull_targets(const struct slip_registry_options *opt, const char *ref_text)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_hosts hosts;
	slip_autoref ref = {0};
	slip_autotargets targets = {0};
	slip_autobuf text;
	slip_buf_init(&text, 4096);
	if (slip_hosts_init(&hosts, opt, &err) != 0 ||
		slip_ref_parse(ref_text, SLIP_REF_TAG_DEFAULT, &ref, &err) != 0) {
		slip_buf_addf(&text, "error: %s", err.msg);
		return slip_buf_take(&text);
	}
	slip_hosts_targets(&hosts, &ref, SLIP_ACCESS_PULL, &targets);
	for (size_t i = 0; i < targets.n; i++) {
		const char *other;
		const struct slip_target *t = &targets.items[i];
		slip_buf_addf(&text, "%s%s://%s/%s", i ? " " : "",
			slip_host_scheme(t->host, SLIP_ACCESS_PULL, &other), t->host->name,
			t->repo);
		slip_buf_add_str(&text, other ? "!" : "");
	}
	slip_hosts_release(&hosts);
	return slip_buf_take(&text);
}

struct mapping {
	const char *map, *mirror;
	bool no_fallback;
	const char *ref, *want;
};

static const struct mapping mappings[] = {
	{NULL, NULL, false, "alpine", "https://registry-1.docker.io/library/alpine"},
	{NULL, NULL, false, "quay.io/a/b", "https://quay.io/a/b"},
	{NULL, NULL, false, "localhost:5000/a", "http://localhost:5000/a!"},
	{NULL, NULL, false, "127.0.0.1:5000/a", "http://127.0.0.1:5000/a!"},
	{NULL, NULL, false, "10.0.0.1:5000/a", "https://10.0.0.1:5000/a"},
	{NULL, NULL, false, "insecure.example.com/a", "https://insecure.example.com/a!"},
	{"docker.io=m.example.com", NULL, false, "alpine",
		"https://m.example.com/library/alpine https://registry-1.docker.io/library/alpine"},
	{"index.docker.io=m.example.com/hub/", NULL, true, "a/b", "https://m.example.com/hub/a/b"},
	{"docker.io=http://m:80/x;quay.io=https://q.example.com/y", NULL, true, "quay.io/z",
		"https://q.example.com/y/z"},
	{"docker.io=http://m:80/x;quay.io=https://q.example.com/y", NULL, true, "z",
		"http://m:80/x/library/z"},
	{"docker.io=one.example.com;docker.io=two.example.com", NULL, true, "z",
		"https://one.example.com/library/z https://two.example.com/library/z"},
	{"quay.io=docker.io/copies", NULL, true, "quay.io/z",
		"https://registry-1.docker.io/copies/z"},
	{NULL, "m.example.com/hub", false, "quay.io/a/b", "https://quay.io/a/b"},
	{NULL, "m.example.com/hub", true, "alpine", "https://m.example.com/hub/library/alpine"},
	{NULL, NULL, true, "quay.io/a", "https://quay.io/a"},
	{"docker.io", NULL, false, "a",
		"error: registry map \"docker.io\" is not of the form "
		"HOST=TARGET"},
	{"docker.io=mirror", NULL, false, "a",
		"error: registry mirror \"mirror\" does not start with a host name: write "
		"host:port"},
};

static void test_mappings(void)
{
	slip_autostrv insecure = {0};
	slip_strv_add(&insecure, "Insecure.Example.com");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(mappings); i++) {
		const struct mapping *m = &mappings[i];
		slip_autostrv maps = {0};
		slip_autostrv mirrors = {0};
		if (m->map)
			slip_strv_add(&maps, m->map);
		if (m->mirror)
			slip_strv_add(&mirrors, m->mirror);
		struct slip_registry_options opt = {
			.maps = &maps,
			.mirrors = &mirrors,
			.insecure_hosts = &insecure,
			.skip_default_fallback = m->no_fallback,
		};
		slip_autofree char *got = pull_targets(&opt, m->ref);
		is_str(got, m->want, "%s through %s", m->ref,
			m->map ? m->map : (m->mirror ? m->mirror : "nothing"));
	}
}

static void test_schemes(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_registry_options opt = {.insecure = true};
	struct slip_hosts hosts;
	const char *other;
	ok(slip_hosts_init(&hosts, &opt, &err) == 0, "hosts");
	struct slip_host *h = slip_hosts_get(&hosts, "r.example.com");
	ok(h == slip_hosts_get(&hosts, "https://R.example.com/"), "one host, one record");
	slip_host_scheme(h, SLIP_ACCESS_PUSH, &other);
	is_str(other, "http", "--insecure lets pushes fall back to HTTP");
	slip_host_scheme(h, SLIP_ACCESS_PULL, &other);
	is_str(other, NULL, "but not pulls");
	slip_host_learn_scheme(h, "http");
	is_str(slip_host_scheme(h, SLIP_ACCESS_PUSH, &other), "http", "what was learnt counts");
	is_str(other, NULL, "and settles it");
	is_str(slip_host_scheme(h, SLIP_ACCESS_PULL, &other), "https",
		"not where HTTP is not allowed");
	slip_hosts_release(&hosts);
}

static void test_tls(void)
{
	struct slip_err err = SLIP_ERR_INIT;
	slip_autostrv skip = {0};
	slip_autostrv cas = {0};
	slip_autostrv pairs = {0};
	slip_strv_add(&skip, "skip.example.com:5000");
	slip_strv_add(&cas, "ca.example.com=/certs/ca.pem");
	slip_strv_add(&pairs, "ca.example.com=/certs/c.pem,/certs/k.pem");
	struct slip_registry_options opt = {
		.skip_tls_hosts = &skip,
		.certificates = &cas,
		.client_certs = &pairs,
	};
	struct slip_hosts hosts;
	struct slip_http_tls tls = {0};
	ok(slip_hosts_init(&hosts, &opt, &err) == 0, "hosts");
	slip_host_tls(slip_hosts_get(&hosts, "skip.example.com:5000"), SLIP_ACCESS_PULL, &tls);
	ok(tls.skip_verify, "verification is skipped for the listed host");
	slip_host_tls(slip_hosts_get(&hosts, "skip.example.com"), SLIP_ACCESS_PULL, &tls);
	ok(!tls.skip_verify, "not for another port of it");
	slip_host_tls(slip_hosts_get(&hosts, "ca.example.com"), SLIP_ACCESS_PUSH, &tls);
	is_str(tls.ca_files->n ? tls.ca_files->v[0] : NULL, "/certs/ca.pem", "its certificate");
	is_str(tls.client_cert, "/certs/c.pem", "client certificate");
	is_str(tls.client_key, "/certs/k.pem", "client key");
	slip_hosts_release(&hosts);
	slip_strv_clear(&pairs);
	slip_strv_add(&pairs, "a=/only/cert");
	ok(slip_hosts_init(&hosts, &opt, &err) != 0 && slip_err_is(&err, SLIP_E_USAGE),
		"a client certificate needs its key");
}

static void put(const char *dir, const char *name)
{
	slip_autofree char *path = slip_xasprintf("%s/%s", dir, name);
	if (slip_write_file(AT_FDCWD, path, "", 0, 0644, false, NULL) < 0)
		fail("write %s", path);
}

/* Of several, the first by name; a directory may list them in the order they were made, or in none.
 */
static void test_client_certificates(void)
{
	static const char *const made[2][4] = {
		{"a.cert", "a.key", "b.cert", "b.key"}, {"b.cert", "b.key", "a.cert", "a.key"}};
	struct slip_err err = SLIP_ERR_INIT;
	struct slip_registry_options opt = {0};
	struct slip_hosts hosts;
	slip_autofree char *home = NULL;
	if (slip_make_temp_dir("/tmp", "test-host-", &home, &err) < 0 ||
		slip_hosts_init(&hosts, &opt, &err) < 0) {
		fail("%s", err.msg);
		return;
	}
	setenv("XDG_CONFIG_HOME", home, 1);
	for (int i = 0; i < 2; i++) {
		struct slip_http_tls tls = {0};
		slip_autofree char *name = slip_xasprintf("h%d.example.com", i);
		slip_autofree char *dir = slip_xasprintf("%s/containers/certs.d/%s", home, name);
		if (slip_mkdir_p(dir, 0755, &err) < 0)
			fail("%s", err.msg);
		for (int k = 0; k < 4; k++)
			put(dir, made[i][k]);
		slip_host_tls(slip_hosts_get(&hosts, name), SLIP_ACCESS_PULL, &tls);
		is_str(tls.client_cert ? slip_path_base(tls.client_cert) : NULL, "a.cert",
			"the first certificate of %s", name);
	}
	unsetenv("XDG_CONFIG_HOME");
	slip_hosts_release(&hosts);
	ok(slip_remove_tree(AT_FDCWD, home, NULL) == 0, "clean up");
}

int main(void)
{
	unsetenv("CI_SERVER_TLS_CA_FILE");
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	test_keys();
	test_mappings();
	test_schemes();
	test_tls();
	test_client_certificates();
	return done_testing();
}
