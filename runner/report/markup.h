/* Text inside XML and HTML: escaped, without the characters that XML 1.0 (2.2 "Char") has not. */
#ifndef SLIP_REPORT_MARKUP_H
#define SLIP_REPORT_MARKUP_H

#include "runner/base/buf.h"

void slip_markup_add(struct slip_buf *out, const char *text);

#endif
