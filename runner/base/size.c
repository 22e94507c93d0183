#include "config.h"

#include "runner/base/size.h"

#include <errno.h>

int slip_size_parse(const char *text, const char *what, uint64_t *out, struct slip_err *err)
{
	static const char units[] = "KMGT";
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	const char *rest = unit ? end + 1 : end;
	if (end == text || *text == '-' || errno || n > (UINT64_MAX >> shift) ||
		!(slip_streq(rest, "") || slip_streq(rest, "B") ||
			(unit && slip_streq(rest, "iB"))))
		return slip_err_set(err, SLIP_E_USAGE, 0,
			"%s takes a size such as 500M or 20G, not \"%s\"", what, text);
	*out = (uint64_t)n << shift;
	return 0;
}
