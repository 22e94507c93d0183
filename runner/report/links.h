/* Paths and addresses in reports. */
#ifndef SLIP_REPORT_LINKS_H
#define SLIP_REPORT_LINKS_H

#include "runner/base/buf.h"

/* Append a path as a part of a URL (RFC 3986): all but unreserved characters and '/' as %XX. */
void slip_link_add_path(struct slip_buf *url, const char *path);
/* http or https: anything else is not made a link. NULL is not. */
bool slip_link_is_web(const char *url);

#endif
