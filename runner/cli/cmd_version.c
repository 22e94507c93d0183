#include "config.h"

#include "runner/cli/command.h"
#include "runner/layer/write.h"
#include "runner/net/http.h"
#include "runner/sandbox/isolation.h"

static const char *with(bool have)
{
	return have ? "yes" : "no";
}

static int run(const struct slip_cli_command *self, char *const *argv, struct slip_err *err)
{
	static const struct slip_opt none[] = {{NULL}};
	(void)self;
	if (slip_opt_parse(none, NULL, argv, NULL, err) < 0)
		return -1;
	bool zstd = false, isal = false, seccomp = false, cap = false;
#ifdef HAVE_ZSTD
	zstd = true;
#endif
#ifdef HAVE_ISAL
	isal = true;
#endif
#ifdef HAVE_SECCOMP
	seccomp = true;
#endif
#ifdef HAVE_CAP
	cap = true;
#endif
	const char *tmp = getenv("TMPDIR");
	slip_autofree char *isolation = slip_isolation_describe(tmp && *tmp ? tmp : "/tmp");
	printf("slipway %s\n", PACKAGE_VERSION);
	printf("gzip       %s\n", slip_layer_gzip_engine());
	printf("libraries  libzstd: %s, ISA-L: %s, libseccomp: %s, libcap: %s\n", with(zstd),
		with(isal), with(seccomp), with(cap));
	printf("isolation\n%s", isolation);
	return 0;
}

const struct slip_cli_command slip_cmd_version = {
	.name = "version",
	.summary = "Print the version, its libraries and the isolation to be had here.",
	.run = run,
};
