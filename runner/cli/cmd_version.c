#include "config.h"

#include "runner/base/limits.h"
#include "runner/cli/command.h"
#include "runner/layer/write.h"
#include "runner/sandbox/isolation.h"

static int run(struct slip_cli *cli, char *const *argv, int *status, struct slip_err *err)
{
	(void)cli;
	(void)status;
	static const struct slip_opt none[] = {{NULL}};
	if (slip_opt_parse(none, NULL, argv, NULL, err) < 0)
		return -1;
	slip_autobuf out;
	slip_buf_init(&out, SLIP_MIB);
	slip_buf_add_str(&out, "slipway " PACKAGE_VERSION "\nlibraries: " SLIP_LIBRARIES "\n");
	slip_buf_addf(&out, "gzip: %s; zlib with --reproducible\n", slip_layer_gzip_engine());
#ifndef HAVE_ZSTD
	slip_buf_add_str(&out, "zstd: no\n");
#endif
	const char *tmp = getenv("TMPDIR");
	slip_autofree char *modes = slip_isolation_describe(tmp && *tmp ? tmp : "/tmp");
	slip_buf_add_str(&out, "isolation:\n");
	for (char *line = modes; *line;) {
		size_t n = strcspn(line, "\n");
		slip_buf_addf(&out, "  %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
	return slip_cli_print(out.data, out.len, err);
}

const struct slip_cli_command slip_command_version = {
	.name = "version",
	.summary = "Print the version, and the isolation modes that are possible here.",
	.run = run,
};
