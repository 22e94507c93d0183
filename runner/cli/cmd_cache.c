#include "config.h"

#include "runner/base/limits.h"
#include "runner/base/size.h"
#include "runner/cli/command.h"
#include "runner/store/store.h"

#include <errno.h>

struct options {
	char *cache_dir;
	char *max_size;
};

static const struct slip_opt table[] = {
	{"cache-dir", 0, SLIP_OPT_STRING, offsetof(struct options, cache_dir), "DIR",
		"The local store; $SLIPWAY_STORE or ~/.cache/slipway otherwise."},
	{"max-size", 0, SLIP_OPT_STRING, offsetof(struct options, max_size), "SIZE",
		"prune: what may remain, such as 0, 500M or 20G.", "10G"},
	{NULL},
};

static int list(struct slip_store *s, const struct options *o, struct slip_err *err)
{
	(void)o;
	struct slip_store_usage u = {0};
	if (slip_store_usage(s, &u, err) < 0)
		return -1;
	slip_autofree char *text = slip_xasprintf(
		"store %s\nblobs %llu\nbytes %llu\nrecords %llu\ntrees %llu\n", slip_store_path(s),
		(unsigned long long)u.blobs, (unsigned long long)u.blob_bytes,
		(unsigned long long)u.records, (unsigned long long)u.trees);
	return slip_cli_print(text, strlen(text), err);
}

static void print_finding(void *ctx, const char *what, const char *finding)
{
	(void)ctx;
	slip_error("%s: %s", what, finding);
}

static int verify(struct slip_store *s, const struct options *o, struct slip_err *err)
{
	(void)o;
	struct slip_store_usage u = {0};
	if (slip_store_verify(s, print_finding, NULL, err) < 0 || slip_store_usage(s, &u, err) < 0)
		return -1;
	slip_info("%s: %llu blobs, all of them whole", slip_store_path(s),
		(unsigned long long)u.blobs);
	return 0;
}

static int prune(struct slip_store *s, const struct options *o, struct slip_err *err)
{
	uint64_t max, freed = 0;
	if (slip_size_parse(o->max_size, "--max-size", &max, err) < 0)
		return -1;
	if (slip_store_prune(s, max, &freed, err) < 0) {
		if (err && err->sys == EWOULDBLOCK)
			return slip_err_wrap(err, "another slipway is using the store; try later");
		return -1;
	}
	slip_autofree char *text = slip_xasprintf("freed %llu\n", (unsigned long long)freed);
	return slip_cli_print(text, strlen(text), err);
}

static const struct {
	const char *name;
	int (*run)(struct slip_store *s, const struct options *o, struct slip_err *err);
} actions[] = {
	{"ls", list},
	{"prune", prune},
	{"verify", verify},
};

/* A directory that the caller named: looking at it must not make it a store. */
static int check_is_store(const char *dir, struct slip_err *err)
{
	slip_autofree char *blobs = slip_xasprintf("%s/blobs/sha256", dir);
	if (access(blobs, F_OK) < 0)
		return slip_err_set(
			err, SLIP_E_USAGE, 0, "--cache-dir %s: there is no local store", dir);
	return 0;
}

static int act(const struct options *o, const struct slip_strv *words, struct slip_err *err)
{
	if (words->n != 1)
		return slip_err_set(err, SLIP_E_USAGE, 0, "cache takes one of: ls, prune, verify");
	for (size_t i = 0; i < SLIP_ARRAY_LEN(actions); i++) {
		if (!slip_streq(actions[i].name, words->v[0]))
			continue;
		if (o->cache_dir && check_is_store(o->cache_dir, err) < 0)
			return -1;
		struct slip_store_options open = {.path = o->cache_dir};
		slip_cleanup(slip_store_cleanup) struct slip_store *s = NULL;
		if (slip_store_open(&open, &s, err) < 0)
			return -1;
		return actions[i].run(s, o, err);
	}
	return slip_err_set(err, SLIP_E_USAGE, 0,
		"cache cannot \"%s\": it is one of ls, prune, verify", words->v[0]);
}

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	(void)cli;
	(void)status;
	struct options o = {0};
	slip_autostrv words = {0};
	slip_opt_defaults(table, &o);
	int rc = slip_opt_parse(table, &o, argv, &words, err);
	if (rc == 0)
		rc = act(&o, &words, err);
	slip_opt_release(table, &o);
	return rc;
}

const struct slip_cli_command slip_command_cache = {
	.name = "cache",
	.arguments = "ls|prune|verify",
	.summary = "Look into the local store, check it, make it smaller.",
	.opts = table,
	.run = run,
};
