/* A plan for people: the object that the engine makes (docs/pipeline.md) as indented text. */
#ifndef SLIP_REPORT_PLAN_TEXT_H
#define SLIP_REPORT_PLAN_TEXT_H

#include "runner/base/json.h"

void slip_plan_text(const struct slip_json *plan, struct slip_buf *out);

#endif
