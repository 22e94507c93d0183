/* Ignore rules: the first line of the input is a path, the rest the file. Verdicts must agree. */
#include "config.h"

#include "runner/base/path.h"
#include "runner/dockerfile/glob.h"
#include "runner/dockerfile/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is below a directory that is excluded for good must be excluded. */
static void try_path(const struct slip_ignore *ig, char *path)
{
	bool excluded = slip_ignore_is_excluded(ig, path);

	for (char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (slip_ignore_dir(ig, path) == SLIP_IGNORE_EXCLUDED && !excluded)
			abort();
		*p = '/';
	}
	if (excluded != (slip_ignore_dir(ig, path) != SLIP_IGNORE_INCLUDED))
		abort();
	const char *rule = slip_ignore_rule(ig, path, NULL);
	if (excluded && (!rule || rule[0] == '!'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	slip_autofree char *text = slip_xmemdup(data, size);
	slip_autoignore *ig = NULL;
	size_t n = strcspn(text, "\n");
	slip_autofree char *line = slip_xstrndup(text, n);
	slip_autofree char *path = slip_path_clean_rooted(line);
	const char *rest = n < size ? text + n + 1 : text + size;

	if (slip_ignore_parse(rest, size - (size_t)(rest - text), "ignore", &ig, NULL) == 0 &&
		*path)
		try_path(ig, path);
	if (slip_glob_check(rest, NULL) < 0 && slip_glob_match(rest, line))
		abort();
	return 0;
}
