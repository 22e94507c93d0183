/*
 * Text of history entries and messages, in the spelling other builders use.
 */
#ifndef SLIP_DOCKERFILE_PRINT_H
#define SLIP_DOCKERFILE_PRINT_H

#include "runner/dockerfile/ast.h"

/* Go's %q: "a\tb" */
void slip_print_quoted(struct slip_buf *out, const char *s);
/* Go's %q of a list: ["a" "b"] */
void slip_print_quoted_list(struct slip_buf *out, const struct slip_strv *sv);
/* Go's %v of a list: [a b] */
void slip_print_list(struct slip_buf *out, const struct slip_strv *sv);
/* Go's time.Duration: 1m30s, 1.5s, 100ms, 0s */
void slip_print_duration(struct slip_buf *out, int64_t ns);
/* {Test:[CMD-SHELL x] Interval:5s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0} */
void slip_print_healthcheck(struct slip_buf *out, const struct slip_healthcheck *hc);
/* Test of a config's Healthcheck: NONE, CMD args or CMD-SHELL text; out is replaced. */
void slip_healthcheck_test(const struct slip_healthcheck *hc, struct slip_strv *out);
/* One instruction as a step label: text without heredoc bodies, on one line. */
void slip_print_label(struct slip_buf *out, const struct slip_instr *instr);

#endif
