#include "config.h"

#include "runner/report/links.h"

#include <ctype.h>

void slip_link_add_path(struct slip_buf *url, const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (isalnum(*p) || strchr("-._~/", *p))
			slip_buf_add_char(url, (char)*p);
		else
			slip_buf_addf(url, "%%%02X", *p);
	}
}

bool slip_link_is_web(const char *url)
{
	return url && (slip_starts_with(url, "https://") || slip_starts_with(url, "http://"));
}
