#include "config.h"

#include "runner/base/limits.h"
#include "runner/cli/command.h"
#include "runner/store/store.h"

struct cache_flags {
	char *dir;
	int64_t keep_mib;
};

#define AT(member) offsetof(struct cache_flags, member)

static const struct slip_opt options[] = {
	{"cache-dir", 0, SLIP_OPT_STRING, AT(dir), "DIR",
		"The local store; $SLIPWAY_STORE or ~/.cache/slipway otherwise."},
	{"keep", 0, SLIP_OPT_INT, AT(keep_mib), "MIB", "prune: how much may stay.", "10240"},
	{NULL},
};

static int list(struct slip_store *s, const struct cache_flags *f, struct slip_err *err)
{
	(void)f;
	struct slip_store_usage u;
	if (slip_store_usage(s, &u, err) < 0)
		return -1;
	printf("store    %s\n", slip_store_path(s));
	printf("blobs    %llu, %.1f MiB\n", (unsigned long long)u.blobs,
		(double)u.blob_bytes / (double)SLIP_MIB);
	printf("records  %llu\n", (unsigned long long)u.records);
	printf("trees    %llu\n", (unsigned long long)u.trees);
	return 0;
}

static void report(void *ctx, const char *what, const char *finding)
{
	(void)ctx;
	printf("%s: %s\n", what, finding);
}

static int verify(struct slip_store *s, const struct cache_flags *f, struct slip_err *err)
{
	(void)f;
	return slip_store_verify(s, report, NULL, err);
}

static int prune(struct slip_store *s, const struct cache_flags *f, struct slip_err *err)
{
	uint64_t freed;
	uint64_t keep = f->keep_mib < 0 ? 0 : (uint64_t)f->keep_mib * SLIP_MIB;
	if (slip_store_prune(s, keep, &freed, err) < 0)
		return -1;
	printf("freed %.1f MiB\n", (double)freed / (double)SLIP_MIB);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct slip_store *s, const struct cache_flags *f, struct slip_err *err);
} verbs[] = {
	{"ls", list},
	{"prune", prune},
	{"verify", verify},
};

static int perform(const char *verb, const struct cache_flags *f, struct slip_err *err)
{
	for (size_t i = 0; i < SLIP_ARRAY_LEN(verbs); i++) {
		if (!slip_streq(verbs[i].name, verb))
			continue;
		slip_cleanup(slip_store_cleanup) struct slip_store *s = NULL;
		struct slip_store_options opt = {.path = f->dir};
		if (slip_store_open(&opt, &s, err) < 0)
			return -1;
		return verbs[i].run(s, f, err);
	}
	return slip_err_set(
		err, SLIP_E_USAGE, 0, "slipway cache takes ls, verify or prune, not \"%s\"", verb);
}

static int run(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	struct cache_flags f = {0};
	slip_autostrv words = {0};
	(void)self;
	slip_opt_defaults(options, &f);
	int rc = slip_opt_parse(options, &f, argv, &words, err);
	if (rc == 0 && words.n != 1)
		rc = slip_err_set(
			err, SLIP_E_USAGE, 0, "slipway cache takes one of ls, verify and prune");
	if (rc == 0)
		rc = perform(words.v[0], &f, err);
	slip_opt_release(options, &f);
	return rc;
}

const struct slip_cli_command slip_cmd_cache = {
	.name = "cache",
	.operands = "ls|verify|prune",
	.summary = "Look into the local store, check it, make it smaller.",
	.options = options,
	.run = run,
};
