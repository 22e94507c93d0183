/*
 * The registry client as a program, for tests that need a server: one action per call.
 *
 *	regclient [OPTION...] push REF FILE [FROM...]	a one-layer image; prints how, and the
 *digest regclient [OPTION...] pull REF OUT	manifest and layers; prints the digest and the host
 *	regclient [OPTION...] race REF FILE	four threads push the same blob
 *	regclient [OPTION...] check REF
 *	regclient [OPTION...] login REF
 *
 * Exit status as of slip_err_exit_status, the message on stderr.
 */
#include "config.h"

#include "runner/base/io.h"
#include "runner/base/log.h"
#include "runner/base/pool.h"
#include "runner/base/proc.h"
#include "runner/engine/ci_registry.h"
#include "runner/oci/manifest.h"
#include "runner/registry/registry.h"

#include <errno.h>
#include <getopt.h>

#define RACERS 4

static const char config_text[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
				  "\"rootfs\":{\"type\":\"layers\","
				  "\"diff_ids\":[]}}";

struct client {
	struct slip_registry *registry;
	struct slip_ref ref;
	const char *file;
	struct slip_strv from;
};

static int open_file(void *ctx, const struct slip_descriptor *desc, int *fd, struct slip_err *err)
{
	(void)desc;
	*fd = open(ctx, O_RDONLY | O_CLOEXEC);
	return *fd >= 0 ? 0 : slip_err_set(err, SLIP_E_IO, errno, "open %s", (const char *)ctx);
}

/* The configuration is no file yet. */
static int open_config(void *ctx, const struct slip_descriptor *desc, int *fd, struct slip_err *err)
{
	(void)ctx;
	(void)desc;
	slip_autoclose int tmp = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (tmp < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "temporary file");
	if (slip_write_all(tmp, config_text, strlen(config_text), err) != 0)
		return -1;
	*fd = slip_steal_fd(&tmp);
	return 0;
}

static int describe(const char *file, struct slip_descriptor *out, struct slip_err *err)
{
	slip_autobuf bytes;
	struct slip_digest digest;
	slip_buf_init(&bytes, 1 << 30);
	if (slip_read_file(AT_FDCWD, file, &bytes, err) != 0)
		return -1;
	slip_digest_of(bytes.data, bytes.len, &digest);
	slip_descriptor_set(out, SLIP_MEDIA_OCI_LAYER_GZIP, &digest, bytes.len);
	return 0;
}

static const char *how_text(enum slip_push_how how)
{
	static const char *const texts[] = {"existed", "mounted", "uploaded"};
	return texts[how];
}

static int push_image(struct client *c, struct slip_err *err)
{
	slip_autodescriptor layer;
	slip_automanifest m;
	struct slip_digest digest;
	enum slip_push_how how;
	slip_descriptor_init(&layer);
	slip_manifest_init(&m, SLIP_MEDIA_OCI);
	slip_digest_of(config_text, strlen(config_text), &digest);
	slip_descriptor_set(&m.config, SLIP_MEDIA_OCI_CONFIG, &digest, strlen(config_text));
	if (describe(c->file, &layer, err) != 0)
		return -1;
	slip_manifest_add_layer(&m, &layer);
	slip_autofree char *text = slip_manifest_print(&m, &digest);
	for (int tries = 0;; tries++) {
		enum slip_push_how config_how;
		struct slip_blob_source source = {
			.mounts = &c->from,
			.open = open_file,
			.ctx = (void *)c->file,
		};
		struct slip_blob_source config = {.open = open_config};
		if (slip_registry_push_blob(c->registry, &c->ref, &layer, &source, &how, err) !=
				0 ||
			slip_registry_push_blob(
				c->registry, &c->ref, &m.config, &config, &config_how, err) != 0)
			return -1;
		if (slip_registry_put_manifest(c->registry, &c->ref, slip_manifest_media_type(&m),
			    text, strlen(text), err) == 0)
			break;
		if (tries > 0 || !slip_err_is(err, SLIP_E_REGISTRY) ||
			err->status != SLIP_REGISTRY_BLOB_UNKNOWN)
			return -1;
		slip_err_clear(err);
	}
	printf("%s %s\n", how_text(how), digest.s);
	return 0;
}

static int write_out(void *ctx, const void *p, size_t n, struct slip_err *err)
{
	return slip_write_all(*(int *)ctx, p, n, err);
}

static int pull_image(struct client *c, struct slip_err *err)
{
	struct slip_manifest_bytes bytes = {0};
	slip_automanifest m = {0};
	slip_autoclose int fd = open(c->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return slip_err_set(err, SLIP_E_IO, errno, "open %s", c->file);
	if (slip_registry_get_manifest(c->registry, &c->ref, &bytes, err) != 0)
		return -1;
	int rc = slip_manifest_parse(bytes.bytes, bytes.len, bytes.media_type, &m, err);
	for (size_t i = 0; rc == 0 && i < m.n_layers; i++)
		rc = slip_registry_get_blob(
			c->registry, &c->ref, &m.layers[i], write_out, &fd, err);
	if (rc == 0)
		printf("%s %s\n", bytes.digest.s, bytes.host);
	slip_manifest_bytes_release(&bytes);
	return rc;
}

static int push_one(void *arg, struct slip_err *err)
{
	struct client *c = arg;
	slip_autodescriptor layer;
	enum slip_push_how how;
	slip_descriptor_init(&layer);
	if (describe(c->file, &layer, err) != 0)
		return -1;
	struct slip_blob_source source = {.open = open_file, .ctx = (void *)c->file};
	return slip_registry_push_blob(c->registry, &c->ref, &layer, &source, &how, err);
}

static int race(struct client *c, struct slip_err *err)
{
	struct slip_pool *pool = slip_pool_new(RACERS);
	struct slip_task *tasks[RACERS];
	int rc = 0;
	for (size_t i = 0; i < RACERS; i++)
		tasks[i] = slip_pool_submit(pool, push_one, c);
	for (size_t i = 0; i < RACERS; i++) {
		struct slip_err one = SLIP_ERR_INIT;
		if (slip_task_wait(tasks[i], &one) != 0)
			rc = slip_err_copy(err, &one);
	}
	slip_pool_free(pool);
	return rc;
}

static int act(struct client *c, const char *action, struct slip_err *err)
{
	if (slip_streq(action, "push") && c->file)
		return push_image(c, err);
	if (slip_streq(action, "pull") && c->file)
		return pull_image(c, err);
	if (slip_streq(action, "race") && c->file)
		return race(c, err);
	if (slip_streq(action, "check"))
		return slip_registry_check_push(c->registry, &c->ref, err);
	if (slip_streq(action, "login")) {
		slip_autofree char *text = slip_registry_explain_login(c->registry, &c->ref);
		puts(text);
		return 0;
	}
	return slip_err_set(err, SLIP_E_USAGE, 0, "regclient: unknown action %s", action);
}

struct settings {
	struct slip_registry_options registry;
	struct slip_http_options http;
	struct slip_strv insecure, certificates, maps, mirrors, skip_tls;
};

static void read_options(int argc, char **argv, struct settings *s)
{
	static const struct option options[] = {
		{"insecure-registry", required_argument, NULL, 'i'},
		{"registry-certificate", required_argument, NULL, 'c'},
		{"registry-map", required_argument, NULL, 'm'},
		{"registry-mirror", required_argument, NULL, 'r'},
		{"skip-tls-verify-registry", required_argument, NULL, 'k'},
		{"skip-default-registry-fallback", no_argument, NULL, 'd'},
		{"pause", required_argument, NULL, 'p'},
		{"budget", required_argument, NULL, 'b'},
		{"stall", required_argument, NULL, 's'},
		{0},
	};
	struct slip_strv *lists[256] = {
		['i'] = &s->insecure,
		['c'] = &s->certificates,
		['m'] = &s->maps,
		['r'] = &s->mirrors,
		['k'] = &s->skip_tls,
	};
	for (int o; (o = getopt_long(argc, argv, "+", options, NULL)) != -1;) {
		if (o < 256 && o > 0 && lists[o])
			slip_strv_add(lists[o], optarg);
		else if (o == 'd')
			s->registry.skip_default_fallback = true;
		else if (o == 'p')
			s->registry.retry_pause_ms = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'b')
			s->registry.retry_budget_s = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 's')
			s->http.stall_seconds = strtol(optarg, NULL, 10);
		else
			exit(2);
	}
	s->registry.insecure_hosts = &s->insecure;
	s->registry.certificates = &s->certificates;
	s->registry.maps = &s->maps;
	s->registry.mirrors = &s->mirrors;
	s->registry.skip_tls_hosts = &s->skip_tls;
}

static int run(int argc, char **argv, struct settings *s, struct slip_err *err)
{
	struct client c = {0};
	struct slip_http *http = NULL;
	if (argc - optind < 2)
		return slip_err_set(err, SLIP_E_USAGE, 0, "usage: regclient ACTION REF [FILE]");
	c.file = argv[optind + 2];
	for (int i = optind + 3; c.file && i < argc; i++)
		slip_strv_add(&c.from, argv[i]);
	if (slip_proc_init(err) != 0 || slip_cancel_init(err) != 0 ||
		slip_ref_parse(argv[optind + 1], SLIP_REF_TAG_DEFAULT, &c.ref, err) != 0 ||
		slip_http_new(&s->http, &http, err) != 0)
		return -1;
	/* The client keeps a copy: its caller's options may be gone when they are needed. */
	struct slip_registry_options options = s->registry;
	options.environment = slip_ci_registry();
	int rc = slip_registry_new(&options, http, &c.registry, err);
	memset(&options, 0xff, sizeof(options));
	if (rc == 0)
		rc = act(&c, argv[optind], err);
	slip_registry_free(c.registry);
	slip_http_free(http);
	slip_ref_release(&c.ref);
	slip_strv_release(&c.from);
	return rc;
}

int main(int argc, char **argv)
{
	struct settings s = {0};
	struct slip_err err = SLIP_ERR_INIT;
	slip_log_set_level(getenv("REGCLIENT_DEBUG") ? SLIP_LOG_DEBUG : SLIP_LOG_INFO);
	read_options(argc, argv, &s);
	int rc = run(argc, argv, &s, &err);
	slip_strv_release(&s.insecure);
	slip_strv_release(&s.certificates);
	slip_strv_release(&s.maps);
	slip_strv_release(&s.mirrors);
	slip_strv_release(&s.skip_tls);
	if (rc == 0)
		return 0;
	fprintf(stderr, "error (%s): %s\n", slip_err_name(err.code), err.msg);
	return slip_err_exit_status(&err);
}
