/* git's index: the first byte chooses the hash. Names that come out are clean relative paths. */
#include "config.h"

#include "runner/base/path.h"
#include "runner/engine/git_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(void *ctx, const char *path, unsigned mode)
{
	size_t *n = ctx;
	(void)mode;
	++*n;
	slip_autofree char *clean = slip_path_clean_rooted(path);
	if (!*path || !slip_streq(clean, path))
		slip_bug("\"%s\" is no clean path", path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slip_err err = SLIP_ERR_INIT;
	size_t n = 0;
	if (!size)
		return 0;
	slip_autofree uint8_t *copy = slip_xmemdup(data + 1, size - 1);
	int rc = slip_git_index_parse(copy, size - 1, data[0] & 1 ? 32 : 20, check_name, &n, &err);
	if (rc < 0 && (err.code == SLIP_E_NONE || !err.msg[0]))
		slip_bug("an error without a reason");
	if (n > size / 40)
		slip_bug("more entries than fit");
	return 0;
}
